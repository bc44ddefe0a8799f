/** Where sessions run, off the main thread: onnxruntime-node's `run` blocks the thread that calls it. Started by channel.ts only. */
import { parentPort, workerData } from 'node:worker_threads';
import './no-telemetry.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { cropLength } from '../frames/crop.js';
import { cropToTensor } from '../frames/crop-to-tensor.js';
import { peakRssBytes } from '../profile/peak-memory.js';
import { SETUP_VARIABLE } from './channel.js';
import type { FromWorker, OpenedTimes, ToWorker, WorkerSetup } from './messages.js';
import { executionProviders } from './providers.js';
import type { CropRequest, ModelSource, NetworkInput, NetworkOutput, RunRequest } from './request.js';

/** The other end: the thread, or over its channel the process, that started this worker. */
const parent = connectParent();
const setup = await parent.setup;
let cpuWhenOpen = process.cpuUsage();
const sessions = new Map<string, InferenceSession>();
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
  if (process.env[SETUP_VARIABLE] === undefined || process.send === undefined) throw new Error('inference/worker.js runs only as a worker.');
  // Ctrl-C reaches the whole process group; it is the parent that decides how to end.
  process.on('SIGINT', () => undefined);
  return {
    setup: new Promise((resolve) => process.once('message', (message: { setup: WorkerSetup }) => resolve(message.setup))),
    post: (message) => void process.send?.(message),
    listen: (handler) => {
      process.on('message', handler);
      // Without a parent there is nothing left to do.
      process.on('disconnect', () => process.exit());
    },
    disconnect: () => {
      const { user, system } = process.cpuUsage(cpuWhenOpen);
      const message: FromWorker = { kind: 'used', usage: { cpuMs: (user + system) / 1000, peakRssBytes: peakRssBytes() } };
      process.send?.(message, () => process.exit());
    },
  };
}

class OpeningError extends Error {}

async function open(source: ModelSource): Promise<{ session: InferenceSession; times: OpenedTimes }> {
  const rssAtStart = process.memoryUsage.rss();
  const startedAt = performance.now();
  const options: InferenceSession.SessionOptions = {
    executionProviders: executionProviders(setup.providers[source.name] ?? 'cpu'),
    intraOpNumThreads: setup.threadsPerRun,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // The log of a process of its own is read (warnings and above); that of a thread would end up on the user's screen.
    logSeverityLevel: parentPort === null ? 2 : 3,
    // Spinning threads would take the cores from decoding and encoding between two runs.
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  };
  const session = await create(source, options);
  sessions.set(source.name, session);
  const createdAt = performance.now();
  await warmUp(session, source.batch ?? 1);
  return {
    session,
    times: {
      model: source.name,
      createMs: createdAt - startedAt,
      firstInferenceMs: performance.now() - createdAt,
      memoryBytes: Math.max(0, process.memoryUsage.rss() - rssAtStart),
    },
  };
}

async function create({ name, model, compiled }: ModelSource, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
  if (compiled !== undefined && setup.providers[name] === 'cpu') {
    try {
      return await InferenceSession.create(compiled, { ...options, graphOptimizationLevel: 'disabled' });
    } catch {
      // Another run may be replacing it at this moment; the network itself gives the same values, only later.
    }
  }
  try {
    return await (typeof model === 'string' ? InferenceSession.create(model, options) : InferenceSession.create(model, options));
  } catch (cause) {
    throw new OpeningError(reason(cause), { cause });
  }
}

/** One run on zeros, of the largest batch, where every input's shape is known. */
async function warmUp(session: InferenceSession, batch: number): Promise<void> {
  const feeds: Record<string, Tensor> = {};
  for (const input of session.inputMetadata) {
    if (!input.isTensor || input.type !== 'float32') return;
    const shape: readonly (number | string)[] = input.shape.map((dim, axis) => (axis === 0 && typeof dim === 'string' ? batch : dim));
    if (!isFixed(shape)) return;
    feeds[input.name] = new Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  }
  await session.run(feeds);
}

function isFixed(shape: readonly (number | string)[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

async function run(id: number, request: RunRequest): Promise<void> {
  let openedNow: OpenedTimes | null = null;
  try {
    let session = sessions.get(request.model);
    if (session === undefined) {
      const source = setup.models.find((model) => model.name === request.model);
      if (source === undefined) throw new Error(`no model of the name "${request.model}" was given to the pool`);
      ({ session, times: openedNow } = await open(source));
    }
    const startedAt = performance.now();
    const feeds = Object.fromEntries(
      Object.entries(request.inputs).map(([name, input]) => [name, toTensor(`${request.model}/${name}`, input)]),
    );
    const preparedAt = performance.now();
    const outputs = request.outputs === undefined ? await session.run(feeds) : await session.run(feeds, request.outputs);
    const finishedAt = performance.now();
    const result = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, toOutput(name, value)]));
    parent.post(
      { kind: 'done', id, result, preprocessMs: preparedAt - startedAt, inferenceMs: finishedAt - preparedAt, openedNow },
      Object.values(result).map(({ data }) => data.buffer as ArrayBuffer),
    );
  } catch (cause) {
    parent.post({ kind: 'failed', id, model: request.model, message: reason(cause), atOpening: cause instanceof OpeningError });
  }
}

function toTensor(key: string, input: NetworkInput): Tensor {
  if (input.kind === 'values') return new Tensor('float32', input.data, input.dims);
  const [first] = input.crops;
  if (first === undefined) throw new RangeError(`input ${key} was given no crops`);
  const { crop } = first;
  const length = cropLength(crop);
  const data = buffer(key, length * input.crops.length);
  input.crops.forEach((request: CropRequest, place) => {
    if (request.crop.width !== crop.width || request.crop.height !== crop.height || request.crop.layout !== crop.layout) {
      throw new RangeError(`input ${key} was given crops of different shapes`);
    }
    cropToTensor(request.frame, request.crop, data, place * length);
  });
  const count = input.crops.length;
  const dims = crop.layout === 'NCHW' ? [count, 3, crop.height, crop.width] : [count, crop.height, crop.width, 3];
  return new Tensor('float32', data, dims);
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
  for (const session of sessions.values()) await session.release();
  sessions.clear();
  buffers.clear();
  parent.disconnect();
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

async function start(): Promise<void> {
  const times: OpenedTimes[] = [];
  for (const source of setup.models) {
    if (source.open === 'first-use') continue;
    try {
      times.push((await open(source)).times);
    } catch (cause) {
      parent.post({ kind: 'unopened', model: source.name, message: reason(cause) });
      await close();
      return;
    }
  }
  // Messages are answered in the order in which they came, one after another.
  let last: Promise<void> = Promise.resolve();
  parent.listen((message) => {
    last = last.then(() => (message.kind === 'run' ? run(message.id, message.request) : close()));
  });
  cpuWhenOpen = process.cpuUsage();
  parent.post({ kind: 'opened', times });
}

await start();
