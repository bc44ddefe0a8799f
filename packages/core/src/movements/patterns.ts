import type { MovementCode } from './codes.js';
import type { Pattern } from './evidence.js';

/**
 * The kinds that landmarks can tell. Blown cheeks move none; blinks have a table of their own; the baseline is no
 * movement.
 */
export type PatternCode = Exclude<MovementCode, 'BC' | 'BK' | 'BL'>;

/** What a kind of movement looks like, and the more general kind that it is a stronger or fuller form of. */
export interface KindPattern {
  readonly pattern: Pattern;
  readonly general?: PatternCode;
}

/**
 * By the action units of each kind (FACS): what they move, in parts of a typical strong movement, so that a pattern as
 * it is here has strength 1.
 */
export const PATTERNS: Readonly<Record<PatternCode, KindPattern>> = {
  RE: { pattern: { browInner: 0.8, browOuter: 0.8 } },
  FR: { pattern: { browInner: -0.35, browIn: 0.3, browOuter: -0.1 } },
  WN: { pattern: { alar: 0.4, upperLip: 0.5, browInner: -0.25 } },
  ES: { pattern: { close: 0.8 } },
  ET: { pattern: { close: 0.8, browInner: -0.35, browOuter: -0.35 }, general: 'ES' },
  SS: { pattern: { cornerUp: 0.8, cornerOut: 0.8, upperLip: 0.3 } },
  BS: { pattern: { cornerUp: 0.8, cornerOut: 0.8, upperLip: 0.3, gap: 0.35 }, general: 'SS' },
  SE: { pattern: { cornerOut: 0.6, gap: 0.15, lowerLip: 0.1 } },
  SO: { pattern: { gap: 0.8, jaw: 0.4, lowerLip: 0.7, cornerOut: -0.2, cornerUp: -0.2 } },
  PL: { pattern: { cornerOut: -0.6, cornerUp: -0.05 } },
  LT: { pattern: { lowerLip: 0.5, gap: 0.3, cornerUp: -0.4 } },
};
