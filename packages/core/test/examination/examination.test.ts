import { describe, expect, test } from 'vitest';
import { examinationOf, type Examination } from '../../src/examination/examination.js';
import { halfSampleMode } from '../../src/movements/evidence.js';
import { curvesOf, held, type Motion } from './exam-fixture.js';

const AUTO = { affected: 'auto', movements: null } as const;

/** A brow raise, a smile and closed eyes, of which the left side makes a part. */
const exam =
  (part: number): Motion =>
  (t, side) => {
    const own = side === 'left' ? part : 1;
    const smile = own * held(t, 6, 8);
    return {
      browInnerHeight: 0.08 * own * held(t, 3, 5),
      browMiddleHeight: 0.08 * own * held(t, 3, 5),
      browOuterHeight: 0.08 * own * held(t, 3, 5),
      cornerHeight: 0.08 * smile,
      cornerDistance: 0.08 * smile,
      upperLipHeight: 0.02 * smile,
      palpebralFissure: -0.12 * own * held(t, 9, 11),
    };
  };

function ratio({ rows }: Examination, movement: number, name: string): number | null | undefined {
  return rows.find((row) => row.movement === movement && row.name === name)?.ratio;
}

describe('an examination', () => {
  test('finds what both sides do, and where it begins and ends', () => {
    const { movements, affected } = examinationOf(curvesOf(13, 30, exam(1)), AUTO);
    expect(movements.map(({ code }) => code)).toEqual(['RE', 'SS', 'ES']);
    // 30 % of a smooth rise of 0.4 s.
    for (const [i, from] of [3, 6, 9].entries()) {
      expect(Math.abs(movements[i]!.start - (from + 0.145))).toBeLessThan(0.05);
      expect(Math.abs(movements[i]!.end - (from + 2 - 0.145))).toBeLessThan(0.05);
    }
    expect(affected).toMatchObject({ side: 'none', isGuess: true });
  });

  test('of a side that does not move at all is as complete, and the ratio is that side over the other', () => {
    const result = examinationOf(curvesOf(13, 30, exam(0)), AUTO);
    expect(result.movements.map(({ code }) => code)).toEqual(['RE', 'SS', 'ES']);
    expect(result.affected).toMatchObject({ side: 'left', isGuess: true });
    expect(Math.abs(ratio(result, 0, 'brow_height')!)).toBeLessThan(0.05);
  });

  test('gives the ratio of affected to healthy, or nothing when the healthy side did not move', () => {
    const result = examinationOf(curvesOf(13, 30, exam(0.3)), { affected: 'left', movements: null });
    expect(ratio(result, 0, 'brow_height')).toBeCloseTo(0.3, 1);
    expect(ratio(result, 1, 'commissure_lateral')).toBeCloseTo(0.3, 1);
    expect(ratio(result, 2, 'palpebral_fissure')).toBeCloseTo(0.3, 1);
    expect(ratio(result, 0, 'commissure_lateral')).toBeNull();
  });

  test('exchanges left and right with the sides, and nothing else', () => {
    const mirrored: Motion = (t, side) => exam(0.3)(t, side === 'left' ? 'right' : 'left');
    const left = examinationOf(curvesOf(13, 30, exam(0.3), 0), AUTO);
    const right = examinationOf(curvesOf(13, 30, mirrored, 0), AUTO);
    expect(right.movements).toEqual(left.movements);
    expect(right.affected.side).toBe('right');
    expect(ratio(right, 1, 'commissure_lateral')).toBeCloseTo(ratio(left, 1, 'commissure_lateral')!, 6);
  });

  test('invents nothing in a face at rest that blinks', () => {
    const blinking: Motion = (t) => ({ palpebralFissure: -0.14 * Math.max(0, 1 - Math.abs((t % 2.5) - 1) / 0.12) });
    const { movements, blinks } = examinationOf(curvesOf(20, 30, blinking), AUTO);
    expect(movements).toEqual([]);
    expect(blinks.blinks.length).toBe(8);
  });

  test('leaves blinks out of a smile, and says so', () => {
    const motion: Motion = (t, side) => {
      const base = exam(1)(t, side);
      return {
        ...base,
        palpebralFissure: (base.palpebralFissure ?? 0) - 0.14 * Math.max(0, 1 - Math.abs(t - 7) / 0.12),
      };
    };
    const result = examinationOf(curvesOf(13, 30, motion), AUTO);
    expect(result.movements.map(({ code }) => code)).toEqual(['RE', 'SS', 'ES']);
    const row = result.rows.find(({ movement, name }) => movement === 1 && name === 'palpebral_fissure')!;
    expect(row.excluded.blink).toBeGreaterThan(3);
    expect(row.framesExcluded).toBe(row.excluded.blink);
    expect(Math.abs(row.change!)).toBeLessThan(0.01);
  });

  test('leaves frames outside the limits out, with the reason', () => {
    const curves = curvesOf(13, 30, exam(1));
    for (let i = 6.8 * 30; i < 7.2 * 30; i++) curves.yaw[i] = 35;
    const { rows, quality } = examinationOf(curves, AUTO);
    expect(quality.reasons).toEqual({ yaw: 12 });
    expect(rows.find(({ movement }) => movement === 1)).toMatchObject({ framesExcluded: 12, excluded: { yaw: 12 } });
  });

  test('measures a mouth that moves with the eyes against its smile', () => {
    const coupled: Motion = (t, side) => {
      const base = exam(1)(t, side);
      const pull = side === 'left' ? 0.5 * held(t, 9, 11) : 0;
      return {
        ...base,
        cornerHeight: (base.cornerHeight ?? 0) + 0.08 * pull,
        cornerDistance: (base.cornerDistance ?? 0) + 0.08 * pull,
      };
    };
    const { synkinesis } = examinationOf(curvesOf(13, 30, coupled), AUTO);
    const row = synkinesis.rows.find(({ kind }) => kind === 'ocular-oral')!;
    expect(row.left).toBeCloseTo(0.5, 1);
    expect(row.right!).toBeLessThan(row.noise!);
  });

  test('takes the movements that the user gives', () => {
    const movements = [{ start: 6, end: 8, code: 'BC', source: 'imported', confidence: null }] as const;
    const result = examinationOf(curvesOf(13, 30, exam(1)), { affected: 'none', movements });
    expect(result.movements).toEqual(movements);
    expect(result.rows[0]).toMatchObject({ movement: 0, hold: null });
    expect(result.pictures[0]!.peak).toBeGreaterThan(6 * 30);
  });

  test('of a video without a face is empty', () => {
    const curves = { ...curvesOf(2, 30, () => ({})), neutral: null };
    curves.faces.fill(0);
    const { movements, rows, blinks, quality } = examinationOf(curves, AUTO);
    expect([movements, rows, blinks.blinks]).toEqual([[], [], []]);
    expect(quality.reasons).toEqual({ 'no-face': 60 });
  });
});

test('the half-sample mode is where numbers lie most densely', () => {
  expect(halfSampleMode([1, 1.1, 1.05, 1.02, 5, 6, 7, 9])).toBeCloseTo(1.05, 1);
  expect(halfSampleMode([NaN, 3])).toBe(3);
  expect(halfSampleMode([])).toBeNaN();
});
