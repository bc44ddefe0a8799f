import type { JobEnd } from '../batch/job-queue.js';

/** How a job goes. `interrupted`: the server ended while it waited or ran. */
export type JobState =
  | { readonly kind: 'queued' }
  | {
      readonly kind: 'running';
      readonly frames: number;
      readonly expectedFrames: number | null;
      readonly framesPerSecond: number | null;
      readonly secondsLeft: number | null;
    }
  | JobEnd
  | { readonly kind: 'interrupted' };

/** A job as it is kept beside its video. */
export interface StoredJob {
  readonly id: string;
  readonly createdAt: string;
  readonly state: JobState;
  readonly notices: readonly string[];
}
