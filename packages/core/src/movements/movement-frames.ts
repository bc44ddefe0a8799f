import { quantile } from '../arithmetic.js';
import { reasonBit, reasonsOf } from '../quality/gate.js';
import { QUALITY_REASONS, type QualityReason } from '../quality/limits.js';
import { MOVEMENT_KINDS } from './codes.js';
import type { Evidence } from './evidence.js';
import type { Blink, Movement } from './movement.js';
import { PATTERNS, type PatternCode } from './patterns.js';
import { leadingCurve } from './proposal.js';

/** Which frames of the video a movement's values are taken from; places in the curves, from 0. */
export interface MovementFrames {
  /** At rest before and after the movement: usable, outside of all movements and blinks. */
  readonly rest: readonly number[];
  /** Of the held part, those that are usable and outside of blinks. */
  readonly held: readonly number[];
  /** From a little before the movement's start to its peak, usable ones. */
  readonly rise: readonly number[];
  /** The frame that shows the peak best, and the rest before it; null when every frame is left out. */
  readonly peakFrame: number | null;
  readonly restFrame: number | null;
  /** Seconds for which the movement is held; null when it is not known how it is held. */
  readonly hold: number | null;
  /** Frames of the held part that are left out, and why; a frame can have several reasons. */
  readonly excluded: number;
  readonly reasons: Readonly<Partial<Record<QualityReason | 'blink', number>>>;
}

/** Seconds to each side of a movement in which its rest is looked for, and how far from any movement rest begins. */
const REST_AROUND = 2.5;
const REST_APART = 0.3;
/** Frames of rest at least; else the neutral stretch is taken. */
const LEAST_REST = 8;
/** Seconds about a blink that are left out. */
const BLINK_MARGIN = 0.05;
/** The movements that a blink is part of. */
const WITH_BLINKS: ReadonlySet<string> = new Set(['ES', 'ET', 'BK']);

/** 1 in the frames of blinks. */
export function blinkFrames(time: Float64Array, blinks: readonly Blink[]): Uint8Array {
  const frames = new Uint8Array(time.length);
  for (const { left, right } of blinks) {
    for (const eye of [left, right]) {
      if (eye === null) continue;
      const [from, to] = frameRange(time, eye.onset - BLINK_MARGIN, eye.end + BLINK_MARGIN);
      for (let i = from; i <= to; i++) frames[i] = 1;
    }
  }
  return frames;
}

/** The frames from one time to another, both included: places of the first and last. */
export function frameRange(time: Float64Array, start: number, end: number): readonly [number, number] {
  return [firstAfter(time, start), firstAfter(time, end + 1e-6) - 1];
}

function firstAfter(time: Float64Array, at: number): number {
  let [low, high] = [0, time.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((time[middle] ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the frames of movements are picked by. */
export interface FramePicking {
  readonly time: Float64Array;
  readonly evidence: Evidence;
  /** Reason bits of every frame, see `gateFrames`. */
  readonly quality: Uint16Array;
  /** 1 in the frames of blinks. */
  readonly blinks: Uint8Array;
  /** 1 in the neutral stretch. */
  readonly neutral: Uint8Array;
  readonly movements: readonly Movement[];
}

/** Picks the frames of every movement. */
export function pickFrames(picking: FramePicking): readonly MovementFrames[] {
  const { time, movements } = picking;
  const isMoving = new Uint8Array(time.length);
  for (const { start, end, code } of movements) {
    if (code === 'BL') continue;
    const [from, to] = frameRange(time, start - REST_APART, end + REST_APART);
    for (let i = from; i <= to; i++) isMoving[i] = 1;
  }
  const curves = new Map<PatternCode, Float32Array>();
  const leading = (code: PatternCode): Float32Array => {
    const curve =
      curves.get(code) ?? leadingCurve(picking.evidence, code, WITH_BLINKS.has(code) ? 'weaker' : 'stronger');
    curves.set(code, curve);
    return curve;
  };
  return movements.map((movement) => framesOf(picking, movement, isMoving, leading));
}

function framesOf(
  { time, quality, blinks, neutral }: FramePicking,
  { start, end, code }: Movement,
  isMoving: Uint8Array,
  leading: (code: PatternCode) => Float32Array,
): MovementFrames {
  const isResting = (i: number): boolean => quality[i] === 0 && blinks[i] !== 1 && isMoving[i] !== 1;
  const around = placesFrom(frameRange(time, start - REST_AROUND, end + REST_AROUND)).filter(isResting);
  const rest =
    around.length >= LEAST_REST
      ? around
      : placesFrom([0, time.length - 1]).filter((i) => neutral[i] === 1 && quality[i] === 0);
  const curve = code in PATTERNS ? leading(code as PatternCode) : null;
  const inside = placesFrom(frameRange(time, start, end));
  const held = curve === null ? middleHalf(inside) : heldPart(curve, inside, MOVEMENT_KINDS[code].heldFrom);
  const outside = WITH_BLINKS.has(code) ? null : blinks;
  const used = held.filter((i) => quality[i] === 0 && outside?.[i] !== 1);
  const [first, last] = [held[0] ?? 0, held.at(-1) ?? -1];
  const peakFrame = used.reduce<number | null>(
    (best, i) => (best === null || (curve?.[i] ?? 0) > (curve?.[best] ?? 0) ? i : best),
    null,
  );
  const before = rest.filter((i) => (time[i] ?? Infinity) < start);
  return {
    rest,
    held: used,
    rise: placesFrom(frameRange(time, start - REST_APART, time[Math.round((first + last) / 2)] ?? start)).filter(
      (i) => quality[i] === 0,
    ),
    peakFrame,
    restFrame: before.at(-1) ?? rest[0] ?? null,
    hold: curve === null || held.length === 0 ? null : (time[last] ?? NaN) - (time[first] ?? NaN),
    excluded: held.length - used.length,
    reasons: reasonsFor(held, quality, outside),
  };
}

function placesFrom([from, to]: readonly [number, number]): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}

function middleHalf(places: readonly number[]): readonly number[] {
  const quarter = Math.floor(places.length / 4);
  return places.slice(quarter, places.length - quarter);
}

/** From the first to the last frame that reaches a part of the peak. */
function heldPart(curve: Float32Array, inside: readonly number[], part: number): readonly number[] {
  const peak = quantile(
    inside.map((i) => curve[i] ?? NaN),
    0.95,
  );
  const reaching = inside.filter((i) => (curve[i] ?? NaN) >= part * peak);
  const [first, last] = [reaching[0], reaching.at(-1)];
  return !(peak > 0) || first === undefined || last === undefined ? middleHalf(inside) : placesFrom([first, last]);
}

/** How many of the frames each reason leaves out. */
export function reasonsFor(
  places: readonly number[],
  quality: Uint16Array,
  blinks: Uint8Array | null,
): Partial<Record<QualityReason | 'blink', number>> {
  const counts: Partial<Record<QualityReason | 'blink', number>> = {};
  const all = places.reduce((bits, i) => bits | (quality[i] ?? 0), 0);
  if (all !== 0 && reasonsOf(all).length > 0) {
    for (const reason of QUALITY_REASONS) {
      const count = places.filter((i) => ((quality[i] ?? 0) & reasonBit(reason)) !== 0).length;
      if (count > 0) counts[reason] = count;
    }
  }
  const blinking = blinks === null ? 0 : places.filter((i) => blinks[i] === 1).length;
  return blinking > 0 ? { ...counts, blink: blinking } : counts;
}
