import { FaceMirrorError } from 'facemirror-core/errors.js';
import { askToCancel, parseReason, type VideoJob, type VideoQueue } from './bullmq.js';
import type { QueueAddress } from './address.js';
import { parseJobData } from './job-data.js';
import { parseProgress } from './progress.js';
import type { Target } from '../storage/storage.js';

export const LISTED_STATES = ['running', 'waiting', 'refused', 'again', 'failed', 'cancelled', 'done'] as const;
/** `again`: it failed and will be tried once more; `refused`: it waits for another worker, or for this one to be put right. */
export type ListedState = (typeof LISTED_STATES)[number];

/** A job as a person is shown it. Times are ISO 8601. */
export interface ListedJob {
  readonly id: string;
  readonly state: ListedState;
  /** Below the root; the first, where copies of it were submitted, too. */
  readonly video: string;
  readonly copies: number;
  readonly out: string;
  readonly bytes: number;
  readonly attempts: number;
  readonly worker: string | null;
  readonly submittedAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly frames: number | null;
  readonly expectedFrames: number | null;
  readonly framesPerSecond: number | null;
  readonly secondsLeft: number | null;
  /** Why it failed, or waits. */
  readonly code: string | null;
  readonly sentence: string | null;
}

/** The whole queue at one moment. */
export interface QueueListing {
  readonly isPaused: boolean;
  readonly workers: number;
  readonly counts: Readonly<Record<ListedState, number>>;
  /** Over the last while in which something was done; null as long as nothing was. */
  readonly videosPerHour: number | null;
  /** Of all workers together. */
  readonly framesPerSecond: number | null;
  readonly secondsLeft: number | null;
  readonly jobs: readonly ListedJob[];
}

/** Throughput is that of this last while. */
const WINDOW_MS = 15 * 60_000;

/** Reads the whole queue. */
export async function listJobs(queue: VideoQueue): Promise<QueueListing> {
  const [active, waiting, delayed, failed, completed, isPaused, workers] = await Promise.all([
    queue.getJobs(['active'], 0, -1, true),
    queue.getJobs(['waiting', 'prioritized'], 0, -1, true),
    queue.getJobs(['delayed'], 0, -1, true),
    queue.getJobs(['failed'], 0, -1, true),
    queue.getJobs(['completed'], 0, -1, true),
    queue.isPaused(),
    queue.getWorkersCount().catch(() => 0),
  ]);
  const jobs = [
    ...active.map((job) => listed(job, 'running')),
    ...waiting.map((job) => listed(job, 'waiting')),
    ...delayed.map((job) => listed(job, parseProgress(job.progress)?.kind === 'refused' ? 'refused' : 'again')),
    ...failed.map((job) => listed(job, (job.failedReason ?? '').startsWith('CANCELLED') ? 'cancelled' : 'failed')),
    ...completed.map((job) => listed(job, 'done')),
  ];
  const counts = Object.fromEntries(
    LISTED_STATES.map((state) => [state, jobs.filter((job) => job.state === state).length]),
  ) as Record<ListedState, number>; // one for each state
  return { isPaused, workers, counts, ...paceOf(jobs, Date.now()), jobs };
}

function listed(job: VideoJob, state: ListedState): ListedJob {
  const { first, count, bytes } = shownData(job.data);
  const progress = parseProgress(job.progress);
  const running = state === 'running' && progress?.kind === 'running' ? progress : null;
  const reason =
    state === 'refused' && progress?.kind === 'refused'
      ? { code: 'REFUSED', sentence: progress.sentence }
      : state !== 'done' && job.failedReason !== undefined
        ? parseReason(job.failedReason)
        : null;
  return {
    id: job.id ?? '',
    state,
    video: first.path,
    copies: count,
    out: first.out,
    bytes,
    attempts: job.attemptsMade,
    worker: job.processedBy ?? null,
    submittedAt: new Date(job.timestamp).toISOString(),
    startedAt: timeOf(job.processedOn),
    finishedAt: timeOf(job.finishedOn),
    frames: running?.frames ?? (state === 'done' ? (job.returnvalue?.frames ?? null) : null),
    expectedFrames: running?.expectedFrames ?? null,
    framesPerSecond: running?.framesPerSecond ?? (state === 'done' ? (job.returnvalue?.framesPerSecond ?? null) : null),
    secondsLeft: running?.secondsLeft ?? null,
    code: reason?.code ?? null,
    sentence: reason?.sentence ?? null,
  };
}

/** What is shown of a job's data, which others than `submit` may have written. */
function shownData(data: unknown): { readonly first: Target; readonly count: number; readonly bytes: number } {
  try {
    const { targets, bytes } = parseJobData(data);
    const [first] = targets;
    if (first !== undefined) return { first, count: targets.length, bytes };
  } catch {
    // It will fail with a sentence when a worker comes to it.
  }
  return { first: { path: '(not a job of this program)', out: '', stem: '' }, count: 0, bytes: 0 };
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

/** How fast the queue is worked off, and how long the rest takes at that pace, by the videos' bytes. */
export function paceOf(
  jobs: readonly ListedJob[],
  now: number,
): Pick<QueueListing, 'videosPerHour' | 'framesPerSecond' | 'secondsLeft'> {
  const lately = jobs.filter(
    ({ state, finishedAt, frames }) =>
      state === 'done' && frames !== 0 && finishedAt !== null && Date.parse(finishedAt) > now - WINDOW_MS,
  );
  const begins = lately.map(({ startedAt, finishedAt }) => Date.parse(startedAt ?? finishedAt ?? ''));
  const seconds = (now - begins.reduce((least, each) => Math.min(least, each), now)) / 1000;
  const running = jobs.filter(({ state }) => state === 'running');
  const rates = running.flatMap(({ framesPerSecond }) => framesPerSecond ?? []);
  const framesPerSecond = rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0);
  if (lately.length === 0 || seconds <= 0) return { videosPerHour: null, framesPerSecond, secondsLeft: null };
  const bytesOf = (some: readonly ListedJob[]): number => some.reduce((sum, { bytes }) => sum + bytes, 0);
  const left = bytesOf(jobs.filter(({ state }) => state === 'running' || state === 'waiting' || state === 'again'));
  const done = bytesOf(lately);
  return {
    videosPerHour: (lately.length * 3600) / seconds,
    framesPerSecond,
    secondsLeft: done === 0 ? null : left === 0 ? 0 : (left * seconds) / done,
  };
}

/** Words for groups of jobs, and the states that they mean. */
const GROUPS: Readonly<Record<string, readonly ListedState[]>> = {
  all: LISTED_STATES,
  failed: ['failed', 'cancelled'],
  done: ['done'],
  waiting: ['waiting', 'again', 'refused'],
};
/** Shortest beginning of an id that names a job. */
const SHORTEST_ID = 6;

/**
 * The jobs that a person names: by the beginning of an id, or by a group.
 * @throws FaceMirrorError USAGE for a word that names none, or several.
 */
export function chosenJobs(jobs: readonly ListedJob[], words: readonly string[]): readonly ListedJob[] {
  return words.flatMap((word) => {
    const states = GROUPS[word];
    if (states !== undefined) return jobs.filter(({ state }) => states.includes(state));
    const found = word.length < SHORTEST_ID ? [] : jobs.filter(({ id }) => id.startsWith(word));
    if (found.length === 1) return found;
    throw new FaceMirrorError(
      'USAGE',
      `"${word}" names ${found.length === 0 ? 'no job' : 'several jobs'}: give the first letters of its id (${SHORTEST_ID} or more), or ${Object.keys(GROUPS).join(', ')}.`,
    );
  });
}

/** Tries jobs again that failed, as if for the first time. Returns how many. */
export async function retryJobs(queue: VideoQueue, jobs: readonly ListedJob[]): Promise<number> {
  let count = 0;
  for (const { id, state } of jobs) {
    if (state === 'refused' || state === 'again') {
      const job = await queue.getJob(id);
      await job?.promote().then(
        () => count++,
        // It came up by itself meanwhile.
        () => undefined,
      );
      continue;
    }
    if (state !== 'failed' && state !== 'cancelled') continue;
    const job = await queue.getJob(id);
    if (job === undefined) continue;
    const { data } = job;
    // Made anew: BullMQ keeps count of lost workers otherwise.
    await job.remove();
    await queue.add('video', data, { jobId: id });
    count++;
  }
  return count;
}

/** Removes jobs; those that run are asked to stop, and then are cancelled. Results stay. Returns how many of each. */
export async function removeJobs(
  queue: VideoQueue,
  address: QueueAddress,
  jobs: readonly ListedJob[],
): Promise<{ readonly removed: number; readonly stopped: number }> {
  let removed = 0;
  let stopped = 0;
  for (const { id } of jobs) {
    const job = await queue.getJob(id);
    if (job === undefined) continue;
    try {
      await job.remove();
      removed++;
    } catch {
      // A worker has it.
      await askToCancel(address, id);
      stopped++;
    }
  }
  return { removed, stopped };
}
