import { ROW_ABOVE, ROW_BELOW, neighbourPlaces, lowerWeights, phaseUnits, rightWeights, rowsAbove } from './tables';

/**
 * Eight source pixels of a block that lies inside the plane with all its neighbours, bilinear, each times 128.
 * `address` is that of the pixel at (least column, first row); `rows` says which rows the pixels lie in (tables.ts),
 * and the other vectors are what the tables hold for the block's phases.
 */
// @ts-ignore: decorator
@inline
export function sampleInside(
  address: usize, stride: i32, places: v128, rightWeights: v128, lowerWeights: v128, above: v128, rows: i32,
  full: v128, lowByte: v128
): v128 {
  const row0 = neighbours(address, places);
  const row1 = neighbours(address + stride, places);
  let upper = row0;
  let lower = row1;
  if (rows == ROW_ABOVE) {
    if (v128.any_true(above)) {
      upper = v128.bitselect(neighbours(address - stride, places), row0, above);
      lower = v128.bitselect(row0, row1, above);
    }
  } else if (rows == ROW_BELOW ? v128.any_true(above) : rows > 0) {
    const row2 = neighbours(address + 2 * stride, places);
    // Where there is no further row, 0 and -1 are a mask as they are.
    const isBelow0 = rows <= 1 ? above : i16x8.lt_s(above, i16x8.splat(0));
    upper = v128.bitselect(row1, row0, isBelow0);
    lower = v128.bitselect(row2, row1, isBelow0);
    if (rows > 1) {
      const row3 = neighbours(address + 3 * stride, places);
      const isBelow1 = i16x8.lt_s(above, i16x8.splat(-1));
      upper = v128.bitselect(row2, upper, isBelow1);
      lower = v128.bitselect(row3, lower, isBelow1);
      if (rows > 2) {
        let row4 = neighbours(address + 4 * stride, places);
        const isBelow2 = i16x8.lt_s(above, i16x8.splat(-2));
        upper = v128.bitselect(row3, upper, isBelow2);
        lower = v128.bitselect(row4, lower, isBelow2);
        if (rows > 3) {
          for (let r = 3; r < rows; r++) {
            const next = neighbours(address + (r + 2) * stride, places);
            const isBelow = i16x8.lt_s(above, i16x8.splat(<i16>-r));
            upper = v128.bitselect(row4, upper, isBelow);
            lower = v128.bitselect(next, lower, isBelow);
            row4 = next;
          }
        }
      }
    }
  }
  return blend(upper, lower, rightWeights, lowerWeights, full, lowByte);
}

/** The pixels' neighbours in a row, the left and the right one side by side. */
// @ts-ignore: decorator
@inline
function neighbours(address: usize, places: v128): v128 {
  return i8x16.swizzle(v128.load(address), places);
}

/** The same of a block that may reach beyond the plane; `source` is the plane's address. */
export function sampleClamped(
  source: usize, width: i32, height: i32, stride: i32, fineX: i64, fineY: i64, offsetsX: v128, offsetsY: v128
): v128 {
  const x = clampFine(fineX, width);
  const y = clampFine(fineY, height);
  const baseX = <i32>(x >> 32);
  const baseY = <i32>(y >> 32);
  const xs = clampUnits(i16x8.add(i16x8.splat(phaseUnits(x)), offsetsX), baseX, width);
  const ys = clampUnits(i16x8.add(i16x8.splat(phaseUnits(y)), offsetsY), baseY, height);
  const firstColumn = min(<i32>i16x8.extract_lane_s(xs, 0), <i32>i16x8.extract_lane_s(xs, 7)) >> 11;
  const rowA = <i32>i16x8.extract_lane_s(ys, 0) >> 11;
  const rowB = <i32>i16x8.extract_lane_s(ys, 7) >> 11;
  const firstRow = min(rowA, rowB);
  const extraRows = max(rowA, rowB) - firstRow;
  const above = rowsAbove(ys, firstRow);
  const places = neighbourPlaces(xs, firstColumn);
  const column = source + baseX + firstColumn;
  const lastAddress = column + (height - 1) * stride;
  let address = column + (baseY + firstRow) * stride;
  let upper = neighbours(address, places);
  address = min(address + stride, lastAddress);
  let next = neighbours(address, places);
  let lower = next;
  for (let r = 0; r < extraRows; r++) {
    address = min(address + stride, lastAddress);
    const current = next;
    next = neighbours(address, places);
    const isBelow = i16x8.lt_s(above, i16x8.splat(<i16>-r));
    upper = v128.bitselect(current, upper, isBelow);
    lower = v128.bitselect(next, lower, isBelow);
  }
  return blend(upper, lower, rightWeights(xs), lowerWeights(ys), i16x8.splat(128), i16x8.splat(255));
}

/** Far outside every lane is clamped to the same border, which is why the start may be brought near. */
// @ts-ignore: decorator
@inline
function clampFine(position: i64, size: i32): i64 {
  return min(max(position, <i64>-8 << 32), <i64>(size + 7) << 32);
}

// @ts-ignore: decorator
@inline
function clampUnits(units: v128, base: i32, size: i32): v128 {
  return i16x8.min_s(
    i16x8.max_s(units, i16x8.splat(saturate(-base * 2048))), i16x8.splat(saturate((size - 1 - base) * 2048))
  );
}

// @ts-ignore: decorator
@inline
function saturate(value: i32): i16 {
  return <i16>min(max(value, -32768), 32767);
}

/** The upper and the lower pairs of neighbours to one value each, times 128. */
// @ts-ignore: decorator
@inline
function blend(upper: v128, lower: v128, right: v128, below: v128, full: v128, lowByte: v128): v128 {
  const left = i16x8.sub(full, right);
  const above = blendAcross(upper, left, right, lowByte);
  return i16x8.add(above, i16x8.q15mulr_sat_s(i16x8.sub(blendAcross(lower, left, right, lowByte), above), below));
}

/** Left (low byte) and right neighbour to one value, times 128. */
// @ts-ignore: decorator
@inline
function blendAcross(neighbours: v128, left: v128, right: v128, lowByte: v128): v128 {
  return i16x8.add(i16x8.mul(v128.and(neighbours, lowByte), left), i16x8.mul(i16x8.shr_u(neighbours, 8), right));
}
