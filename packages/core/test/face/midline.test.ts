import { randomNumbers } from 'onnx-lens/graph';
import { expect, test } from 'vitest';
import { MidlineSmoother, midlineOf } from '../../src/face/midline.js';
import type { Landmarks, Point, Topology } from '../../src/face/observation.js';
import { MEDIAL_VERTICES, MIRROR_PAIRS } from '../../src/face/symmetry-plane.js';
import { MEAN_HEAD_MESH } from './mean-head.js';

/**
 * A mesh of partly random vertices that is its own mirror image, its midline as said, the head turned by `yaw` degrees;
 * or of WFLW only the midline's landmarks.
 */
function landmarksWith(glabella: Point, chin: Point, topology: Topology = 'mediapipe-478', yaw = 0): Landmarks {
  const points = new Float32Array(478 * 3);
  const [downX, downY] = [chin.x - glabella.x, chin.y - glabella.y];
  const [cos, sin] = [Math.cos((yaw * Math.PI) / 180), Math.sin((yaw * Math.PI) / 180)];
  const length = Math.hypot(downX, downY);
  /** In lengths of the midline: towards the picture's right, from the glabella down, away from the camera. */
  const put = (index: number, right: number, down: number, away: number): void => {
    const [across, deep] = [right * cos - away * sin, right * sin + away * cos];
    points.set(
      [glabella.x + across * downY + down * downX, glabella.y - across * downX + down * downY, deep * length],
      index * 3,
    );
  };
  if (topology === 'wflw-98') {
    for (const [index, right] of [
      [38, -0.1],
      [50, 0.1],
    ] as const)
      put(index, right, 0, 0);
    put(16, 0, 1, 0);
    return { topology, points };
  }
  const random = randomNumbers(7);
  for (const index of MEDIAL_VERTICES) put(index, 0, 1.4 * random() - 0.3, 0.2 * random());
  for (const [left, right] of MIRROR_PAIRS) {
    const [x, y, z] = [0.1 + 0.6 * random(), 1.3 * random() - 0.3, random()];
    put(left, -x, y, z);
    put(right, x, y, z);
  }
  // What the head's pose is read from lies as on the mean head, whose chin is 13.6 cm below the glabella.
  for (const [index, [x, y, z]] of MEAN_HEAD_MESH) put(index, x / 13.6, (4.2 - y) / 13.6, (5 - z) / 13.6);
  for (const index of [8, 9]) put(index, 0, 0, 0);
  put(152, 0, 1, 0);
  return { topology, points };
}

function distanceTo(from: Point, to: Point, { x, y }: Point): number {
  return (
    Math.abs((x - from.x) * (to.y - from.y) - (y - from.y) * (to.x - from.x)) / Math.hypot(to.x - from.x, to.y - from.y)
  );
}

function expectNear(found: Point, expected: Point): void {
  expect(Math.hypot(found.x - expected.x, found.y - expected.y)).toBeLessThan(0.01);
}

test('the midline runs from between the brows through the chin in every topology', () => {
  for (const topology of ['mediapipe-478', 'mediapipe-468', 'wflw-98'] as const) {
    const midline = midlineOf(landmarksWith({ x: 100, y: 80 }, { x: 110, y: 180 }, topology))!;
    expectNear(midline.glabella, { x: 100, y: 80 });
    expectNear(midline.chin, { x: 110, y: 180 });
  }
});

test('the midline of a mesh is that of the whole mesh: chin and brows that a network drags aside are put back, however the head is turned', () => {
  for (const yaw of [-30, 0, 12]) {
    const landmarks = landmarksWith({ x: 300, y: 200 }, { x: 280, y: 400 }, 'mediapipe-478', yaw);
    for (const index of [152, 148, 176, 8]) landmarks.points[index * 3]! += 8;
    const midline = midlineOf(landmarks)!;
    // Turned by some degrees, the nearest point of the plane lies by sin² of them beside the line that is seen.
    const beside = 0.5 + 8 * Math.sin((yaw * Math.PI) / 180) ** 2;
    expect(distanceTo({ x: 300, y: 200 }, { x: 280, y: 400 }, midline.glabella)).toBeLessThan(beside);
    expect(distanceTo({ x: 300, y: 200 }, { x: 280, y: 400 }, midline.chin)).toBeLessThan(beside);
  }
});

test('the midline of mirrored landmarks is the mirror image of the midline', () => {
  const landmarks = landmarksWith({ x: 300, y: 200 }, { x: 260, y: 390 }, 'mediapipe-478', 15);
  const random = randomNumbers(3);
  landmarks.points.forEach((value, index) => (landmarks.points[index] = value + 6 * random()));
  const mirrored = new Float32Array(landmarks.points.length);
  for (const [from, to] of [
    ...MIRROR_PAIRS,
    ...MIRROR_PAIRS.map(([a, b]) => [b, a] as const),
    ...MEDIAL_VERTICES.map((index) => [index, index] as const),
  ]) {
    const [x, y, z] = landmarks.points.subarray(from * 3, from * 3 + 3);
    mirrored.set([1000 - x!, y!, z!], to * 3);
  }
  const [line, reflected] = [midlineOf(landmarks)!, midlineOf({ ...landmarks, points: mirrored })!];
  expectNear(reflected.glabella, { x: 1000 - line.glabella.x, y: line.glabella.y });
  expectNear(reflected.chin, { x: 1000 - line.chin.x, y: line.chin.y });
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
  expect(smoother.next(landmarksWith({ x: 120, y: 80 }, { x: 120, y: 200 }))?.glabella.x).toBeCloseTo(120, 3);
  expect(smoother.next(landmarksWith({ x: 400, y: 80 }, { x: 400, y: 200 }))?.glabella.x).toBeCloseTo(400, 3);
});

test('landmarks that are no face give a line that can be mirrored about, or none', () => {
  const random = randomNumbers(11);
  for (const topology of ['wflw-98', 'mediapipe-478'] as const) {
    const smoother = new MidlineSmoother();
    for (let frame = 0; frame < 300; frame++) {
      const size = 10 ** (4 * random() - 2);
      const points = Float32Array.from({ length: 478 * 3 }, () => (random() < 0.002 ? NaN : size * random()));
      const line = smoother.next({ topology, points });
      if (line === null) continue;
      const length = Math.hypot(line.chin.x - line.glabella.x, line.chin.y - line.glabella.y);
      expect(length).toBeGreaterThanOrEqual(1);
      expect(length).toBeLessThan(Infinity);
    }
  }
});
