import type { RunSettings } from 'facemirror-core/settings/settings.js';
import type { ExpectedVideo } from './batch.js';

/** One video to process. */
export interface JobSpec {
  /** Chosen by who submits; one job has it at a time. */
  readonly id: string;
  /** The video file. */
  readonly path: string;
  /** Folder of the results. */
  readonly out: string;
  readonly settings: RunSettings;
  /** What the video is expected to be; left out, any content will do, and its name names the results. */
  readonly expected?: ExpectedVideo;
  /** Cores that it may use; all when left out. */
  readonly cores?: number;
}

/** How a job ended. */
export type JobEnd =
  | { readonly kind: 'done'; readonly frames: number; readonly framesPerSecond: number | null }
  | { readonly kind: 'failed'; readonly code: string; readonly sentence: string }
  | { readonly kind: 'cancelled' };

/** What a queue tells of its jobs, in the order in which it happens. */
export type JobEvent =
  | { readonly kind: 'started'; readonly id: string }
  /** Rates are null as long as nothing can be said. */
  | {
      readonly kind: 'progress';
      readonly id: string;
      readonly frames: number;
      readonly expectedFrames: number | null;
      readonly framesPerSecond: number | null;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'notice'; readonly id: string; readonly sentence: string }
  | { readonly kind: 'ended'; readonly id: string; readonly end: JobEnd };

export type OnJobEvent = (event: JobEvent) => void;

/** Works on videos one after another, in this process's children. The queue of many machines is in `queue/`. */
export interface JobQueue {
  /** Takes a job; events tell how it goes. */
  submit(job: JobSpec): void;
  /** Stops a job that waits or runs; of its results nothing is kept. Does nothing for any other id. */
  cancel(id: string): void;
  /** Stops everything and waits until it has come to rest. */
  close(): Promise<void>;
}
