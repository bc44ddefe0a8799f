/**
 * Crops from YUV 4:2:0 frames to float tensors, in WebAssembly SIMD, four output pixels at a time. The same arithmetic
 * in plain TypeScript is ../crop-plain.ts; the two give the same bits: positions in double, samples in single
 * precision.
 */

/** A clamped position: what is before the point in whole pixels, and after it as a float, for four pixels. */
// @ts-ignore: decorator
@inline
function clamped(position: v128, last: f64): v128 {
  return f64x2.pmin(f64x2.pmax(position, f64x2.splat(0)), f64x2.splat(last));
}

/** The first two lanes of each as four. */
// @ts-ignore: decorator
@inline
function joined(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 0, 2);
}

/** Four bilinear samples; `places` are the four upper left pixels' offsets in the plane. */
// @ts-ignore: decorator
@inline
function sample(plane: usize, places: v128, stride: i32, fractionX: v128, fractionY: v128): v128 {
  const a = plane + i32x4.extract_lane(places, 0);
  const b = plane + i32x4.extract_lane(places, 1);
  const c = plane + i32x4.extract_lane(places, 2);
  const d = plane + i32x4.extract_lane(places, 3);
  // Pairs of neighbours: the four pixels' upper ones, then their lower ones.
  let pairs = v128.load16_lane(a, i16x8.splat(0), 0);
  pairs = v128.load16_lane(b, pairs, 1);
  pairs = v128.load16_lane(c, pairs, 2);
  pairs = v128.load16_lane(d, pairs, 3);
  pairs = v128.load16_lane(a + stride, pairs, 4);
  pairs = v128.load16_lane(b + stride, pairs, 5);
  pairs = v128.load16_lane(c + stride, pairs, 6);
  pairs = v128.load16_lane(d + stride, pairs, 7);
  const left = i16x8.shr_u(i16x8.shl(pairs, 8), 8);
  const right = i16x8.shr_u(pairs, 8);
  const upperLeft = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(left));
  const upperRight = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(right));
  const lowerLeft = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(left));
  const lowerRight = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(right));
  const upper = f32x4.add(upperLeft, f32x4.mul(f32x4.sub(upperRight, upperLeft), fractionX));
  const lower = f32x4.add(lowerLeft, f32x4.mul(f32x4.sub(lowerRight, lowerLeft), fractionX));
  return f32x4.add(upper, f32x4.mul(f32x4.sub(lower, upper), fractionY));
}

/** How much of a bilinear sample falls on the frame, along one axis. */
// @ts-ignore: decorator
@inline
function coverage(position: v128, size: f64): v128 {
  const near = f64x2.add(position, f64x2.splat(1));
  const far = f64x2.sub(f64x2.splat(size), position);
  return f64x2.pmax(f64x2.splat(0), f64x2.pmin(f64x2.splat(1), f64x2.pmin(near, far)));
}

// @ts-ignore: decorator
@inline
function store(address: usize, step: i32, value: v128): void {
  if (step == 4) {
    v128.store(address, value);
    return;
  }
  v128.store32_lane(address, value, 0);
  v128.store32_lane(address + step, value, 1);
  v128.store32_lane(address + 2 * step, value, 2);
  v128.store32_lane(address + 3 * step, value, 3);
}

/** Columns from one that is touched to the next. */
const TOUCH_STEP = 4;

/** Loads bytes of the two rows between which the pixel at a place is sampled. */
// @ts-ignore: decorator
@inline
function touched(plane: usize, stride: i32, x: f64, lastX: f64, y: f64, lastY: f64): i32 {
  const at = plane + <i32>min(max(y, 0), lastY) * stride + <i32>min(max(x, 0), lastX);
  return load<u8>(at) + load<u8>(at + stride);
}

/**
 * Samples the rows [rowFrom, rowTo) of a crop, `columns` (a multiple of 4) wide. The three outputs are where red, green
 * and blue of the first pixel go; `step` is 4 bytes for planes, 12 interleaved, `rowBytes` from row to row.
 *
 * Another thread has written the frame: a row's bytes are touched before they are sampled, in loads that do not wait
 * for one another, which takes a third off a crop. Gives what was touched, only lest the loads be left out.
 */
export function cropBilinear(
  luma: usize, width: i32, height: i32, lumaStride: i32,
  blueDifference: usize, redDifference: usize, chromaWidth: i32, chromaHeight: i32, chromaStride: i32,
  outRed: usize, outGreen: usize, outBlue: usize, step: i32, rowBytes: i32, columns: i32, rowFrom: i32, rowTo: i32,
  xx: f64, xy: f64, x0: f64, yx: f64, yy: f64, y0: f64, black: i32,
  lumaOffset: f32, lumaWeight: f32, redFromRed: f32, greenFromBlue: f32, greenFromRed: f32, blueFromBlue: f32,
  redScale: f32, greenScale: f32, blueScale: f32, redOffset: f32, greenOffset: f32, blueOffset: f32,
): i32 {
  const lastX = <f64>(width - 1);
  const lastY = <f64>(height - 1);
  const lastChromaX = <f64>(chromaWidth - 1);
  const lastChromaY = <f64>(chromaHeight - 1);
  const zero = f32x4.splat(0);
  const white = f32x4.splat(255);
  const middle = f32x4.splat(128);
  const half = f64x2.splat(0.5);
  let touches = 0;
  for (let row = rowFrom; row < rowTo; row++) {
    const startX = xy * <f64>row + x0;
    const startY = yy * <f64>row + y0;
    for (let column = 0; column < columns; column += TOUCH_STEP) {
      const x = xx * <f64>column + startX;
      const y = yx * <f64>column + startY;
      touches += touched(luma, lumaStride, x, lastX, y, lastY);
      touches += touched(blueDifference, chromaStride, x * 0.5, lastChromaX, y * 0.5, lastChromaY);
      touches += touched(redDifference, chromaStride, x * 0.5, lastChromaX, y * 0.5, lastChromaY);
    }
    const rowX = f64x2.splat(startX);
    const rowY = f64x2.splat(startY);
    let target = (row - rowFrom) * rowBytes;
    let first = f64x2.replace_lane(f64x2.splat(0), 1, 1);
    for (let column = 0; column < columns; column += 4) {
      const second = f64x2.add(first, f64x2.splat(2));
      const xA = f64x2.add(f64x2.mul(f64x2.splat(xx), first), rowX);
      const xB = f64x2.add(f64x2.mul(f64x2.splat(xx), second), rowX);
      const yA = f64x2.add(f64x2.mul(f64x2.splat(yx), first), rowY);
      const yB = f64x2.add(f64x2.mul(f64x2.splat(yx), second), rowY);
      first = f64x2.add(second, f64x2.splat(2));

      let light: v128;
      {
        const cxA = clamped(xA, lastX);
        const cxB = clamped(xB, lastX);
        const cyA = clamped(yA, lastY);
        const cyB = clamped(yB, lastY);
        const fxA = f64x2.floor(cxA);
        const fxB = f64x2.floor(cxB);
        const fyA = f64x2.floor(cyA);
        const fyB = f64x2.floor(cyB);
        const wholeX = joined(i32x4.trunc_sat_f64x2_s_zero(fxA), i32x4.trunc_sat_f64x2_s_zero(fxB));
        const wholeY = joined(i32x4.trunc_sat_f64x2_s_zero(fyA), i32x4.trunc_sat_f64x2_s_zero(fyB));
        const fractionX = joined(
          f32x4.demote_f64x2_zero(f64x2.sub(cxA, fxA)), f32x4.demote_f64x2_zero(f64x2.sub(cxB, fxB))
        );
        const fractionY = joined(
          f32x4.demote_f64x2_zero(f64x2.sub(cyA, fyA)), f32x4.demote_f64x2_zero(f64x2.sub(cyB, fyB))
        );
        const places = i32x4.add(i32x4.mul(wholeY, i32x4.splat(lumaStride)), wholeX);
        light = sample(luma, places, lumaStride, fractionX, fractionY);
      }
      light = f32x4.mul(f32x4.sub(light, f32x4.splat(lumaOffset)), f32x4.splat(lumaWeight));

      let u: v128;
      let v: v128;
      {
        const cxA = clamped(f64x2.mul(xA, half), lastChromaX);
        const cxB = clamped(f64x2.mul(xB, half), lastChromaX);
        const cyA = clamped(f64x2.mul(f64x2.sub(yA, half), half), lastChromaY);
        const cyB = clamped(f64x2.mul(f64x2.sub(yB, half), half), lastChromaY);
        const fxA = f64x2.floor(cxA);
        const fxB = f64x2.floor(cxB);
        const fyA = f64x2.floor(cyA);
        const fyB = f64x2.floor(cyB);
        const wholeX = joined(i32x4.trunc_sat_f64x2_s_zero(fxA), i32x4.trunc_sat_f64x2_s_zero(fxB));
        const wholeY = joined(i32x4.trunc_sat_f64x2_s_zero(fyA), i32x4.trunc_sat_f64x2_s_zero(fyB));
        const fractionX = joined(
          f32x4.demote_f64x2_zero(f64x2.sub(cxA, fxA)), f32x4.demote_f64x2_zero(f64x2.sub(cxB, fxB))
        );
        const fractionY = joined(
          f32x4.demote_f64x2_zero(f64x2.sub(cyA, fyA)), f32x4.demote_f64x2_zero(f64x2.sub(cyB, fyB))
        );
        const places = i32x4.add(i32x4.mul(wholeY, i32x4.splat(chromaStride)), wholeX);
        u = f32x4.sub(sample(blueDifference, places, chromaStride, fractionX, fractionY), middle);
        v = f32x4.sub(sample(redDifference, places, chromaStride, fractionX, fractionY), middle);
      }

      let red = f32x4.add(light, f32x4.mul(f32x4.splat(redFromRed), v));
      let green = f32x4.add(
        f32x4.add(light, f32x4.mul(f32x4.splat(greenFromBlue), u)), f32x4.mul(f32x4.splat(greenFromRed), v)
      );
      let blue = f32x4.add(light, f32x4.mul(f32x4.splat(blueFromBlue), u));
      red = f32x4.pmin(f32x4.pmax(red, zero), white);
      green = f32x4.pmin(f32x4.pmax(green, zero), white);
      blue = f32x4.pmin(f32x4.pmax(blue, zero), white);
      if (black) {
        const insideA = f64x2.mul(coverage(xA, <f64>width), coverage(yA, <f64>height));
        const insideB = f64x2.mul(coverage(xB, <f64>width), coverage(yB, <f64>height));
        const inside = joined(f32x4.demote_f64x2_zero(insideA), f32x4.demote_f64x2_zero(insideB));
        red = f32x4.mul(red, inside);
        green = f32x4.mul(green, inside);
        blue = f32x4.mul(blue, inside);
      }
      store(outRed + target, step, f32x4.add(f32x4.mul(red, f32x4.splat(redScale)), f32x4.splat(redOffset)));
      store(outGreen + target, step, f32x4.add(f32x4.mul(green, f32x4.splat(greenScale)), f32x4.splat(greenOffset)));
      store(outBlue + target, step, f32x4.add(f32x4.mul(blue, f32x4.splat(blueScale)), f32x4.splat(blueOffset)));
      target += 4 * step;
    }
  }
  return touches;
}

export { mixRows, squeezeRow } from './antialiased';
