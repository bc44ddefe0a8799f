import type { Box } from './observation.js';

/**
 * The smallest upright box about landmarks, in their unit.
 *
 * @param points x, y, z triples; points that are NaN are left out
 */
export function landmarkBox(points: Float32Array): Box {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i + 1 < points.length; i += 3) {
    const [x, y] = [points[i] ?? NaN, points[i + 1] ?? NaN];
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}
