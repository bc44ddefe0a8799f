import type { LengthUnit } from '../action-units/measures.js';
import type { Side } from '../action-units/units.js';
import type { BlinkResult, Movement, MovementRow, SynkinesisResult } from '../movements/movement.js';
import type { QualityReason } from '../quality/limits.js';
import type { ExamCurves } from './curves.js';

/** Version of the definitions of measures, movements and quality limits: numbers of different versions are not compared. */
export const DEFINITIONS_VERSION = 1;

/** Which side is affected, and who says so. `auto` finds it by the weaker movement and is always reported as a guess. */
export type AffectedChoice = Side | 'none' | 'auto';

/** What the user says of an examination. */
export interface ExaminationOptions {
  readonly affected: AffectedChoice;
  /** Movements to use instead of proposals; null to propose them. */
  readonly movements: readonly Movement[] | null;
}

/** Everything that is computed of one video's curves. */
export interface Examination {
  readonly definitionsVersion: number;
  readonly unit: LengthUnit;
  readonly affected: {
    readonly side: Side | 'none';
    /** False when the user named the side. */
    readonly isGuess: boolean;
    /** Weaker over stronger side's movement that the guess rests on, 0 to 1; null when named, or nothing moved. */
    readonly evidence: number | null;
  };
  readonly movements: readonly Movement[];
  readonly rows: readonly MovementRow[];
  readonly synkinesis: SynkinesisResult;
  readonly blinks: BlinkResult;
  readonly quality: QualitySummary;
  readonly curves: ExamCurves;
  /** For each movement the frame (counted from 1) that shows its rest, and its peak, best; null when every frame is left out. */
  readonly pictures: readonly { readonly rest: number | null; readonly peak: number | null }[];
}

/** What the quality gate said. */
export interface QualitySummary {
  readonly frames: number;
  readonly framesUsable: number;
  /** Frames by reason. */
  readonly reasons: Readonly<Record<QualityReason, number>>;
  /** Bit `i` of a frame's number: `QUALITY_REASONS[i]` holds. */
  readonly byFrame: Uint16Array;
  /** For each movement its usable frames and reasons. */
  readonly movements: readonly {
    readonly frames: number;
    readonly framesUsable: number;
    readonly reasons: Readonly<Partial<Record<QualityReason, number>>>;
  }[];
}
