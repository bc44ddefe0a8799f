import { readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { OnnxLensError, parseCheckpoint, parseModel, serializeModel, type ModelProto } from 'onnx-lens';
import { looksLikeCheckpoint } from 'onnx-lens/internal';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { sha256 } from '../../files/hash.js';
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
  type BuildOptions,
} from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { adoptExport } from 'facemirror-core/suites/openface3/architectures/exported.js';
import { ARCHITECTURES, identifyCheckpoint } from 'facemirror-core/suites/openface3/architectures/identify.js';
import { checkpointWeights } from 'facemirror-core/suites/openface3/architectures/weights.js';
import { cacheFolder } from '../../models/cache.js';
import type { ModelFile } from 'facemirror-core/suites/suite.js';

/** The hub's repository at the commit that others have pinned; `resolve` gives the files themselves. */
const HUB = 'https://huggingface.co/nutPace/openface_weights/resolve/3844412b54706ed0a930b99589508ed3c101f39e';
const LICENCE = {
  licence: 'OpenFace 3.0: academic or non-profit, non-commercial research use only',
  licenceUrl: 'https://github.com/CMU-MultiComp-Lab/OpenFace-3.0/blob/main/LICENSE',
  optional: false,
};

/**
 * The official checkpoints. Their SHA-256 are not known to this program: what is fetched is checked against what the
 * hub says of it, and its tensors against the network's, name by name and shape by shape.
 */
export const OPENFACE3_FILES: Readonly<Record<ArchitectureName, ModelFile>> = {
  retinaface: {
    name: 'Alignment_RetinaFace.pth',
    purpose: 'finds faces and five points of each',
    origin: { kind: 'download', url: `${HUB}/Alignment_RetinaFace.pth` },
    ...LICENCE,
  },
  star: {
    name: 'Landmark_98.pkl',
    purpose: 'finds 98 landmarks of a face',
    origin: { kind: 'download', url: `${HUB}/Landmark_98.pkl` },
    ...LICENCE,
  },
  mtl: {
    name: 'MTL_backbone.pth',
    purpose: 'reads action units, emotion and gaze',
    origin: { kind: 'download', url: `${HUB}/MTL_backbone.pth` },
    ...LICENCE,
  },
};

/** A network made ready from some file. */
export interface PreparedNetwork {
  readonly name: ArchitectureName;
  readonly model: ModelProto;
  /** What the file was: a checkpoint, or an ONNX file (one of the original's exports, or one built here). */
  readonly kind: 'checkpoint' | 'onnx';
}

/** A checkpoint of the three networks is some hundred megabytes. */
const MOST_BYTES = 2 ** 31 - 1;
const EXTENSIONS = ['.pth', '.pkl', '.pt', '.onnx', '.bin', '.ckpt', '.safetensors'];

/**
 * Makes a network of a file, whatever it is called: a checkpoint is told by its tensors, an ONNX file by its inputs and
 * outputs.
 * @throws FaceMirrorError CHECKPOINT_MISMATCH when it is none of the three networks or does not fit the one that it is,
 *   MODEL_CORRUPT when it cannot be read at all.
 */
export function prepareNetwork(bytes: Uint8Array, origin: string, options: BuildOptions = {}): PreparedNetwork {
  try {
    if (looksLikeCheckpoint(bytes)) return fromCheckpoint(bytes, origin, options);
    return { kind: 'onnx', ...adoptExport(parseModel(bytes, origin), origin) };
  } catch (cause) {
    if (!(cause instanceof OnnxLensError)) throw cause;
    throw new FaceMirrorError('MODEL_CORRUPT', cause.message, { cause });
  }
}

function fromCheckpoint(bytes: Uint8Array, origin: string, options: BuildOptions): PreparedNetwork {
  const { tensors } = parseCheckpoint(bytes, origin);
  const architecture = identifyCheckpoint(tensors);
  if (architecture === null) {
    const names = Object.values(ARCHITECTURES).map(({ title }) => title);
    throw new FaceMirrorError(
      'CHECKPOINT_MISMATCH',
      `${origin} is a checkpoint of none of the networks ${names.join(', ')}.`,
    );
  }
  const weights = checkpointWeights(architecture.title, architecture.tensors(), tensors, origin);
  return { name: architecture.name, kind: 'checkpoint', model: architecture.build(weights, options) };
}

/**
 * A network's file that was found. Its content is read again when needed: all three together are some hundred
 * megabytes.
 */
export interface FoundNetwork {
  readonly path: string;
  readonly sha256: string;
}

/** Folder of the cache in which imported and fetched files of this suite lie. */
export function openface3Folder(): string {
  return join(cacheFolder(), 'openface3');
}

/** Where `models import` puts a network. */
export function importedPath(name: ArchitectureName): string {
  return join(openface3Folder(), `${name}.onnx`);
}

/**
 * The file of each network: in the user's folder by content, the official names first, then in the cache.
 * Networks that are nowhere are left out.
 * @throws FaceMirrorError MODEL_CORRUPT, CHECKPOINT_MISMATCH for an official name with something else inside.
 */
export async function findNetworks(
  modelsFolder: string | undefined,
): Promise<ReadonlyMap<ArchitectureName, FoundNetwork>> {
  const found = new Map<ArchitectureName, FoundNetwork>();
  if (modelsFolder !== undefined) {
    const known = await cachedNetworks();
    for (const path of await candidates(modelsFolder)) {
      const bytes = await readFile(path);
      const hash = sha256(bytes);
      const name = known.get(hash.slice(0, 16)) ?? networkOf(bytes, path);
      if (name !== null && !found.has(name)) found.set(name, { path, sha256: hash });
    }
  }
  for (const name of Object.keys(OPENFACE3_FILES) as ArchitectureName[]) {
    if (found.has(name)) continue;
    const path = importedPath(name);
    const bytes = await readFile(path).catch(() => null);
    if (bytes !== null) found.set(name, { path, sha256: sha256(bytes) });
  }
  return found;
}

/** Names of files in the cache that were made of a network's file: its name and the start of the file's hash. */
const CACHED = /^openface3-([a-z]+)-([0-9a-f]{16})-/;

/**
 * Which networks were made of files before, by the start of the files' hashes: to find it out again takes seconds.
 */
async function cachedNetworks(): Promise<ReadonlyMap<string, ArchitectureName>> {
  const known = new Map<string, ArchitectureName>();
  for (const file of await readdir(cacheFolder()).catch(() => [])) {
    const [, name, hash] = CACHED.exec(file) ?? [];
    const network = ARCHITECTURE_NAMES.find((each) => each === name);
    if (network !== undefined && hash !== undefined) known.set(hash, network);
  }
  return known;
}

/** Files of a folder that may be networks, official names first, the rest by name. */
async function candidates(folder: string): Promise<string[]> {
  const official = Object.values(OPENFACE3_FILES).map(({ name }) => name);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new FaceMirrorError('MODEL_MISSING', `Cannot read the folder of models ${folder}: ${messageOf(cause)}.`, {
      cause,
    });
  });
  const rank = (name: string): number => (official.includes(name) ? 0 : 1);
  const paths: string[] = [];
  for (const name of names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
    const path = join(folder, name);
    if (!EXTENSIONS.includes(extname(name).toLowerCase())) continue;
    const { size } = await stat(path);
    if (size > 0 && size <= MOST_BYTES) paths.push(path);
  }
  return paths;
}

/** Which network a file holds; null when it holds none (a folder may hold other things). */
function networkOf(bytes: Uint8Array, path: string): ArchitectureName | null {
  try {
    if (!looksLikeCheckpoint(bytes)) return adoptExport(parseModel(bytes, path), path).name;
    return identifyCheckpoint(parseCheckpoint(bytes, path).tensors)?.name ?? null;
  } catch (error) {
    const isOfficial = Object.values(OPENFACE3_FILES).some(({ name }) => name === basename(path));
    if (isOfficial) {
      throw new FaceMirrorError('MODEL_CORRUPT', messageOf(error), { cause: error });
    }
    return null;
  }
}

/**
 * The ONNX bytes of a network that was found, with its batch fixed where that is asked.
 * @throws FaceMirrorError MODEL_CORRUPT when the file is no longer the one that was found, CHECKPOINT_MISMATCH.
 */
export function networkBytes(
  { path, sha256: expected }: FoundNetwork,
  name: ArchitectureName,
  options: BuildOptions,
): Uint8Array {
  const bytes = readFileSync(path);
  if (sha256(bytes) !== expected)
    throw new FaceMirrorError('MODEL_CORRUPT', `${path} was changed while it was read. Run again.`);
  const prepared = prepareNetwork(bytes, path, options);
  if (prepared.name !== name)
    throw new FaceMirrorError(
      'MODEL_CORRUPT',
      `${path} is not the network ${ARCHITECTURES[name].title}. Import it again.`,
    );
  return serializeModel(prepared.kind === 'onnx' ? fixBatch(prepared.model, options.batch) : prepared.model);
}

/** Gives a graph's inputs and outputs a batch of that size; everything between follows. */
function fixBatch(model: ModelProto, batch: number | undefined): ModelProto {
  for (const value of [...(model.graph?.input ?? []), ...(model.graph?.output ?? [])]) {
    const type = value.type?.value;
    const first = type?.case === 'tensorType' ? type.value.shape?.dim[0] : undefined;
    if (first !== undefined && batch !== undefined) first.value = { case: 'dimValue', value: BigInt(batch) };
  }
  return model;
}
