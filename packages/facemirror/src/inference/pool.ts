import { Worker } from 'node:worker_threads';
import { FaceMirrorError } from '../errors.js';
import type { FromWorker, OpenedTimes, ToWorker, WorkerSetup } from './messages.js';
import type { InferenceOptions } from './options.js';
import { resolveProvider, type ProviderName } from './providers.js';
import type { ModelSource, RunRequest, RunResult } from './request.js';

/** The built file, both for this file's own build and when tests run the sources. */
const WORKER_FILE = new URL('../../dist/inference/worker.js', import.meta.url);

/** How long a worker may take to let go of its sessions before it is ended the hard way. */
const CLOSE_PATIENCE_MS = 5000;

interface Job {
  readonly request: RunRequest;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: Error) => void;
}

interface Member {
  readonly worker: Worker;
  /** The run it is at; null when idle. */
  job: Job | null;
}

/**
 * Sessions of some networks in worker threads: runs are handed to idle workers in the order in which they are asked for.
 *
 * Every worker opens every network, and a run of a network gives the same values in each, so results do not depend on
 * the number of workers. Crops are sampled inside the worker from the frame's shared memory.
 *
 * @example
 * const pool = await InferencePool.open([{ name: 'mesh', model: 'mesh.onnx' }], { workers: 2 });
 * try {
 *   const { scores } = await pool.run({ model: 'mesh', inputs: { image: { kind: 'crops', crops: [{ frame, crop }] } } });
 * } finally {
 *   await pool.close();
 * }
 */
export class InferencePool {
  readonly provider: ProviderName;
  readonly #profiler: InferenceOptions['profiler'];
  readonly #members: Member[] = [];
  readonly #queue: Job[] = [];
  readonly #reported = new Set<string>();
  #nextId = 0;
  #failure: FaceMirrorError | null = null;
  #closing: Promise<void> | null = null;

  private constructor(provider: ProviderName, profiler: InferenceOptions['profiler']) {
    this.provider = provider;
    this.#profiler = profiler;
  }

  /**
   * Starts the workers and opens and warms up every network that is not to be opened on first use.
   * @throws FaceMirrorError PROVIDER_UNAVAILABLE, MODEL_CORRUPT (ONNX Runtime cannot open a network), WORKER_LOST.
   */
  static async open(models: readonly ModelSource[], options: InferenceOptions = {}): Promise<InferencePool> {
    const provider = resolveProvider(options.provider ?? 'auto');
    const pool = new InferencePool(provider, options.profiler);
    const setup: WorkerSetup = { models, provider, threadsPerRun: options.threadsPerRun ?? 1 };
    const count = Math.max(1, Math.floor(options.workers ?? 1));
    try {
      await Promise.all(Array.from({ length: count }, () => pool.#start(setup)));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /**
   * Runs a network. Frames in the request must not be released before the promise settles.
   * @throws FaceMirrorError MODEL_CORRUPT (a network opened on first use, or a run that fails), WORKER_LOST, CANCELLED (closed meanwhile).
   */
  run(request: RunRequest): Promise<RunResult> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#closing !== null) return Promise.reject(cancelled());
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      this.#dispatch();
    });
  }

  /** Rejects what is queued, waits for what runs, frees the sessions and ends the workers. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  #start(setup: WorkerSetup): Promise<void> {
    const worker = new Worker(WORKER_FILE, { workerData: setup });
    const member: Member = { worker, job: null };
    this.#members.push(member);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'opened') {
          for (const times of message.times) this.#reportOpened(times);
          resolve();
        } else if (message.kind === 'unopened') {
          reject(unopenable(message.model, message.message));
        } else {
          this.#settle(member, message);
        }
      });
      worker.on('error', (cause) => {
        const lost = new FaceMirrorError('WORKER_LOST', `A thread that runs the networks failed: ${cause.message}. Run again; if it fails again, report it.`, { cause });
        this.#lose(lost);
        reject(lost);
      });
      worker.on('exit', (code) => {
        if (this.#closing !== null) return;
        const lost = new FaceMirrorError('WORKER_LOST', `A thread that runs the networks ended unasked (code ${code}). Run again; if it fails again, report it.`);
        this.#lose(lost);
        reject(lost);
      });
    });
  }

  #dispatch(): void {
    for (const member of this.#members) {
      if (member.job !== null) continue;
      const job = this.#queue.shift();
      if (job === undefined) return;
      member.job = job;
      member.worker.postMessage({ kind: 'run', id: this.#nextId++, request: job.request } satisfies ToWorker);
    }
  }

  #settle(member: Member, message: Extract<FromWorker, { kind: 'done' | 'failed' }>): void {
    const { job } = member;
    member.job = null;
    if (job !== null && message.kind === 'done') {
      if (message.openedNow !== null) this.#reportOpened(message.openedNow);
      this.#profiler?.model(job.request.model, {
        items: batchSize(job.request),
        preprocessMs: message.preprocessMs,
        inferenceMs: message.inferenceMs,
        postprocessMs: 0,
      });
      job.resolve(message.result);
    } else if (job !== null && message.kind === 'failed') {
      job.reject(message.atOpening ? unopenable(message.model, message.message) : unrunnable(message.model, message.message));
    }
    if (this.#closing === null) this.#dispatch();
  }

  #reportOpened(times: OpenedTimes): void {
    if (this.#reported.has(times.model)) return;
    this.#reported.add(times.model);
    this.#profiler?.modelOpened(times.model, { createMs: times.createMs, firstInferenceMs: times.firstInferenceMs, memoryBytes: null });
  }

  #lose(error: FaceMirrorError): void {
    this.#failure ??= error;
    for (const member of this.#members) {
      member.job?.reject(error);
      member.job = null;
    }
    for (const job of this.#queue.splice(0)) job.reject(error);
  }

  async #end(): Promise<void> {
    for (const job of this.#queue.splice(0)) job.reject(cancelled());
    await Promise.all(this.#members.map(({ worker }) => endWorker(worker)));
    for (const member of this.#members.splice(0)) member.job?.reject(cancelled());
  }
}

async function endWorker(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return;
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.postMessage({ kind: 'close' } satisfies ToWorker);
  const timer = setTimeout(() => void worker.terminate(), CLOSE_PATIENCE_MS);
  await ended;
  clearTimeout(timer);
}

function batchSize(request: RunRequest): number {
  const [first] = Object.values(request.inputs);
  return first === undefined ? 0 : first.kind === 'crops' ? first.crops.length : (first.dims[0] ?? 1);
}

function unopenable(model: string, why: string): FaceMirrorError {
  return new FaceMirrorError('MODEL_CORRUPT', `The model "${model}" cannot be opened: ${why}.`);
}

function unrunnable(model: string, why: string): FaceMirrorError {
  return new FaceMirrorError('MODEL_CORRUPT', `The model "${model}" failed in a run: ${why}.`);
}

function cancelled(): FaceMirrorError {
  return new FaceMirrorError('CANCELLED', 'The networks were closed before this run ended.');
}
