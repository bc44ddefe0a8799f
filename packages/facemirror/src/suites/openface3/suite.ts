import { rm } from 'node:fs/promises';
import { MTL_MODEL, MultitaskNetwork } from 'facemirror-core/suites/openface3/multitask-network.js';
import { INTERVAL_LAG } from 'facemirror-core/face/follow-by-detections.js';
import { RetinaFaceDetector, RETINAFACE_MODEL } from 'facemirror-core/suites/openface3/detector.js';
import { STAR_MODEL, StarLandmarker } from 'facemirror-core/suites/openface3/landmarker.js';
import { InferencePool } from '../../inference/pool.js';
import { planWorkers } from '../../inference/budget.js';
import { withProvider } from '../../inference/provider-choice.js';
import {
  ARCHITECTURE_NAMES,
  type ArchitectureName,
} from 'facemirror-core/suites/openface3/architectures/architecture.js';
import { ARCHITECTURES } from 'facemirror-core/suites/openface3/architectures/identify.js';
import type { CachedNetwork, InstalledSuite, WantedFile } from '../installed-suite.js';
import { exportNetworks } from './core-ml.js';
import { openface3Folder, OPENFACE3_FILES } from './files.js';
import { importNetwork, verifyImports } from './imported.js';
import type { ReadyNetwork } from './networks.js';
import { readyNetworksApart } from './ready-apart.js';
import { withSessionMemory } from '../../models/session-memory.js';
import type { ModelFile, NetworkJob, Suite, SuiteManifest, SuiteOptions } from 'facemirror-core/suites/suite.js';

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

const JOBS: Readonly<Record<string, NetworkJob>> = {
  [RETINAFACE_MODEL]: 'detection',
  [STAR_MODEL]: 'landmarks',
  [MTL_MODEL]: 'action units',
};

/** Frames are looked at side by side, as many as may be under way between detections. */
const USEFUL_WORKERS = 8;
/** Decoding, mirroring and encoding are little beside these networks. */
const INFERENCE_SHARE = 0.9;
/** Beyond these, a run of STAR gains little from another thread. */
const USEFUL_THREADS = 4;

/** More are not looked at side by side; some are mirrored and encoded meanwhile. */
const MOST_UNDER_WAY = INTERVAL_LAG + 4;

/** The suite of OpenFace 3.0's networks, whose weights the user brings. See {@link InstalledSuite}. */
export const SUITE: InstalledSuite = {
  manifest: MANIFEST,
  open: openOpenFace3,
  cached: cachedNetworks,
  present: presentFiles,
  downloadFolder: openface3Folder,
  adopt,
  exportNetworks,
};

async function cachedNetworks(): Promise<readonly CachedNetwork[]> {
  return [...(await verifyImports())].map(([name, found]): CachedNetwork => {
    const title = ARCHITECTURES[name].title;
    if (found.state !== 'intact') return { title, isOptional: false, ...found };
    return { title, isOptional: false, state: 'intact', source: found.record.source, sha256: found.record.sha256 };
  });
}

/**
 * A checkpoint is there when the network that was made of it is; where no hash is known, the one of its name counts.
 */
async function presentFiles(wanted: readonly WantedFile[]): Promise<ReadonlySet<ModelFile>> {
  const imports = await verifyImports();
  const isPresent = ({ file, sha256 }: WantedFile): boolean => {
    const name = ARCHITECTURE_NAMES.find((each) => OPENFACE3_FILES[each] === file);
    const found = name === undefined ? undefined : imports.get(name);
    if (found?.state !== 'intact') return false;
    const { sourceSha256, source } = found.record;
    return sha256 === null ? source === file.name : sourceSha256 === sha256;
  };
  return new Set(wanted.filter(isPresent).map(({ file }) => file));
}

async function adopt(path: string): Promise<string> {
  try {
    const { network } = await importNetwork(path);
    return `its tensors are those of ${ARCHITECTURES[network].title}, all of them; it is ready.`;
  } finally {
    // What is kept is the network made of it; a file that is none must not stop the next try.
    await rm(path, { force: true });
  }
}

/**
 * Opens the three networks: from the user's folder (`--models`), else those that were imported or pulled.
 * @throws FaceMirrorError MODEL_MISSING naming those that are nowhere, MODEL_CORRUPT, CHECKPOINT_MISMATCH,
 *   WORKER_LOST.
 */
async function openOpenFace3(options: SuiteOptions = {}): Promise<Suite> {
  const { opened, ...providerFacts } = await withProvider(options.provider ?? 'auto', options, {
    prepare: async (provider) => {
      const target = provider === 'cpu' ? 'cpu' : 'accelerator';
      const networks = await readyNetworksApart(
        { modelsFolder: options.modelsFolder, framesPerBatch: options.framesPerBatch ?? 'auto', target },
        options.signal,
      );
      return {
        networks,
        sources: await withSessionMemory(
          networks.map(({ source }) => source),
          options.signal,
        ),
      };
    },
    open: async ({ networks, sources }, providers) => {
      const budget = planWorkers(sources, {
        requested: options.workers ?? 1,
        isolation: options.isolation ?? 'thread',
        usefulWorkers: USEFUL_WORKERS,
        usefulThreads: USEFUL_THREADS,
        inferenceShare: INFERENCE_SHARE,
        ...(options.cores === undefined ? {} : { cores: options.cores }),
      });
      if (budget.notice !== null) options.onNotice?.(budget.notice);
      return {
        networks,
        budget,
        pool: await InferencePool.open(sources, {
          threadsPerRun: budget.threadsPerRun,
          ...options,
          providers,
          workers: budget.workers,
        }),
      };
    },
  });
  const { networks, budget, pool } = opened;
  const network = new MultitaskNetwork(pool);
  return {
    manifest: MANIFEST,
    detector: new RetinaFaceDetector(
      pool,
      options.detectorLongSide === undefined ? {} : { longSide: options.detectorLongSide },
    ),
    landmarker: new StarLandmarker(pool),
    actionUnits: { kind: 'network', network },
    expressions: network,
    models: networks.map(({ opened }) => opened),
    networks: networks.map(({ source, batching }) => ({ source, job: JOBS[source.name] ?? 'detection', batching })),
    inference: {
      ...providerFacts,
      workers: pool.workers,
      workersReason: budget.reason,
      threads: pool.workers * budget.threadsPerRun,
      predictedWorkerBytes: budget.workerBytes,
      predictedWorkersBytes: budget.workersBytes,
      workersMemory: () => pool.memory,
      framesUnderWay: framesUnderWay(networks, pool.workers),
    },
    notes: [
      ...(providerFacts.providerMissed === null ? [] : [providerFacts.providerMissed.notice]),
      ...networks.flatMap(({ note }) => note ?? []),
    ],
    close: () => pool.close(),
  };
}

/**
 * Enough that every worker has a batch and another waits for it, and that no frame waits long for the interval to hear
 * of it.
 */
function framesUnderWay(networks: readonly ReadyNetwork[], workers: number): number {
  const batchOf = (name: ArchitectureName): number =>
    networks.find((network) => network.name === name)?.batching?.frames ?? 1;
  return Math.min(2 * workers * batchOf('star') + batchOf('mtl') + 2, MOST_UNDER_WAY);
}
