import { describe, expect, test } from 'vitest';
import { FrameClock } from '../../src/flow/frame-clock.js';

const stamp = (pts: number | null, duration = 0): { pts: bigint | null; duration: bigint } => ({
  pts: pts === null ? null : BigInt(pts),
  duration: BigInt(duration),
});

describe('the times of frames', () => {
  test("are the file's own, from its start", () => {
    const clock = new FrameClock({ num: 1, den: 90_000 }, 10, 30);
    expect([900_000, 903_003, 990_000].map((pts) => clock.next(stamp(pts)).seconds)).toEqual([0, 3003 / 90_000, 1]);
    expect(clock.repaired).toBe(0);
  });

  test('that are missing, stand still or run backwards come after the frame before', () => {
    const clock = new FrameClock({ num: 1, den: 1000 }, 0, 25);
    const times = [stamp(0), stamp(null), stamp(80), stamp(80), stamp(40), stamp(120)].map(
      (each) => clock.next(each).seconds,
    );
    expect(times[1]).toBeCloseTo(0.04, 6);
    times.slice(1).forEach((time, index) => expect(time).toBeGreaterThan(times[index]!));
    expect(times[5]).toBeCloseTo(0.12, 6);
    expect(clock.repaired).toBe(3);
  });

  test('that leap by more than half an hour, which MP4 cannot say, go on without the leap', () => {
    const clock = new FrameClock({ num: 1, den: 1000 }, 0, 25);
    const times = [stamp(0, 40), stamp(40, 40), stamp(2 ** 52, 40), stamp(2 ** 52 + 40, 40)].map(
      (each) => clock.next(each).seconds,
    );
    [0, 0.04, 0.08, 0.12].forEach((time, index) => expect(times[index]).toBeCloseTo(time, 6));
    expect(clock.repaired).toBe(1);
  });

  test('of a clock in nanoseconds are kept in microseconds, so that long pauses fit MP4', () => {
    const clock = new FrameClock({ num: 1, den: 1_000_000_000 }, 0, null);
    expect(clock.timeBase).toEqual({ num: 1, den: 1_000_000 });
    expect([0, 33_366_667, 1_000_000_033_366_667].map((pts) => clock.next(stamp(pts)).ticks)).toEqual([
      0n,
      33_367n,
      66_700n,
    ]);
  });

  test('of a clock that ticks once in half a year stay numbers that MP4 can hold', () => {
    const clock = new FrameClock({ num: 16_777_216, den: 1 }, 0, 0.000_001);
    const times = [0, 1, 2].map((pts) => clock.next(stamp(pts, 1)));
    expect(clock.timeBase.den).toBeLessThanOrEqual(1_000_000);
    for (const { ticks, durationTicks } of times)
      for (const value of [ticks, durationTicks]) expect(value).toBeLessThan(2n ** 33n);
  });
});
