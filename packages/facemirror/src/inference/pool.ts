import { FaceMirrorError } from '../errors.js';
import { Patience } from '../processes/patience.js';
import type { ModelCall } from '../profile/profiler.js';
import { startWorker, type WorkerChannel } from './channel.js';
import { cancelled, lost, unopenable, unrunnable } from './failures.js';
import type { FromWorker, OpenedTimes, WorkerSetup } from './messages.js';
import type { InferenceOptions, ProviderName, WorkersMemory } from './options.js';
import type { ModelSource, RunRequest, RunResult } from './request.js';
import { isJoinable, joinRequests, RunQueue } from './run-queue.js';
import { sampledRequest } from './sampled-request.js';

/** How long a worker may take to let go of its sessions before it is ended the hard way. */
const CLOSE_PATIENCE_MS = 5000;
const RUN_PATIENCE_MS = 180_000;
/** An accelerator may compile for minutes. */
const OPENING_PATIENCE_MS = 600_000;
const LATE = 'it did not answer in time';
/** A run that was under way in two workers that died is taken for what kills them. */
const MOST_ATTEMPTS = 2;

interface Job {
  readonly request: RunRequest;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: Error) => void;
  readonly askedAt: number;
  attempts: number;
}

interface Member {
  /** From 1; numbers of workers that were lost are not given again. */
  readonly number: number;
  readonly channel: WorkerChannel;
  /** Settles when the worker has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** The most memory that its process was seen to have, in bytes. */
  rssBytes: number;
  /** Whether its networks are open. */
  isOpen: boolean;
  /** The runs it is at, as one batch; empty when idle. */
  jobs: readonly Job[];
  /** With what it is at: opening its networks, or those runs. */
  readonly patience: Patience;
  /** Of the runs it is at: what waited for a worker when they went. */
  queued: ModelCall['queued'];
  /** What making their input took here, for a worker that does not share the frames' memory. */
  sampledMs: number;
}

/**
 * Sessions of some networks in workers (threads, or processes of their own): runs are handed to idle workers, joined to
 * batches where a network takes them (see {@link RunQueue}).
 *
 * Every worker opens every network, and a run of a network gives the same values in each, so results do not depend on
 * the number of workers, nor on which items happen to share a batch. In threads, crops are sampled inside the worker from the frame's shared memory. A worker that
 * dies, or does not answer, is given up: its run goes to another, and only when none is left does the pool fail.
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
  readonly #options: InferenceOptions;
  readonly #members: Member[] = [];
  readonly #models: ReadonlyMap<string, ModelSource>;
  readonly #queue: RunQueue<Job>;
  #isDispatching = false;
  readonly #reported = new Set<string>();
  /** What the process grew by while its threads opened: the first one, and each further one on average. */
  #growth: { readonly first: number; readonly further: number } = { first: 0, further: 0 };
  /** What sessions took that were opened later, in each worker. */
  #lateBytes = 0;
  /** Workers that were started. */
  #started = 0;
  #nextId = 0;
  #numbered = 0;
  #failure: FaceMirrorError | null = null;
  #closing: Promise<void> | null = null;

  private constructor(models: readonly ModelSource[], options: InferenceOptions) {
    this.#options = options;
    this.#models = new Map(models.map((model) => [model.name, model]));
    this.#queue = new RunQueue(models);
    options.signal?.addEventListener('abort', this.#stop);
  }

  /**
   * Starts the workers and opens and warms up every network that is not to be opened on first use.
   * @throws FaceMirrorError MODEL_CORRUPT or, on an accelerator, PROVIDER_UNAVAILABLE (ONNX Runtime cannot open a network
   *   there), WORKER_LOST, CANCELLED when the signal says so.
   */
  static async open(models: readonly ModelSource[], options: InferenceOptions = {}): Promise<InferencePool> {
    const pool = new InferencePool(models, options);
    try {
      await pool.#startAll(models);
      return pool;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** Workers that are alive. */
  get workers(): number {
    return this.#members.length;
  }

  /** What the workers have taken so far. */
  get memory(): WorkersMemory {
    const others = this.#started - 1;
    if (this.#options.isolation === 'process') {
      const [first = 0, ...further] = this.#members.map(({ rssBytes }) => rssBytes);
      const furtherBytes = further.length === 0 ? null : further.reduce((sum, bytes) => sum + bytes, 0) / further.length;
      return { allBytes: first + others * (furtherBytes ?? 0), furtherBytes };
    }
    const furtherBytes = this.#growth.further + this.#lateBytes;
    return { allBytes: this.#growth.first + this.#lateBytes + others * furtherBytes, furtherBytes: others === 0 ? null : furtherBytes };
  }

  /** Of the workers that are processes of their own. */
  get processIds(): number[] {
    return this.#members.flatMap(({ channel }) => channel.processId ?? []);
  }

  /**
   * Runs a network. Frames in the request must not be released before the promise settles.
   * @throws FaceMirrorError MODEL_CORRUPT or, on an accelerator, PROVIDER_UNAVAILABLE (a network opened on first use, or a
   *   run that fails), WORKER_LOST, CANCELLED (closed or stopped meanwhile).
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
    for (const member of this.#members) if (!member.isOpen) member.channel.terminate();
  };

  /**
   * The first worker opens alone, so that what the process grows by is that worker's; the others open side by side. One of
   * these that does not open is done without.
   */
  async #startAll(models: readonly ModelSource[]): Promise<void> {
    const setup: WorkerSetup = {
      models,
      providers: this.#options.providers ?? {},
      threadsPerRun: this.#options.threadsPerRun ?? 1,
    };
    const count = Math.max(1, Math.floor(this.#options.workers ?? 1));
    const before = process.memoryUsage.rss();
    await this.#start(setup);
    const withOne = process.memoryUsage.rss();
    await Promise.allSettled(Array.from({ length: count - 1 }, () => this.#start(setup)));
    if (this.#failure !== null) throw this.#failure;
    if (this.#isStopped) throw cancelled();
    const further = Math.max(0, process.memoryUsage.rss() - withOne) / Math.max(1, count - 1);
    this.#growth = { first: Math.max(0, withOne - before), further };
    this.#started = this.#members.length;
  }

  #start(setup: WorkerSetup): Promise<void> {
    if (this.#isStopped) return Promise.reject(cancelled());
    return new Promise((resolve, reject) => {
      let hasEnded: () => void = () => undefined;
      const ended = new Promise<void>((settle) => {
        hasEnded = settle;
      });
      const channel = startWorker(this.#options.isolation ?? 'thread', setup, {
        message: (message) => {
          if (message.kind === 'opened') {
            member.rssBytes = message.rssBytes;
            member.isOpen = true;
            member.patience.end();
            for (const times of message.times) this.#reportOpened(times);
            resolve();
          } else if (message.kind === 'unopened') {
            reject(unopenable(message.model, this.#providerOf(message.model), message.message));
            this.#lose(member, message.message);
          } else if (message.kind === 'used') {
            this.#options.onWorkerUsage?.(message.usage);
          } else {
            this.#settle(member, message);
          }
        },
        ended: (why) => {
          hasEnded();
          this.#lose(member, why);
          reject(this.#isStopped ? cancelled() : lost(why));
        },
        log: (line) => this.#options.onLog?.(line),
      });
      const member: Member = { number: ++this.#numbered, channel, ended, rssBytes: 0, isOpen: false, jobs: [], queued: { waitedMs: 0, left: 0 }, sampledMs: 0, patience: new Patience() };
      member.patience.begin(OPENING_PATIENCE_MS, () => {
        this.#giveUp(member);
        reject(lost(LATE));
      });
      this.#members.push(member);
    });
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
    for (const member of this.#members) {
      if (member.jobs.length > 0 || !member.isOpen) continue;
      const jobs = this.#queue.take();
      const [first] = jobs;
      if (first === undefined) return;
      member.jobs = jobs;
      for (const job of jobs) job.attempts++;
      member.patience.begin(this.#options.patienceMs ?? RUN_PATIENCE_MS, () => this.#giveUp(member));
      member.queued = { waitedMs: performance.now() - first.askedAt, left: this.#queue.waitingFor(first.request.model) };
      const joined = joinRequests(jobs.map(({ request }) => request), this.#fixedBatch(first) ?? jobs.length);
      const sampledAt = performance.now();
      const request = member.channel.sharesMemory ? joined : sampledRequest(joined);
      member.sampledMs = performance.now() - sampledAt;
      member.channel.post({ kind: 'run', id: this.#nextId++, request });
    }
  }

  /** The one size of batch that a network takes, for runs that are joined to it. */
  #fixedBatch(job: Job): number | null {
    const { batch, batchIsFixed } = this.#models.get(job.request.model) ?? {};
    return batchIsFixed === true && batch !== undefined && isJoinable(job) ? batch : null;
  }

  #settle(member: Member, message: Extract<FromWorker, { kind: 'done' | 'failed' }>): void {
    const jobs = release(member);
    const [first] = jobs;
    if (first !== undefined && message.kind === 'done') {
      member.rssBytes = Math.max(member.rssBytes, message.process?.rssBytes ?? 0);
      if (message.openedNow !== null) {
        if (!this.#reported.has(message.openedNow.model)) this.#lateBytes += message.openedNow.memoryBytes;
        this.#reportOpened(message.openedNow);
      }
      this.#options.profiler?.model(first.request.model, {
        items: jobs.reduce((sum, job) => sum + batchSize(job.request), 0),
        preprocessMs: member.sampledMs + message.preprocessMs,
        inferenceMs: message.inferenceMs,
        postprocessMs: message.postprocessMs,
        endedAt: performance.now(),
        worker: member.number,
        queued: member.queued,
        process: message.process,
      });
      const isBatch = jobs.length > 1 || this.#fixedBatch(first) !== null;
      jobs.forEach((job, place) => job.resolve(isBatch ? itemOf(message.result, place) : message.result));
    } else if (message.kind === 'failed') {
      const error = message.atOpening ? unopenable(message.model, this.#providerOf(message.model), message.message) : unrunnable(message.model, this.#providerOf(message.model), message.message);
      for (const job of jobs) job.reject(error);
    }
    if (!this.#isStopped) this.#dispatch();
  }

  #providerOf(model: string): ProviderName {
    return this.#options.providers?.[model] ?? 'cpu';
  }

  #reportOpened({ model, ...times }: OpenedTimes): void {
    if (this.#reported.has(model)) return;
    this.#reported.add(model);
    this.#options.profiler?.modelOpened(model, times);
  }

  /** A worker that is stuck in native code answers to nothing: all that can be done is to go on without it. */
  #giveUp(member: Member): void {
    this.#lose(member, LATE);
    member.channel.terminate();
  }

  /** Goes on without a worker, as long as there is another. */
  #lose(member: Member, why: string): void {
    const place = this.#members.indexOf(member);
    if (place < 0 || this.#closing !== null) return;
    this.#members.splice(place, 1);
    const jobs = release(member);
    if (this.#isStopped) {
      for (const job of jobs) job.reject(cancelled());
      return;
    }
    if (this.#members.length === 0) {
      this.#failure = lost(why);
      for (const job of [...jobs, ...this.#queue.drain()]) job.reject(this.#failure);
      return;
    }
    this.#options.onNotice?.(`A worker was lost (${why}); the run goes on with ${this.#members.length}.`);
    for (const job of jobs) if (job.attempts >= MOST_ATTEMPTS) job.reject(lost(why));
    this.#queue.putBack(jobs.filter(({ attempts }) => attempts < MOST_ATTEMPTS));
    this.#dispatch();
  }

  async #end(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#stop);
    for (const job of this.#queue.drain()) job.reject(cancelled());
    await Promise.all(this.#members.map(endMember));
    for (const member of this.#members.splice(0)) for (const job of release(member)) job.reject(cancelled());
  }
}

async function endMember(member: Member): Promise<void> {
  member.channel.post({ kind: 'close' });
  const timer = setTimeout(() => member.channel.terminate(), CLOSE_PATIENCE_MS);
  await member.ended;
  clearTimeout(timer);
}

/** Takes the runs from a worker and ends the waiting for them. */
function release(member: Member): readonly Job[] {
  member.patience.end();
  const { jobs } = member;
  member.jobs = [];
  return jobs;
}

/** One item's part of a batch's outputs: its row of each. */
function itemOf(result: RunResult, place: number): RunResult {
  const rows = Object.entries(result).map(([name, { dims, data }]) => {
    const row = dims.slice(1).reduce((product, dim) => product * dim, 1);
    return [name, { dims: [1, ...dims.slice(1)], data: data.slice(place * row, (place + 1) * row) }] as const;
  });
  return Object.fromEntries(rows);
}

function batchSize(request: RunRequest): number {
  const [first] = Object.values(request.inputs);
  return first === undefined ? 0 : first.kind === 'crops' ? first.crops.length : (first.dims[0] ?? 1);
}
