import { median, quantile } from '../arithmetic.js';
import { SIDES, type Side } from '../action-units/units.js';
import type { Blink, BlinkResult, EyeBlink, Movement } from './movement.js';

/** What blinks are found in: numbers a frame. */
export interface BlinkCurves {
  /** Seconds. */
  readonly time: Float64Array;
  /** 1 where the eyes can be measured: a face is there, and nothing speaks against the frame. */
  readonly usable: Uint8Array;
  /** Opening of each eye in any unit, NaN where unknown. */
  readonly opening: Readonly<Record<Side, Float32Array>>;
}

/** Part of the opening that must be lost at least, beyond the noise, for a dip to be a blink. */
const LEAST_AMPLITUDE = 0.12;
/** In standard deviations of the opening from frame to frame. */
const LEAST_NOISES = 5;
/** Part of its depth at which a dip begins and ends. */
const EDGE = 0.1;
/**
 * Seconds between the edges at most: spontaneous blinks take 0.1 to 0.4 s (Schiffman 1990), slow ones on a palsied side
 * more.
 */
const LONGEST = 0.7;
/** Seconds to each side in which an eye's usual opening is looked for. */
const AROUND = 1.5;
/** Seconds by which two eyes' lowest points may differ in one blink. */
const TOGETHER = 0.25;
/** Part of the opening lost from which a blink counts as complete: nets read a closed eye as open by up to a third. */
const COMPLETE = 0.6;
/** Frames a second below which a blink of 0.1 s can be over before it is seen. */
export const LEAST_BLINK_RATE = 25;

/**
 * Finds blinks: short dips of the opening of one eye or both, against what it was just before and after. All in
 * seconds, so that the frame rate changes nothing but the resolution; edges lie between frames where the dip passes 10
 * %.
 *
 * @param closures voluntary closures (ES, ET): dips in them are no blinks
 */
export function findBlinks(curves: BlinkCurves, closures: readonly Pick<Movement, 'start' | 'end'>[]): BlinkResult {
  const { time, usable } = curves;
  const eyes = {
    left: dipsOf(curves, 'left', closures),
    right: dipsOf(curves, 'right', closures),
  };
  const intervals = Array.from(time.subarray(1), (at, i) => at - (time[i] ?? NaN));
  const interval = median(intervals);
  const seen = usable.reduce((sum, each) => sum + each, 0) * interval;
  const blinks = paired(eyes.left, eyes.right);
  return {
    blinks,
    perMinute: seen > 0 ? (60 * blinks.length) / seen : null,
    isFrameRateEnough: 1 / interval >= LEAST_BLINK_RATE,
  };
}

function paired(left: readonly EyeBlink[], right: readonly EyeBlink[]): Blink[] {
  const others = new Set(right);
  const blinks: Blink[] = left.map((eye) => {
    let other: EyeBlink | null = null;
    for (const each of others)
      if (
        Math.abs(each.closed - eye.closed) <= TOGETHER &&
        (other === null || Math.abs(each.closed - eye.closed) < Math.abs(other.closed - eye.closed))
      )
        other = each;
    if (other !== null) others.delete(other);
    return {
      onset: Math.min(eye.onset, other?.onset ?? Infinity),
      left: eye,
      right: other,
      delayMs: other === null ? null : 1000 * (eye.onset - other.onset),
    };
  });
  for (const eye of others) blinks.push({ onset: eye.onset, left: null, right: eye, delayMs: null });
  return blinks.sort((a, b) => a.onset - b.onset);
}

function dipsOf(
  { time, usable, opening }: BlinkCurves,
  side: Side,
  closures: readonly Pick<Movement, 'start' | 'end'>[],
): EyeBlink[] {
  const values = opening[side];
  const known = (i: number): boolean => usable[i] === 1 && !Number.isNaN(values[i]);
  const noise = frameNoise(values, known);
  const found: EyeBlink[] = [];
  let from = 0;
  for (let i = 1; i < time.length - 1; i++) {
    const here = values[i] ?? NaN;
    // The lowest point of a dip, the first of equals.
    if (!known(i) || !(here < (values[i - 1] ?? NaN)) || !(here <= (values[i + 1] ?? NaN))) continue;
    const at = time[i] ?? NaN;
    if (at < from || closures.some(({ start, end }) => at > start - 0.1 && at < end + 0.1)) continue;
    const eye = dipAt(time, values, known, i, noise);
    if (eye === null) continue;
    found.push(eye);
    from = eye.end;
  }
  return found;
}

/** The dip whose lowest point is in a frame; null when it is none, or not deep or short enough. */
function dipAt(
  time: Float64Array,
  values: Float32Array,
  known: (i: number) => boolean,
  i: number,
  noise: number,
): EyeBlink | null {
  const at = time[i] ?? NaN;
  const lowest = values[i] ?? NaN;
  const before = usual(time, values, known, i, -1);
  const after = usual(time, values, known, i, 1);
  // What is still low afterwards is a closure or a squint.
  const open = Math.min(before, after);
  const depth = open - lowest;
  if (!(depth > Math.max(LEAST_AMPLITUDE * open, LEAST_NOISES * noise))) return null;
  const crossing = (part: number, step: 1 | -1): number | null => {
    const level = open - part * depth;
    for (let k = i; known(k) && Math.abs((time[k] ?? NaN) - at) <= LONGEST; k += step) {
      const next = k + step;
      const [here, there] = [values[k] ?? NaN, values[next] ?? NaN];
      if (there < lowest) return null;
      if (known(next) && there >= level)
        return (time[k] ?? NaN) + ((level - here) / (there - here)) * ((time[next] ?? NaN) - (time[k] ?? NaN));
    }
    return null;
  };
  const [onset, closedFrom, openFrom, end] = [
    crossing(EDGE, -1),
    crossing(1 - EDGE, -1),
    crossing(1 - EDGE, 1),
    crossing(EDGE, 1),
  ];
  if (onset === null || closedFrom === null || openFrom === null || end === null || end - onset > LONGEST) return null;
  return {
    onset,
    closed: at,
    end,
    closingMs: 1000 * (closedFrom - onset),
    openingMs: 1000 * (end - openFrom),
    amplitude: Math.min(1, depth / open),
    isComplete: depth / open >= COMPLETE,
  };
}

/** The eye's usual opening to one side of a frame: most of what is there is open. */
function usual(
  time: Float64Array,
  values: Float32Array,
  known: (i: number) => boolean,
  i: number,
  step: 1 | -1,
): number {
  const at = time[i] ?? NaN;
  const around: number[] = [];
  for (let k = i + step; k >= 0 && k < time.length && Math.abs((time[k] ?? NaN) - at) <= AROUND; k += step)
    if (known(k)) around.push(values[k] ?? NaN);
  return quantile(around, 0.7);
}

/** Standard deviation of what the opening does from frame to frame, blinks left aside. */
function frameNoise(values: Float32Array, known: (i: number) => boolean): number {
  const steps: number[] = [];
  for (let i = 1; i < values.length; i++)
    if (known(i) && known(i - 1)) steps.push(Math.abs((values[i] ?? 0) - (values[i - 1] ?? 0)));
  return (1.4826 * median(steps)) / Math.SQRT2;
}

/** Columns of a blinks table. */
export const BLINK_COLUMNS = [
  'onset',
  'delay_ms',
  ...SIDES.flatMap((side) =>
    ['onset', 'closing_ms', 'opening_ms', 'duration_ms', 'amplitude', 'complete'].map((name) => `${name}_${side}`),
  ),
] as const;

/** The text of a blinks table, line by line; cells of an eye that did not blink are empty. */
export function* blinksTable(blinks: readonly Blink[]): Generator<string> {
  yield `${BLINK_COLUMNS.join(',')}\n`;
  for (const blink of blinks) {
    const eyes = SIDES.flatMap((side) => {
      const eye = blink[side];
      if (eye === null) return ['', '', '', '', '', ''];
      const { onset, closingMs, openingMs, end, amplitude, isComplete } = eye;
      return [
        onset.toFixed(3),
        closingMs.toFixed(0),
        openingMs.toFixed(0),
        (1000 * (end - onset)).toFixed(0),
        amplitude.toFixed(3),
        isComplete ? '1' : '0',
      ];
    });
    yield `${[blink.onset.toFixed(3), blink.delayMs?.toFixed(0) ?? '', ...eyes].join(',')}\n`;
  }
}
