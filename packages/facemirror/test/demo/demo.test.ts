import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordLog } from '../../src/files/record-log.js';
import { ExpressionAnalysis } from 'facemirror-core/action-units/analysis.js';
import type { ActionUnit, ActionUnitRow, Side } from 'facemirror-core/action-units/units.js';
import { DEMO_FORMAT, DemoClip } from '../../src/demo/clip.js';
import { DEMO_EVENTS, DEMO_RATE } from '../../src/demo/motion.js';
import { demoTruth } from '../../src/demo/truth.js';
import { MidlineSmoother, type Midline } from 'facemirror-core/face/midline.js';
import type { FaceObservation, Point } from 'facemirror-core/face/observation.js';
import { Tracker } from 'facemirror-core/face/tracker.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { openMediaPipe } from '../../src/suites/mediapipe/suite.js';
import { SHARED } from '../shared-folder.js';

const BUNDLE_FOLDER = `${SHARED}/models`;

const truth = demoTruth();

/** What a suite sees in the drawn frames of the demo clip. */
async function watchDemo(modelsFolder?: string): Promise<(FaceObservation | null)[]> {
  const { width, height, colour, frames } = DEMO_FORMAT;
  const suite = await openMediaPipe(modelsFolder === undefined ? {} : { modelsFolder });
  try {
    const frame = await new FramePool({ width, height, colour, capacity: 1 }).acquire();
    const clip = new DemoClip();
    const tracker = new Tracker(suite);
    const seen: (FaceObservation | null)[] = [];
    for (let index = 0; index < frames; index++) {
      clip.draw(index, frame);
      seen.push(await tracker.next(frame));
    }
    return seen;
  } finally {
    await suite.close();
  }
}

function tablesOf(seen: readonly (FaceObservation | null)[], blendshapes: boolean): Record<Side, ActionUnitRow[]> {
  const analysis = new ExpressionAnalysis(
    { neutral: { kind: 'calmest-second' }, camera: 'normal', iris: true },
    recordLog,
  );
  try {
    seen.forEach((face, index) =>
      analysis.add(index + 1, index / DEMO_RATE, face && (blendshapes ? face : { ...face, blendshapes: null })),
    );
    const result = analysis.finish();
    return { left: [...result.actionUnits('left')], right: [...result.actionUnits('right')] };
  } finally {
    analysis.close();
  }
}

/** When a unit was present: from and to, in seconds. */
function eventsOf(rows: readonly ActionUnitRow[], unit: ActionUnit): { start: number; end: number }[] {
  const events: { start: number; end: number }[] = [];
  for (const [index, row] of rows.entries()) {
    if (row.presence[unit] !== 1) continue;
    const last = events.at(-1);
    if (last !== undefined && rows[index - 1]?.presence[unit] === 1) last.end = row.timestamp;
    else events.push({ start: row.timestamp, end: row.timestamp });
  }
  return events;
}

/** Each true event holds exactly one of those found, and there is no other. */
function expectEvents(rows: readonly ActionUnitRow[], unit: ActionUnit, movement: string): void {
  const expected = DEMO_EVENTS.filter((event) => event.movement === movement);
  const found = eventsOf(rows, unit);
  expect(found, `${unit} for ${movement}`).toHaveLength(expected.length);
  expected.forEach(({ start, end }, index) => {
    expect(found[index]!.start).toBeGreaterThanOrEqual(start - 0.1);
    expect(found[index]!.end).toBeLessThanOrEqual(end + 0.1);
  });
}

/** The smile is one-sided, the blink and each brow raise are found on both sides, and nothing of the kind besides. */
function expectKnownMovements({ left, right }: Record<Side, ActionUnitRow[]>): void {
  expectEvents(right, 'AU12', 'smileRight');
  const smiling = truth.frames
    .map(({ smileRight }, index) => (smileRight > 0.9 ? index : -1))
    .filter((index) => index >= 0);
  for (const index of smiling) {
    expect(right[index]!.intensity.AU12!).toBeGreaterThan(2);
    expect(right[index]!.intensity.AU12!).toBeGreaterThanOrEqual(2 * left[index]!.intensity.AU12!);
  }
  for (const rows of [left, right]) {
    expectEvents(rows, 'AU45', 'blink');
    expectEvents(rows, 'AU01', 'browRaise');
    expectEvents(rows, 'AU02', 'browRaise');
  }
}

/** While the eyes blink only AU45 is there, while the brows are up only AU01 and AU02, and at rest nothing. */
function expectNothingMadeUp(tables: Record<Side, ActionUnitRow[]>): void {
  const units = { blink: ['AU45'], browRaise: ['AU01', 'AU02'], smileRight: null };
  for (const side of ['left', 'right'] as const) {
    const madeUp = tables[side].flatMap(({ timestamp, presence }) => {
      const event = DEMO_EVENTS.find(({ start, end }) => timestamp >= start - 0.1 && timestamp <= end + 0.1);
      const expected = event === undefined ? [] : units[event.movement];
      if (expected === null) return [];
      return Object.entries(presence).flatMap(([unit, present]) =>
        present === 1 && !expected.includes(unit) ? [`${unit} at ${timestamp.toFixed(2)} s`] : [],
      );
    });
    expect(madeUp, side).toEqual([]);
  }
}

/** The greatest distance of a found midline's ends from the true line in pixels, and angle between them in degrees. */
function midlineErrors(seen: readonly (FaceObservation | null)[]): { pixels: number; degrees: number } {
  const smoother = new MidlineSmoother();
  let pixels = 0;
  let degrees = 0;
  seen.forEach((face, index) => {
    const found = smoother.next(face?.landmarks ?? null)!;
    const { midline } = truth.frames[index]!;
    pixels = Math.max(pixels, distanceTo(midline, found.glabella), distanceTo(midline, found.chin));
    degrees = Math.max(degrees, Math.abs(directionOf(found) - directionOf(midline)));
  });
  return { pixels, degrees };
}

function distanceTo({ glabella, chin }: Midline, { x, y }: Point): number {
  const [dx, dy] = [chin.x - glabella.x, chin.y - glabella.y];
  return Math.abs((x - glabella.x) * dy - (y - glabella.y) * dx) / Math.hypot(dx, dy);
}

function directionOf({ glabella, chin }: Midline): number {
  return (Math.atan2(chin.x - glabella.x, chin.y - glabella.y) * 180) / Math.PI;
}

describe('with the nets that are installed with the program', () => {
  let seen: (FaceObservation | null)[] = [];
  beforeAll(async () => {
    seen = await watchDemo();
  }, 240_000);

  test('every frame has a face, and action units from geometry show the known movements', () => {
    expect(seen.filter((face) => face === null)).toHaveLength(0);
    const tables = tablesOf(seen, false);
    expectKnownMovements(tables);
    expectNothingMadeUp(tables);
  });

  test('the midline is within 1.5 pixels and a degree of the truth on every frame, the one-sided smile included', () => {
    const errors = midlineErrors(seen);
    expect(errors.pixels).toBeLessThan(1.5);
    expect(errors.degrees).toBeLessThan(1);
  });
});

describe.skipIf(!existsSync(`${BUNDLE_FOLDER}/face_landmarker.task`))(
  'with face_landmarker.task (skipped where the shared models are absent)',
  () => {
    let seen: (FaceObservation | null)[] = [];
    beforeAll(async () => {
      seen = await watchDemo(BUNDLE_FOLDER);
    }, 240_000);
    afterAll(() => (seen = []));

    test.each([
      ['geometry', false],
      ['blendshapes', true],
    ])('action units from %s show the known movements, and no others', (_, blendshapes) => {
      const tables = tablesOf(seen, blendshapes);
      expectKnownMovements(tables);
      expectNothingMadeUp(tables);
    });

    test('the midline is within 1.5 pixels and half a degree of the truth on every frame, the one-sided smile included', () => {
      const errors = midlineErrors(seen);
      expect(errors.pixels).toBeLessThan(1.5);
      expect(errors.degrees).toBeLessThan(0.5);
    });
  },
);
