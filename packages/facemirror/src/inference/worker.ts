/**
 * Where sessions run, off the main thread: onnxruntime-node's `run` blocks the thread that calls it. Started by
 * channel.ts only.
 */
import { parentPort, workerData } from 'node:worker_threads';
import './no-telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from 'facemirror-core/errors.js';
import { cropLength } from 'facemirror-core/frames/crop.js';
import { cropToTensor } from 'facemirror-core/frames/crop-to-tensor.js';
import { provideNodeKernels } from '../machine/kernels.js';
import { serveParent } from '../processes/helper-child.js';
import { peakRssBytes } from '../performance/measure/peak-memory.js';
import type { FromWorker, OpenedTimes, ToWorker, WorkerSetup } from './messages.js';
import { NetworkSessions } from './network-sessions.js';
import type { ProviderName } from 'facemirror-core/inference/options.js';
import { executionProviders } from './providers.js';
import type {
  CropRequest,
  ModelSource,
  NetworkInput,
  NetworkOutput,
  RunRequest,
} from 'facemirror-core/inference/request.js';
import { loadRuntimeLibrary } from './runtime-library.js';

provideNodeKernels();

/** The other end: the thread, or over its channel the process, that started this worker. */
const parent = connectParent();
const setup = await parent.setup;
let cpuWhenOpen = process.cpuUsage();
let cpuAtLastRun = cpuWhenOpen;
const networks = new Map<string, NetworkSessions>();
let isClosing = false;
/** Input buffers by model and input, of the largest batch so far, used again from run to run. */
const buffers = new Map<string, Float32Array>();

interface Parent {
  readonly setup: Promise<WorkerSetup>;
  post(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
  listen(handler: (message: ToWorker) => void): void;
  /** Says what was used, where nobody else can know, and ends. */
  disconnect(): void;
}

function connectParent(): Parent {
  const port = parentPort;
  if (port !== null) {
    return {
      setup: Promise.resolve(workerData as WorkerSetup),
      post: (message, transfer = []) => port.postMessage(message, transfer),
      listen: (handler) => void port.on('message', handler),
      disconnect: () => port.close(),
    };
  }
  if (process.send === undefined) throw new Error('inference/worker.js runs only as a worker.');
  // Without a parent there is nothing left to do.
  serveParent();
  return {
    setup: new Promise((resolve) => process.once('message', (message) => resolve(message as WorkerSetup))),
    post: (message) => void process.send?.(message),
    listen: (handler) => void process.on('message', handler),
    disconnect: () => {
      const { user, system } = process.cpuUsage(cpuWhenOpen);
      const message: FromWorker = {
        kind: 'used',
        usage: { cpuMs: (user + system) / 1000, peakRssBytes: peakRssBytes() },
      };
      process.send?.(message, () => process.exit());
    },
  };
}

class OpeningError extends Error {}

/** Opens a network; its times are null where its sessions open only when the sizes of a run are known. */
async function open(source: ModelSource): Promise<{ network: NetworkSessions; times: OpenedTimes | null }> {
  const { value: network, ...measured } = await measure(
    async () =>
      new NetworkSessions(source, await createGeneral(source), (sizes) => measure(() => create(source, sizes))),
  );
  networks.set(source.name, network);
  const { single, dimsOfOne } = network;
  if (single !== null) return { network, times: await warm(source, single, measured) };
  if (dimsOfOne === null) return { network, times: null };
  const { session, opened } = await network.sessionFor(dimsOfOne);
  return {
    network,
    times: await warm(
      source,
      session,
      { ...measured, createMs: measured.createMs + (opened?.createMs ?? 0) },
      dimsOfOne,
    ),
  };
}

async function measure<T>(work: () => Promise<T>): Promise<{ value: T; createMs: number; rssAtStart: number }> {
  const rssAtStart = process.memoryUsage.rss();
  const startedAt = performance.now();
  const value = await work();
  return { value, createMs: performance.now() - startedAt, rssAtStart };
}

async function warm(
  source: ModelSource,
  session: InferenceSession,
  { createMs, rssAtStart }: { createMs: number; rssAtStart: number },
  sizes: InputSizes = {},
): Promise<OpenedTimes> {
  const createdAt = performance.now();
  await warmUp(session, source.batch ?? 1, sizes);
  const firstInferenceMs = performance.now() - createdAt;
  const rssAfterBytes = process.memoryUsage.rss();
  return {
    model: source.name,
    createMs,
    firstInferenceMs,
    memoryBytes: Math.max(0, rssAfterBytes - rssAtStart),
    rssBeforeBytes: rssAtStart,
    rssAfterBytes,
  };
}

function providerOf({ name }: ModelSource): ProviderName {
  return setup.providers[name] ?? 'cpu';
}

function sessionOptions(source: ModelSource): InferenceSession.SessionOptions {
  return {
    executionProviders: executionProviders(providerOf(source)),
    intraOpNumThreads: setup.threadsPerRun,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // A pattern would be one more block of the size of all activations, from the second run on, and brings no speed
    // here.
    enableMemPattern: false,
    graphOptimizationLevel: 'all',
    // The log of a process of its own is read (warnings and above); that of a thread would end up on the user's screen.
    logSeverityLevel: parentPort === null ? 2 : 3,
    // Spinning threads would take the cores from decoding and encoding between two runs.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  };
}

/**
 * On an accelerator, a network is looked at on the CPU first: one of free sizes is not compiled there only to be
 * compiled again.
 */
async function createGeneral(source: ModelSource): Promise<InferenceSession> {
  if (providerOf(source) === 'cpu') return create(source, {});
  const look = await createFrom(source.model, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  const isOfFreeSizes = look.inputMetadata.some(
    (input) => input.isTensor && input.shape.some((dim) => typeof dim === 'string' && dim !== ''),
  );
  if (isOfFreeSizes) return look;
  await look.release();
  return create(source, {});
}

async function create(source: ModelSource, sizes: Readonly<Record<string, number>>): Promise<InferenceSession> {
  const { model, compiled } = source;
  const options = {
    ...sessionOptions(source),
    ...(Object.keys(sizes).length === 0 ? {} : { freeDimensionOverrides: sizes }),
  };
  if (compiled !== undefined && providerOf(source) === 'cpu') {
    try {
      return await InferenceSession.create(compiled, { ...options, graphOptimizationLevel: 'disabled' });
    } catch {
      // Another run may be replacing it at this moment; the network itself gives the same values, only later.
    }
  }
  return createFrom(model, options);
}

async function createFrom(
  model: string | Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    return await (typeof model === 'string'
      ? InferenceSession.create(model, options)
      : InferenceSession.create(model, options));
  } catch (cause) {
    throw new OpeningError(messageOf(cause), { cause });
  }
}

type InputSizes = Readonly<Record<string, readonly number[]>>;

/** One run on zeros, of the largest batch, where every input's shape is known. */
async function warmUp(session: InferenceSession, batch: number, sizes: InputSizes): Promise<void> {
  const feeds: Record<string, Tensor> = {};
  for (const input of session.inputMetadata) {
    if (!input.isTensor || input.type !== 'float32') return;
    const shape: readonly (number | string)[] =
      sizes[input.name] ?? input.shape.map((dim, axis) => (axis === 0 && typeof dim === 'string' ? batch : dim));
    if (!isFixed(shape)) return;
    feeds[input.name] = new Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  }
  await session.run(feeds);
}

function isFixed(shape: readonly (number | string)[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

async function run(request: RunRequest): Promise<void> {
  let openedNow: OpenedTimes | null = null;
  try {
    let network = networks.get(request.model);
    if (network === undefined) {
      const source = setup.models.find((model) => model.name === request.model);
      if (source === undefined) throw new Error(`no model of the name "${request.model}" was given to the pool`);
      ({ network, times: openedNow } = await open(source));
    }
    const sizes = Object.fromEntries(Object.entries(request.inputs).map(([name, input]) => [name, dimsOf(input)]));
    const { session, opened } = await network.sessionFor(sizes);
    if (opened !== null) openedNow = await warm(network.source, session, opened, sizes);
    const startedAt = performance.now();
    const feeds = Object.fromEntries(
      Object.entries(request.inputs).map(([name, input]) => [name, toTensor(`${request.model}/${name}`, input)]),
    );
    const preparedAt = performance.now();
    const outputs =
      request.outputs === undefined ? await session.run(feeds) : await session.run(feeds, request.outputs);
    const finishedAt = performance.now();
    const result = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, toOutput(name, value)]));
    const postprocessMs = performance.now() - finishedAt;
    parent.post(
      {
        kind: 'done',
        result,
        preprocessMs: preparedAt - startedAt,
        inferenceMs: finishedAt - preparedAt,
        postprocessMs,
        openedNow,
        process: usageSinceLastRun(),
      },
      Object.values(result).map(({ data }) => data.buffer as ArrayBuffer),
    );
  } catch (cause) {
    parent.post({
      kind: 'failed',
      model: request.model,
      message: messageOf(cause),
      atOpening: cause instanceof OpeningError,
    });
  }
}

/** Of a process of its own; a thread's time and memory are the main process's. */
function usageSinceLastRun(): { readonly cpuMs: number; readonly rssBytes: number } | null {
  if (parentPort !== null) return null;
  const now = process.cpuUsage();
  const cpuMs = (now.user + now.system - cpuAtLastRun.user - cpuAtLastRun.system) / 1000;
  cpuAtLastRun = now;
  return { cpuMs, rssBytes: process.memoryUsage.rss() };
}

function dimsOf(input: NetworkInput): readonly number[] {
  if (input.kind === 'values') return input.dims;
  const [first] = input.crops;
  if (first === undefined) return [];
  const { width, height, layout } = first.crop;
  return layout === 'NCHW' ? [input.crops.length, 3, height, width] : [input.crops.length, height, width, 3];
}

function toTensor(key: string, input: NetworkInput): Tensor {
  if (input.kind === 'values') return new Tensor('float32', input.data, input.dims);
  const [first] = input.crops;
  if (first === undefined) throw new RangeError(`input ${key} was given no crops`);
  const { crop } = first;
  const length = cropLength(crop);
  const data = buffer(key, length * input.crops.length);
  input.crops.forEach((request: CropRequest, place) => {
    if (
      request.crop.width !== crop.width ||
      request.crop.height !== crop.height ||
      request.crop.layout !== crop.layout
    ) {
      throw new RangeError(`input ${key} was given crops of different shapes`);
    }
    cropToTensor(request.frame, request.crop, data, place * length);
  });
  return new Tensor('float32', data, dimsOf(input));
}

function buffer(key: string, length: number): Float32Array {
  const kept = buffers.get(key);
  if (kept !== undefined && kept.length >= length) return kept.subarray(0, length);
  const made = new Float32Array(length);
  buffers.set(key, made);
  return made;
}

/** Copies the values: ONNX Runtime's own memory cannot be transferred to another thread. */
function toOutput(name: string, value: Tensor): NetworkOutput {
  if (!(value.data instanceof Float32Array)) throw new TypeError(`output "${name}" is ${value.type}, not float32`);
  return { dims: [...value.dims], data: value.data.slice() };
}

async function close(): Promise<void> {
  isClosing = true;
  for (const network of networks.values()) await network.close();
  networks.clear();
  buffers.clear();
  parent.disconnect();
}

async function start(): Promise<void> {
  const times: OpenedTimes[] = [];
  await loadRuntimeLibrary();
  for (const source of setup.models) {
    if (isClosing) return;
    if (source.open === 'first-use') continue;
    try {
      const opened = await open(source);
      if (opened.times !== null) times.push(opened.times);
    } catch (cause) {
      parent.post({ kind: 'unopened', model: source.name, message: messageOf(cause) });
      await close();
      return;
    }
  }
  cpuWhenOpen = process.cpuUsage();
  cpuAtLastRun = cpuWhenOpen;
  parent.post({ kind: 'opened', times, rssBytes: process.memoryUsage.rss() });
}

// Messages are answered in the order in which they came, one after another; to be told to close cuts the opening short.
let last = start();
parent.listen((message) => {
  if (message.kind === 'close') isClosing = true;
  last = last.then(() => (message.kind === 'run' ? run(message.request) : close()));
});
await last;
