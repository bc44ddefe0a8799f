/**
 * What is shown where a reflection comes from outside the plane: near the edge the border itself, which passes within
 * 2^(fadeShift + 4) pixels into the mean of the plane's border. Repeating the border alone draws streaks to the frame's
 * edge.
 */
import { phaseUnits } from './tables';

/** Starts farther out than this, in pixels, are past every fade. */
const BEYOND = 4096;

/** The mean of a plane's first and last rows and columns. */
export function borderMean(plane: usize, width: i32, height: i32, stride: i32): i32 {
  let sum: i32 = 0;
  const last = plane + (height - 1) * stride;
  for (let x = 0; x < width; x++) sum += <i32>load<u8>(plane + x) + <i32>load<u8>(last + x);
  for (let y = 0; y < height; y++) {
    sum += <i32>load<u8>(plane + y * stride) + <i32>load<u8>(plane + y * stride + width - 1);
  }
  const count = 2 * (width + height);
  return (sum + (count >> 1)) / count;
}

/** How far each pixel of a block lies outside the plane, as 0 to 32767 for not at all to the end of the fade. */
export function fadeShares(
  x: i64, y: i64, offsetsX: v128, offsetsY: v128, width: i32, height: i32, fadeShift: i32
): v128 {
  return i16x8.narrow_i32x4_s(
    sharesOf(x, y, i32x4.extend_low_i16x8_s(offsetsX), i32x4.extend_low_i16x8_s(offsetsY), width, height, fadeShift),
    sharesOf(x, y, i32x4.extend_high_i16x8_s(offsetsX), i32x4.extend_high_i16x8_s(offsetsY), width, height, fadeShift),
  );
}

// @ts-ignore: decorator
@inline
function sharesOf(x: i64, y: i64, offsetsX: v128, offsetsY: v128, width: i32, height: i32, fadeShift: i32): v128 {
  return i32x4.shr_u(i32x4.max_s(outside(x, offsetsX, width), outside(y, offsetsY, height)), fadeShift);
}

/** In position units. */
// @ts-ignore: decorator
@inline
function outside(fine: i64, offsets: v128, size: i32): v128 {
  const near = min(max(fine, <i64>-BEYOND << 32), <i64>(size + BEYOND) << 32);
  const places = i32x4.add(i32x4.splat((<i32>(near >> 32) << 11) + <i32>phaseUnits(near)), offsets);
  const past = i32x4.sub(places, i32x4.splat((size - 1) << 11));
  return i32x4.max_s(i32x4.max_s(i32x4.neg(places), past), i32x4.splat(0));
}

/** Pixels times 128, passing into the fill by their shares. */
// @ts-ignore: decorator
@inline
export function faded(pixels: v128, fill: i32, shares: v128): v128 {
  return i16x8.add(pixels, i16x8.q15mulr_sat_s(i16x8.sub(i16x8.splat(<i16>(fill << 7)), pixels), shares));
}
