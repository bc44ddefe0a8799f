import type { SideFeature } from '../action-units/features.js';
import type { LengthUnit } from '../action-units/measures.js';
import type { ActionUnit } from '../action-units/units.js';

/** What is read of one side over a whole video; one number a frame, NaN where there is none. */
export interface SideCurves {
  /** Geometry in inter-ocular distances of the neutral face; see `SIDE_FEATURES`. */
  readonly features: Readonly<Record<SideFeature, Float32Array>>;
  /** Every measure that belongs to a side, by its name in `MEASURES`, in the examination's unit. */
  readonly measures: Readonly<Record<string, Float32Array>>;
  /** Intensities as in the action unit table: neutral face taken off. */
  readonly units: Readonly<Record<ActionUnit, Float32Array>>;
  /** The same without the neutral face taken off; NaN where the source is geometry. */
  readonly staticUnits: Readonly<Record<ActionUnit, Float32Array>>;
}

/** The curves of one video. All arrays are of one length: a number a frame. */
export interface ExamCurves {
  readonly unit: LengthUnit;
  /** Whether action units are intensities (0 to 5) or a network's own presence scores. */
  readonly unitScale: 'intensity' | 'score';
  /** Seconds from the video's start. */
  readonly time: Float64Array;
  /** 1 where a face was found. */
  readonly faces: Uint8Array;
  readonly left: SideCurves;
  readonly right: SideCurves;
  /** Degrees, the patient's. */
  readonly yaw: Float32Array;
  readonly pitch: Float32Array;
  readonly roll: Float32Array;
  readonly interOcularPixels: Float32Array;
  readonly sharpness: Float32Array;
  readonly occluded: Uint8Array;
  /** The neutral stretch in seconds; null when no face was found. */
  readonly neutral: { readonly start: number; readonly end: number } | null;
}

/** Median time between frames in seconds; NaN of fewer than two. */
export function frameInterval({ time }: Pick<ExamCurves, 'time'>): number {
  const intervals = Float64Array.from({ length: Math.max(0, time.length - 1) }, (_, i) => {
    return (time[i + 1] ?? NaN) - (time[i] ?? NaN);
  }).sort();
  return intervals[Math.floor(intervals.length / 2)] ?? NaN;
}
