/** Landmarks of WFLW. */
export const STAR_POINTS = 98;
/** The facial boundaries that STAR calls edges. */
export const STAR_EDGES = 9;

/** First and last WFLW point of each edge: contour, right brow, left brow, nose bridge, nose base, right eye, left eye, outer lip, inner lip. */
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

/** (point, edge): 1 where the edge passes through the point. STAR's buffer `e2h_transform.weight` (conf/alignment.py). */
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
