import { sampleInside } from './sample';
import { ROW_ABOVE, ROW_BELOW, phaseEntry, rowsTable } from './tables';

/**
 * Mirrors blocks that lie inside the plane with all their neighbours, from `target` up to `end`. The first one starts
 * at (startX, startY) and each further one (stepX, stepY) after the one before, in fine units; `origin` is the address
 * of the pixel at (least column, first row) of a block that starts at (0, 0). They are looked up in `columnTable` and
 * `rowTable`, and lie in `rows` (tables.ts). Where `second` is not 0, the plane that many bytes farther on is
 * mirrored along with this one.
 */
export function reflectBlocks(
  columnTable: usize, rowTable: usize, origin: usize, second: usize, stride: i32,
  startX: i64, startY: i64, stepX: i64, stepY: i64, target: usize, end: usize, rows: i32,
): void {
  // A function for each kind, so that what does not change within a loop is not asked in it.
  if (rows == ROW_ABOVE) {
    reflectAbove(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end);
  } else if (rows == ROW_BELOW) {
    reflectBelow(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end);
  } else if (rows == 1) {
    reflectOver1(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end);
  } else if (rows == 2) {
    reflectOver2(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end);
  } else if (rows == 3) {
    reflectOver3(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end);
  } else {
    reflect(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end, rows);
  }
}

function reflectAbove(
  columnTable: usize, rowTable: usize, origin: usize, second: usize, stride: i32, startX: i64, startY: i64, stepX: i64,
  stepY: i64, target: usize, end: usize
): void {
  reflect(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end, ROW_ABOVE);
}

function reflectBelow(
  columnTable: usize, rowTable: usize, origin: usize, second: usize, stride: i32, startX: i64, startY: i64, stepX: i64,
  stepY: i64, target: usize, end: usize
): void {
  reflect(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end, ROW_BELOW);
}

function reflectOver1(
  columnTable: usize, rowTable: usize, origin: usize, second: usize, stride: i32, startX: i64, startY: i64, stepX: i64,
  stepY: i64, target: usize, end: usize
): void {
  reflect(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end, 1);
}

function reflectOver2(
  columnTable: usize, rowTable: usize, origin: usize, second: usize, stride: i32, startX: i64, startY: i64, stepX: i64,
  stepY: i64, target: usize, end: usize
): void {
  reflect(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end, 2);
}

function reflectOver3(
  columnTable: usize, rowTable: usize, origin: usize, second: usize, stride: i32, startX: i64, startY: i64, stepX: i64,
  stepY: i64, target: usize, end: usize
): void {
  reflect(columnTable, rowTable, origin, second, stride, startX, startY, stepX, stepY, target, end, 3);
}

// @ts-ignore: decorator
@inline
function reflect(
  columnTable: usize, rowTable: usize, origin: usize, second: usize, stride: i32, startX: i64, startY: i64, stepX: i64,
  stepY: i64, target: usize, end: usize, rows: i32
): void {
  // V8 builds a constant vector again, in several instructions, at every use; one that it cannot foresee stays in a
  // register. (A stride is not negative.)
  const unforeseen = stride >>> 31;
  const full = i16x8.splat(<i16>(128 | unforeseen));
  const lowByte = i16x8.splat(<i16>(255 | unforeseen));
  let x = startX;
  let y = startY;
  if (second) {
    for (; target < end; target += 8) {
      const column = phaseEntry(columnTable, x);
      const row = phaseEntry(rowTable, y);
      const address = addressAt(origin, stride, x, y);
      const places = v128.load(column);
      const right = v128.load(column, 16);
      const lower = v128.load(row);
      const above = v128.load(row, 16);
      const a = sampleInside(address, stride, places, right, lower, above, rows, full, lowByte);
      const b = sampleInside(address + second, stride, places, right, lower, above, rows, full, lowByte);
      const pixels = rounded(a, b);
      v128.store64_lane(target, pixels, 0);
      v128.store64_lane(target + second, pixels, 1);
      x += stepX;
      y += stepY;
    }
    return;
  }
  for (; target + 8 < end; target += 16) {
    const a = sampleAt(columnTable, rowTable, origin, stride, x, y, rows, full, lowByte);
    x += stepX;
    y += stepY;
    const b = sampleAt(columnTable, rowTable, origin, stride, x, y, rows, full, lowByte);
    x += stepX;
    y += stepY;
    v128.store(target, rounded(a, b));
  }
  if (target < end) storeBlock(target, sampleAt(columnTable, rowTable, origin, stride, x, y, rows, full, lowByte));
}

/** One block of those that `reflectBlocks` mirrors: its pixels times 128. */
export function sampleBlock(tables: usize, origin: usize, stride: i32, x: i64, y: i64, rows: i32): v128 {
  return sampleAt(tables, rowsTable(tables), origin, stride, x, y, rows, i16x8.splat(128), i16x8.splat(255));
}

// @ts-ignore: decorator
@inline
function sampleAt(
  columnTable: usize, rowTable: usize, origin: usize, stride: i32, x: i64, y: i64, rows: i32, full: v128, lowByte: v128
): v128 {
  const column = phaseEntry(columnTable, x);
  const row = phaseEntry(rowTable, y);
  const address = addressAt(origin, stride, x, y);
  return sampleInside(
    address, stride, v128.load(column), v128.load(column, 16), v128.load(row), v128.load(row, 16), rows, full, lowByte
  );
}

// @ts-ignore: decorator
@inline
function addressAt(origin: usize, stride: i32, x: i64, y: i64): usize {
  return origin + <i32>(x >> 32) + <i32>(y >> 32) * stride;
}

/** Eight pixels, times 128, to the bytes at `target`. */
// @ts-ignore: decorator
@inline
export function storeBlock(target: usize, pixels: v128): void {
  v128.store64_lane(target, rounded(pixels, pixels), 0);
}

// @ts-ignore: decorator
@inline
function rounded(a: v128, b: v128): v128 {
  const zero = i16x8.splat(0);
  return i8x16.narrow_i16x8_u(i16x8.avgr_u(i16x8.shr_u(a, 6), zero), i16x8.avgr_u(i16x8.shr_u(b, 6), zero));
}
