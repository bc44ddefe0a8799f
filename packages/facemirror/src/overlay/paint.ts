import { framePlanes, type Frame } from '../frames/frame.js';
import { rgbToYuv } from '../frames/rgb-to-yuv.js';

/** 8-bit red, green and blue. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** How much of a pixel is painted over, 0 to 1. */
export type Coverage = (x: number, y: number) => number;

/** Columns [from, to) of a row that may have any coverage. */
export type Span = readonly [from: number, to: number];

/**
 * Paints a colour straight onto a frame's YUV planes: each luma pixel by its coverage, each chroma sample by the mean
 * coverage of the (up to four) pixels that it stands for.
 * @param spanOf which columns of a row to ask for; may reach beyond the frame. Rows [top, bottom) are asked for.
 */
export function paint(frame: Frame, colour: Rgb, top: number, bottom: number, spanOf: (row: number) => Span, coverage: Coverage): void {
  const { width, height, yStride, uvStride } = frame.layout;
  const planes = framePlanes(frame);
  const [y, u, v] = rgbToYuv(frame.colour)(...colour);
  const lastRow = Math.min(Math.ceil(bottom), height);
  for (let row = Math.max(0, Math.floor(top)) & ~1; row < lastRow; row += 2) {
    const rows = row + 1 < height ? 2 : 1;
    const [fromA, toA] = spanOf(row);
    const [fromB, toB] = spanOf(row + 1);
    const last = Math.min(Math.ceil(Math.max(toA, toB)), width);
    for (let column = Math.max(0, Math.floor(Math.min(fromA, fromB))) & ~1; column < last; column += 2) {
      const columns = column + 1 < width ? 2 : 1;
      let sum = 0;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const share = coverage(column + j, row + i);
          if (share <= 0) continue;
          sum += share;
          mix(planes.y, (row + i) * yStride + column + j, y, share);
        }
      }
      if (sum === 0) continue;
      const share = sum / (rows * columns);
      const chroma = (row >> 1) * uvStride + (column >> 1);
      mix(planes.u, chroma, u, share);
      mix(planes.v, chroma, v, share);
    }
  }
}

function mix(plane: Uint8Array, at: number, value: number, share: number): void {
  const old = plane[at] ?? 0;
  plane[at] = Math.round(old + (value - old) * share);
}
