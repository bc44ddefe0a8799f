import type { FaceMirrorError } from 'facemirror-core/errors.js';
import { cancelled, fatal, lost, unopenable, unrunnable } from './failures.js';
import { itemOf, itemsIn, joinRequests } from 'facemirror-core/inference/joined-request.js';
import type { OpenedTimes, WorkerSetup } from './messages.js';
import type { InferenceOptions, WorkersMemory } from 'facemirror-core/inference/options.js';
import { PoolWorker, type Answer, type Job, type SentWork } from './pool-worker.js';
import type { ModelSource, RunRequest, RunResult } from 'facemirror-core/inference/request.js';
import { provideNodeKernels } from '../machine/kernels.js';
import { isJoinable, RunQueue } from 'facemirror-core/inference/run-queue.js';
import { loadRuntimeLibrary } from './runtime-library.js';
import { WorkersMemoryAccount } from './workers-memory.js';

// Crops for workers that are processes are sampled in this thread.
provideNodeKernels();

/** A run that was under way in two workers that died is taken for what kills them. */
const MOST_ATTEMPTS = 2;
/** Lost workers in whose place another is started: a machine that loses more cannot run that many. */
const MOST_REPLACED = 2;

/**
 * Sessions of some networks in workers (threads, or processes of their own): runs are handed to idle workers, joined to
 * batches where a network takes them (see {@link RunQueue}).
 *
 * Every worker opens every network, and a run of a network gives the same values in each, so results do not depend on
 * the number of workers, nor on which items happen to share a batch. In threads, crops are sampled inside the worker
 * from the frame's shared memory. A worker that dies, or does not answer, is given up: its run goes to another, and
 * another is started in its place, twice at most; only when none is left does the pool fail.
 *
 * @example
 * const pool = await InferencePool.open([{ name: 'mesh', model: 'mesh.onnx' }], { workers: 2 });
 * try {
 *   const { scores } = await pool.run({ model: 'mesh', inputs: { image: { kind: 'crops', crops: [{ frame, crop }] } }
 * }); } finally { await pool.close(); }
 */
export class InferencePool {
  readonly #options: InferenceOptions;
  readonly #setup: WorkerSetup;
  readonly #workers: PoolWorker[] = [];
  readonly #models: ReadonlyMap<string, ModelSource>;
  readonly #queue: RunQueue<Job>;
  readonly #memory: WorkersMemoryAccount;
  readonly #reported = new Set<string>();
  #isDispatching = false;
  #numbered = 0;
  #replaced = 0;
  #failure: FaceMirrorError | null = null;
  #closing: Promise<void> | null = null;

  private constructor(models: readonly ModelSource[], options: InferenceOptions) {
    this.#options = options;
    this.#setup = { models, providers: options.providers ?? {}, threadsPerRun: options.threadsPerRun ?? 1 };
    this.#models = new Map(models.map((model) => [model.name, model]));
    this.#queue = new RunQueue(models);
    this.#memory = new WorkersMemoryAccount(options.isolation ?? 'thread');
    options.signal?.addEventListener('abort', this.#stop);
  }

  /**
   * Starts the workers and opens and warms up every network that is not to be opened on first use.
   * @throws FaceMirrorError MODEL_CORRUPT or, on an accelerator, PROVIDER_UNAVAILABLE (ONNX Runtime cannot open a
   *   network there), WORKER_LOST, CANCELLED when the signal says so.
   */
  static async open(models: readonly ModelSource[], options: InferenceOptions = {}): Promise<InferencePool> {
    const pool = new InferencePool(models, options);
    try {
      await pool.#startAll();
      return pool;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** Workers that are alive. */
  get workers(): number {
    return this.#workers.length;
  }

  /** What the workers have taken so far. */
  get memory(): WorkersMemory {
    return this.#memory.total;
  }

  /** Of the workers that are processes of their own. */
  get processIds(): number[] {
    return this.#workers.flatMap(({ processId }) => processId ?? []);
  }

  /**
   * Runs a network. Frames in the request must not be released before the promise settles.
   * @throws FaceMirrorError MODEL_CORRUPT or, on an accelerator, PROVIDER_UNAVAILABLE (a network opened on first use,
   *   or a run that fails), WORKER_LOST, CANCELLED (closed or stopped meanwhile).
   */
  run(request: RunRequest): Promise<RunResult> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#isStopped) return Promise.reject(cancelled());
    return new Promise((resolve, reject) => {
      this.#queue.add({ request, resolve, reject, askedAt: performance.now(), attempts: 0 });
      this.#dispatchSoon();
    });
  }

  /** Rejects what is queued, waits for what runs, frees the sessions and ends the workers. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  get #isStopped(): boolean {
    return this.#closing !== null || this.#options.signal?.aborted === true;
  }

  /** The runs under way are left to end: they read frames that their owner waits to release. */
  readonly #stop = (): void => {
    for (const job of this.#queue.drain()) job.reject(cancelled());
    // What is still opening gets no further than the network that it is at.
    for (const worker of this.#workers) if (!worker.isOpen) void worker.close();
  };

  /**
   * The first worker opens alone, so that what the process grows by is that worker's; the others open side by side. One
   * of these that does not open is done without.
   */
  async #startAll(): Promise<void> {
    const count = Math.max(1, Math.floor(this.#options.workers ?? 1));
    const first = this.#start();
    // A library is the whole process's: this thread, which only waits, loads it while the worker's own thread begins.
    if (this.#options.isolation !== 'process') void loadRuntimeLibrary().catch(() => undefined);
    await first;
    this.#memory.firstOpened();
    await Promise.allSettled(Array.from({ length: count - 1 }, () => this.#start()));
    if (this.#failure !== null) throw this.#failure;
    if (this.#isStopped) throw cancelled();
    this.#memory.allOpened(this.#workers.length);
  }

  /** Starts a worker; resolves when its networks are open. */
  async #start(): Promise<void> {
    if (this.#isStopped) throw cancelled();
    const worker = new PoolWorker(++this.#numbered, this.#setup, this.#options, {
      opened: (opened, { times, rssBytes }) => {
        this.#memory.seen(opened.number, rssBytes);
        for (const each of times) this.#reportOpened(each);
        this.#dispatchSoon();
      },
      answered: (...answer) => this.#settle(...answer),
      lost: (...loss) => this.#lose(...loss),
    });
    this.#workers.push(worker);
    try {
      await worker.opened;
    } catch (error) {
      throw this.#isStopped ? cancelled() : error;
    }
  }

  /** What is asked for in one go may share a batch: it is handed out when all of it has been asked for. */
  #dispatchSoon(): void {
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    queueMicrotask(() => {
      this.#isDispatching = false;
      if (!this.#isStopped) this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const worker of this.#workers) {
      if (!worker.isIdle) continue;
      const [first, ...others] = this.#queue.take();
      if (first === undefined) return;
      const jobs = [first, ...others] as const;
      for (const job of jobs) job.attempts++;
      const request = joinRequests(
        jobs.map((job) => job.request),
        this.#fixedBatch(first) ?? jobs.length,
      );
      worker.do({
        jobs,
        request,
        queued: { waitedMs: performance.now() - first.askedAt, left: this.#queue.waitingFor(request.model) },
      });
    }
  }

  /** The one size of batch that a network takes, for runs that are joined to it. */
  #fixedBatch(job: Job): number | null {
    const { batch, batchIsFixed } = this.#models.get(job.request.model) ?? {};
    return batchIsFixed === true && batch !== undefined && isJoinable(job) ? batch : null;
  }

  #settle(worker: PoolWorker, work: SentWork, answer: Answer): void {
    const { jobs } = work;
    if (answer.kind === 'done') {
      this.#report(worker, work, answer);
      const isBatch = jobs.length > 1 || this.#fixedBatch(jobs[0]) !== null;
      jobs.forEach((job, place) => job.resolve(isBatch ? itemOf(answer.result, place) : answer.result));
    } else {
      const { model, message, atOpening } = answer;
      const error = (atOpening ? unopenable : unrunnable)(model, this.#setup.providers[model] ?? 'cpu', message);
      for (const job of jobs) job.reject(error);
    }
    if (!this.#isStopped) this.#dispatch();
  }

  #report(
    worker: PoolWorker,
    { jobs, request, sampledMs, queued }: SentWork,
    answer: Extract<Answer, { kind: 'done' }>,
  ): void {
    this.#memory.seen(worker.number, answer.process?.rssBytes ?? 0);
    if (answer.openedNow !== null) {
      if (!this.#reported.has(answer.openedNow.model)) this.#memory.openedLater(answer.openedNow.memoryBytes);
      this.#reportOpened(answer.openedNow);
    }
    this.#options.profiler?.model(request.model, {
      items: jobs.reduce((sum, job) => sum + itemsIn(job.request), 0),
      preprocessMs: sampledMs + answer.preprocessMs,
      inferenceMs: answer.inferenceMs,
      postprocessMs: answer.postprocessMs,
      endedAt: performance.now(),
      worker: worker.number,
      queued,
      process: answer.process,
    });
  }

  #reportOpened({ model, ...times }: OpenedTimes): void {
    if (this.#reported.has(model)) return;
    this.#reported.add(model);
    this.#options.profiler?.modelOpened(model, times);
  }

  /** Goes on without a worker: with another in its place, or with those that are left. */
  #lose(worker: PoolWorker, why: string): void {
    const place = this.#workers.indexOf(worker);
    if (place < 0 || this.#closing !== null) return;
    this.#workers.splice(place, 1);
    this.#memory.lost(worker.number);
    const jobs = worker.release()?.jobs ?? [];
    if (this.#isStopped) {
      for (const job of jobs) job.reject(cancelled());
      return;
    }
    const isReplaced = this.#replace(worker);
    if (this.#workers.length === 0) {
      this.#failure = lost(why);
      for (const job of [...jobs, ...this.#queue.drain()]) job.reject(this.#failure);
      return;
    }
    this.#options.onNotice?.(
      `Worker ${worker.number} was lost (${why}); ${isReplaced ? 'another is started in its place' : `the run goes on with ${this.#workers.length}`}.`,
      'warning',
    );
    for (const job of jobs) if (job.attempts >= MOST_ATTEMPTS) job.reject(fatal(job.request.model, why));
    this.#queue.putBack(jobs.filter(({ attempts }) => attempts < MOST_ATTEMPTS));
    this.#dispatch();
  }

  /** One that did not get as far as opening its networks would not do so again. */
  #replace(worker: PoolWorker): boolean {
    if (!worker.isOpen || this.#replaced >= MOST_REPLACED) return false;
    this.#replaced++;
    // Its own loss is told like any other's.
    this.#start().catch(() => undefined);
    return true;
  }

  async #end(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#stop);
    for (const job of this.#queue.drain()) job.reject(cancelled());
    await Promise.all(this.#workers.map((worker) => worker.close()));
    for (const worker of this.#workers.splice(0))
      for (const job of worker.release()?.jobs ?? []) job.reject(cancelled());
  }
}
