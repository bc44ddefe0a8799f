import { Patience } from '../processes/patience.js';
import type { ModelCall } from 'facemirror-core/profile/profiler.js';
import { startWorker, type WorkerChannel } from './channel.js';
import { lost, unopenable } from './failures.js';
import type { FromWorker, WorkerSetup } from './messages.js';
import type { InferenceOptions } from 'facemirror-core/inference/options.js';
import type { RunRequest, RunResult } from 'facemirror-core/inference/request.js';
import { RunPatience } from 'facemirror-core/inference/run-patience.js';
import { sampledRequest } from 'facemirror-core/inference/sampled-request.js';

/** How long a worker may take to end its work and let go of its sessions before it is given up. */
const CLOSE_PATIENCE_MS = { thread: 60_000, process: 5000 } as const;
/** An accelerator may compile for minutes. */
const OPENING_PATIENCE_MS = 600_000;

/** A run that somebody waits for. */
export interface Job {
  readonly request: RunRequest;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: Error) => void;
  readonly askedAt: number;
  /** Workers that it was handed to. */
  attempts: number;
}

/** What a worker is at: runs, as one batch. */
export interface Work {
  readonly jobs: readonly [Job, ...Job[]];
  /** All of them in one. */
  readonly request: RunRequest;
  /** What waited for a worker when they went. */
  readonly queued: ModelCall['queued'];
}

/** Work that has gone to a worker. */
export interface SentWork extends Work {
  /** What making its input took here, for a worker that does not share the frames' memory. */
  readonly sampledMs: number;
  readonly sentAt: number;
}

export type Answer = Extract<FromWorker, { kind: 'done' | 'failed' }>;

/** What a worker tells the pool that it belongs to. */
export interface PoolWorkerEvents {
  readonly opened: (worker: PoolWorker, said: Extract<FromWorker, { kind: 'opened' }>) => void;
  /** It has done its work, or failed in it, and is idle. */
  readonly answered: (worker: PoolWorker, work: SentWork, answer: Answer) => void;
  /** It has ended, or does not answer. May come more than once. */
  readonly lost: (worker: PoolWorker, why: string) => void;
}

/**
 * One of a pool's workers: opens the networks, does one piece of work after another, and is given up when it does not
 * answer.
 */
export class PoolWorker {
  /** From 1; numbers of workers that were lost are not given again. */
  readonly number: number;
  /**
   * Resolves when its networks are open. Rejects with FaceMirrorError MODEL_CORRUPT, PROVIDER_UNAVAILABLE or
   * WORKER_LOST.
   */
  readonly opened: Promise<void>;
  readonly #channel: WorkerChannel;
  /** Settles when it has ended, for whatever reason. */
  readonly #ended: Promise<void>;
  readonly #events: PoolWorkerEvents;
  readonly #fixedPatienceMs: number | undefined;
  readonly #patience = new Patience();
  readonly #runPatience = new RunPatience();
  #isOpen = false;
  #work: SentWork | null = null;

  constructor(
    number: number,
    setup: WorkerSetup,
    { isolation = 'thread', patienceMs, onWorkerUsage, onLog }: InferenceOptions,
    events: PoolWorkerEvents,
  ) {
    this.number = number;
    this.#events = events;
    this.#fixedPatienceMs = patienceMs;
    let [hasOpened, hasEnded]: (() => void)[] = [];
    let hasFailed: ((error: Error) => void) | undefined;
    this.opened = new Promise((resolve, reject) => ([hasOpened, hasFailed] = [resolve, reject]));
    this.#ended = new Promise((resolve) => (hasEnded = resolve));
    this.#channel = startWorker(isolation, setup, {
      message: (message) => {
        if (message.kind === 'opened') {
          this.#isOpen = true;
          this.#patience.end();
          events.opened(this, message);
          hasOpened?.();
        } else if (message.kind === 'unopened') {
          hasFailed?.(unopenable(message.model, setup.providers[message.model] ?? 'cpu', message.message));
          events.lost(this, message.message);
        } else if (message.kind === 'used') {
          onWorkerUsage?.(message.usage);
        } else {
          this.#answer(message);
        }
      },
      ended: (why) => {
        hasEnded?.();
        hasFailed?.(lost(why));
        events.lost(this, why);
      },
      log: (line) => onLog?.(line),
    });
    this.#giveUpAfter(OPENING_PATIENCE_MS);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isIdle(): boolean {
    return this.#isOpen && this.#work === null;
  }

  /** Of a process of its own; null for a thread. */
  get processId(): number | null {
    return this.#channel.processId;
  }

  /** Gives an idle worker its work. */
  do(work: Work): void {
    const startedAt = performance.now();
    const request = this.#channel.sharesMemory ? work.request : sampledRequest(work.request);
    const sentAt = performance.now();
    this.#work = { ...work, sampledMs: sentAt - startedAt, sentAt };
    this.#giveUpAfter(this.#fixedPatienceMs ?? this.#runPatience.limitFor(work.request));
    this.#channel.post({ kind: 'run', request });
  }

  /** Takes its work from it, and ends the waiting for it. */
  release(): SentWork | null {
    this.#patience.end();
    const work = this.#work;
    this.#work = null;
    return work;
  }

  /** Lets it end what it is at, and free its sessions; a process that is still opening them has nothing to end. */
  async close(): Promise<void> {
    if (this.#isOpen || this.#channel.sharesMemory) this.#channel.post({ kind: 'close' });
    else this.#channel.giveUp();
    const patience = new Patience();
    const givenUp = new Promise<void>((resolve) => {
      patience.begin(CLOSE_PATIENCE_MS[this.#channel.sharesMemory ? 'thread' : 'process'], () => {
        this.#channel.giveUp();
        resolve();
      });
    });
    await Promise.race([this.#ended, givenUp]);
    patience.end();
  }

  #answer(answer: Answer): void {
    const work = this.release();
    // It was given up meanwhile, and another has its work.
    if (work === null) return;
    if (answer.kind === 'done') this.#runPatience.took(work.request, performance.now() - work.sentAt);
    this.#events.answered(this, work, answer);
  }

  #giveUpAfter(limitMs: number): void {
    this.#patience.begin(limitMs, () => {
      this.#events.lost(this, `it did not answer for ${Math.round(limitMs / 1000)} s`);
      this.#channel.giveUp();
    });
  }
}
