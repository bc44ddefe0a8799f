import { describe, expect, test } from 'vitest';
import { examinationOf } from '../../src/examination/examination.js';
import { compareVisits, comparisonTable, type Comparison, type Visit } from '../../src/visits/compare.js';
import { comparisonPage } from '../../src/visits/comparison-page.js';
import { curvesOf, held, type Motion } from '../examination/exam-fixture.js';

const STRENGTHS = [0.9, 1, 1.1];

/** Three smiles, 10 % apart; the left one is larger by a part. */
const smiles =
  (part: number): Motion =>
  (t, side) => {
    const strength = STRENGTHS.reduce((sum, each, i) => sum + each * held(t, 3 + 3 * i, 4.8 + 3 * i), 0);
    const smile = strength * (side === 'left' ? part : 1);
    return { cornerHeight: 0.08 * smile, cornerDistance: 0.08 * smile, upperLipHeight: 0.02 * smile };
  };

function visit(name: string, part = 1, more: Partial<Visit> = {}, repeats = 13): Visit {
  const examination = examinationOf(curvesOf(repeats, 30, smiles(part)), { affected: 'left', movements: null });
  return { name, suite: 'mediapipe', measure: 'mirrored', examination, ...more };
}

function row({ rows }: Comparison, side: string): Comparison['rows'][number] {
  return rows.find((each) => each.code === 'SS' && each.name === 'commissure_lateral' && each.side === side)!;
}

describe('a comparison of visits', () => {
  test('reports no change between a visit and itself', () => {
    const { rows } = compareVisits([visit('a'), visit('b')]);
    expect(rows.filter(({ changes }) => changes[1]!.isBeyond === true)).toEqual([]);
  });

  test('reports a change beyond 1.96 x sqrt 2 x SEM, on its own side only', () => {
    const comparison = compareVisits([visit('a'), visit('b', 1.4)]);
    // Repeats 10 % apart: SD 0.008 and 0.0112, over the root of three.
    const sdc = 1.96 * Math.SQRT2 * Math.sqrt((0.008 ** 2 + 0.0112 ** 2) / 2 / 3);
    const { change, sdc: found, isBeyond } = row(comparison, 'left').changes[1]!;
    expect(change).toBeCloseTo(0.032, 2);
    expect(Math.abs(found! - sdc)).toBeLessThan(0.002);
    expect(isBeyond).toBe(true);
    expect(row(comparison, 'right').changes[1]!.isBeyond).toBe(false);
  });

  test('says that it does not know the error of fewer than three repeats', () => {
    const comparison = compareVisits([visit('a'), visit('b', 1.4, {}, 8)]);
    expect(row(comparison, 'left').values[1]!.repeats).toBe(2);
    expect(row(comparison, 'left').changes[1]).toMatchObject({ sdc: null, isBeyond: null });
    expect(comparisonPage(comparison, [])).toContain('unknown');
  });

  test('is refused for what cannot be compared, with what to do', () => {
    expect(() => compareVisits([visit('a')])).toThrow(/needs two visits or more/);
    expect(() => compareVisits([visit('a'), visit('b', 1, { suite: 'openface3' })])).toThrow(/suites differ/);
    const b = visit('b');
    const inMm = { ...b, examination: { ...b.examination, unit: 'mm' as const } };
    expect(() => compareVisits([visit('a'), inMm])).toThrow(/units differ.*`iris: true`/);
    const older = { ...b, examination: { ...b.examination, definitionsVersion: 0 } };
    expect(() => compareVisits([visit('a'), older])).toThrow(/process both videos again/);
  });

  test('is a table with a row a number and columns for each visit', () => {
    const lines = [...comparisonTable(compareVisits([visit('a, 1'), visit('b')]))];
    expect(lines[0]).toBe(
      'code,quantity,kind,name,side,unit,"a, 1",repeats_1,b,repeats_2,change_2,smallest_detectable_change_2,beyond_2\n',
    );
    expect(lines.length).toBeGreaterThan(30);
  });
});
