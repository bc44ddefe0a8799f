/** Where networks run, in a thread of their own: a run blocks its thread. Started by network-pool.ts only. */
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import runtimeAddress from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { messageOf } from 'facemirror-core/errors.js';
import { sampledRequest } from 'facemirror-core/inference/sampled-request.js';
import type { RunRequest, RunResult } from 'facemirror-core/inference/request.js';
import { provideLoadedKernels } from '../threads/kernels.js';
import { workerScope } from '../threads/worker-scope.js';
import type { FromNetworkWorker, NetworkSetup, ShippedNetwork, ToNetworkWorker } from './messages.js';

const scope = workerScope<ToNetworkWorker, FromNetworkWorker>();
const sessions = new Map<string, InferenceSession>();
let networks: readonly ShippedNetwork[] = [];

// Networks run side by side in several workers; threads inside one run bring a third at most, and cost a core.
env.wasm.numThreads = 1;
env.wasm.wasmPaths = { wasm: new URL(runtimeAddress, globalThis.location.href).href };
env.logLevel = 'error';

async function setUp(setup: NetworkSetup): Promise<void> {
  provideLoadedKernels(setup.kernels);
  networks = setup.networks;
  const createMs: Record<string, number> = {};
  for (const network of networks) {
    if (network.open === 'first-use') continue;
    const startedAt = performance.now();
    await sessionOf(network.name);
    createMs[network.name] = performance.now() - startedAt;
  }
  scope.postMessage({ kind: 'opened', createMs });
}

async function sessionOf(name: string): Promise<InferenceSession> {
  const known = sessions.get(name);
  if (known !== undefined) return known;
  const network = networks.find((each) => each.name === name);
  if (network === undefined) throw new Error(`there is no network "${name}" on this site`);
  const response = await fetch(network.address);
  if (!response.ok) throw new Error(`${network.address} was answered with status ${response.status}`);
  const session = await InferenceSession.create(new Uint8Array(await response.arrayBuffer()), {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
  });
  sessions.set(name, session);
  return session;
}

async function run(request: RunRequest): Promise<void> {
  const session = await sessionOf(request.model);
  const startedAt = performance.now();
  const { inputs } = sampledRequest(request);
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      if (input.kind !== 'values') throw new Error(`the crops of the input ${name} were not sampled`);
      return [name, new Tensor('float32', input.data, input.dims)];
    }),
  );
  const preparedAt = performance.now();
  const outputs = request.outputs === undefined ? await session.run(feeds) : await session.run(feeds, request.outputs);
  const ranAt = performance.now();
  const result: RunResult = Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      if (!(value.data instanceof Float32Array)) throw new TypeError(`output "${name}" is ${value.type}, not float32`);
      return [name, { dims: [...value.dims], data: value.data.slice() }];
    }),
  );
  for (const value of Object.values(outputs)) value.dispose();
  scope.postMessage(
    {
      kind: 'done',
      result,
      preprocessMs: preparedAt - startedAt,
      inferenceMs: ranAt - preparedAt,
      postprocessMs: performance.now() - ranAt,
    },
    Object.values(result).map(({ data }) => data.buffer as ArrayBuffer),
  );
}

let last: Promise<void> = Promise.resolve();
scope.onmessage = ({ data }) => {
  last = last
    .then(() => (data.kind === 'setup' ? setUp(data.setup) : run(data.request)))
    .catch((error: unknown) => scope.postMessage({ kind: 'failed', message: messageOf(error) }));
};
