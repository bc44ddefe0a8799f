import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { sha256 } from '../../files/hash.js';
import { cacheFolder } from '../../models/cache.js';
import type { ModelFile } from 'facemirror-core/suites/suite.js';

const require = createRequire(import.meta.url);

const APACHE = { licence: 'Apache-2.0', licenceUrl: 'https://www.apache.org/licenses/LICENSE-2.0' };

/** Name of the bundle in the cache, in `--models` and at its origin. */
export const BUNDLE_FILE = 'face_landmarker.task';

export const ASSETS_FILE: ModelFile = {
  name: 'face_mesh_solution_packed_assets.data',
  purpose: 'finds faces near the camera, and 478 landmarks',
  origin: { kind: 'package', packageName: '@mediapipe/face_mesh', path: 'face_mesh_solution_packed_assets.data' },
  bytes: 3_986_256,
  ...APACHE,
  optional: false,
};

export const FULL_RANGE_FILE: ModelFile = {
  name: 'face_detection_full_range.tflite',
  purpose: 'finds small faces; without it faces far from the camera are missed',
  origin: { kind: 'package', packageName: '@mediapipe/face_detection', path: 'face_detection_full_range.tflite' },
  bytes: 1_083_984,
  ...APACHE,
  optional: true,
};

export const BUNDLE: ModelFile = {
  name: BUNDLE_FILE,
  purpose: 'a finer landmark net, and 52 blendshapes; without it action units are estimated from geometry',
  origin: {
    kind: 'download',
    url: 'https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task',
  },
  sha256: '64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff',
  bytes: 3_758_596,
  ...APACHE,
  optional: true,
};

/** A TensorFlow Lite model and where it was found. */
export interface TfliteFile {
  readonly bytes: Uint8Array;
  /** For messages and the sidecar. */
  readonly origin: string;
}

/** The nets of the npm package's packed assets, by file name; offsets are read from the loader beside them. */
export async function readPackedAssets(): Promise<ReadonlyMap<string, TfliteFile>> {
  const path = packageFile('@mediapipe/face_mesh', 'face_mesh_solution_packed_assets.data');
  const data = await readModelFile(path);
  const loader = (await readModelFile(path.replace(/\.data$/, '_loader.js'))).toString('utf8');
  const nets = new Map<string, TfliteFile>();
  for (const [, name = '', start = '', end = ''] of loader.matchAll(
    /"filename":\s*"[^"]*?([^"/]+)",\s*"start":\s*(\d+),\s*"end":\s*(\d+)/g,
  )) {
    if (Number(end) > data.length) throw damaged(path, `${name} lies beyond its end`);
    nets.set(name, { bytes: data.subarray(Number(start), Number(end)), origin: `${path} (${name})` });
  }
  return nets;
}

/** The full-range face detector of the npm package; null when the package is not there. */
export async function readFullRange(): Promise<TfliteFile | null> {
  let path: string;
  try {
    path = packageFile('@mediapipe/face_detection', 'face_detection_full_range.tflite');
  } catch {
    return null;
  }
  return { bytes: await readModelFile(path), origin: path };
}

/** The bundle's nets by file name. */
export interface Bundle {
  readonly path: string;
  readonly sha256: string;
  readonly nets: ReadonlyMap<string, TfliteFile>;
}

/** The largest net that a bundle may hold: its directory can claim any size. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Looks for face_landmarker.task in the user's folder, then in the cache.
 * @throws FaceMirrorError MODEL_CORRUPT when the file that is found is no bundle.
 */
export async function findBundle(modelsFolder: string | undefined): Promise<Bundle | null> {
  const folders = [...(modelsFolder === undefined ? [] : [modelsFolder]), cacheFolder()];
  for (const folder of folders) {
    const path = join(folder, BUNDLE_FILE);
    const bytes = await readFile(path).catch((cause: unknown) => {
      if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
        return null;
      throw new FaceMirrorError('MODEL_MISSING', `Cannot read the model ${path}: ${messageOf(cause)}.`, { cause });
    });
    if (bytes !== null) return readBundle(path, bytes);
  }
  return null;
}

/** How the bundle in the cache is; `other`: a bundle, but not the version that this program was checked with. */
export type BundleState =
  | { readonly state: 'absent' }
  | { readonly state: 'intact' | 'other'; readonly sha256: string }
  | { readonly state: 'damaged'; readonly why: string };

/** Reads the bundle in the cache, where it is there, and holds it against what `models pull` fetches. */
export async function verifyBundle(): Promise<BundleState> {
  try {
    const bundle = await findBundle(undefined);
    if (bundle === null) return { state: 'absent' };
    return { state: bundle.sha256 === BUNDLE.sha256 ? 'intact' : 'other', sha256: bundle.sha256 };
  } catch (error) {
    if (error instanceof FaceMirrorError) return { state: 'damaged', why: error.message };
    throw error;
  }
}

function readBundle(path: string, bytes: Buffer): Bundle {
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(new Uint8Array(bytes), {
      filter: (file) => file.name.endsWith('.tflite') && file.originalSize <= MOST_BYTES,
    });
  } catch (cause) {
    throw damaged(path, messageOf(cause));
  }
  for (const name of ['face_detector.tflite', 'face_landmarks_detector.tflite', 'face_blendshapes.tflite']) {
    if (entries[name] === undefined) throw damaged(path, `it holds no ${name}`);
  }
  const nets = Object.entries(entries).map(
    ([name, net]) => [name, { bytes: net, origin: `${path} (${name})` }] as const,
  );
  return { path, sha256: sha256(bytes), nets: new Map(nets) };
}

function packageFile(packageName: string, file: string): string {
  return join(dirname(require.resolve(`${packageName}/package.json`)), file);
}

async function readModelFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new FaceMirrorError(
      'MODEL_MISSING',
      `Cannot read the model ${path}: ${messageOf(cause)}. Run npm ci again.`,
      { cause },
    );
  }
}

function damaged(path: string, why: string): FaceMirrorError {
  return new FaceMirrorError(
    'MODEL_CORRUPT',
    `The model ${path} is damaged (${why}). Put an intact copy there, or remove it.`,
  );
}
