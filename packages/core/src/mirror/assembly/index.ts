/**
 * Reflection of 8-bit planes about a line, in WebAssembly SIMD. The same arithmetic in plain TypeScript, with the
 * reasons, is ../mirror-plane.ts; the two give the same bytes.
 *
 * Eight neighbouring output pixels, a block, are made at a time. Their sources lie on a line of the same length, so
 * they span at most nine columns and nine rows: a 16-byte load for each row and a byte shuffle gather them at any
 * angle, and for a near-vertical midline two to four rows suffice (sample.ts). What depends on where in its pixel a
 * block starts is looked up (tables.ts). Only blocks over the plane's edges or outside are clamped, and fade
 * (regions.ts, fill.ts).
 */
import { reflectBlocks, sampleBlock, storeBlock } from './blocks';
import { INSIDE, farEdge, nearEdge, pair, regionEnd, regionOf, wholeBlocks } from './regions';
import { borderMean, faded, fadeShares } from './fill';
import { sampleClamped } from './sample';
import { UNITS, fillTables, firstRowOf, leastOffset, rowsOf, rowsTable } from './tables';

/** Blocks advance in 1/2^32 pixel: exact enough for any row, and whole numbers that the plain version has as well. */
const FINE_UNITS: f64 = 4294967296;

/** Starts farther out than this cannot reach any plane within a row. */
const FAR: f64 = 1048576;

/** Keeps quotients finite: nothing that moves by less from block to block gets anywhere within a plane. */
const LEAST: f64 = 1e-9;

/** How many rows are copied ahead at most: that many stay in the second-level cache. */
const MOST_AHEAD = 128;

// What one call works on, from its beginning to its end; an instance, and with it these, belongs to one thread.
let source: usize = 0;
let kept: usize = 0;
let opposite: usize = 0;
let second: usize = 0;
let width: i32 = 0;
let height: i32 = 0;
let stride: i32 = 0;
let blocks: i32 = 0;
let fadeShift: i32 = 0;
/** What the planes fade into. */
let fill: i32 = 0;
let secondFill: i32 = 0;
let tables: usize = 0;
/** Where the sources of a block's pixels lie, seen from the first one's, in position units. */
let offsetsX: v128 = i64x2.splat(0);
let offsetsY: v128 = i64x2.splat(0);
/** The least column and the first row of a block, seen from the one in which it starts; and which rows it lies in. */
let firstColumn: i32 = 0;
let firstRow: i32 = 0;
let rows: i32 = 0;
/** From one block's source to the next one's, in fine units. */
let blockX: i64 = 0;
let blockY: i64 = 0;
/**
 * In row 0 the first block that is not wholly on the line's one side and the first wholly on the other; and what they
 * lose with each row.
 */
let seam: v128 = i64x2.splat(0);
let seamSlope: f64 = 0;

// Of the row under way: where the first block's source lies, in fine units, and the first blocks of regions 1 to 4.
let startX: i64 = 0;
let startY: i64 = 0;
let x1: i32 = 0;
let x2: i32 = 0;
let x3: i32 = 0;
let x4: i32 = 0;
let y1: i32 = 0;
let y2: i32 = 0;
let y3: i32 = 0;
let y4: i32 = 0;

/**
 * Writes two planes: `keptPlane` has the half of the source with (x - pointX) * normalX + (y - pointY) * normalY >= 0
 * as it is and for the other half the mirror image of it, `oppositePlane` the other way round; over `halfSeam` to both
 * sides of the line the halves are blended. Either may be 0: it is not written then. The normal has length 1, halfSeam
 * >= 0.5. The planes have the same stride, a multiple of 8, and do not overlap. Where `secondDistance` is not 0, each
 * of them is followed at that distance by another one of the same size, which is mirrored in the same way. What comes
 * from outside fades into the border's mean within 2^(fade + 4) pixels (fill.ts). `scratch` is for the tables: 16.5 kB
 * that nobody else uses meanwhile.
 */
export function mirrorPlanes(
  sourcePlane: usize, keptPlane: usize, oppositePlane: usize, secondDistance: usize,
  planeWidth: i32, planeHeight: i32, planeStride: i32,
  pointX: f64, pointY: f64, normalX: f64, normalY: f64, halfSeam: f64, fade: i32, scratch: usize,
): void {
  if (normalX < 0) {
    mirrorPlanes(
      sourcePlane, oppositePlane, keptPlane, secondDistance, planeWidth, planeHeight, planeStride, pointX, pointY,
      -normalX, -normalY, halfSeam, fade, scratch
    );
    return;
  }
  source = sourcePlane;
  kept = keptPlane;
  opposite = oppositePlane;
  second = secondDistance;
  width = planeWidth;
  height = planeHeight;
  stride = planeStride;
  blocks = (width + 7) >> 3;
  tables = scratch;
  fadeShift = fade;
  fill = borderMean(source, width, height, stride);
  secondFill = second ? borderMean(source + second, width, height, stride) : 0;
  const stepX = 1 - 2 * normalX * normalX;
  const stepY = -2 * normalX * normalY;
  offsetsX = laneOffsets(stepX);
  offsetsY = laneOffsets(stepY);
  fillTables(tables, offsetsX, offsetsY);
  rows = rowsOf(offsetsY);
  firstColumn = leastOffset(offsetsX);
  firstRow = firstRowOf(offsetsY, rows);
  blockX = <i64>nearest(8 * stepX * FINE_UNITS);
  blockY = <i64>nearest(8 * stepY * FINE_UNITS);

  // The first blocks of each kind are found in row 0; from row to row they move on evenly.
  const lineDistance = normalX * pointX + normalY * pointY;
  const seamDensity = 1 / max(8 * normalX, LEAST);
  seam = pair((lineDistance - halfSeam - 7 * normalX) * seamDensity, (lineDistance + halfSeam) * seamDensity);
  seamSlope = normalY * seamDensity;
  const densityX = 1 / max(8 * abs(stepX), LEAST);
  const densityY = 1 / max(8 * abs(stepY), LEAST);
  const fromX = blockX > 0 ? 2 * normalX * lineDistance : <f64>(width - 1) - 2 * normalX * lineDistance;
  const fromY = blockY > 0 ? 2 * normalY * lineDistance : <f64>(height - 1) - 2 * normalY * lineDistance;
  const nearX = nearEdge(fromX, 7 * abs(stepX), densityX);
  const nearY = nearEdge(fromY, 7 * abs(stepY), densityY);
  const farX = farEdge(fromX, 7 * abs(stepX), densityX, width);
  const farY = farEdge(fromY, 7 * abs(stepY), densityY, height);
  const slopeX = (blockX > 0 ? stepY : -stepY) * densityX;
  const slopeY = (blockY > 0 ? 1 - 2 * normalY * normalY : 2 * normalY * normalY - 1) * densityY;
  const weightOffsets = laneOffsets(normalX / (2 * halfSeam));

  // About a tilted line the sources of a row lie in many rows, a piece in each, which no processor foresees. Copying
  // goes through the rows from end to end: done so far ahead it brings them into the cache before they are needed in
  // pieces.
  const ahead = min(<i32>(abs(stepY) * <f64>(width >> 1)), MOST_AHEAD);
  for (let y = 0; y < min(ahead, height); y++) copyRow(y);
  for (let y = 0; y < height; y++) {
    if (y + ahead < height) copyRow(y + ahead);
    const row = <f64>y;
    const rowDistance = normalY * (row - pointY) - normalX * pointX;
    startX = fineUnits(-2 * normalX * rowDistance);
    startY = fineUnits(row - 2 * normalY * rowDistance);
    let first = wholeBlocks(nearX, row * slopeX, blocks);
    x1 = i32x4.extract_lane(first, 0);
    x2 = i32x4.extract_lane(first, 1);
    first = wholeBlocks(farX, row * slopeX, blocks);
    x3 = max(x2, i32x4.extract_lane(first, 0));
    x4 = max(x2, i32x4.extract_lane(first, 1));
    first = wholeBlocks(nearY, row * slopeY, blocks);
    y1 = i32x4.extract_lane(first, 0);
    y2 = i32x4.extract_lane(first, 1);
    first = wholeBlocks(farY, row * slopeY, blocks);
    y3 = max(y2, i32x4.extract_lane(first, 0));
    y4 = max(y2, i32x4.extract_lane(first, 1));
    first = wholeBlocks(seam, row * seamSlope, blocks);
    const seamFrom = i32x4.extract_lane(first, 0);
    const seamTo = i32x4.extract_lane(first, 1);
    const at = y * stride;
    if (kept) reflectRange(kept + at, 0, seamFrom);
    if (opposite) reflectRange(opposite + at, seamTo, blocks);
    for (let block = seamFrom; block < seamTo; block++) {
      const distance = rowDistance + normalX * <f64>(block * 8);
      const share = min(max((distance + halfSeam) / (2 * halfSeam), -8), 8);
      const shares = i16x8.add(i16x8.splat(<i16>nearest(share * UNITS)), weightOffsets);
      mixBlock(0, at, block, shares);
      if (second) mixBlock(second, at, block, shares);
    }
  }
}

/** Copies what a row keeps of its source. */
function copyRow(y: i32): void {
  const first = wholeBlocks(seam, <f64>y * seamSlope, blocks);
  const seamFrom = i32x4.extract_lane(first, 0) * 8;
  const seamTo = i32x4.extract_lane(first, 1) * 8;
  const row = y * stride;
  const end = blocks * 8;
  if (kept) {
    copyRange(source + row + seamTo, kept + row + seamTo, end - seamTo);
    if (second) copyRange(source + second + row + seamTo, kept + second + row + seamTo, end - seamTo);
  }
  if (opposite) {
    copyRange(source + row, opposite + row, seamFrom);
    if (second) copyRange(source + second + row, opposite + second + row, seamFrom);
  }
}

/** Mirrors the blocks [from, to) of the row under way into the row at `target`. */
function reflectRange(target: usize, from: i32, to: i32): void {
  for (let block = from; block < to;) {
    const regionX = regionOf(block, x1, x2, x3, x4);
    const regionY = regionOf(block, y1, y2, y3, y4);
    const x = startX + <i64>block * blockX;
    const y = startY + <i64>block * blockY;
    if (regionX != INSIDE || regionY != INSIDE) {
      const shares = fadeShares(x, y, offsetsX, offsetsY, width, height, fadeShift);
      storeBlock(target + block * 8, sampleFaded(source, fill, x, y, shares));
      if (second) storeBlock(target + second + block * 8, sampleFaded(source + second, secondFill, x, y, shares));
      block++;
      continue;
    }
    const end = min(regionEnd(block, x1, x2, x3, x4, to), regionEnd(block, y1, y2, y3, y4, to));
    const origin = source + firstRow * stride + firstColumn;
    reflectBlocks(
      tables, rowsTable(tables), origin, second, stride, x, y, blockX, blockY, target + block * 8, target + end * 8,
      rows
    );
    block = end;
  }
}

/** A block that may come from outside the plane, times 128. */
// @ts-ignore: decorator
@inline
function sampleFaded(plane: usize, fillOfPlane: i32, x: i64, y: i64, shares: v128): v128 {
  return faded(sampleClamped(plane, width, height, stride, x, y, offsetsX, offsetsY), fillOfPlane, shares);
}

/**
 * Blends a block of the row under way, which begins at `row`, of the planes at that distance with its mirror image:
 * `shares` of the half on the normal's side, where 0 to UNITS stands for 0 to 1.
 */
function mixBlock(plane: usize, row: usize, block: i32, shares: v128): void {
  const at = plane + row + block * 8;
  const x = startX + <i64>block * blockX;
  const y = startY + <i64>block * blockY;
  const isInside = regionOf(block, x1, x2, x3, x4) == INSIDE && regionOf(block, y1, y2, y3, y4) == INSIDE;
  const mirrored = isInside
    ? sampleBlock(tables, source + plane + firstColumn + firstRow * stride, stride, x, y, rows)
    : sampleFaded(
      source + plane, plane ? secondFill : fill, x, y, fadeShares(x, y, offsetsX, offsetsY, width, height, fadeShift)
    );
  const difference = i16x8.sub(i16x8.shl(v128.load8x8_u(source + at), 7), mirrored);
  const one = i16x8.splat(<i16>UNITS);
  const share = i16x8.min_s(i16x8.max_s(shares, i16x8.splat(0)), one);
  if (kept) storeBlock(kept + at, i16x8.add(mirrored, i16x8.q15mulr_sat_s(difference, toQ15(share))));
  if (opposite) {
    storeBlock(opposite + at, i16x8.add(mirrored, i16x8.q15mulr_sat_s(difference, toQ15(i16x8.sub(one, share)))));
  }
}

/** 0 to 2048 as 0 to 32767: 2048 stands for 1, which is 32768, one more than 16 bits hold. */
// @ts-ignore: decorator
@inline
function toQ15(share: v128): v128 {
  return i16x8.add(i16x8.shl(share, 4), i16x8.eq(share, i16x8.splat(2048)));
}

/** Copies a multiple of 8 bytes. */
function copyRange(from: usize, to: usize, bytes: i32): void {
  let i = 0;
  for (; i + 64 <= bytes; i += 64) {
    const a = v128.load(from + i);
    const b = v128.load(from + i, 16);
    const c = v128.load(from + i, 32);
    const d = v128.load(from + i, 48);
    v128.store(to + i, a);
    v128.store(to + i, b, 16);
    v128.store(to + i, c, 32);
    v128.store(to + i, d, 48);
  }
  for (; i < bytes; i += 8) store<u64>(to + i, load<u64>(from + i));
}

/** A position in fine units, half a phase up so that cutting it off rounds. */
// @ts-ignore: decorator
@inline
function fineUnits(position: f64): i64 {
  return <i64>nearest(min(max(position, -FAR), FAR) * FINE_UNITS) + (1 << 23);
}

/** How far each pixel of a block is from the first one: i * step, in position units. */
function laneOffsets(step: f64): v128 {
  let lanes = i16x8.splat(0);
  lanes = i16x8.replace_lane(lanes, 1, <i16>nearest(step * UNITS));
  lanes = i16x8.replace_lane(lanes, 2, <i16>nearest(2 * step * UNITS));
  lanes = i16x8.replace_lane(lanes, 3, <i16>nearest(3 * step * UNITS));
  lanes = i16x8.replace_lane(lanes, 4, <i16>nearest(4 * step * UNITS));
  lanes = i16x8.replace_lane(lanes, 5, <i16>nearest(5 * step * UNITS));
  lanes = i16x8.replace_lane(lanes, 6, <i16>nearest(6 * step * UNITS));
  lanes = i16x8.replace_lane(lanes, 7, <i16>nearest(7 * step * UNITS));
  return lanes;
}
