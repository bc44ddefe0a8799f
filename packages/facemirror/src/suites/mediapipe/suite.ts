import { convertTflite, OnnxLensError, serializeModel } from 'onnx-lens';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { sha256 } from '../../files/hash.js';
import { FULL_RANGE_MODEL, MediaPipeDetector, SHORT_RANGE_MODEL } from 'facemirror-core/suites/mediapipe/detector.js';
import {
  ATTENTION_MESH,
  BLENDSHAPES_MODEL,
  BUNDLE_MESH,
  MediaPipeLandmarker,
  MESH_MODEL,
} from 'facemirror-core/suites/mediapipe/landmarker.js';
import type { Sampling } from 'facemirror-core/suites/mediapipe/region.js';
import { planWorkers } from '../../inference/budget.js';
import { InferencePool } from '../../inference/pool.js';
import { withProvider } from '../../inference/provider-choice.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';
import { cachedModel, cacheFolder } from '../../models/cache.js';
import {
  ASSETS_FILE,
  BUNDLE,
  BUNDLE_FILE,
  findBundle,
  FULL_RANGE_FILE,
  readFullRange,
  readPackedAssets,
  verifyBundle,
  type Bundle,
  type TfliteFile,
} from './files.js';
import type { CachedNetwork, InstalledSuite } from '../installed-suite.js';
import { exportNetworks } from './core-ml.js';
import { withSessionMemory } from '../../models/session-memory.js';
import type { NetworkJob, OpenedModel, Suite, SuiteManifest, SuiteOptions } from 'facemirror-core/suites/suite.js';

const MANIFEST: SuiteManifest = {
  name: 'mediapipe',
  title: 'MediaPipe: BlazeFace and Face Mesh with attention',
  topology: 'mediapipe-478',
  files: [ASSETS_FILE, FULL_RANGE_FILE, BUNDLE],
  licenceToAccept: null,
};

/** Part of a cached model's name: change it when conversion gives another graph. */
const CONVERTER = 'tflite-3';

/** Options of this suite alone. */
export interface MediaPipeOptions extends SuiteOptions {
  /** Default `centred`; `corner` samples as Google's own CPU path does, for comparing with it. */
  readonly sampling?: Sampling;
}

const ONE_WORKER =
  "1 worker: each frame's face is looked for where the one before had it, so that a second one would find nothing to do.";

const JOBS: Readonly<Record<string, NetworkJob>> = {
  [SHORT_RANGE_MODEL]: 'detection',
  [FULL_RANGE_MODEL]: 'detection',
  [MESH_MODEL]: 'landmarks',
  [BLENDSHAPES_MODEL]: 'action units',
};

interface Net {
  readonly name: string;
  readonly file: TfliteFile;
  readonly open: 'start' | 'first-use';
}

/** The suite that works at once. See {@link InstalledSuite}. */
export const SUITE: InstalledSuite = {
  manifest: MANIFEST,
  open: openMediaPipe,
  cached: cachedBundle,
  present: async (wanted) => {
    const bundle = wanted.some(({ file }) => file === BUNDLE) ? await verifyBundle() : null;
    return new Set(bundle?.state === 'intact' ? [BUNDLE] : []);
  },
  downloadFolder: cacheFolder,
  exportNetworks,
};

async function cachedBundle(): Promise<readonly CachedNetwork[]> {
  const bundle = await verifyBundle();
  return [{ title: `MediaPipe's ${BUNDLE_FILE}`, isOptional: true, ...bundle }];
}

/**
 * Opens the nets of face_landmarker.task when it is there (`--models`, then the cache), else those of the npm package.
 * @throws FaceMirrorError MODEL_MISSING, MODEL_CORRUPT, WORKER_LOST.
 */
export async function openMediaPipe(options: MediaPipeOptions = {}): Promise<Suite> {
  if (typeof options.framesPerBatch === 'number' && options.framesPerBatch > 1)
    options.onNotice?.(
      'The suite mediapipe follows the face from frame to frame, one at a time: `batch` changes nothing.',
    );
  if (options.detectorLongSide !== undefined)
    options.onNotice?.("The suite mediapipe's detectors have inputs of a fixed size: `detectSide` changes nothing.");
  const bundle = await findBundle(options.modelsFolder);
  const fullRange = await readFullRange();
  const nets = await chooseNets(bundle, fullRange);
  // One worker: each frame's region comes from the frame before, so that there never is more than one run to do.
  if (typeof options.workers === 'number' && options.workers > 1) {
    options.onNotice?.(
      `The suite mediapipe runs its networks one after another, each frame's from the frame before: one worker is started, not ${options.workers}.`,
    );
  }
  const { opened, ...providerFacts } = await withProvider(options.provider ?? 'auto', options, {
    prepare: async (provider) => {
      const prepared: PreparedNet[] = [];
      for (const net of nets) prepared.push(await prepare(net, provider === 'cpu' ? 'cpu' : 'accelerator'));
      return {
        prepared,
        sources: await withSessionMemory(
          prepared.map(({ source }) => source),
          options.signal,
        ),
      };
    },
    open: async ({ prepared, sources }, providers) => {
      const budget = planWorkers(sources, {
        requested: 1,
        isolation: options.isolation ?? 'thread',
        usefulWorkers: 1,
        usefulThreads: 1,
        inferenceShare: 1,
      });
      return {
        prepared,
        budget,
        pool: await InferencePool.open(sources, { ...options, providers, workers: budget.workers }),
      };
    },
  });
  const { prepared, budget, pool } = opened;
  const sampling = options.sampling ?? 'centred';
  return {
    manifest: MANIFEST,
    detector: new MediaPipeDetector(pool, { hasFullRange: fullRange !== null, sampling }),
    landmarker: new MediaPipeLandmarker(pool, {
      spec: bundle === null ? ATTENTION_MESH : BUNDLE_MESH,
      hasBlendshapes: bundle !== null,
      wholeBlendshapes: options.wholeBlendshapes ?? true,
      sampling,
    }),
    actionUnits: { kind: 'observation' },
    models: prepared.map(({ opened }) => opened),
    networks: prepared.map(({ source }) => ({ source, job: JOBS[source.name] ?? 'detection', batching: null })),
    inference: {
      ...providerFacts,
      workers: pool.workers,
      workersReason: ONE_WORKER,
      threads: pool.workers,
      predictedWorkerBytes: budget.workerBytes,
      predictedWorkersBytes: budget.workersBytes,
      workersMemory: () => pool.memory,
      framesUnderWay: null,
    },
    notes: [
      ...(providerFacts.providerMissed === null ? [] : [providerFacts.providerMissed.notice]),
      ...bundleNotes(bundle),
      ...prepared.flatMap(({ note }) => note ?? []),
    ],
    close: () => pool.close(),
  };
}

async function chooseNets(bundle: Bundle | null, fullRange: TfliteFile | null): Promise<Net[]> {
  const assets = bundle === null ? await readPackedAssets() : bundle.nets;
  const net = (name: string, file: string): Net => {
    const found = assets.get(file);
    if (found === undefined)
      throw new FaceMirrorError(
        'MODEL_CORRUPT',
        `The package @mediapipe/face_mesh holds no ${file}. Run npm ci again.`,
      );
    return { name, file: found, open: 'start' };
  };
  const nets =
    bundle === null
      ? [
          net(SHORT_RANGE_MODEL, 'face_detection_short_range.tflite'),
          net(MESH_MODEL, 'face_landmark_with_attention.tflite'),
        ]
      : [
          net(SHORT_RANGE_MODEL, 'face_detector.tflite'),
          net(MESH_MODEL, 'face_landmarks_detector.tflite'),
          net(BLENDSHAPES_MODEL, 'face_blendshapes.tflite'),
        ];
  return fullRange === null ? nets : [...nets, { name: FULL_RANGE_MODEL, file: fullRange, open: 'first-use' }];
}

type Target = 'cpu' | 'accelerator';

interface PreparedNet {
  readonly source: ModelSource;
  readonly opened: OpenedModel;
  readonly note: string | null;
}

async function prepare({ name, file, open }: Net, target: Target): Promise<PreparedNet> {
  const hash = sha256(file.bytes);
  const { note, ...cached } = await cachedModel(cacheFolder(), {
    name,
    sourceSha256: hash,
    converter: `${CONVERTER}-${target}`,
    convert: () => convert(file, target),
    compileForCpu: target === 'cpu',
  });
  return { source: { name, ...cached, open }, opened: { name, file: file.origin, sha256: hash }, note };
}

function convert(file: TfliteFile, target: Target): Uint8Array {
  try {
    const forCpu = { prelu: 'convolutions', channelZeros: 'convolution' } as const;
    return serializeModel(
      convertTflite(file.bytes, file.origin, { imageInputs: 'channels-second', ...(target === 'cpu' ? forCpu : {}) }),
    );
  } catch (cause) {
    if (!(cause instanceof OnnxLensError)) throw cause;
    throw new FaceMirrorError('MODEL_CORRUPT', cause.message, { cause });
  }
}

function bundleNotes(bundle: Bundle | null): string[] {
  if (bundle === null) {
    return [
      `${BUNDLE_FILE} was not found: action units are estimated from geometry. "facemirror models pull mediapipe" fetches it, or give its folder as \`modelsFolder\`.`,
    ];
  }
  if (bundle.sha256 !== BUNDLE.sha256) return [`${bundle.path} is not the version that this program was checked with.`];
  return [];
}
