/**
 * Reflection of an 8-bit plane about a line, in WebAssembly SIMD. The same arithmetic in plain TypeScript, with the
 * reasons, is ../mirror-plane.ts; the two give the same bytes.
 *
 * Eight neighbouring output pixels are made at a time. Their sources lie on a line of the same length, so they span at
 * most nine columns and nine rows: a 16-byte load for each row and a byte shuffle gather them at any angle, and for a
 * near-vertical midline one or two rows suffice.
 */

/** Position units for each pixel within a block. */
const UNITS: f64 = 2048;

/** Blocks advance in 1/2^32 pixel: exact enough for any row, and whole numbers that the plain version has as well. */
const FINE_UNITS: f64 = 4294967296;

/** Starts farther out than this cannot reach any plane within a row. */
const FAR: f64 = 1048576;

/** The lanes' positions relative to the block's first pixel: i * step, in position units. */
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

// @ts-ignore: decorator
@inline
function saturate(value: i32): i16 {
  return <i16>min(max(value, -32768), 32767);
}

// @ts-ignore: decorator
@inline
function copyRange(source: usize, target: usize, bytes: i32): void {
  let i = 0;
  for (; i + 32 <= bytes; i += 32) {
    const a = v128.load(source + i);
    const b = v128.load(source + i, 16);
    v128.store(target + i, a);
    v128.store(target + i, b, 16);
  }
  for (; i < bytes; i += 8) store<u64>(target + i, load<u64>(source + i));
}

/** A position in fine units, half a coarse unit up so that cutting it off rounds. */
// @ts-ignore: decorator
@inline
function fineUnits(position: f64): i64 {
  return <i64>nearest(min(max(position, -FAR), FAR) * FINE_UNITS) + (1 << 20);
}

// @ts-ignore: decorator
@inline
function clampFine(position: i64, size: i32): i64 {
  return min(max(position, <i64>-8 << 32), <i64>(size + 7) << 32);
}

/** The first block, as a whole number, that starts within [least, most] pixels; some that do may be left out. */
// @ts-ignore: decorator
@inline
function firstWithin(start: i64, block: i64, least: i32, most: i32): f64 {
  const from = <f64>start / FINE_UNITS;
  if (block == 0) return from >= least && from <= most ? 0 : Infinity;
  return ceil(((block > 0 ? <f64>least : <f64>most) - from) / (<f64>block / FINE_UNITS));
}

/** The first block after those that start within [least, most] pixels. */
// @ts-ignore: decorator
@inline
function firstBeyond(start: i64, block: i64, least: i32, most: i32): f64 {
  if (block == 0) return Infinity;
  return floor(((block > 0 ? <f64>most : <f64>least) - <f64>start / FINE_UNITS) / (<f64>block / FINE_UNITS)) + 1;
}

/** Eight source pixels of a block that may reach beyond the plane, bilinear, each times 128. */
function sampleClamped(source: usize, width: i32, height: i32, stride: i32, fineX: i64, fineY: i64, offsetsX: v128, offsetsY: v128, byteTimes128: v128): v128 {
  const x = clampFine(fineX, width);
  const y = clampFine(fineY, height);
  const baseX = <i32>(x >> 32);
  const baseY = <i32>(y >> 32);
  let xs = i16x8.add(i16x8.splat(<i16>((<i32>x) >>> 21)), offsetsX);
  let ys = i16x8.add(i16x8.splat(<i16>((<i32>y) >>> 21)), offsetsY);
  xs = i16x8.min_s(i16x8.max_s(xs, i16x8.splat(saturate(-baseX * 2048))), i16x8.splat(saturate((width - 1 - baseX) * 2048)));
  ys = i16x8.min_s(i16x8.max_s(ys, i16x8.splat(saturate(-baseY * 2048))), i16x8.splat(saturate((height - 1 - baseY) * 2048)));
  const columnA = <i32>i16x8.extract_lane_s(xs, 0) >> 11;
  const columnB = <i32>i16x8.extract_lane_s(xs, 7) >> 11;
  const rowA = <i32>i16x8.extract_lane_s(ys, 0) >> 11;
  const rowB = <i32>i16x8.extract_lane_s(ys, 7) >> 11;
  const firstColumn = min(columnA, columnB);
  const firstRow = min(rowA, rowB);
  const column = source + baseX + firstColumn;
  return gather(column + (baseY + firstRow) * stride, column + (height - 1) * stride, stride, xs, ys, firstColumn, firstRow, max(rowA, rowB) - firstRow, byteTimes128);
}

/** The same for a block whose sources, and their neighbours, all lie inside the plane. */
// @ts-ignore: decorator
@inline
function sampleInside(source: usize, stride: i32, fineX: i64, fineY: i64, offsetsX: v128, offsetsY: v128, lastOffsetX: i32, lastOffsetY: i32, extraRows: i32, byteTimes128: v128): v128 {
  const x = <i32>fineX >>> 21;
  const y = <i32>fineY >>> 21;
  const firstColumn = min(0, (x + lastOffsetX) >> 11);
  const lastRow = (y + lastOffsetY) >> 11;
  const firstRow = min(0, lastRow);
  const address = source + <i32>(fineX >> 32) + firstColumn + (<i32>(fineY >> 32) + firstRow) * stride;
  const xs = i16x8.add(i16x8.splat(<i16>x), offsetsX);
  const ys = i16x8.add(i16x8.splat(<i16>y), offsetsY);
  // Near 0 degrees few blocks cross a row, and asking is cheaper; elsewhere a fixed count spares mispredicted branches.
  return gather(address, 0, stride, xs, ys, firstColumn, firstRow, extraRows > 0 ? extraRows : lastRow != 0 ? 1 : 0, byteTimes128);
}

/**
 * Bilinear samples at the lanes' positions; `start` is the address of (firstColumn, firstRow), lastAddress that of the
 * plane's last row, or 0 where no row beyond it is asked for, and the lanes lie in the first row and at most extraRows below it.
 */
// @ts-ignore: decorator
@inline
function gather(start: usize, lastAddress: usize, stride: i32, xs: v128, ys: v128, firstColumn: i32, firstRow: i32, extraRows: i32, byteTimes128: v128): v128 {
  const columns = i16x8.shr_s(xs, 11);
  // Bytes 2i and 2i+1 of a gathered vector are pixel i's left and right neighbour.
  const pairs = i16x8.add(i16x8.add(columns, i16x8.shl(columns, 8)), i16x8.splat(<i16>(0x0100 - firstColumn * 0x0101)));
  let address = start;
  let upper = i8x16.swizzle(v128.load(address), pairs);
  address = lastAddress ? min(address + stride, lastAddress) : address + stride;
  let lower = i8x16.swizzle(v128.load(address), pairs);
  if (extraRows > 0) {
    const rows = i16x8.shr_s(ys, 11);
    let row = lower;
    for (let r = 0; r < extraRows; r++) {
      address = lastAddress ? min(address + stride, lastAddress) : address + stride;
      const nextRow = i8x16.swizzle(v128.load(address), pairs);
      const isBelow = i16x8.gt_s(rows, i16x8.splat(<i16>(firstRow + r)));
      upper = v128.bitselect(row, upper, isBelow);
      lower = v128.bitselect(nextRow, lower, isBelow);
      row = nextRow;
    }
  }
  const fractionX = fraction(xs);
  const above = blendAcross(upper, fractionX, byteTimes128);
  return i16x8.add(above, i16x8.q15mulr_sat_s(i16x8.sub(blendAcross(lower, fractionX, byteTimes128), above), fraction(ys)));
}

/** The part of a position within its pixel, as 0 to 32752 for 0 to 1. */
// @ts-ignore: decorator
@inline
function fraction(position: v128): v128 {
  return i16x8.shr_u(i16x8.shl(position, 5), 1);
}

/** Left (low byte) and right neighbour to one value, times 128. */
// @ts-ignore: decorator
@inline
function blendAcross(neighbours: v128, fractionX: v128, byteTimes128: v128): v128 {
  const left = v128.and(i16x8.shl(neighbours, 7), byteTimes128);
  const right = v128.and(i16x8.shr_u(neighbours, 1), byteTimes128);
  return i16x8.add(left, i16x8.q15mulr_sat_s(i16x8.sub(right, left), fractionX));
}

// @ts-ignore: decorator
@inline
function storeBlock(target: usize, pixels: v128): void {
  const rounded = i16x8.avgr_u(i16x8.shr_u(pixels, 6), i16x8.splat(0));
  v128.store64_lane(target, i8x16.narrow_i16x8_u(rounded, rounded), 0);
}

/**
 * Writes `target`: the half with (x - pointX) * normalX + (y - pointY) * normalY >= 0 as it is in `source`, the other
 * half as the mirror image of it, blended over `halfSeam` to both sides of the line. The normal has length 1,
 * halfSeam >= 0.5. Both planes have the same stride, a multiple of 8, and do not overlap.
 */
export function mirrorPlane(
  source: usize,
  target: usize,
  width: i32,
  height: i32,
  stride: i32,
  pointX: f64,
  pointY: f64,
  normalX: f64,
  normalY: f64,
  halfSeam: f64,
): void {
  const stepX = 1 - 2 * normalX * normalX;
  const stepY = -2 * normalX * normalY;
  const offsetsX = laneOffsets(stepX);
  const offsetsY = laneOffsets(stepY);
  // V8 builds a constant vector anew, in several instructions, at every use; one that it cannot foresee stays in a
  // register. (A width is positive.)
  const byteTimes128 = i16x8.splat(<i16>(0x7f80 | (width >>> 31)));
  const seam = 2 * halfSeam;
  const weightOffsets = laneOffsets(normalX / seam);
  const lastOffsetX = <i32>i16x8.extract_lane_s(offsetsX, 7);
  const lastOffsetY = <i32>i16x8.extract_lane_s(offsetsY, 7);
  const extraRows = abs(lastOffsetY) < 512 ? 0 : (abs(lastOffsetY) >> 11) + 1;
  const blockX = <i64>nearest(8 * stepX * FINE_UNITS);
  const blockY = <i64>nearest(8 * stepY * FINE_UNITS);
  const blocks = (width + 7) >> 3;
  const lastBlock = <f64>blocks;
  for (let y = 0; y < height; y++) {
    const rowDistance = normalY * (<f64>y - pointY) - normalX * pointX;
    const rowSource = source + y * stride;
    const rowTarget = target + y * stride;

    // Blocks [reflectFrom, reflectTo) are all mirror image, [keepFrom, keepTo) are all kept, the others hold the seam.
    let reflectFrom = 0;
    let reflectTo = 0;
    let keepFrom = 0;
    let keepTo = 0;
    if (normalX > 0) {
      reflectTo = <i32>min(max(floor(((-halfSeam - rowDistance) / normalX + 1) / 8), 0), lastBlock);
      keepFrom = <i32>min(max(ceil((halfSeam - rowDistance) / normalX / 8), 0), lastBlock);
      keepTo = blocks;
    } else if (normalX < 0) {
      keepTo = <i32>min(max(floor(((halfSeam - rowDistance) / normalX + 1) / 8), 0), lastBlock);
      reflectFrom = <i32>min(max(ceil((-halfSeam - rowDistance) / normalX / 8), 0), lastBlock);
      reflectTo = blocks;
    } else if (rowDistance >= halfSeam) {
      keepTo = blocks;
    } else if (rowDistance <= -halfSeam) {
      reflectTo = blocks;
    }

    copyRange(rowSource + keepFrom * 8, rowTarget + keepFrom * 8, (keepTo - keepFrom) * 8);
    const startX = fineUnits(-2 * normalX * rowDistance);
    const startY = fineUnits(<f64>y - 2 * normalY * rowDistance);
    // A block's sources, and their neighbours, lie within 8 pixels to the left and 9 to the right of its start.
    const fromInside = max(firstWithin(startX, blockX, 9, width - 11), firstWithin(startY, blockY, 9, height - 11));
    const toInside = min(firstBeyond(startX, blockX, 9, width - 11), firstBeyond(startY, blockY, 9, height - 11));
    const insideFrom = <i32>min(max(fromInside, <f64>reflectFrom), <f64>reflectTo);
    const insideTo = <i32>max(min(toInside, <f64>reflectTo), <f64>insideFrom);
    for (let block = reflectFrom; block < insideFrom; block++) {
      storeBlock(rowTarget + block * 8, sampleClamped(source, width, height, stride, startX + <i64>block * blockX, startY + <i64>block * blockY, offsetsX, offsetsY, byteTimes128));
    }
    let fineX = startX + <i64>insideFrom * blockX;
    let fineY = startY + <i64>insideFrom * blockY;
    for (let block = insideFrom; block < insideTo; block++) {
      storeBlock(rowTarget + block * 8, sampleInside(source, stride, fineX, fineY, offsetsX, offsetsY, lastOffsetX, lastOffsetY, extraRows, byteTimes128));
      fineX += blockX;
      fineY += blockY;
    }
    for (let block = insideTo; block < reflectTo; block++) {
      storeBlock(rowTarget + block * 8, sampleClamped(source, width, height, stride, startX + <i64>block * blockX, startY + <i64>block * blockY, offsetsX, offsetsY, byteTimes128));
    }
    const seamFrom = normalX > 0 ? reflectTo : keepTo;
    const seamTo = normalX > 0 ? keepFrom : normalX < 0 ? reflectFrom : reflectTo + keepTo > 0 ? 0 : blocks;
    for (let block = seamFrom; block < seamTo; block++) {
      const distance = rowDistance + normalX * <f64>(block * 8);
      const reflected = sampleClamped(source, width, height, stride, startX + <i64>block * blockX, startY + <i64>block * blockY, offsetsX, offsetsY, byteTimes128);
      const weightStart = min(max((distance + halfSeam) / seam, -8), 8);
      let weight = i16x8.add(i16x8.splat(<i16>nearest(weightStart * UNITS)), weightOffsets);
      weight = i16x8.min_s(i16x8.max_s(weight, i16x8.splat(0)), i16x8.splat(2048));
      // 2048 stands for 1, which is 32768: one more than 16 bits hold.
      weight = i16x8.add(i16x8.shl(weight, 4), i16x8.eq(weight, i16x8.splat(2048)));
      const kept = i16x8.shl(v128.load8x8_u(rowSource + block * 8), 7);
      storeBlock(rowTarget + block * 8, i16x8.add(reflected, i16x8.q15mulr_sat_s(i16x8.sub(kept, reflected), weight)));
    }
  }
}
