import { clamp, median, quantile } from '../arithmetic.js';
import { SIDES, type Side } from '../action-units/units.js';
import type { MovementCode } from './codes.js';
import { WATCHED, halfSampleMode, type Evidence, type Pattern, type SideEvidence } from './evidence.js';
import type { Movement } from './movement.js';
import { PATTERNS, type PatternCode } from './patterns.js';

/** Part of its peak at which a movement begins and ends. */
export const MOVEMENT_EDGE = 0.3;
/** Strength, of a typical strong movement, from which on something moves; and how far above the rest's own noise. */
const LEAST_STRENGTH = 0.22;
const LEAST_NOISES = 3.5;
/** Standard deviations within which a quarter of normal noise lies. */
const NEAREST_QUARTER = 0.3186;
/** Peak, over the least strength, of a movement whose pattern is not the strongest curve. */
const LEAST_PEAK = 0.7;
/** Seconds: what lasts less is no movement of an examination, and what is apart less belongs together. */
const LEAST_SECONDS = 0.4;
const GAP_SECONDS = 0.12;
/** Part of the peak from which on a frame tells what the movement is. */
const TELLING = 0.7;
/** What the patterns must agree with at least: the cosine between what was seen and what a movement looks like. */
const LEAST_LIKENESS = 0.5;
/** Likeness by which a fuller form must be better than the more general one. */
const LEAST_DIFFERENCE = 0.008;
/** Difference between the best and the next pattern's likeness that makes a code sure. */
const SURE_MARGIN = 0.25;

/** How strong each pattern is on a side, frame by frame. */
export type Strengths = Readonly<Record<PatternCode, Float32Array>>;

/**
 * How much of a pattern a half of the face shows: what the pattern names, weighed by it. 1 is a strong movement.
 */
export function patternStrength(side: SideEvidence, pattern: Pattern): Float32Array {
  const parts = WATCHED.flatMap((name) => {
    const weight = pattern[name];
    return weight === undefined ? [] : [{ values: side[name], weight }];
  });
  const whole = parts.reduce((sum, { weight }) => sum + weight * weight, 0);
  const frames = parts[0]?.values.length ?? 0;
  const strength = new Float32Array(frames);
  for (let i = 0; i < frames; i++) {
    let sum = 0;
    for (const { values, weight } of parts) sum += weight * (values[i] ?? NaN);
    strength[i] = sum / whole;
  }
  return strength;
}

/**
 * The stronger side's strength, frame by frame; of `ES` and `ET`, for which the eye that closes less counts, the
 * weaker's.
 */
export function leadingCurve(
  evidence: Evidence,
  code: PatternCode,
  of: 'stronger' | 'weaker' = 'stronger',
): Float32Array {
  const [left, right] = SIDES.map((side) => patternStrength(evidence[side], PATTERNS[code].pattern));
  return (left ?? new Float32Array()).map((value, i) => {
    const other = right?.[i] ?? NaN;
    return of === 'stronger' ? Math.max(value, other) : Math.min(value, other);
  });
}

/**
 * Proposes the movements of a video from the curves of both sides; the stronger side counts, so that a paralysed one
 * does not hide a movement.
 *
 * @param evidence with blinks and unusable frames bridged
 */
export function proposeMovements(time: Float64Array, evidence: Evidence): readonly Movement[] {
  const codes = Object.keys(PATTERNS) as PatternCode[];
  const curves = new Map(codes.map((code) => [code, aboveNoise(leadingCurve(evidence, code))] as const));
  const activity = new Float32Array(time.length);
  for (const values of curves.values())
    for (let i = 0; i < activity.length; i++) if ((values[i] ?? NaN) > (activity[i] ?? 0)) activity[i] = values[i] ?? 0;
  return stretches(time, activity)
    .flatMap((stretch) => movementsIn(time, evidence, curves, activity, stretch))
    .sort((a, b) => a.start - b.start)
    .filter((movement, i, all) => i === 0 || movement.start >= (all[i - 1]?.end ?? -Infinity));
}

/** A strength over the least one that is no noise: more than 1 is movement. */
function aboveNoise(strength: Float32Array): Float32Array {
  const level = halfSampleMode(Array.from(strength));
  // The quarter that is nearest to the usual level: what else moves the same skin, either way, is not among it.
  const noise = quantile(Array.from(strength.map((value) => Math.abs(value - level))), 0.25) / NEAREST_QUARTER;
  const least = Math.max(LEAST_STRENGTH, LEAST_NOISES * noise);
  return strength.map((value) => (value - Math.max(0, level)) / least);
}

/** Places of the first and last frame. */
type Stretch = readonly [first: number, last: number];

function stretches(time: Float64Array, values: Float32Array): Stretch[] {
  const found: [number, number][] = [];
  for (let i = 0; i < values.length; i++) {
    if (!((values[i] ?? NaN) > 1)) continue;
    const last = found.at(-1);
    if (last !== undefined && (time[i] ?? NaN) - (time[last[1]] ?? NaN) <= GAP_SECONDS) last[1] = i;
    else found.push([i, i]);
  }
  return found;
}

/**
 * The movements within a stretch of activity: where something else begins, or the movement is made again, it is split.
 */
function movementsIn(
  time: Float64Array,
  evidence: Evidence,
  curves: ReadonlyMap<PatternCode, Float32Array>,
  activity: Float32Array,
  [first, last]: Stretch,
): Movement[] {
  const found: Movement[] = [];
  let rest: Stretch[] = [[first, last]];
  // The strongest part first; what it does not cover is looked at in turn.
  while (rest.length > 0) {
    const [from, to] = rest.shift() ?? [0, -1];
    if ((time[to] ?? NaN) - (time[from] ?? NaN) < LEAST_SECONDS / 2) continue;
    const judged = judge(evidence, activity, [from, to]);
    const values = curves.get(judged.code);
    if (values === undefined) continue;
    const peakAt = strongest(values, from, to);
    const near = Array.from(values.subarray(from, to + 1));
    const peak = Math.min(values[peakAt] ?? NaN, quantile(near, 0.95) * 1.1);
    const [start, end, a, b] = edges(time, values, peakAt, MOVEMENT_EDGE * peak);
    if (end - start >= LEAST_SECONDS && peak > LEAST_PEAK && judged.likeness >= LEAST_LIKENESS)
      found.push({ start, end, code: judged.reported, source: 'proposed', confidence: judged.confidence });
    rest = [
      ...rest,
      ...(
        [
          [from, a - 1],
          [b + 1, to],
        ] as const
      ).filter(([p, q]) => q > p && strongestValue(activity, p, q) > 1),
    ];
  }
  return found;
}

function strongest(values: Float32Array, from: number, to: number): number {
  let best = from;
  for (let i = from; i <= to; i++) if ((values[i] ?? NaN) > (values[best] ?? NaN)) best = i;
  return best;
}

function strongestValue(values: Float32Array, from: number, to: number): number {
  return values[strongest(values, from, to)] ?? NaN;
}

/** Where a curve passes a level before and after its peak (straight between frames), and the frames just inside. */
function edges(
  time: Float64Array,
  values: Float32Array,
  peakAt: number,
  level: number,
): readonly [number, number, number, number] {
  const walk = (step: 1 | -1): readonly [number, number] => {
    let i = peakAt;
    while (i + step >= 0 && i + step < values.length && (values[i + step] ?? NaN) >= level) i += step;
    const [here, there] = [values[i] ?? NaN, values[i + step] ?? NaN];
    const [at, next] = [time[i] ?? NaN, time[i + step] ?? NaN];
    return [
      Number.isFinite(there) && Number.isFinite(next) ? at + ((here - level) / (here - there)) * (next - at) : at,
      i,
    ];
  };
  const [start, a] = walk(-1);
  const [end, b] = walk(1);
  return [start, end, a, b];
}

interface Judgement {
  readonly code: PatternCode;
  /** The code to report: the more general one where the two cannot be told apart. */
  readonly reported: MovementCode;
  readonly likeness: number;
  readonly confidence: number;
}

/** Says which movement a stretch shows, by what its strongest frames look like on the stronger side. */
function judge(evidence: Evidence, activity: Float32Array, [from, to]: Stretch): Judgement {
  const peak = strongestValue(activity, from, to);
  const frames: number[] = [];
  for (let i = from; i <= to; i++) if ((activity[i] ?? NaN) >= TELLING * peak) frames.push(i);
  const seen = SIDES.map((side) => seenIn(evidence[side], frames));
  const stronger = seen.reduce(
    (best, each) => (each.size > best.size ? each : best),
    seen[0] ?? { size: 0, values: [] },
  );
  const ranked = (Object.keys(PATTERNS) as PatternCode[])
    .map((code) => ({ code, likeness: likeness(stronger, PATTERNS[code].pattern) }))
    .sort((a, b) => b.likeness - a.likeness);
  const [best, second] = ranked;
  if (best === undefined) return { code: 'RE', reported: 'RE', likeness: 0, confidence: 0 };
  const { general } = PATTERNS[best.code];
  const rival = ranked.find(
    ({ code }) => code !== best.code && code !== general && PATTERNS[code].general !== best.code,
  );
  const margin = clamp((best.likeness - (rival?.likeness ?? 0)) / SURE_MARGIN, 0, 1);
  const certainty = clamp((best.likeness - LEAST_LIKENESS) / (0.85 - LEAST_LIKENESS), 0, 1);
  // Of a movement and its more general form, the special one must be clearly better.
  const isUnsure =
    general !== undefined && second?.code === general && best.likeness - second.likeness < LEAST_DIFFERENCE;
  const confidence = (0.3 + 0.7 * margin) * (0.3 + 0.7 * certainty);
  return {
    code: best.code,
    reported: isUnsure ? general : best.code,
    likeness: best.likeness,
    confidence: isUnsure ? Math.min(0.4, confidence) : confidence,
  };
}

interface Seen {
  readonly values: readonly number[];
  readonly size: number;
}

function seenIn(side: SideEvidence, frames: readonly number[]): Seen {
  const values = WATCHED.map((name) => {
    const value = median(frames.map((i) => side[name][i] ?? NaN));
    return Number.isNaN(value) ? 0 : value;
  });
  return { values, size: Math.hypot(...values) };
}

/** The cosine between what was seen and a pattern, -1 to 1. */
function likeness({ values, size }: Seen, pattern: Pattern): number {
  let [product, whole] = [0, 0];
  WATCHED.forEach((name, i) => {
    const weight = pattern[name] ?? 0;
    product += weight * (values[i] ?? 0);
    whole += weight * weight;
  });
  return size === 0 ? 0 : product / size / Math.sqrt(whole);
}

/** Every movement on which side; for those who look for the leading side. */
export function strongerSide(evidence: Evidence, code: PatternCode, from: number, to: number): Side {
  const [left, right] = SIDES.map((side) =>
    patternStrength(evidence[side], PATTERNS[code].pattern).subarray(from, to + 1),
  );
  return median(Array.from(left ?? [])) >= median(Array.from(right ?? [])) ? 'left' : 'right';
}
