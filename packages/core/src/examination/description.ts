import { MEASURES } from '../action-units/measures.js';
import type { QualityReason } from '../quality/limits.js';
import { QUALITY_LIMITS } from '../quality/limits.js';
import type { Examination } from './examination.js';

/** What a run's record says of its examination. */
export interface ExaminationDescription {
  readonly definitionsVersion: number;
  /** Version of each measure's definition. */
  readonly measures: Readonly<Record<string, number>>;
  readonly affected: Examination['affected'];
  readonly movements: number;
  readonly blinks: { readonly count: number; readonly perMinute: number | null; readonly isFrameRateEnough: boolean };
  readonly quality: {
    readonly framesUsable: number;
    readonly reasons: Readonly<Partial<Record<QualityReason, number>>>;
    readonly limits: typeof QUALITY_LIMITS;
  };
}

/** The examination in a run's record. */
export function describeExamination({
  definitionsVersion,
  affected,
  movements,
  blinks,
  quality,
}: Examination): ExaminationDescription {
  const { perMinute, isFrameRateEnough } = blinks;
  return {
    definitionsVersion,
    measures: Object.fromEntries(MEASURES.map(({ name, version }) => [name, version])),
    affected,
    movements: movements.length,
    blinks: {
      count: blinks.blinks.length,
      perMinute: perMinute === null ? null : Number(perMinute.toFixed(1)),
      isFrameRateEnough,
    },
    quality: { framesUsable: quality.framesUsable, reasons: quality.reasons, limits: QUALITY_LIMITS },
  };
}
