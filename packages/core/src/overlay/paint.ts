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
export function paint(
  frame: Frame,
  colour: Rgb,
  top: number,
  bottom: number,
  spanOf: (row: number) => Span,
  coverage: Coverage,
): void {
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

/** Mixes a colour evenly into rows [0, bottom) of a frame, from edge to edge. */
export function shadeTop(frame: Frame, colour: Rgb, bottom: number, share: number): void {
  const { width, height, chromaWidth, yStride, uvStride } = frame.layout;
  const planes = framePlanes(frame);
  const [y, u, v] = rgbToYuv(frame.colour)(...colour);
  const rows = Math.min(bottom, height);
  const luma = mixingTable(y, share);
  for (let row = 0; row < rows; row++) apply(luma, planes.y, row * yStride, width);
  // Of the two rows that a chroma sample stands for, the second may lie below the shade.
  const isHalf = rows % 2 === 1 && rows < height;
  const whole = rows < height ? rows >> 1 : (rows + 1) >> 1;
  for (const [plane, value] of [
    [planes.u, u],
    [planes.v, v],
  ] as const) {
    const table = mixingTable(value, share);
    for (let row = 0; row < whole; row++) apply(table, plane, row * uvStride, chromaWidth);
    if (isHalf) apply(mixingTable(value, share / 2), plane, whole * uvStride, chromaWidth);
  }
}

/** A picture of 0 (nothing) to 255 (full ink), row by row. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly ink: Uint8Array;
}

/** Paints a mask's ink at a place of the frame; what lies beyond the frame's edges is left out. */
export function paintMask(frame: Frame, colour: Rgb, left: number, top: number, mask: Mask): void {
  const inkAt = (column: number, row: number): number =>
    column >= left && column < left + mask.width && row >= top && row < top + mask.height
      ? (mask.ink[(row - top) * mask.width + column - left] ?? 0) / 255
      : 0;
  paint(frame, colour, top, top + mask.height, () => [left, left + mask.width], inkAt);
}

/** What each of the 256 values becomes. */
function mixingTable(value: number, share: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, old) => Math.round(old + (value - old) * share));
}

function apply(table: Uint8Array, plane: Uint8Array, from: number, count: number): void {
  for (let at = from; at < from + count; at++) plane[at] = table[plane[at] ?? 0] ?? 0;
}

function mix(plane: Uint8Array, at: number, value: number, share: number): void {
  const old = plane[at] ?? 0;
  plane[at] = Math.round(old + (value - old) * share);
}
