import type { JobEnd, JobSpec } from './job-queue.js';

/** What a job's process is told. */
export type ToJobChild = { readonly kind: 'job'; readonly job: JobSpec } | { readonly kind: 'stop' };

/** What a job's process says. */
export type FromJobChild =
  | {
      readonly kind: 'progress';
      readonly frames: number;
      readonly expectedFrames: number | null;
      readonly framesPerSecond: number | null;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'notice'; readonly sentence: string }
  | { readonly kind: 'end'; readonly end: JobEnd };
