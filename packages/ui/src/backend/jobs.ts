/** How a job goes. `interrupted`: the server ended while it ran; retrying begins again. */
export type JobState =
  | { readonly kind: 'queued' }
  | {
      readonly kind: 'running';
      readonly frames: number;
      readonly expectedFrames: number | null;
      readonly framesPerSecond: number | null;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'done'; readonly frames: number; readonly framesPerSecond: number | null }
  | { readonly kind: 'failed'; readonly code: string; readonly sentence: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'interrupted' };

export interface Job {
  readonly id: string;
  /** Id of the video in the library. */
  readonly video: string;
  /** For display: subject, visit and file name. */
  readonly title: string;
  readonly state: JobState;
  /** Warnings and notes of the run, as sentences. */
  readonly notices: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
}

/** What a job is to do; settings that are left out have their defaults. */
export interface JobRequest {
  readonly video: string;
  readonly settings: Readonly<Record<string, string | number | boolean | null>>;
}

/** A job that can still change by itself. */
export function isActive(job: Job): boolean {
  return job.state.kind === 'queued' || job.state.kind === 'running';
}
