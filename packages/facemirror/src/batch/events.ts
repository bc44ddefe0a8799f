import type { FaceMirrorError } from 'facemirror-core/errors.js';
import type { NoticeWeight } from 'facemirror-core/inference/options.js';
import type { RunRecord } from '../results/record.js';

/** What a batch tells while it works, in the order in which it happens. Paths are as they were given. */
export type BatchEvent =
  /** `index` counts from 1. `expectedFrames` is null where the file does not say. */
  | {
      readonly kind: 'started';
      readonly path: string;
      readonly index: number;
      readonly count: number;
      readonly expectedFrames: number | null;
    }
  /** At most a few times a second. `secondsLeft` is null as long as nothing can be said. */
  | {
      readonly kind: 'progress';
      readonly path: string;
      readonly frames: number;
      readonly expectedFrames: number | null;
      readonly framesPerSecond: number;
      readonly secondsLeft: number | null;
    }
  /**
   * The frames are done; for the report the networks are looked at, one after another, each for at most about so long.
   */
  | {
      readonly kind: 'analysing';
      readonly path: string;
      readonly network: string;
      readonly number: number;
      readonly count: number;
      readonly atMostSeconds: number;
    }
  | { readonly kind: 'notice'; readonly path: string | null; readonly sentence: string; readonly weight: NoticeWeight }
  | { readonly kind: 'done'; readonly path: string; readonly record: RunRecord; readonly files: readonly string[] }
  | { readonly kind: 'skipped'; readonly path: string; readonly files: readonly string[] }
  | { readonly kind: 'failed'; readonly path: string; readonly error: Error };

/** Told of what happens, as it happens. */
export type OnBatchEvent = (event: BatchEvent) => void;

/** How a batch ended. */
export interface BatchResult {
  readonly done: readonly string[];
  readonly skipped: readonly string[];
  readonly failed: readonly { readonly path: string; readonly error: FaceMirrorError | Error }[];
}
