import { describe, expect, test } from 'vitest';
import { findBlinks } from '../../src/movements/blinks.js';
import type { BlinkResult } from '../../src/movements/movement.js';

interface Dip {
  readonly at: number;
  readonly closing: number;
  readonly opening: number;
  readonly depth: number;
}

/** The opening of an eye that is 10 open and dips, straight down and straight up, with noise. */
function eye(time: Float64Array, dips: readonly Dip[], noise: () => number): Float32Array {
  return Float32Array.from(time, (t) => {
    let lost = 0;
    for (const { at, closing, opening, depth } of dips) {
      const part = t < at ? 1 - (at - t) / closing : 1 - (t - at) / opening;
      lost = Math.max(lost, depth * Math.max(0, part));
    }
    return 10 * (1 - lost) + noise();
  });
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return (state / 4294967296 - 0.5) * 0.3;
  };
}

const DIPS: readonly Dip[] = [
  { at: 2, closing: 0.1, opening: 0.2, depth: 0.9 },
  { at: 5.013, closing: 0.08, opening: 0.16, depth: 0.35 },
  { at: 8.4, closing: 0.12, opening: 0.22, depth: 0.8 },
];

function blinksAt(rate: number, leftLater = 0, closures: { start: number; end: number }[] = []): BlinkResult {
  const time = Float64Array.from({ length: Math.round(11 * rate) }, (_, i) => i / rate);
  const later = DIPS.map((dip) => ({ ...dip, at: dip.at + leftLater }));
  const opening = { left: eye(time, later, seeded(1)), right: eye(time, DIPS, seeded(2)) };
  return findBlinks({ time, usable: new Uint8Array(time.length).fill(1), opening }, closures);
}

describe.each([30, 60, 240])('at %i frames a second', (rate) => {
  test('every blink is found on both eyes, with its times, depth and kind', () => {
    const { blinks, perMinute, isFrameRateEnough } = blinksAt(rate);
    expect(blinks.length).toBe(3);
    expect(perMinute).toBeCloseTo((60 * 3) / 11, 1);
    expect(isFrameRateEnough).toBe(true);
    blinks.forEach(({ right, left }, i) => {
      const dip = DIPS[i]!;
      for (const each of [left, right]) {
        expect(each).not.toBeNull();
        // A tenth of the depth is passed a tenth of the closing after its start.
        expect(Math.abs(each!.onset - (dip.at - 0.9 * dip.closing))).toBeLessThan(0.02);
        expect(Math.abs(each!.end - (dip.at + 0.9 * dip.opening))).toBeLessThan(0.03);
        expect(Math.abs(each!.amplitude - dip.depth)).toBeLessThan(rate === 30 ? 0.16 : 0.08);
        expect(each!.isComplete).toBe(dip.depth > 0.6);
      }
    });
  });

  test('an eye that comes later is told by how much', () => {
    for (const { delayMs } of blinksAt(rate, 0.05).blinks) expect(Math.abs(delayMs! - 50)).toBeLessThan(18);
  });
});

test('a dip in a voluntary closure is no blink, nor is an eye that stays narrow', () => {
  expect(blinksAt(60, 0, [{ start: 1.5, end: 2.5 }]).blinks.length).toBe(2);
  const time = Float64Array.from({ length: 600 }, (_, i) => i / 60);
  const squint = Float32Array.from(time, (t) => (t > 3 && t < 6 ? 6 : 10));
  const usable = new Uint8Array(time.length).fill(1);
  expect(findBlinks({ time, usable, opening: { left: squint, right: squint } }, []).blinks).toEqual([]);
});

test('a video too slow for blinks says so', () => {
  expect(blinksAt(15).isFrameRateEnough).toBe(false);
});
