import { expect, test } from 'vitest';
import type { FaceRegion } from '../../src/face/adapters.js';
import { LandmarkBalance } from '../../src/face/balance.js';
import { regionAbout } from '../../src/suites/mediapipe/region.js';
import { MESH_PAIRS, MESH_PARTNERS } from '../../src/face/mesh-symmetry.js';
import { MIRROR_PAIRS } from '../../src/face/symmetry-plane.js';
import type { FaceObservation } from '../../src/face/observation.js';
import { FramePool } from '../../src/frames/pool.js';

const frame = await new FramePool({
  width: 2,
  height: 2,
  colour: { matrix: 'bt709', range: 'full' },
  capacity: 1,
}).acquire();
const REGION: FaceRegion = { centre: { x: 100, y: 100 }, width: 200, height: 200, angle: 30 };
const POINTS = 478;

/** A face whose landmark k lies at (50 + k / 10, 60 + bend * k / 20). */
function faceWith(points: Float32Array): FaceObservation {
  return {
    box: { x: 0, y: 0, width: 1, height: 1 },
    confidence: 1,
    landmarks: { topology: 'mediapipe-478', points },
    blendshapes: null,
  };
}
function pointsOf(bend: number): Float32Array {
  return Float32Array.from({ length: 3 * POINTS }, (_, at) => [50 + at / 30, 60 + (bend * at) / 60, 0][at % 3]!);
}

/**
 * Its three further looks see every landmark 4 pixels right, 8 pixels lower and 4 pixels right of the plain look;
 * counts them.
 */
function looker(points: () => Float32Array): ConstructorParameters<typeof LandmarkBalance>[0] & { taken: number } {
  return {
    taken: 0,
    furtherLooks: 3,
    lookAgain(_frame, _region, look) {
      this.taken++;
      return Promise.resolve(
        points().map((value, at) => value + (at % 3 === (look === 1 ? 1 : 0) ? (look === 1 ? 8 : 4) : 0)),
      );
    },
  };
}

test('landmarks are moved to the mean of all looks, the plain one among them', async () => {
  const points = pointsOf(1);
  const { landmarks } = await new LandmarkBalance(looker(() => points)).balanced(frame, REGION, faceWith(points));
  for (const at of [0, 300, 1431]) {
    expect(landmarks.points[at]!).toBeCloseTo(points[at]! + 2, 3);
    expect(landmarks.points[at + 1]!).toBeCloseTo(points[at + 1]! + 2, 3);
    expect(landmarks.points[at + 2]!).toBeCloseTo(0, 3);
  }
});

test('a face is looked at closely once, again when it has changed, and never twice within half a second', async () => {
  let bend = 1;
  const landmarker = looker(() => pointsOf(bend));
  const balance = new LandmarkBalance(landmarker);
  const takenAfter = async (frames: number): Promise<number> => {
    for (let i = 0; i < frames; i++) await balance.balanced(frame, REGION, faceWith(pointsOf(bend)));
    return landmarker.taken;
  };
  expect(await takenAfter(100)).toBe(3);
  bend = 1.3;
  expect(await takenAfter(1)).toBe(6);
  bend = 1;
  expect(await takenAfter(50)).toBe(6);
  bend = 0.5;
  expect(await takenAfter(1)).toBe(9);
  bend = 2;
  expect(await takenAfter(10)).toBe(9);
  expect(await takenAfter(10)).toBe(12);
});

test('landmarks that are no numbers go through as they are, and spoil nothing that comes after', async () => {
  const balance = new LandmarkBalance(looker(() => pointsOf(1)));
  const broken = faceWith(new Float32Array(3 * POINTS).fill(NaN));
  expect(await balance.balanced(frame, REGION, broken)).toBe(broken);
  expect((await balance.balanced(frame, REGION, faceWith(pointsOf(1)))).landmarks.points[0]).toBeCloseTo(52, 3);
});

test('the region about a face turns with it: the network sees the same cut however the head leans', () => {
  const points = Float32Array.from(
    { length: 3 * POINTS },
    (_, at) => [100 + 40 * Math.cos(at), 120 + 55 * Math.sin(at * at), 0][at % 3]!,
  );
  const eyes = [
    { x: 80, y: 100 },
    { x: 120, y: 102 },
  ] as const;
  const upright = regionAbout(points, ...eyes);
  const turn = (x: number, y: number): { x: number; y: number } => {
    const [cos, sin] = [Math.cos(0.3), Math.sin(0.3)];
    return { x: x * cos - y * sin, y: x * sin + y * cos };
  };
  const turned = Float32Array.from(points);
  for (let at = 0; at < turned.length; at += 3) {
    const { x, y } = turn(points[at]!, points[at + 1]!);
    turned.set([x, y], at);
  }
  const region = regionAbout(turned, turn(eyes[0].x, eyes[0].y), turn(eyes[1].x, eyes[1].y));
  const centre = turn(upright.centre.x, upright.centre.y);
  expect(region.width).toBeCloseTo(upright.width, 3);
  expect(region.angle - upright.angle).toBeCloseTo((0.3 * 180) / Math.PI, 6);
  expect(region.centre.x).toBeCloseTo(centre.x, 3);
  expect(region.centre.y).toBeCloseTo(centre.y, 3);
});

test("the mesh's pairs hold every landmark at most once, and those that the midline rests on", () => {
  expect(new Set(MESH_PAIRS.flat()).size).toBe(2 * MESH_PAIRS.length);
  expect(MESH_PARTNERS.every((partner, index) => MESH_PARTNERS[partner] === index)).toBe(true);
  expect([33, 61, 468, 152].map((index) => MESH_PARTNERS[index])).toEqual([263, 291, 473, 152]);
  expect(MIRROR_PAIRS).toHaveLength(70);
});
