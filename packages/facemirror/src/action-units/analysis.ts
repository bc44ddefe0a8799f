import type { FaceObservation } from '../face/observation.js';
import type { NeutralChoice } from './neutral-window.js';
import type { ActionUnitRow, Side } from './units.js';

export interface ExpressionOptions {
  readonly neutral: NeutralChoice;
  /** `mirrored` for a selfie video that shows the face as a mirror does: the sides change places. */
  readonly camera: 'normal' | 'mirrored';
  /** Give distances in mm by the diameter of the iris (11.7 mm); needs `mediapipe-478` landmarks. */
  readonly iris: boolean;
}

/** One frame's line of the measures table: values by column name, null where one cannot be had. */
export interface MeasuresRow {
  readonly frame: number;
  /** Seconds from the video's start. */
  readonly timestamp: number;
  readonly success: boolean;
  readonly values: Readonly<Record<string, number | null>>;
}

/**
 * Takes what was seen of the followed face frame by frame, in order, and gives the tables once the whole video was seen
 * (the neutral face may lie anywhere in it). Keeps some numbers a frame, in a temporary file beyond some thousand frames.
 */
export interface ExpressionAnalysis {
  /** `frame` counts from 1; `face` is null when no face was found in it. */
  add(frame: number, timestamp: number, face: FaceObservation | null): void;
  finish(): ExpressionResult;
  /** Frees what is held; the result must not be read afterwards. */
  close(): void;
}

/** What the whole video gave, to be read as often as needed until `close`. */
export interface ExpressionResult {
  /** Rows in frame order for the face made of that half of the patient's face (`left` for `_left_mirrored`). */
  actionUnits(side: Side): Iterable<ActionUnitRow>;
  /** Rows in frame order, each with a value for every one of `measureColumns`. */
  measures(): Iterable<MeasuresRow>;
  readonly measureColumns: readonly string[];
  /** How the values came about, for the tables' sidecar JSON. */
  readonly description: Readonly<Record<string, unknown>>;
  /** Sentences for the user. */
  readonly warnings: readonly string[];
}
