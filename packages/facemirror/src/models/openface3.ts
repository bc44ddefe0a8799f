import { FACES_PER_FRAME, MTL_MODEL, MultitaskNetwork } from '../action-units/multitask-network.js';
import { FaceMirrorError } from '../errors.js';
import { RetinaFaceDetector, RETINAFACE_MODEL } from '../face/openface3/detector.js';
import { STAR_MODEL, StarLandmarker } from '../face/openface3/landmarker.js';
import { InferencePool } from '../inference/pool.js';
import { planWorkers } from '../inference/budget.js';
import { providerCandidates, providerChoice } from '../inference/providers.js';
import type { ModelSource } from '../inference/request.js';
import type { ArchitectureName, BuildOptions } from './architectures/architecture.js';
import { ARCHITECTURES } from './architectures/identify.js';
import { cachedModel, cacheFolder } from './cache.js';
import { findNetworks, networkBytes, OPENFACE3_FILES, type FoundNetwork } from './openface3-files.js';
import type { NetworkJob, OpenedModel, Suite, SuiteDefinition, SuiteManifest, SuiteOptions } from './suite.js';

const MANIFEST: SuiteManifest = {
  name: 'openface3',
  title: 'OpenFace 3.0: RetinaFace, STAR and the multitask network',
  topology: 'wflw-98',
  files: Object.values(OPENFACE3_FILES),
  licenceToAccept: {
    name: 'OpenFace 3.0 licence (Carnegie Mellon University)',
    url: 'https://github.com/CMU-MultiComp-Lab/OpenFace-3.0/blob/main/LICENSE',
    summary: 'academic or non-profit organisation, non-commercial research use only',
  },
};

/** Part of a cached model's name: change it when the builders give other graphs. */
const BUILDER = 'openface3-1';

const JOBS: Readonly<Record<string, NetworkJob>> = {
  [RETINAFACE_MODEL]: 'detection',
  [STAR_MODEL]: 'landmarks',
  [MTL_MODEL]: 'action units',
};

/** Each frame's landmarks wait for those before; the multitask network looks at earlier frames meanwhile. */
const USEFUL_WORKERS = 2;
/** Decoding, mirroring and encoding are little beside these networks. */
const INFERENCE_SHARE = 0.9;

/** Options of this suite alone. */
export interface OpenFace3Options extends SuiteOptions {
  /** Long side in pixels of what the detector is shown. Default 640; less is faster and misses small faces. */
  readonly detectorLongSide?: number;
}

/** The suite of OpenFace 3.0's networks, whose weights the user brings. See {@link SuiteDefinition}. */
export const OPENFACE3_SUITE: SuiteDefinition = { manifest: MANIFEST, open: openOpenFace3 };

/**
 * Opens the three networks: from the user's folder (`--models`), else those that were imported or pulled.
 * @throws FaceMirrorError MODEL_MISSING naming those that are nowhere, MODEL_CORRUPT, CHECKPOINT_MISMATCH,
 *   PROVIDER_UNAVAILABLE, WORKER_LOST.
 */
export async function openOpenFace3(options: OpenFace3Options = {}): Promise<Suite> {
  const found = await findNetworks(options.modelsFolder);
  const batch = FACES_PER_FRAME * Math.max(1, Math.floor(options.framesPerBatch ?? 1));
  const names = { retinaface: RETINAFACE_MODEL, star: STAR_MODEL, mtl: MTL_MODEL } as const;
  const builds: Readonly<Record<ArchitectureName, BuildOptions>> = { retinaface: {}, star: { batch: 1 }, mtl: { batch } };
  const compileForCpu = providerCandidates(options.provider ?? 'auto')[0] === 'cpu';
  const prepared: { source: ModelSource; opened: OpenedModel; note: string | null }[] = [];
  for (const name of Object.keys(names) as ArchitectureName[]) {
    prepared.push(await prepare(name, names[name], requireFound(found, name), builds[name], compileForCpu));
  }
  // The next frame's face is followed while the networks of expression and units still look at the last.
  const sources = prepared.map(({ source }) => source);
  const budget = planWorkers(sources, {
    requested: options.workers ?? 1,
    isolation: options.isolation ?? 'thread',
    usefulWorkers: USEFUL_WORKERS,
    inferenceShare: INFERENCE_SHARE,
  });
  if (budget.notice !== null) options.onNotice?.(budget.notice);
  const pool = await InferencePool.open(sources, { ...options, workers: budget.workers });
  const network = new MultitaskNetwork(pool, batch);
  return {
    manifest: MANIFEST,
    detector: new RetinaFaceDetector(pool, options.detectorLongSide === undefined ? {} : { longSide: options.detectorLongSide }),
    landmarker: new StarLandmarker(pool),
    actionUnits: { kind: 'network', network },
    expressions: network,
    models: prepared.map(({ opened }) => opened),
    networks: prepared.map(({ source }) => ({ source, job: JOBS[source.name] ?? 'detection' })),
    inference: { provider: providerChoice(pool.provider), workers: pool.workers, predictedWorkerBytes: budget.workersBytes / budget.workers },
    notes: prepared.flatMap(({ note }) => note ?? []),
    close: () => pool.close(),
  };
}

function requireFound(found: ReadonlyMap<ArchitectureName, FoundNetwork>, name: ArchitectureName): FoundNetwork {
  const file = found.get(name);
  if (file !== undefined) return file;
  throw new FaceMirrorError(
    'MODEL_MISSING',
    `The suite openface3 needs ${ARCHITECTURES[name].title} (${OPENFACE3_FILES[name].name}), which was not found: "facemirror models pull openface3 --accept-licence" fetches it, "facemirror models import FILE" takes your own copy.`,
  );
}

async function prepare(
  name: ArchitectureName,
  model: string,
  file: FoundNetwork,
  options: BuildOptions,
  compileForCpu: boolean,
): Promise<{ source: ModelSource; opened: OpenedModel; note: string | null }> {
  const kind = `${BUILDER}-b${options.batch ?? 'any'}`;
  const { note, ...cached } = await cachedModel(cacheFolder(), {
    name: `openface3-${name}`,
    sourceSha256: file.sha256,
    converter: kind,
    convert: () => networkBytes(file, name, options),
    compileForCpu,
  });
  return { source: { name: model, ...cached }, opened: { name: model, file: file.path, sha256: file.sha256 }, note };
}
