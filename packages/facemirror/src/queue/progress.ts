import type { VideoJob } from './bullmq.js';

/** What a job's progress says while it waits or runs. */
export type VideoProgress =
  | {
      readonly kind: 'running';
      readonly frames: number;
      readonly expectedFrames: number | null;
      readonly framesPerSecond: number | null;
      readonly secondsLeft: number | null;
    }
  /** A worker gave it back. */
  | { readonly kind: 'refused'; readonly worker: string; readonly sentence: string };

/** Between two messages about one job. */
const PAUSE_MS = 1000;

/** Tells the queue how a job goes, now and then; where the queue is away for a while, only the newest is told. */
export class ProgressTeller {
  readonly #job: VideoJob;
  #toldAt = 0;
  #isTelling = false;

  constructor(job: VideoJob) {
    this.#job = job;
  }

  tell(progress: VideoProgress): void {
    const now = performance.now();
    if (this.#isTelling || now - this.#toldAt < PAUSE_MS) return;
    this.#toldAt = now;
    this.#isTelling = true;
    this.#job
      .updateProgress(progress)
      .catch(() => undefined)
      .finally(() => (this.#isTelling = false));
  }
}

/** The progress that a job's field holds; null for anything else. */
export function parseProgress(value: unknown): VideoProgress | null {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return null;
  const given = value as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof given[name] === 'string' ? given[name] : '');
  const number = (name: string): number | null => (typeof given[name] === 'number' ? given[name] : null);
  if (given['kind'] === 'refused') return { kind: 'refused', worker: text('worker'), sentence: text('sentence') };
  if (given['kind'] !== 'running') return null;
  return {
    kind: 'running',
    frames: number('frames') ?? 0,
    expectedFrames: number('expectedFrames'),
    framesPerSecond: number('framesPerSecond'),
    secondsLeft: number('secondsLeft'),
  };
}
