import { expect, test } from 'vitest';
import type { Landmarks } from '../../src/face/observation.js';
import { SteadyChin } from '../../src/face/steady-chin.js';
import { MEAN_HEAD_MESH } from './mean-head.js';

const PIXELS_PER_CM = 13;

/** The mean head seen from the front, leaning to the patient's left by some degrees, its chin dragged sideways. */
function head(lean: number, dragged: number): Landmarks {
  const points = new Float32Array(478 * 3);
  const [cos, sin] = [Math.cos((lean * Math.PI) / 180), Math.sin((lean * Math.PI) / 180)];
  for (const [index, [modelX, modelY, modelZ]] of MEAN_HEAD_MESH) {
    const x = (modelX + (index === 152 ? dragged : 0)) * PIXELS_PER_CM;
    const y = -modelY * PIXELS_PER_CM;
    points.set([300 + cos * x - sin * y, 400 + sin * x + cos * y, -modelZ * PIXELS_PER_CM], index * 3);
  }
  return { topology: 'mediapipe-478', points };
}

function chinOf(landmarks: Landmarks): { x: number; y: number } {
  return { x: landmarks.points[152 * 3]!, y: landmarks.points[152 * 3 + 1]! };
}

test('a smile that drags the chin sideways for a second and a half does not move the midline', () => {
  const steady = new SteadyChin();
  for (let frame = 0; frame < 150; frame++) {
    const dragged = frame >= 60 && frame < 105 ? -0.45 : 0;
    const landmarks = head(3, dragged);
    const chin = steady.next(landmarks, chinOf(landmarks));
    const truth = chinOf(head(3, 0));
    expect(Math.hypot(chin.x - truth.x, chin.y - truth.y)).toBeLessThan(0.5);
  }
});

test('a chin that lies off the middle in this face is left there', () => {
  const steady = new SteadyChin();
  for (let frame = 0; frame < 20; frame++) {
    const landmarks = head(-5, 0.4);
    const chin = steady.next(landmarks, chinOf(landmarks));
    expect(chin.x).toBeCloseTo(chinOf(landmarks).x, 1);
  }
});
