import { toRadians } from '../arithmetic.js';
import type { FaceRegion } from './adapters.js';

/** Cosine and sine of a region's angle: its own horizontal is (cos, sin) in the frame, its vertical (-sin, cos). */
export function axesOf({ angle }: Pick<FaceRegion, 'angle'>): readonly [cos: number, sin: number] {
  const radians = toRadians(angle);
  return [Math.cos(radians), Math.sin(radians)];
}
