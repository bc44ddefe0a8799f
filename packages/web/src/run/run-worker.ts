/** Where a video is processed: decoding, tracking, encoding and tables. Networks and drawing have workers of their own. */
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { NetworkPool } from '../inference/network-pool.js';
import { mediaPipeSuite, readNetworkList, shippedNetworks, type NetworkList } from '../suite/mediapipe.js';
import { loadKernels, provideLoadedKernels, type KernelModules } from '../threads/kernels.js';
import type { FromRunWorker, RunOrder, ToRunWorker } from './messages.js';
import { processVideo } from './process-video.js';
import { StageTimes } from './stage-times.js';
import { workerScope } from '../threads/worker-scope.js';

/** More find nothing to do: a frame has one look at the whole face and two at the mirrored ones. */
const MOST_NETWORK_WORKERS = 3;
/** Frames are told about so often, in ms. */
const TELL_EVERY = 200;

interface Open {
  readonly list: NetworkList;
  readonly kernels: KernelModules;
  readonly networks: NetworkPool;
}

const scope = workerScope<ToRunWorker, FromRunWorker>();
/** Kept from video to video. */
let open: Promise<Open> | null = null;
let current = new AbortController();

async function openAll(site: string): Promise<Open> {
  const [list, kernels] = await Promise.all([readNetworkList(site), loadKernels()]);
  provideLoadedKernels(kernels);
  const workers = Math.max(1, Math.min(MOST_NETWORK_WORKERS, navigator.hardwareConcurrency - 1));
  const networks = await NetworkPool.open({ networks: shippedNetworks(list, site), kernels }, workers);
  return { list, kernels, networks };
}

async function start(order: RunOrder, signal: AbortSignal): Promise<void> {
  const profiler = new StageTimes(performance.now());
  open ??= openAll(order.site);
  open.catch(() => (open = null));
  const { list, kernels, networks } = await open;
  networks.profiler = profiler;
  let frames = 0;
  let toldAt = 0;
  const done = await processVideo({
    ...order,
    suite: mediaPipeSuite(list, networks),
    networks,
    kernels,
    profiler,
    signal,
    onOpened: (expectedFrames) => scope.postMessage({ kind: 'opened', expectedFrames }),
    onFrame: () => {
      frames++;
      const now = performance.now();
      if (now - toldAt < TELL_EVERY) return;
      toldAt = now;
      scope.postMessage({ kind: 'progress', frames });
    },
  });
  scope.postMessage({ kind: 'done', ...done });
}

scope.onmessage = ({ data }) => {
  if (data.kind === 'cancel') {
    current.abort();
    return;
  }
  current = new AbortController();
  start(data.order, current.signal).catch((error: unknown) => {
    const code = error instanceof FaceMirrorError ? error.code : 'UNEXPECTED';
    scope.postMessage({ kind: 'failed', code, sentence: messageOf(error) });
  });
};
