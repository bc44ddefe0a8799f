import { expect, test } from 'vitest';
import { fitHeadPose, headAngles } from '../../src/face/head-pose.js';
import type { Landmarks, Topology } from '../../src/face/observation.js';

/** Places from MediaPipe's canonical face model that the fit uses, by mesh index and by WFLW index, cm. */
const CANONICAL: readonly {
  readonly mesh: number;
  readonly wflw?: number;
  readonly at: readonly [number, number, number];
}[] = [
  { mesh: 33, wflw: 60, at: [-4.445859, 2.663991, 3.173422] },
  { mesh: 133, wflw: 64, at: [-1.856432, 2.585245, 3.757904] },
  { mesh: 362, wflw: 68, at: [1.856432, 2.585245, 3.757904] },
  { mesh: 263, wflw: 72, at: [4.445859, 2.663991, 3.173422] },
  { mesh: 168, wflw: 51, at: [0, 3.271027, 5.236015] },
  { mesh: 6, at: [0, 2.473255, 5.788627] },
  { mesh: 197, wflw: 52, at: [0, 1.728369, 6.31675] },
  { mesh: 195, at: [0, 1.059413, 6.774605] },
  { mesh: 4, at: [0, -0.46317, 7.58658] },
  { mesh: 127, wflw: 0, at: [-7.743095, 2.364999, -2.005167] },
  { mesh: 356, wflw: 32, at: [7.743095, 2.364999, -2.005167] },
  { mesh: 162, at: [-7.555811, 4.106811, -0.991917] },
  { mesh: 389, at: [7.555811, 4.106811, -0.991917] },
  { mesh: 234, at: [-7.664182, 0.673132, -2.435867] },
  { mesh: 454, at: [7.664182, 0.673132, -2.435867] },
];

/** Adds a point's two nose landmarks of WFLW that the mesh has no vertex for. */
const WFLW_NOSE = [
  { wflw: 53, at: [0, 0.365669, 7.24287] },
  { wflw: 54, at: [0, -1.126865, 7.475604] },
] as const;

/** Draws the mean head at 20 pixels a cm, leaned, then tilted, then turned; degrees as HeadAngles has them. */
function headAt(topology: Topology, yaw: number, pitch: number, roll: number): Landmarks {
  const points = new Float32Array(478 * 3);
  const [turn, tilt, lean] = [yaw, pitch, roll].map((angle) => (angle * Math.PI) / 180) as [number, number, number];
  const draw = (index: number, [x, y, z]: readonly [number, number, number]): void => {
    const [x1, y1] = [x * Math.cos(lean) + y * Math.sin(lean), y * Math.cos(lean) - x * Math.sin(lean)];
    const [y2, z2] = [y1 * Math.cos(tilt) + z * Math.sin(tilt), z * Math.cos(tilt) - y1 * Math.sin(tilt)];
    const [x3, z3] = [x1 * Math.cos(turn) + z2 * Math.sin(turn), z2 * Math.cos(turn) - x1 * Math.sin(turn)];
    points.set([540 + 20 * x3, 800 - 20 * y2, topology === 'wflw-98' ? 0 : -20 * z3], index * 3);
  };
  for (const { mesh, wflw, at } of CANONICAL) {
    if (topology !== 'wflw-98') draw(mesh, at);
    else if (wflw !== undefined) draw(wflw, at);
  }
  if (topology === 'wflw-98') for (const { wflw, at } of WFLW_NOSE) draw(wflw, at);
  return { topology, points };
}

test.each(['mediapipe-478', 'mediapipe-468', 'wflw-98'] as const)(
  'the angles of a drawn head are found from %s landmarks',
  (topology) => {
    for (const yaw of [-40, -5, -3, 0, 3, 25]) {
      for (const pitch of [-20, 0, 12]) {
        for (const roll of [-170, -30, 0, 8, 90]) {
          const pose = fitHeadPose(headAt(topology, yaw, pitch, roll));
          const angles = headAngles(pose!);
          expect(angles.yaw).toBeCloseTo(yaw, 2);
          expect(angles.pitch).toBeCloseTo(pitch, 2);
          expect(angles.roll).toBeCloseTo(roll, 2);
          expect(pose!.scale).toBeCloseTo(20, 2);
        }
      }
    }
  },
);

test('a patient who turns to the own left shows the nose towards the right of the picture, and the angle is positive', () => {
  const landmarks = headAt('mediapipe-478', 20, 0, 0);
  expect(landmarks.points[4 * 3]!).toBeGreaterThan((landmarks.points[33 * 3]! + landmarks.points[263 * 3]!) / 2);
});

test('in mirrored video the angles are still the patient own ones', () => {
  const angles = headAngles(fitHeadPose(headAt('mediapipe-478', 20, 5, -10))!, 'mirrored');
  expect(angles.yaw).toBeCloseTo(-20, 3);
  expect(angles.pitch).toBeCloseTo(5, 3);
  expect(angles.roll).toBeCloseTo(10, 3);
});

test('landmarks that are no face have no pose', () => {
  expect(fitHeadPose({ topology: 'mediapipe-478', points: new Float32Array(478 * 3) })).toBeNull();
  expect(fitHeadPose({ topology: 'wflw-98', points: new Float32Array(98 * 3).fill(NaN) })).toBeNull();
});
