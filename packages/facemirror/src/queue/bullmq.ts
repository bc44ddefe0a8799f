import type * as BullMq from 'bullmq';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import type { QueueAddress } from './address.js';
import type { JobData } from './job-data.js';

/** What a job gives when it is done. */
export interface JobYield {
  readonly frames: number;
  readonly framesPerSecond: number | null;
  /** What computing took, in seconds; 0 where all results were there. */
  readonly seconds: number;
}

export type VideoQueue = BullMq.Queue<JobData, JobYield>;
export type VideoJob = BullMq.Job<JobData, JobYield>;

/** How long a command that a person waits for tries to reach the queue. */
const PATIENCE_MS = 10_000;
/** Jobs that are done are forgotten after 30 days. */
const KEPT_SECONDS = 30 * 24 * 3600;

/**
 * BullMQ, an optional dependency.
 * @throws FaceMirrorError USAGE where it is not installed.
 */
export async function loadBullMq(): Promise<typeof BullMq> {
  try {
    const [bullmq] = await Promise.all([import('bullmq'), import('ioredis')]);
    return bullmq;
  } catch (cause) {
    throw notInstalled('bullmq and ioredis', 'A queue', cause);
  }
}

/** The error for an optional dependency that was left out when the program was installed. */
export function notInstalled(packages: string, what: string, cause: unknown): FaceMirrorError {
  return new FaceMirrorError(
    'USAGE',
    `${what} needs the packages ${packages}, which are not installed here: run "npm install ${packages.replace(' and', '')}".`,
    { cause },
  );
}

/** How BullMQ reaches the server. Workers wait for it as long as it takes. */
export function connectionTo(address: QueueAddress): BullMq.RedisOptions {
  const { host, port, db, username, password, isEncrypted } = address;
  return {
    host,
    port,
    db,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(isEncrypted ? { tls: { servername: host } } : {}),
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(100 * 2 ** times, 3000),
  };
}

/**
 * Sees that a queue answers, before anything waits for it.
 * @throws FaceMirrorError QUEUE_UNREACHABLE.
 */
export async function requireQueue(address: QueueAddress): Promise<void> {
  await loadBullMq();
  const { Redis } = await import('ioredis');
  const redis = new Redis({
    ...connectionTo(address),
    lazyConnect: true,
    connectTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
  });
  // What `connect` rejects with does not say why.
  let why: unknown = null;
  redis.on('error', (error) => (why ??= error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (cause) {
    throw unreachable(address, why ?? cause);
  } finally {
    redis.disconnect();
  }
}

/** The error for a queue that does not answer; says nothing that the server was sent. */
export function unreachable({ shown }: QueueAddress, cause: unknown): FaceMirrorError {
  const text = messageOf(cause);
  const why = /WRONGPASS|NOAUTH|invalid password/i.test(text)
    ? 'it wants another user or password (FACEMIRROR_QUEUE_PASSWORD)'
    : (text.match(/E[A-Z]{4,}|certificate[^,.]*|self[- ]signed[^,.]*|Connection is closed/)?.[0] ??
      'it does not answer');
  // Without the cause: a refused login carries the password that was sent.
  return new FaceMirrorError(
    'QUEUE_UNREACHABLE',
    `The queue at ${shown} cannot be reached: ${why}. Is the server running?`,
  );
}

/** A queue to look at and to submit to. Close it on every path. @throws FaceMirrorError QUEUE_UNREACHABLE, USAGE. */
export async function openQueue(address: QueueAddress): Promise<VideoQueue> {
  await requireQueue(address);
  const { Queue } = await loadBullMq();
  const queue: VideoQueue = new Queue(address.name, {
    connection: connectionTo(address),
    defaultJobOptions: {
      attempts: 2,
      backoff: { type: 'exponential', delay: 3000 },
      removeOnComplete: { age: KEPT_SECONDS },
    },
  });
  // Without a listener an unreachable server would end the process.
  queue.on('error', () => undefined);
  return queue;
}

/** Name of the event that asks the worker of a job to stop it. */
export const CANCEL_EVENT = 'cancel';

/** Asks the worker that has a job to stop it. */
export async function askToCancel(address: QueueAddress, id: string): Promise<void> {
  const { QueueEventsProducer } = await loadBullMq();
  const producer = new QueueEventsProducer(address.name, { connection: connectionTo(address) });
  producer.on('error', () => undefined);
  try {
    await producer.publishEvent({ eventName: CANCEL_EVENT, jobId: id });
  } finally {
    await producer.close();
  }
}

/** Failures are kept as `CODE: sentence`. */
export function reasonOf(code: string, sentence: string): string {
  return `${code}: ${sentence}`;
}

export function parseReason(reason: string): { readonly code: string; readonly sentence: string } {
  const [, code, sentence] = /^([A-Z_]+): (.*)$/s.exec(reason) ?? [];
  if (code !== undefined && sentence !== undefined) return { code, sentence };
  if (reason.startsWith('job stalled'))
    return {
      code: 'WORKER_LOST',
      sentence: 'Workers were lost again and again while they had this video. Try it again when they last.',
    };
  return { code: 'UNEXPECTED', sentence: reason };
}
