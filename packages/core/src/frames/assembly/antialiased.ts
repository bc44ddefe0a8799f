/**
 * The two directions of an antialiased resize, in WebAssembly SIMD and single precision. What the taps are is worked
 * out in ../triangle-taps.ts.
 */

/**
 * Mixes rows of a plane: `out[i]` becomes the sum over the rows of `weights[row] * plane[row * stride + i]`, for
 * `count` bytes; weights and sums are floats.
 */
export function mixRows(plane: usize, stride: i32, count: i32, weights: usize, rows: i32, out: usize): void {
  if (count < 16) {
    for (let i = 0; i < count; i++) {
      let sum: f32 = 0;
      for (let row = 0; row < rows; row++) {
        sum += load<f32>(weights + (row << 2)) * <f32>load<u8>(plane + row * stride + i);
      }
      store<f32>(out + (i << 2), sum);
    }
    return;
  }
  for (let i = 0; i < count; i += 16) {
    // The last sixteen may have been mixed in part: nothing is read beyond the row.
    const from = min(i, count - 16);
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    for (let row = 0; row < rows; row++) {
      const weight = v128.load32_splat(weights + (row << 2));
      const bytes = v128.load(plane + row * stride + from);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      a = f32x4.add(a, f32x4.mul(weight, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low))));
      b = f32x4.add(b, f32x4.mul(weight, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low))));
      c = f32x4.add(c, f32x4.mul(weight, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high))));
      d = f32x4.add(d, f32x4.mul(weight, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high))));
    }
    const target = out + (from << 2);
    v128.store(target, a);
    v128.store(target, b, 16);
    v128.store(target, c, 32);
    v128.store(target, d, 48);
  }
}

/**
 * Squeezes a row of floats: `out[i]` becomes the sum of `row[firsts[i] + tap] * weight` over `groups[i]` times four
 * taps, whose weights follow one another from one output to the next. Three floats behind the row's last must be
 * finite.
 */
export function squeezeRow(row: usize, firsts: usize, groups: usize, weights: usize, count: i32, out: usize): void {
  let at = weights;
  for (let i = 0; i < count; i++) {
    let source = row + (load<i32>(firsts + (i << 2)) << 2);
    const end = at + (load<i32>(groups + (i << 2)) << 4);
    let sum = f32x4.splat(0);
    while (at < end) {
      sum = f32x4.add(sum, f32x4.mul(v128.load(at), v128.load(source)));
      at += 16;
      source += 16;
    }
    const pairs = f32x4.add(sum, v128.shuffle<u64>(sum, sum, 1, 0));
    store<f32>(out + (i << 2), f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
  }
}
