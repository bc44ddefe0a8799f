import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { QueueEvents, QueueEventsListener, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { messageOf } from 'facemirror-core/errors.js';
import { parseSettings } from 'facemirror-core/settings/settings.js';
import type { Storage } from '../storage/storage.js';
import { programVersion } from '../version.js';
import type { QueueAddress } from './address.js';
import {
  CANCEL_EVENT,
  connectionTo,
  loadBullMq,
  reasonOf,
  unreachable,
  type JobYield,
  type VideoJob,
} from './bullmq.js';
import { parseJobData, type JobData } from './job-data.js';
import { ProgressTeller } from './progress.js';
import { isOfMachine, isOfVideo, Refusal, restAfter } from './refusal.js';
import { coresOfSlot } from './slots.js';
import { SuiteCheck } from './suite-check.js';
import { VideoWork, type VideoWorkOptions } from './video-work.js';

/** A job whose workers were lost so often is given up. What breaks a video's own process is told apart from that. */
const MOST_LOST = 10;
/** How long an ending worker waits for a queue that is away, beyond its grace; then others take its jobs over. */
const GOODBYE_MS = 10_000;
/** How often an idle worker looks whether all is done. */
const LOOK_MS = 500;

/** What a worker tells a person. */
export type WorkerEvent =
  | { readonly kind: 'ready'; readonly slots: number }
  | { readonly kind: 'started'; readonly video: string; readonly attempt: number }
  | { readonly kind: 'done'; readonly video: string; readonly seconds: number }
  | {
      readonly kind: 'failed';
      readonly video: string;
      readonly code: string;
      readonly sentence: string;
      readonly isLast: boolean;
    }
  | { readonly kind: 'refused'; readonly video: string; readonly sentence: string }
  | { readonly kind: 'given-back'; readonly video: string }
  | { readonly kind: 'cancelled' | 'taken-over'; readonly video: string }
  | { readonly kind: 'draining'; readonly running: number }
  | { readonly kind: 'queue-away' | 'queue-back'; readonly sentence: string };

export interface WorkerOptions {
  readonly address: QueueAddress;
  readonly storage: Storage;
  readonly slots: number;
  readonly ownSettings: VideoWorkOptions['ownSettings'];
  /** Ends the worker: it finishes what it can within `graceSeconds`, and gives the rest back. */
  readonly signal: AbortSignal;
  readonly graceSeconds: number;
  /** After so long without a sign of life, a worker counts as lost. */
  readonly lostAfterSeconds: number;
  /** Ends when nothing waits any more and nobody works on anything. */
  readonly untilEmpty: boolean;
  readonly onEvent: (event: WorkerEvent) => void;
}

/** Works on a queue's videos until it is told to stop. @throws FaceMirrorError QUEUE_UNREACHABLE, USAGE. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const bullmq = await loadBullMq();
  await new QueueWorker(options, bullmq).run();
}

interface Running {
  readonly job: VideoJob;
  readonly work: VideoWork;
  secondsLeft: number | null;
}

class QueueWorker {
  readonly #options: WorkerOptions;
  readonly #bullmq: Awaited<ReturnType<typeof loadBullMq>>;
  readonly #name = `${hostname()}-${process.pid}`;
  readonly #version = programVersion();
  readonly #running = new Map<string, Running>();
  readonly #redis: Redis;
  readonly #suites: SuiteCheck;
  #refusalsInARow = 0;
  #isAway = false;

  constructor(options: WorkerOptions, bullmq: Awaited<ReturnType<typeof loadBullMq>>) {
    this.#options = options;
    this.#bullmq = bullmq;
    const { address } = options;
    this.#redis = new Redis({ ...connectionTo(address), connectionName: `facemirror:${this.#name}` });
    this.#suites = new SuiteCheck(this.#redis, address.name, this.#name);
  }

  async run(): Promise<void> {
    const { address, slots, signal, lostAfterSeconds, onEvent } = this.#options;
    const connection = connectionTo(address);
    this.#watch(this.#redis);
    const worker = new this.#bullmq.Worker<JobData, JobYield>(
      address.name,
      (job, token) => this.#process(job, token ?? ''),
      {
        connection,
        name: this.#name,
        concurrency: slots,
        lockDuration: lostAfterSeconds * 1000,
        lockRenewTime: (lostAfterSeconds * 1000) / 4,
        stalledInterval: (lostAfterSeconds * 1000) / 2,
        maxStalledCount: MOST_LOST,
        runRetryDelay: 2000,
        drainDelay: 2,
      },
    );
    worker.on('error', (error) => this.#onError(error));
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#running.get(id)?.work.stop('lost');
    });
    const events = new this.#bullmq.QueueEvents(address.name, { connection });
    events.on('error', () => undefined);
    listenForCancels(events, (id) => this.#running.get(id)?.work.stop('cancel'));
    try {
      await worker.waitUntilReady();
      onEvent({ kind: 'ready', slots });
      await this.#untilEnd(worker, signal);
      await this.#drain(worker);
    } finally {
      await within(GOODBYE_MS, Promise.all([worker.close(true), events.close()]));
      this.#redis.disconnect();
    }
  }

  async #untilEnd(worker: Worker<JobData, JobYield>, signal: AbortSignal): Promise<void> {
    const queue = this.#options.untilEmpty
      ? new this.#bullmq.Queue<JobData, JobYield>(worker.name, { connection: connectionTo(this.#options.address) })
      : null;
    queue?.on('error', () => undefined);
    try {
      while (!signal.aborted) {
        await delay(queue === null ? 60_000 : LOOK_MS, undefined, { signal }).catch(() => undefined);
        if (queue === null || signal.aborted || this.#running.size > 0 || this.#isAway) continue;
        // What another worker has may come back, if that one is lost.
        const open = await queue.getJobCountByTypes('wait', 'active');
        // Those that every worker here refuses would be waited for in vain.
        const delayed = open > 0 ? [] : await queue.getDelayed();
        if (open === 0 && delayed.every(({ progress }) => isRefused(progress)) && this.#running.size === 0) return;
      }
    } finally {
      await queue?.close();
    }
  }

  /** Takes no more jobs, finishes those that end within the grace, and gives the others back. */
  async #drain(worker: Worker): Promise<void> {
    const { graceSeconds, onEvent } = this.#options;
    if (this.#running.size > 0) onEvent({ kind: 'draining', running: this.#running.size });
    const closed = worker.close();
    for (const { work, secondsLeft } of this.#running.values())
      if (graceSeconds === 0 || (secondsLeft !== null && secondsLeft > graceSeconds)) work.stop('drain');
    const timer = setTimeout(() => {
      for (const { work } of this.#running.values()) work.stop('drain');
    }, graceSeconds * 1000);
    await within(graceSeconds * 1000 + GOODBYE_MS, closed);
    clearTimeout(timer);
  }

  async #process(job: VideoJob, token: string): Promise<JobYield> {
    const { UnrecoverableError, WaitingError, DelayedError } = this.#bullmq;
    const { onEvent } = this.#options;
    let data: JobData;
    try {
      data = parseJobData(job.data);
    } catch (error) {
      throw new UnrecoverableError(reasonOf('USAGE', messageOf(error)));
    }
    const video = data.targets[0]?.path ?? '';
    const teller = new ProgressTeller(job);
    try {
      await this.#requireFit(data);
      const end = await this.#work(job, data, teller);
      switch (end.kind) {
        case 'done':
          this.#refusalsInARow = 0;
          onEvent({ kind: 'done', video, seconds: end.done.seconds });
          return end.done;
        case 'failed': {
          if (isOfMachine(end.code)) throw new Refusal(end.sentence);
          this.#refusalsInARow = 0;
          const isLast = isOfVideo(end.code) || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
          onEvent({ kind: 'failed', video, code: end.code, sentence: end.sentence, isLast });
          const reason = reasonOf(end.code, end.sentence);
          throw isOfVideo(end.code) ? new UnrecoverableError(reason) : new Error(reason);
        }
        case 'stopped':
          if (end.reason === 'drain') {
            await job.moveToWait(token);
            onEvent({ kind: 'given-back', video });
            throw new WaitingError();
          }
          onEvent({ kind: end.reason === 'cancel' ? 'cancelled' : 'taken-over', video });
          throw new UnrecoverableError(reasonOf('CANCELLED', 'Cancelled; nothing of it was kept.'));
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      onEvent({ kind: 'refused', video, sentence: error.message });
      await job.updateProgress({ kind: 'refused', worker: this.#name, sentence: error.message });
      await job.moveToDelayed(Date.now() + this.#options.lostAfterSeconds * 1000, token);
      await delay(restAfter(++this.#refusalsInARow), undefined, { signal: this.#options.signal }).catch(
        () => undefined,
      );
      throw new DelayedError();
    }
  }

  async #work(job: VideoJob, data: JobData, teller: ProgressTeller): Promise<Awaited<ReturnType<VideoWork['run']>>> {
    const { storage, slots, ownSettings, onEvent } = this.#options;
    const id = job.id ?? '';
    const work = new VideoWork(data, {
      storage,
      ownSettings,
      cores: coresOfSlot(slots),
      onMessage: (said) => {
        if (said.kind !== 'progress') return;
        running.secondsLeft = said.secondsLeft;
        teller.tell({ ...said, kind: 'running' });
      },
    });
    const running: Running = { job, work, secondsLeft: null };
    this.#running.set(id, running);
    onEvent({ kind: 'started', video: data.targets[0]?.path ?? '', attempt: job.attemptsMade + 1 });
    try {
      return await work.run(job.attemptsStarted > 1 || job.stalledCounter > 0);
    } finally {
      this.#running.delete(id);
    }
  }

  /** @throws Refusal for a job whose results this worker would not make as they are wanted. */
  async #requireFit({ version, settings }: JobData): Promise<void> {
    if (version !== this.#version)
      throw new Refusal(
        `This worker is version ${this.#version}, and the video was submitted by version ${version}: start a worker of that version, or submit the video again with this one.`,
      );
    let wanted;
    try {
      wanted = parseSettings({ ...settings, ...this.#options.ownSettings });
    } catch (error) {
      throw new this.#bullmq.UnrecoverableError(reasonOf('USAGE', messageOf(error)));
    }
    const { suite, provider, modelsFolder } = wanted;
    await this.#suites.require({ suite, provider, modelsFolder });
  }

  #watch(redis: Redis): void {
    redis.on('error', (error) => this.#onError(error));
    redis.on('ready', () => {
      if (!this.#isAway) return;
      this.#isAway = false;
      this.#options.onEvent({ kind: 'queue-back', sentence: 'The queue is back.' });
    });
  }

  /** Tells once that the queue is away. What BullMQ says of a job that another worker has now is told where it is stopped. */
  #onError(error: Error): void {
    const isOfLock = /lock/i.test(error.message);
    if (this.#isAway || isOfLock) return;
    this.#isAway = true;
    const { message } = unreachable(this.#options.address, error);
    this.#options.onEvent({ kind: 'queue-away', sentence: `${message} Trying again.` });
  }
}

interface CancelListener extends QueueEventsListener {
  readonly [CANCEL_EVENT]: (args: { readonly jobId: string }, id: string) => void;
}

function listenForCancels(events: QueueEvents, onCancel: (id: string) => void): void {
  events.on<CancelListener>(CANCEL_EVENT, ({ jobId }: { readonly jobId: string }) => onCancel(jobId));
}

function isRefused(progress: unknown): boolean {
  return typeof progress === 'object' && progress !== null && 'kind' in progress && progress.kind === 'refused';
}

/** Waits for something, but no longer. */
async function within(ms: number, what: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([
    what.catch(() => undefined).finally(() => done.abort()),
    delay(ms, undefined, { signal: done.signal }).catch(() => undefined),
  ]);
}
