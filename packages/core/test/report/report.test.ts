import { describe, expect, test } from 'vitest';
import { examinationOf, type Examination } from '../../src/examination/examination.js';
import { examinationReport, type ExaminationReportInput } from '../../src/report/report.js';
import { autoEface } from '../../src/scores/auto-eface.js';
import { curvesOf, held, type Motion } from '../examination/exam-fixture.js';

const weakLeft: Motion = (t, side) => {
  const part = side === 'left' ? 0.3 : 1;
  return {
    browMiddleHeight: 0.08 * part * held(t, 3, 5),
    browInnerHeight: 0.08 * part * held(t, 3, 5),
    browOuterHeight: 0.08 * part * held(t, 3, 5),
    palpebralFissure: -0.12 * part * held(t, 7, 9),
  };
};

function examination(): Examination {
  return examinationOf(curvesOf(12, 30, weakLeft), { affected: 'left', movements: null });
}

function input(more: Partial<ExaminationReportInput> = {}): ExaminationReportInput {
  return {
    record: {
      program: { version: '3.0.0' },
      finishedAt: '2026-05-04T10:00:00.000Z',
      input: { file: '<b>visit</b>.mp4', sha256: 'ab', frameRate: 30, durationSeconds: 12 },
      settings: { suite: 'mediapipe', subject: 'P07', neutral: { kind: 'calmest-second' } },
      suite: { title: 'MediaPipe' },
      output: { width: 640, height: 480 },
      frames: { read: 360, withFace: 360 },
      tables: {},
      warnings: ['<script>alert(1)</script>'],
    },
    examination: examination(),
    pictures: new Map(),
    subject: '"P07" <i>',
    visit: 'week 12',
    scores: null,
    notes: [],
    ...more,
  };
}

describe('an examination report', () => {
  test('shows movements, ratios, formulas and the intended use, and promises nothing', () => {
    const html = examinationReport(input());
    expect(html).toContain('raise eyebrows, once');
    expect(html).toContain('100 dBH_a / dBH_h in RE');
    expect(html).toContain('For research and education. Not a medical device');
    expect(html).not.toMatch(/diagnosis of|patient has|we recommend|treat(ed)? with/i);
  });

  test('is one file without scripts, and shows names from strangers as text', () => {
    const html = examinationReport(input());
    expect(html).not.toMatch(/<script|<b>visit|<i>|src="http|href="http|url\(/);
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain('&quot;P07&quot; &lt;i&gt;');
  });

  test('has the pictures of rest and peak where they were found', () => {
    const of = examination();
    const peak = of.pictures[0]?.peak ?? 0;
    const picture = { original: Uint8Array.of(255, 216), left: Uint8Array.of(1), right: null };
    const html = examinationReport(input({ examination: of, pictures: new Map([[peak, picture]]) }));
    expect(html.match(/data:image\/jpeg/g)).toHaveLength(2);
  });

  test('adds up scores that were filled in', () => {
    const html = examinationReport(input({ scores: { house_brackmann: 3 } }));
    expect(html).toMatch(/House-Brackmann grade<\/td><td>3</);
  });

  test('can be made of a video without a face', () => {
    const curves = { ...curvesOf(2, 30, () => ({})), neutral: null };
    curves.faces.fill(0);
    const html = examinationReport(
      input({ examination: examinationOf(curves, { affected: 'auto', movements: null }) }),
    );
    expect(html).toContain('No movement was found.');
  });
});

test('the Auto-eFACE follows its formulas', () => {
  const { items, computed, total } = autoEface(examination());
  const score = (name: string): number => items.find((item) => item.name === name)?.score ?? NaN;
  expect(Math.abs(score('Brow elevation') - 30)).toBeLessThan(3);
  // 0.12 of 0.16 is closed by the healthy side, 30 % of that by the affected one.
  expect(Math.abs(score('Gentle eye closure') - (100 * 0.3 * 0.12) / 0.16)).toBeLessThan(3);
  expect(Math.abs(score('Brow at rest') - 100)).toBeLessThan(1);
  expect(items.find(({ name }) => name === 'Nasolabial fold at rest')?.score).toBeNull();
  expect(items).toHaveLength(10);
  expect(total).toBeCloseTo(items.reduce((sum, item) => sum + (item.score ?? 0), 0) / computed, 9);
});
