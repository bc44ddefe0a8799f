/**
 * Where the eight pixels of a block have their sources depends, beside the whole pixel at which the block starts, on
 * the phase alone: the start's position within that pixel, rounded to 1/256. For each phase and axis it is worked out
 * once in a call, so that a block has only to look it up. Two tables follow one another in scratch memory:
 *
 *   columns  for each phase 16 places in a vector that was loaded from the block's least column on, byte 2i for pixel
 * i's
 *            left neighbour and 2i + 1 for its right one; then 8 weights of the right neighbours, 0 to 128;
 *   rows     for each phase 8 weights of the lower neighbours, 0 to 32752 for 0 to 1; then for each pixel how many rows
 * it
 *            lies above the block's first row, 0 or less: -1 in the next one, -2 in the one after it.
 *
 * The first row is the least one that a block can reach, whatever its phase, and `rows` the number of further ones.
 * Only if the line is so nearly vertical that most blocks stay in one row, this one is the first, and `rows` ROW_ABOVE
 * or ROW_BELOW: for ROW_ABOVE, -1 stands for the row above it.
 */

/** The block's own row and seldom the one above it, or below it. */
export const ROW_ABOVE = -2;
export const ROW_BELOW = -1;

/** Seldom: when the sources of a block's pixels lie within that many position units of one row. */
const SELDOM = 1024;

/** Position units for each pixel within a block. */
export const UNITS: f64 = 2048;

const PHASES = 256;
/** Position units from one phase to the next. */
const PHASE_UNITS = 8;
/** An entry is two vectors. */
const ENTRY_SHIFT = 5;
const ROWS: usize = PHASES << ENTRY_SHIFT;

/** The number of a fine position's phase. */
// @ts-ignore: decorator
@inline
function phaseOf(fine: i64): u32 {
  return <u32>fine >>> 24;
}

/** A fine position's place within its pixel, in position units. */
// @ts-ignore: decorator
@inline
export function phaseUnits(fine: i64): i16 {
  return <i16>(phaseOf(fine) * PHASE_UNITS);
}

// @ts-ignore: decorator
@inline
export function phaseEntry(table: usize, fine: i64): usize {
  return table + (phaseOf(fine) << ENTRY_SHIFT);
}

// @ts-ignore: decorator
@inline
export function rowsTable(tables: usize): usize {
  return tables + ROWS;
}

/** Which rows the pixels of a block lie in beside the first: their number, ROW_ABOVE or ROW_BELOW. */
export function rowsOf(offsetsY: v128): i32 {
  const last = lastLane(offsetsY);
  if (last < 0) return last > -SELDOM ? ROW_ABOVE : -(last >> 11);
  return last < SELDOM ? ROW_BELOW : ((PHASES - 1) * PHASE_UNITS + last) >> 11;
}

/** The first row of a block, relative to the one in which it starts. */
// @ts-ignore: decorator
@inline
export function firstRowOf(offsetsY: v128, rows: i32): i32 {
  return rows == ROW_ABOVE ? 0 : leastOffset(offsetsY);
}

/** The least column or row of a block, relative to its start's, whatever its phase. */
// @ts-ignore: decorator
@inline
export function leastOffset(offsets: v128): i32 {
  return min(0, lastLane(offsets) >> 11);
}

/** Fills the tables for pixels whose sources lie at those offsets from the first one's, in position units. */
export function fillTables(tables: usize, offsetsX: v128, offsetsY: v128): void {
  const rows = rowsOf(offsetsY);
  const firstColumn = leastOffset(offsetsX);
  const firstRow = firstRowOf(offsetsY, rows);
  for (let phase = 0; phase < PHASES; phase++) {
    const start = i16x8.splat(<i16>(phase * PHASE_UNITS));
    const xs = i16x8.add(start, offsetsX);
    const ys = i16x8.add(start, offsetsY);
    const above = rowsAbove(ys, firstRow);
    const at = tables + (phase << ENTRY_SHIFT);
    v128.store(at, neighbourPlaces(xs, firstColumn));
    v128.store(at, rightWeights(xs), 16);
    v128.store(at, lowerWeights(ys), ROWS);
    v128.store(at, rows == ROW_ABOVE ? i16x8.neg(above) : above, ROWS + 16);
  }
}

// @ts-ignore: decorator
@inline
function lastLane(offsets: v128): i32 {
  return <i32>i16x8.extract_lane_s(offsets, 7);
}

// @ts-ignore: decorator
@inline
export function neighbourPlaces(xs: v128, firstColumn: i32): v128 {
  const columns = i16x8.shr_s(xs, 11);
  return i16x8.add(i16x8.add(columns, i16x8.shl(columns, 8)), i16x8.splat(<i16>(0x0100 - firstColumn * 0x0101)));
}

// @ts-ignore: decorator
@inline
export function rightWeights(xs: v128): v128 {
  return i16x8.shr_u(i16x8.add(v128.and(xs, i16x8.splat(2047)), i16x8.splat(8)), 4);
}

// @ts-ignore: decorator
@inline
export function lowerWeights(ys: v128): v128 {
  return i16x8.shl(v128.and(ys, i16x8.splat(2047)), 4);
}

// @ts-ignore: decorator
@inline
export function rowsAbove(ys: v128, firstRow: i32): v128 {
  return i16x8.sub(i16x8.splat(<i16>firstRow), i16x8.shr_s(ys, 11));
}
