import { FACES_PER_FRAME, MTL_MODEL } from 'facemirror-core/suites/openface3/multitask-network.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { RETINAFACE_MODEL } from 'facemirror-core/suites/openface3/detector.js';
import { STAR_MODEL } from 'facemirror-core/suites/openface3/landmarker.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';
import type { ArchitectureName, BuildOptions } from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { ARCHITECTURE_NAMES } from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { ARCHITECTURES } from 'facemirror-core/suites/openface3/architectures/identify.js';
import type { Batching } from 'facemirror-core/inference/batching.js';
import { bestBatch } from '../../models/batching.js';
import { cachedModel, cacheFolder } from '../../models/cache.js';
import { findNetworks, networkBytes, OPENFACE3_FILES, type FoundNetwork } from './files.js';
import type { OpenedModel } from 'facemirror-core/suites/suite.js';

/** What to make ready. Structured-cloneable: it is done in a process of its own. */
export interface NetworksWanted {
  readonly modelsFolder: string | undefined;
  /** Frames that a network is given in one run; `auto`: as measuring says. */
  readonly framesPerBatch: number | 'auto';
  /** What the networks are to run on: their graphs have a free batch on the CPU, and a fixed one elsewhere. */
  readonly target: 'cpu' | 'accelerator';
}

/** A network that is ready to be opened. */
export interface ReadyNetwork {
  readonly name: ArchitectureName;
  readonly source: ModelSource;
  readonly opened: OpenedModel;
  /** Null for the detector, which looks at one frame at a time. */
  readonly batching: Batching | null;
  readonly note: string | null;
}

/** Part of a cached model's name: change it when the builders give other graphs. */
const BUILDER = 'openface3-1';

interface Role {
  readonly model: string;
  /** Items that a frame makes; null for a network that is not batched. */
  readonly itemsPerFrame: number | null;
  /**
   * Who goes first when several wait: the detector, on which other frames wait, then what brings frames to their end.
   */
  readonly urgency: number;
}

const ROLES: Readonly<Record<ArchitectureName, Role>> = {
  retinaface: { model: RETINAFACE_MODEL, itemsPerFrame: null, urgency: 2 },
  star: { model: STAR_MODEL, itemsPerFrame: 1, urgency: 0 },
  mtl: { model: MTL_MODEL, itemsPerFrame: FACES_PER_FRAME, urgency: 1 },
};

/** The smaller ones then do with the memory that the largest took, and needs no more. */
const LARGEST_FIRST: readonly ArchitectureName[] = ['mtl', 'star', 'retinaface'];

/**
 * Finds the three networks and makes them ready in the cache, where they are not yet.
 * @throws FaceMirrorError MODEL_MISSING naming those that are nowhere, MODEL_CORRUPT, CHECKPOINT_MISMATCH.
 */
export async function readyNetworks(wanted: NetworksWanted): Promise<ReadyNetwork[]> {
  const found = await findNetworks(wanted.modelsFolder);
  const files = new Map(ARCHITECTURE_NAMES.map((name) => [name, requireFound(found, name)]));
  const ready: ReadyNetwork[] = [];
  for (const name of LARGEST_FIRST) {
    const file = files.get(name);
    if (file !== undefined) ready.unshift(await makeReady(name, file, wanted));
    globalThis.gc?.();
  }
  return ready;
}

function requireFound(found: ReadonlyMap<ArchitectureName, FoundNetwork>, name: ArchitectureName): FoundNetwork {
  const file = found.get(name);
  if (file !== undefined) return file;
  throw new FaceMirrorError(
    'MODEL_MISSING',
    `The suite openface3 needs ${ARCHITECTURES[name].title} (${OPENFACE3_FILES[name].name}), which was not found: "facemirror models pull openface3 --accept-licence" fetches it, "facemirror models import FILE" takes your own copy.`,
  );
}

async function makeReady(
  name: ArchitectureName,
  file: FoundNetwork,
  { framesPerBatch, target }: NetworksWanted,
): Promise<ReadyNetwork> {
  const { model, itemsPerFrame, urgency } = ROLES[name];
  const isFree = target === 'cpu' || itemsPerFrame === null;
  const fixed = isFree ? undefined : itemsPerFrame * (framesPerBatch === 'auto' ? 1 : framesPerBatch);
  const options: BuildOptions = fixed === undefined ? {} : { batch: fixed };
  const folder = cacheFolder();
  const { note, ...cached } = await cachedModel(folder, {
    name: `openface3-${name}`,
    sourceSha256: file.sha256,
    converter: `${BUILDER}-b${fixed ?? 'any'}`,
    convert: () => networkBytes(file, name, options),
    compileForCpu: target === 'cpu',
  });
  const batching = itemsPerFrame === null ? null : await chooseBatch(cached, framesPerBatch, itemsPerFrame);
  return {
    name,
    source: {
      name: model,
      ...cached,
      urgency,
      ...(batching === null || itemsPerFrame === null
        ? {}
        : { batch: batching.frames * itemsPerFrame, batchIsFixed: fixed !== undefined }),
    },
    opened: { name: model, file: file.path, sha256: file.sha256 },
    batching,
    note,
  };
}

async function chooseBatch(
  { model, compiled }: Pick<ModelSource, 'model' | 'compiled'>,
  asked: number | 'auto',
  itemsPerFrame: number,
): Promise<Batching> {
  if (asked !== 'auto') return { frames: asked, chosen: 'asked' };
  if (typeof model !== 'string' || compiled === undefined) return { frames: 1, chosen: 'unmeasured' };
  return bestBatch(compiled, model.replace(/\.onnx$/, '.batches.json'), itemsPerFrame);
}
