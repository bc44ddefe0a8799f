/**
 * Where the blocks of a row have their sources along one axis. Looked at in the direction in which they move, which
 * turns the axis round where they move to lower columns or rows, they come one after another from the regions
 *
 *   0  before the plane: all pixels are clamped to its border,
 *   1  over its edge,
 *   2  inside, with all the neighbours that the kernel loads,
 *   3  over the other edge,
 *   4  beyond the plane: all pixels are clamped to its other border,
 *
 * some of which may be empty. Regions 1 and 3 may hold blocks that do not reach over the edge; the others are strict.
 */
export const INSIDE = 2;

/** In pixels: more than a block's start is rounded by, and than the doubles are off by with which regions are found. */
const SLACK: f64 = 0.01;

/**
 * The first blocks of regions 1 and 2, not rounded, where a row's first block starts at pixel `start`, a block's last
 * pixel lies `reach` pixels farther on, and there are `density` blocks to the pixel.
 */
// @ts-ignore: decorator
@inline
export function nearEdge(start: f64, reach: f64, density: f64): v128 {
  return pair((-reach - SLACK - start) * density, (1 - start) * density);
}

/** The first blocks of regions 3 and 4 of a plane of that size, not rounded. */
// @ts-ignore: decorator
@inline
export function farEdge(start: f64, reach: f64, density: f64, size: i32): v128 {
  return pair((<f64>(size - 3) - reach - start) * density, (<f64>(size - 1) + SLACK - start) * density);
}

// @ts-ignore: decorator
@inline
export function pair(a: f64, b: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(a), 1, b);
}

/** Of the first blocks of row 0, less what they have moved by, the whole ones: 0 to `blocks`, which stands for none. */
// @ts-ignore: decorator
@inline
export function wholeBlocks(inRow0: v128, moved: f64, blocks: i32): v128 {
  const first = f64x2.ceil(f64x2.sub(inRow0, f64x2.splat(moved)));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.pmin(f64x2.pmax(first, f64x2.splat(0)), f64x2.splat(<f64>blocks)));
}

/** The region of a block, by the first blocks of regions 1 to 4. */
// @ts-ignore: decorator
@inline
export function regionOf(block: i32, first1: i32, first2: i32, first3: i32, first4: i32): i32 {
  return i32(block >= first1) + i32(block >= first2) + i32(block >= first3) + i32(block >= first4);
}

/** The first block, up to `end`, that is not in that one's region. */
// @ts-ignore: decorator
@inline
export function regionEnd(block: i32, first1: i32, first2: i32, first3: i32, first4: i32, end: i32): i32 {
  const first =
    block < first1 ? first1 : block < first2 ? first2 : block < first3 ? first3 : block < first4 ? first4 : end;
  return min(first, end);
}
