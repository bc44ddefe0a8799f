import { mean } from '../arithmetic.js';
import type { LengthUnit } from '../action-units/measures.js';
import { SIDES, type Side } from '../action-units/units.js';
import { findBlinks } from '../movements/blinks.js';
import { leadingRows, movementRows, withRatios } from '../movements/by-movement.js';
import { WATCHED, evidenceOf, type Evidence } from '../movements/evidence.js';
import type { ExamCurves } from '../movements/exam-curves.js';
import { blinkFrames, frameRange, pickFrames, reasonsFor } from '../movements/movement-frames.js';
import type { BlinkResult, Movement, MovementRow, SynkinesisResult } from '../movements/movement.js';
import { proposeMovements } from '../movements/proposal.js';
import { synkinesisOf } from '../movements/synkinesis.js';
import { gateFrames } from '../quality/gate.js';
import { QUALITY_REASONS, type QualityReason } from '../quality/limits.js';

/**
 * Version of the definitions of measures, movements and quality limits: numbers of different versions are not compared.
 */
export const DEFINITIONS_VERSION = 1;

/**
 * Which side is affected, and who says so. `auto` finds it by the weaker movement and is always reported as a guess.
 */
export const AFFECTED_CHOICES = ['left', 'right', 'none', 'auto'] as const;
export type AffectedChoice = (typeof AFFECTED_CHOICES)[number];

/** What the user says of an examination. */
export interface ExaminationOptions {
  readonly affected: AffectedChoice;
  /** Movements to use instead of proposals, see `parseMovements`; null to propose them. */
  readonly movements: readonly Movement[] | null;
}

/** Everything that is computed of one video's curves. */
export interface Examination {
  readonly definitionsVersion: number;
  readonly unit: LengthUnit;
  readonly affected: {
    readonly side: Side | 'none';
    /** False when the user named the side, or that there is none. */
    readonly isGuess: boolean;
    /** Weaker over stronger side's movement that a guess rests on, 0 to 1; null when named, or nothing moved. */
    readonly evidence: number | null;
  };
  readonly movements: readonly Movement[];
  readonly rows: readonly MovementRow[];
  readonly synkinesis: SynkinesisResult;
  readonly blinks: BlinkResult;
  readonly quality: QualitySummary;
  readonly curves: ExamCurves;
  /**
   * For each movement the frame (counted from 1) that shows its rest, and its peak, best; null when every frame is left
   * out.
   */
  readonly pictures: readonly { readonly rest: number | null; readonly peak: number | null }[];
}

/** What the quality gate said. */
export interface QualitySummary {
  readonly frames: number;
  readonly framesUsable: number;
  /** Frames by reason; a frame can have several. */
  readonly reasons: Readonly<Partial<Record<QualityReason, number>>>;
  /** Bit `i` of a frame's number: `QUALITY_REASONS[i]` holds. */
  readonly byFrame: Uint16Array;
  /** For each movement its frames from start to end, the usable ones, and the others' reasons. */
  readonly movements: readonly {
    readonly frames: number;
    readonly framesUsable: number;
    readonly reasons: Readonly<Partial<Record<QualityReason, number>>>;
  }[];
}

/** Part of the stronger side's movement below which the weaker side is guessed to be affected. */
const GUESS_BELOW = 0.75;
/** Seconds of blinks or unusable frames that are bridged straight; longer ones stay without movement. */
const BRIDGED_SECONDS = 0.8;

/**
 * Computes an examination from a video's curves: which frames are usable, the movements (or the user's own), their
 * table, synkinesis and blinks. The same curves and options give the same numbers everywhere.
 */
export function examinationOf(curves: ExamCurves, { affected, movements: given }: ExaminationOptions): Examination {
  const { time, neutral } = curves;
  const quality = gateFrames(curves);
  const usable = Uint8Array.from(quality, (bits) => (bits === 0 ? 1 : 0));
  const opening = { left: curves.left.features.palpebralFissure, right: curves.right.features.palpebralFissure };
  const dips = findBlinks({ time, usable, opening }, []);
  const isBlinking = blinkFrames(time, dips.blinks);
  const isSteady = Uint8Array.from(usable, (each, i) => (each === 1 && isBlinking[i] !== 1 ? 1 : 0));
  const isNeutral = new Uint8Array(time.length);
  if (neutral !== null) {
    const [from, to] = frameRange(time, neutral.start, neutral.end);
    for (let i = from; i <= to; i++) isNeutral[i] = isSteady[i] ?? 0;
  }
  const evidence = bridged(
    time,
    evidenceOf(curves, isSteady, neutral?.isChosen === true ? isNeutral : null),
    (i) => usable[i] !== 1 || isBlinking[i] === 1,
  );
  const movements = given ?? proposeMovements(time, evidence);
  const closures = movements.filter(({ code }) => code === 'ES' || code === 'ET' || code === 'BK');
  const blinks = findBlinks(
    { time, usable, opening },
    closures.filter(({ code }) => code !== 'BK'),
  );
  const frames = pickFrames({
    time,
    evidence,
    quality,
    blinks: blinkFrames(time, blinks.blinks),
    neutral: isNeutral,
    movements,
  });
  const plain = movements.flatMap((movement, place) => {
    const own = frames[place];
    return own === undefined ? [] : movementRows(curves, place, own);
  });
  const side =
    affected === 'auto' ? guessAffected(movements, plain) : { side: affected, isGuess: false, evidence: null };
  const rows = withRatios(plain, side.side);
  return {
    definitionsVersion: DEFINITIONS_VERSION,
    unit: curves.unit,
    affected: side,
    movements,
    rows,
    synkinesis: synkinesisOf(curves, movements, frames, rows, side.side),
    blinks,
    quality: summaryOf(time, quality, movements),
    curves,
    pictures: frames.map(({ restFrame, peakFrame }) => ({
      rest: restFrame === null ? null : restFrame + 1,
      peak: peakFrame === null ? null : peakFrame + 1,
    })),
  };
}

/** Evidence with straight lines where frames are left out. */
function bridged(time: Float64Array, evidence: Evidence, isLeftOut: (i: number) => boolean): Evidence {
  for (const side of SIDES) for (const name of WATCHED) bridge(time, evidence[side][name], isLeftOut);
  return evidence;
}

function bridge(time: Float64Array, values: Float32Array, isLeftOut: (i: number) => boolean): void {
  for (let i = 0; i < values.length; i++) {
    if (!isLeftOut(i)) continue;
    let end = i;
    while (end < values.length && isLeftOut(end)) end++;
    const [before, after] = [values[i - 1] ?? NaN, values[end] ?? NaN];
    const [from, to] = [time[i - 1] ?? NaN, time[end] ?? NaN];
    const isShort = to - from <= BRIDGED_SECONDS;
    for (let k = i; k < end; k++)
      values[k] = isShort ? before + ((after - before) * ((time[k] ?? NaN) - from)) / (to - from) : NaN;
    i = end;
  }
}

/** The side that moves less over all movements, when it is clearly less. */
function guessAffected(movements: readonly Movement[], rows: readonly MovementRow[]): Examination['affected'] {
  const moved: Record<Side, number[]> = { left: [], right: [] };
  movements.forEach((movement, place) => {
    const leading = leadingRows(rows, place, movement);
    const changes = SIDES.map((side) => Math.abs(leading.find((row) => row.side === side)?.change ?? NaN));
    const most = Math.max(...changes);
    if (!(most > 0)) return;
    SIDES.forEach((side, i) => moved[side].push((changes[i] ?? NaN) / most));
  });
  const [left, right] = [mean(moved.left), mean(moved.right)];
  if (!Number.isFinite(left + right)) return { side: 'none', isGuess: true, evidence: null };
  const evidence = Math.min(left, right) / Math.max(left, right);
  const weaker = left < right ? 'left' : 'right';
  return { side: evidence < GUESS_BELOW ? weaker : 'none', isGuess: true, evidence };
}

function summaryOf(time: Float64Array, quality: Uint16Array, movements: readonly Movement[]): QualitySummary {
  const all = Array.from(quality, (_, i) => i);
  const usableOf = (places: readonly number[]): number => places.filter((i) => quality[i] === 0).length;
  const reasons = (places: readonly number[]): Partial<Record<QualityReason, number>> => {
    const counts = reasonsFor(places, quality, null);
    return Object.fromEntries(
      QUALITY_REASONS.flatMap((reason) => (counts[reason] === undefined ? [] : [[reason, counts[reason]]])),
    );
  };
  return {
    frames: quality.length,
    framesUsable: usableOf(all),
    reasons: reasons(all),
    byFrame: quality,
    movements: movements.map(({ start, end }) => {
      const [from, to] = frameRange(time, start, end);
      const places = all.slice(from, to + 1);
      return { frames: places.length, framesUsable: usableOf(places), reasons: reasons(places) };
    }),
  };
}
