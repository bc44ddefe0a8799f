import type { Side } from '../action-units/units.js';
import type { QualityReason } from '../quality/limits.js';
import type { MovementCode } from './codes.js';

/** Who says that there is a movement: the program, a file of the user's, or the user who changed a proposal. */
export const MOVEMENT_SOURCES = ['proposed', 'imported', 'edited'] as const;
export type MovementSource = (typeof MOVEMENT_SOURCES)[number];

/** One movement of the examination. Movements of one video are in order and do not overlap. */
export interface Movement {
  /**
   * Seconds from the video's start; of a proposal, where the movement passes 30 % of its peak. `start` is before `end`.
   */
  readonly start: number;
  readonly end: number;
  readonly code: MovementCode;
  readonly source: MovementSource;
  /** How sure the program is of the code, 0 to 1; null where a person has said it. */
  readonly confidence: number | null;
}

/** Whether a value of the by-movement table is a measure or an action unit, and its unit. */
export type ValueUnit = 'mm' | 'iod' | 'mm2' | 'iod2' | 'deg' | 'intensity' | 'score';

/** How one measure or action unit of one side behaved in one movement. */
export interface MovementRow {
  /** Place of the movement in `Examination.movements`, from 0. */
  readonly movement: number;
  readonly side: Side;
  readonly kind: 'measure' | 'unit';
  /** Name in `MEASURES`, or an action unit. */
  readonly name: string;
  readonly unit: ValueUnit;
  /** Median at rest before and after the movement; null when there was no usable rest. */
  readonly rest: number | null;
  /** Standard deviation at rest (1.4826 times the median absolute deviation). */
  readonly restNoise: number | null;
  /**
   * Of action units: the rest without the neutral face taken off; null where the source cannot tell. Equals `rest` for
   * measures.
   */
  readonly restStatic: number | null;
  /** Median of the held part. */
  readonly peak: number | null;
  /** `peak` less `rest`. */
  readonly change: number | null;
  /**
   * Affected over healthy side's change, the same in both sides' rows; left over right when no side is affected. Null
   * when the side that divides moved less than three times its rest noise.
   */
  readonly ratio: number | null;
  /** Seconds from 10 to 90 % of the change on the way up; null when the change is within the noise. */
  readonly onset: number | null;
  /** Seconds in which the movement is held. */
  readonly hold: number | null;
  /** Greatest speed on the way up, in units a second. */
  readonly topSpeed: number | null;
  /** Frames of the held part that the medians are of, and those left out. */
  readonly framesUsed: number;
  readonly framesExcluded: number;
  /** Why frames were left out, with how many; a frame can have several reasons. */
  readonly excluded: Readonly<Partial<Record<QualityReason | 'blink', number>>>;
}

/** A published range, shown beside a number; never a verdict. */
export interface PublishedRange {
  readonly text: string;
  readonly source: string;
}

/** One number of synkinesis for one movement. */
export interface SynkinesisRow {
  readonly kind: 'oral-ocular' | 'ocular-oral';
  readonly movement: number;
  readonly code: MovementCode;
  /**
   * Oral-ocular: fissure lost in % of rest. Ocular-oral: commissure travel over that of the smiles, 0 and more. Null
   * when unknown.
   */
  readonly left: number | null;
  readonly right: number | null;
  /** Affected less healthy side; left less right when no side is affected. */
  readonly difference: number | null;
  /** What three standard deviations of the rest amount to in the number's unit: values below it are noise. */
  readonly noise: number | null;
  readonly published: PublishedRange;
}

/** How strong an action unit that should rest was during a movement. */
export interface SynkinesisCell {
  readonly code: MovementCode;
  readonly unit: string;
  readonly side: Side;
  /** Median change of the intensity over all movements of the code; null when unknown. */
  readonly change: number | null;
  /** Whether it is a trigger-response pair of the literature. */
  readonly isKnownPair: boolean;
}

/** Involuntary movement that comes with a voluntary one. */
export interface SynkinesisResult {
  readonly rows: readonly SynkinesisRow[];
  readonly matrix: readonly SynkinesisCell[];
}

/** What one eye did in a blink. */
export interface EyeBlink {
  /** Seconds of the video: 10 % closed, least open, 10 % closed again. */
  readonly onset: number;
  readonly closed: number;
  readonly end: number;
  /** Milliseconds from the onset to 90 % of the closing, and from there back to 10 %. */
  readonly closingMs: number;
  readonly openingMs: number;
  /** Part of the opening before the blink that is lost at its lowest point, 0 to 1. */
  readonly amplitude: number;
  readonly isComplete: boolean;
}

/** A blink; null for an eye that did not take part. */
export interface Blink {
  readonly onset: number;
  readonly left: EyeBlink | null;
  readonly right: EyeBlink | null;
  /** Milliseconds by which the left eye is later (positive) or earlier; null when one eye did not blink. */
  readonly delayMs: number | null;
}

/** All blinks outside of voluntary eye closures. */
export interface BlinkResult {
  readonly blinks: readonly Blink[];
  /** Per minute of video in which the face is seen; null without such frames. */
  readonly perMinute: number | null;
  /** Frame rate below which a blink can fall between frames; the result says so. */
  readonly isFrameRateEnough: boolean;
}
