import type { Kernel } from './layers.js';

/** Landmarks of WFLW. */
export const STAR_POINTS = 98;
/** The facial boundaries that STAR calls edges. */
export const STAR_EDGES = 9;

/**
 * First and last WFLW point of each edge: contour, right brow, left brow, nose bridge, nose base, right eye, left eye,
 * outer lip, inner lip.
 */
const EDGES = [
  [0, 32],
  [33, 41],
  [42, 50],
  [51, 54],
  [55, 59],
  [60, 67],
  [68, 75],
  [76, 87],
  [88, 95],
] as const;

/**
 * (point, edge): 1 where the edge passes through the point. STAR's buffer `e2h_transform.weight` (conf/alignment.py).
 */
export function edgeMembership(): Float32Array {
  const members = new Float32Array(STAR_POINTS * STAR_EDGES);
  EDGES.forEach(([first, last], edge) => {
    for (let point = first; point <= last; point++) members[point * STAR_EDGES + edge] = 1;
  });
  return members;
}

/**
 * CoordConv's three maps of a square of `size` pixels: from -1 in the first row to 1 in the last, from -1 in the first
 * column to 1 in the last (the original calls them x and y, but transposes them), and the distance from the centre over
 * its largest value. In float32 as PyTorch computes them (lib/backbone/core/coord_conv.py).
 */
export function coordinateMaps(size: number): Float32Array {
  const area = size * size;
  const maps = new Float32Array(3 * area);
  const along = Float32Array.from({ length: size }, (_, place) => Math.fround(Math.fround(place / (size - 1)) * 2) - 1);
  let largest = 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const at = row * size + column;
      const down = along[row] ?? 0;
      const across = along[column] ?? 0;
      const radius = Math.fround(Math.sqrt(Math.fround(Math.fround(down * down) + Math.fround(across * across))));
      maps[at] = down;
      maps[area + at] = across;
      maps[2 * area + at] = radius;
      largest = Math.max(largest, radius);
    }
  }
  for (let at = 2 * area; at < 3 * area; at++) maps[at] = (maps[at] ?? 0) / largest;
  return maps;
}

/** The three maps of {@link coordinateMaps}, one by one. */
export function splitMaps(
  maps: Float32Array,
): readonly [down: Float32Array, across: Float32Array, radius: Float32Array] {
  const each = maps.length / 3;
  return [maps.subarray(0, each), maps.subarray(each, 2 * each), maps.subarray(2 * each)];
}

/**
 * What a kernel with zero padding (half its size) makes of square maps, bias included: a constant of the graph.
 * Summed in float64.
 */
export function convolve(
  maps: Float32Array,
  size: number,
  { dims, weight, bias }: Kernel,
  stride: number,
): Float32Array {
  const [outputs, inputs, height, width] = dims;
  const reach = Math.floor(height / 2);
  const side = size / stride;
  const sums = new Float64Array(side * side);
  const result = new Float32Array(outputs * side * side);
  for (let output = 0; output < outputs; output++) {
    sums.fill(bias[output] ?? 0);
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < height * width; tap++) {
        const value = weight[(output * inputs + input) * height * width + tap] ?? 0;
        addShifted(sums, side, maps.subarray(input * size * size, (input + 1) * size * size), size, stride, {
          row: Math.floor(tap / width) - reach,
          column: (tap % width) - reach,
          value,
        });
      }
    }
    result.set(sums, output * side * side);
  }
  return result;
}

interface Tap {
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

function addShifted(sums: Float64Array, side: number, map: Float32Array, size: number, stride: number, tap: Tap): void {
  for (let y = 0; y < side; y++) {
    const row = y * stride + tap.row;
    if (row < 0 || row >= size) continue;
    for (let x = 0; x < side; x++) {
      const column = x * stride + tap.column;
      if (column < 0 || column >= size) continue;
      sums[y * side + x] = (sums[y * side + x] ?? 0) + tap.value * (map[row * size + column] ?? 0);
    }
  }
}
