import { expect, test } from 'vitest';
import { MidlineSmoother, midlineOf } from '../../src/face/midline.js';
import type { Landmarks, Point, Topology } from '../../src/face/observation.js';
import { randomNumbers } from '../random.js';

/** Landmarks of which only those of the midline are anywhere. */
function landmarksWith(glabella: Point, chin: Point, topology: Topology = 'mediapipe-478'): Landmarks {
  const points = new Float32Array(478 * 3);
  const put = (index: number, { x, y }: Point): void => points.set([x, y, 0], index * 3);
  if (topology === 'wflw-98') {
    put(38, { x: glabella.x - 10, y: glabella.y + 1 });
    put(50, { x: glabella.x + 10, y: glabella.y - 1 });
    put(16, chin);
  } else {
    for (const index of [8, 9]) put(index, glabella);
    put(152, chin);
  }
  return { topology, points };
}

test('the midline runs from between the brows through the chin in every topology', () => {
  for (const topology of ['mediapipe-478', 'mediapipe-468', 'wflw-98'] as const) {
    expect(midlineOf(landmarksWith({ x: 100, y: 80 }, { x: 110, y: 180 }, topology))).toEqual({ glabella: { x: 100, y: 80 }, chin: { x: 110, y: 180 } });
  }
});

test('landmarks that are no face have no midline', () => {
  expect(midlineOf(landmarksWith({ x: 5, y: 5 }, { x: 5, y: 5.5 }))).toBeNull();
  expect(midlineOf(landmarksWith({ x: NaN, y: 5 }, { x: 5, y: 50 }))).toBeNull();
});

test('the midline of a head in steady motion is not behind it', () => {
  const smoother = new MidlineSmoother();
  for (let frame = 0; frame < 12; frame++) {
    const midline = smoother.next(landmarksWith({ x: 100 + 2 * frame, y: 80 }, { x: 100 - 3 * frame, y: 300 + frame }));
    expect(midline?.glabella.x).toBeCloseTo(100 + 2 * frame, 3);
    expect(midline?.chin.x).toBeCloseTo(100 - 3 * frame, 3);
    expect(midline?.chin.y).toBeCloseTo(300 + frame, 3);
  }
});

test('noise of the landmarks is smaller in the smoothed midline', () => {
  const random = randomNumbers(1);
  const smoother = new MidlineSmoother();
  let before = 0;
  let after = 0;
  for (let frame = 0; frame < 400; frame++) {
    const x = 100 + random() - random();
    const midline = smoother.next(landmarksWith({ x, y: 80 }, { x: 100, y: 300 }));
    before += (x - 100) ** 2;
    after += (midline!.glabella.x - 100) ** 2;
  }
  expect(Math.sqrt(after / before)).toBeCloseTo(0.78, 1);
});

test('after frames without a face, and after a cut, nothing of the old midline is left', () => {
  const smoother = new MidlineSmoother();
  for (let frame = 0; frame < 5; frame++) smoother.next(landmarksWith({ x: 100 + frame, y: 80 }, { x: 100, y: 200 }));
  expect(smoother.next(null)).toBeNull();
  expect(smoother.next(landmarksWith({ x: 120, y: 80 }, { x: 120, y: 200 }))?.glabella.x).toBe(120);
  expect(smoother.next(landmarksWith({ x: 400, y: 80 }, { x: 400, y: 200 }))?.glabella.x).toBe(400);
});
