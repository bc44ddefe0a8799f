import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { NetworkRunner } from 'facemirror-core/inference/network-runner.js';
import type { RunRequest, RunResult } from 'facemirror-core/inference/request.js';
import { RunPatience } from 'facemirror-core/inference/run-patience.js';
import { RunQueue } from 'facemirror-core/inference/run-queue.js';
import type { Profiler } from 'facemirror-core/profile/profiler.js';
import type { FromNetworkWorker, NetworkSetup, ToNetworkWorker } from './messages.js';

interface Job {
  readonly request: RunRequest;
  readonly askedAt: number;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (reason: Error) => void;
}

interface NetworkWorker {
  readonly worker: Worker;
  readonly number: number;
  job: Job | null;
  patience: ReturnType<typeof setTimeout> | undefined;
}

/** Runs networks in workers, which hold one session of each. Results do not depend on their number. Close it on every path. */
export class NetworkPool implements NetworkRunner {
  /** Where calls are reported to. */
  profiler: Pick<Profiler, 'model'> | null = null;
  readonly #queue: RunQueue<Job>;
  readonly #workers: NetworkWorker[] = [];
  readonly #patience = new RunPatience();
  #failure: FaceMirrorError | null = null;

  private constructor(setup: NetworkSetup) {
    this.#queue = new RunQueue(setup.networks.map(({ name }) => ({ name, model: '' })));
  }

  /** Starts the workers and opens the networks in each. @throws FaceMirrorError WORKER_LOST. */
  static async open(setup: NetworkSetup, workers: number): Promise<NetworkPool> {
    const pool = new NetworkPool(setup);
    try {
      await Promise.all(Array.from({ length: workers }, (_, place) => pool.#start(setup, place + 1)));
      return pool;
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  get workers(): number {
    return this.#workers.length;
  }

  run(request: RunRequest): Promise<RunResult> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.add({ request, askedAt: performance.now(), resolve, reject });
      this.#handOut();
    });
  }

  close(): void {
    this.#fail(new FaceMirrorError('CANCELLED', 'The networks were closed while they were still asked for.'));
  }

  #start(setup: NetworkSetup, number: number): Promise<void> {
    const worker = new Worker(new URL('./network-worker.ts', import.meta.url), { type: 'module' });
    const entry: NetworkWorker = { worker, number, job: null, patience: undefined };
    this.#workers.push(entry);
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromNetworkWorker>) => {
        if (data.kind === 'opened') {
          worker.onmessage = ({ data: answer }: MessageEvent<FromNetworkWorker>) => this.#answer(entry, answer);
          resolve();
        } else if (data.kind === 'failed') reject(lost(data.message));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        const error = lost(event.message);
        reject(error);
        this.#fail(error);
      };
      send(worker, { kind: 'setup', setup });
    });
  }

  #handOut(): void {
    for (const entry of this.#workers) {
      if (entry.job !== null) continue;
      const [job] = this.#queue.take();
      if (job === undefined) return;
      entry.job = job;
      entry.patience = setTimeout(
        () => this.#fail(lost('it does not answer any more')),
        this.#patience.limitFor(job.request),
      );
      send(entry.worker, { kind: 'run', request: job.request });
    }
  }

  #answer(entry: NetworkWorker, answer: FromNetworkWorker): void {
    const { job } = entry;
    if (job === null || answer.kind === 'opened') return;
    clearTimeout(entry.patience);
    entry.job = null;
    if (answer.kind === 'failed') {
      job.reject(lost(`the network ${job.request.model} could not be run: ${answer.message}`));
    } else {
      const { preprocessMs, inferenceMs, postprocessMs } = answer;
      const endedAt = performance.now();
      const tookMs = preprocessMs + inferenceMs + postprocessMs;
      this.#patience.took(job.request, tookMs);
      this.profiler?.model(job.request.model, {
        items: 1,
        preprocessMs,
        inferenceMs,
        postprocessMs,
        endedAt,
        worker: entry.number,
        queued: {
          waitedMs: Math.max(0, endedAt - job.askedAt - tookMs),
          left: this.#queue.waitingFor(job.request.model),
        },
        process: null,
      });
      job.resolve(answer.result);
    }
    this.#handOut();
  }

  #fail(error: FaceMirrorError): void {
    this.#failure ??= error;
    for (const entry of this.#workers) {
      clearTimeout(entry.patience);
      entry.job?.reject(this.#failure);
      entry.job = null;
      entry.worker.terminate();
    }
    for (const job of this.#queue.drain()) job.reject(this.#failure);
  }
}

function send(worker: Worker, message: ToNetworkWorker): void {
  worker.postMessage(message);
}

function lost(reason: string): FaceMirrorError {
  return new FaceMirrorError(
    'WORKER_LOST',
    `The networks stopped (${reason}): reload the page and run it again, with fewer tabs open if memory is short.`,
  );
}
