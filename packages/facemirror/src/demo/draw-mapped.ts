import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';
import type { Picture } from './portrait.js';

/** Where in a picture each pixel of a frame comes from, row by row. */
export interface FrameMap {
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** How much of each pixel is the dark of an open mouth, 0 to 1; null for none. */
  readonly dark: Float32Array | null;
  /** Columns of a row. */
  readonly width: number;
  /** By how much the map turns, for the places between pixels. */
  readonly cos: number;
  readonly sin: number;
}

/** The dark of an open mouth in limited-range BT.709: a deep brown. */
const DARK = { y: 34, u: 125, v: 136 } as const;

/** Draws a picture into a frame (bilinear; edge pixels reach outwards). */
export function drawMapped(picture: Picture, map: FrameMap, frame: Frame): void {
  const { width, height, chromaWidth, chromaHeight, yStride, uvStride } = frame.layout;
  const planes = framePlanes(frame);
  drawPlane(picture, picture.y, map, { into: planes.y, stride: yStride, width, height, step: 1, dark: DARK.y });
  const chroma = { stride: uvStride, width: chromaWidth, height: chromaHeight, step: 2 };
  drawPlane(picture, picture.u, map, { into: planes.u, ...chroma, dark: DARK.u });
  drawPlane(picture, picture.v, map, { into: planes.v, ...chroma, dark: DARK.v });
}

interface Plane {
  readonly into: Uint8Array;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
  /** Frame pixels from one sample to the next. */
  readonly step: number;
  readonly dark: number;
}

function drawPlane({ width, height }: Picture, samples: Uint8Array, map: FrameMap, plane: Plane): void {
  // A chroma sample is in the middle of its square of pixels.
  const half = (plane.step - 1) / 2;
  const [offsetX, offsetY] = [half * (map.cos + map.sin), half * (map.cos - map.sin)];
  for (let row = 0; row < plane.height; row++) {
    for (let column = 0; column < plane.width; column++) {
      const from = row * plane.step * map.width + column * plane.step;
      const x = Math.min(width - 1.001, Math.max(0, (map.x[from] ?? 0) + offsetX));
      const y = Math.min(height - 1.001, Math.max(0, (map.y[from] ?? 0) + offsetY));
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      const fx = x - x0;
      const at = y0 * width + x0;
      const upper = (samples[at] ?? 0) * (1 - fx) + (samples[at + 1] ?? 0) * fx;
      const lower = (samples[at + width] ?? 0) * (1 - fx) + (samples[at + width + 1] ?? 0) * fx;
      const seen = upper + (lower - upper) * (y - y0);
      const dark = map.dark?.[from] ?? 0;
      plane.into[row * plane.stride + column] = Math.round(seen + (plane.dark - seen) * dark);
    }
  }
}
