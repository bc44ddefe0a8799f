import { landmarkBox } from '../face/landmark-box.js';
import type { Landmarks } from '../face/observation.js';
import { framePlanes, type Frame } from '../frames/frame.js';

/** Samples along each side of the grid that is laid over the face. */
const GRID = 64;
/** Sides of the grid in box sizes of the landmarks. */
const REACH = 0.8;
/** Of the face's width, the distance over which luma is compared: about a millimetre. */
const DETAIL = 1 / 130;

/**
 * How sharp the face is: the mean absolute second difference of luma along rows and columns, over about a millimetre,
 * over luma's standard deviation, on a grid of {@link GRID} by {@link GRID} samples over the middle of the face. A
 * ratio, so that neither light, contrast nor the number of pixels matter much. 0 and more; NaN when the face lies
 * outside the frame.
 */
export function faceSharpness(frame: Frame, landmarks: Landmarks): number {
  const face = landmarkBox(landmarks.points);
  const { width, height, yStride } = frame.layout;
  const { y: luma } = framePlanes(frame);
  const stepX = (face.width * REACH) / GRID;
  const stepY = (face.height * REACH) / GRID;
  const startX = face.x + (face.width * (1 - REACH)) / 2;
  const startY = face.y + (face.height * (1 - REACH)) / 2;
  const apart = Math.max(1, Math.round(face.width * DETAIL));
  let [count, sum, squares, bend] = [0, 0, 0, 0];
  for (let row = 0; row < GRID; row++) {
    const y = Math.round(startY + row * stepY);
    if (!(y >= apart && y < height - apart)) continue;
    for (let column = 0; column < GRID; column++) {
      const x = Math.round(startX + column * stepX);
      if (!(x >= apart && x < width - apart)) continue;
      const at = y * yStride + x;
      const here = luma[at] ?? 0;
      count++;
      sum += here;
      squares += here * here;
      bend +=
        Math.abs(2 * here - (luma[at - apart] ?? 0) - (luma[at + apart] ?? 0)) +
        Math.abs(2 * here - (luma[at - apart * yStride] ?? 0) - (luma[at + apart * yStride] ?? 0));
    }
  }
  if (count < (GRID * GRID) / 4) return NaN;
  const deviation = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  return bend / count / 2 / Math.max(1, deviation);
}
