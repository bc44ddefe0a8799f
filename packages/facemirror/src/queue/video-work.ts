import { writeFile } from 'node:fs/promises';
import { parseSettings, resultSettings, type RunSettings } from 'facemirror-core/settings/settings.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { startJob, type JobProcess } from '../batch/job-process.js';
import type { FromJobChild } from '../batch/job-messages.js';
import type { JobEnd } from '../batch/job-queue.js';
import type { Storage, Target } from '../storage/storage.js';
import type { JobYield } from './bullmq.js';
import type { JobData } from './job-data.js';

/** How the kernel chooses whom to end when memory is short: a video before the worker, which then sees to the others. */
const OOM_SCORE = '800';

/** Why a video is stopped: the worker ends, somebody cancelled it, or another worker has it now. */
export type StopReason = 'drain' | 'cancel' | 'lost';

/** How the work on a job ended. */
export type WorkEnd =
  | { readonly kind: 'done'; readonly done: JobYield }
  | { readonly kind: 'stopped'; readonly reason: StopReason }
  | Extract<JobEnd, { kind: 'failed' }>;

export interface VideoWorkOptions {
  readonly storage: Storage;
  readonly cores: number;
  /** Settings that are this worker's own. */
  readonly ownSettings: Partial<Pick<RunSettings, 'provider' | 'modelsFolder' | 'workers' | 'isolation' | 'batch'>>;
  readonly onMessage: (said: Exclude<FromJobChild, { kind: 'end' }>) => void;
}

/** One job at work: each of its targets in a process of its own, one after the other. */
export class VideoWork {
  readonly #data: JobData;
  readonly #options: VideoWorkOptions;
  readonly #stop = new AbortController();
  #reason: StopReason | null = null;
  #process: JobProcess | null = null;

  constructor(data: JobData, options: VideoWorkOptions) {
    this.#data = data;
    this.#options = options;
  }

  /** Stops it, leaving nothing half-done; the first reason counts. */
  stop(reason: StopReason): void {
    this.#reason ??= reason;
    this.#stop.abort();
    this.#process?.stop();
  }

  /** @param isTakenOver whether an earlier attempt may have left something. */
  async run(isTakenOver: boolean): Promise<WorkEnd> {
    const { targets } = this.#data;
    const sum = { frames: 0, framesPerSecond: null as number | null, seconds: 0 };
    for (const target of targets) {
      const began = performance.now();
      const end = await this.#runTarget(target, isTakenOver).catch((error: unknown): JobEnd =>
        error instanceof FaceMirrorError && !(error.code === 'CANCELLED' && this.#reason !== null)
          ? { kind: 'failed', code: error.code, sentence: error.message }
          : this.#reason === null
            ? { kind: 'failed', code: 'UNEXPECTED', sentence: error instanceof Error ? error.message : String(error) }
            : { kind: 'cancelled' },
      );
      if (end.kind === 'failed') return end;
      if (end.kind === 'cancelled') return { kind: 'stopped', reason: this.#reason ?? 'cancel' };
      sum.frames += end.frames;
      sum.framesPerSecond = end.framesPerSecond ?? sum.framesPerSecond;
      if (end.frames > 0) sum.seconds += (performance.now() - began) / 1000;
    }
    return { kind: 'done', done: sum };
  }

  async #runTarget(target: Target, isTakenOver: boolean): Promise<JobEnd> {
    const { version, sha256, bytes, settings: given } = this.#data;
    const { storage, ownSettings, cores, onMessage } = this.#options;
    const { signal } = this.#stop;
    const settings = parseSettings({ ...given, ...ownSettings });
    if (isTakenOver) await storage.removeHalfMade(target);
    if (!settings.force && !settings.report && !settings.redacted)
      if (await storage.hasResults(target, { sha256, settings: resultSettings(settings), version }))
        return { kind: 'done', frames: 0, framesPerSecond: null };
    signal.throwIfAborted();
    const place = await storage.begin(target, bytes, signal);
    try {
      signal.throwIfAborted();
      const process = startJob(
        { id: sha256, path: place.video, out: place.out, settings, cores, expected: { stem: target.stem, sha256 } },
        onMessage,
      );
      this.#process = process;
      await letGoFirst(process);
      const end = await process.ended;
      if (end.kind === 'done') await place.publish(signal);
      // Where a worker keeps the file is its own affair.
      return end.kind === 'failed'
        ? { ...end, sentence: end.sentence.replaceAll(place.video, target.path).replaceAll(place.out, target.out) }
        : end;
    } finally {
      this.#process = null;
      await place.close();
    }
  }
}

async function letGoFirst({ pid }: JobProcess): Promise<void> {
  if (process.platform !== 'linux' || pid === null) return;
  // A process may always offer its own children; where it may not, the kernel decides as it likes.
  await writeFile(`/proc/${pid}/oom_score_adj`, OOM_SCORE).catch(() => undefined);
}
