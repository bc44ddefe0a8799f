import { MESH_PAIRS } from './mesh-symmetry.js';
import { dot, subtract, type Vector } from './rotation.js';

/**
 * The picture's left vertices of the pairs that the plane is fitted to: forehead, temples, corners of the eyes, lower
 * orbits, nose bridge, jaw. Without those that a palsy or a one-sided expression displaces most: brows, lids, cheeks,
 * the nose's wings and tip, mouth and what surrounds it.
 */
const STABLE: ReadonlySet<number> = new Set([
  3, 31, 33, 34, 35, 47, 54, 58, 67, 69, 93, 103, 104, 108, 109, 111, 112, 113, 114, 116, 117, 118, 119, 120, 121, 122,
  123, 124, 127, 128, 130, 132, 133, 136, 137, 140, 143, 147, 148, 149, 150, 156, 170, 171, 174, 176, 177, 188, 189,
  193, 196, 208, 213, 215, 217, 221, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 236, 243, 244, 245,
]);
export const MIRROR_PAIRS: readonly (readonly [number, number])[] = MESH_PAIRS.filter(([left]) => STABLE.has(left));

/** Vertices of the same regions on the mesh's own midline. */
export const MEDIAL_VERTICES: readonly number[] = [6, 8, 9, 10, 151, 152, 168, 175, 195, 197, 199];

/** The plane of the points p for which normal · p = offset. */
export interface SymmetryPlane {
  /** Of length 1, from the pairs' first vertices to their second ones. */
  readonly normal: Vector;
  readonly offset: number;
}

/** Fits of the plane, each weighting the vertices by how far they are from symmetry after the one before. */
const FITS = 4;
/** A vertex as many times farther from symmetry than the median one counts half (Cauchy's weight). */
const OUTLIER = 3;
/** Steps of the power iteration; each leaves about two thirds of the error at most. */
const STEPS = 40;

/** What the plane is fitted to: the pairs, and each medial vertex as its own partner. */
const PAIRS: readonly (readonly [number, number])[] = [
  ...MIRROR_PAIRS,
  ...MEDIAL_VERTICES.map((index) => [index, index] as const),
];

// Of the pairs under work: their middles, the ways from there to the vertices on the picture's right, their weights and
// how far they are from symmetry. One place for all meshes, since a fit is not interrupted: an object for each pair and
// each vector between was a fifth of a run's garbage.
const [middleX, middleY, middleZ, halfX, halfY, halfZ, weights, misses] = Array.from(
  { length: 8 },
  () => new Float64Array(PAIRS.length),
) as EightColumns;
type Column = Float64Array;
type EightColumns = [Column, Column, Column, Column, Column, Column, Column, Column];

/**
 * The plane about which a mesh is most nearly its own mirror image: least squares between the vertices and the
 * reflections of their partners (the mid-sagittal plane of Klingenberg, Barluenga & Meyer 2002), reweighted so that a
 * displaced vertex has little say. It takes the turned head as it is and needs no mean head.
 *
 * @param vertexAt a vertex of the mesh; all axes in one unit.
 * @returns null when the vertices are not finite or have no sides.
 */
export function symmetryPlane(vertexAt: (index: number) => Vector): SymmetryPlane | null {
  PAIRS.forEach(([a, b], pair) => takePair(pair, vertexAt(a), vertexAt(b)));
  weights.fill(1);
  let plane: SymmetryPlane | null = null;
  for (let fit = 0; fit < FITS; fit++) {
    plane = weightedPlane();
    if (plane === null) return null;
    measureMisses(plane);
    const typical = misses.slice().sort()[Math.floor(misses.length / 2)] ?? NaN;
    if (!(typical > 0)) break;
    for (let pair = 0; pair < PAIRS.length; pair++)
      weights[pair] = 1 / (1 + (at(misses, pair) / (OUTLIER * typical)) ** 2);
  }
  return plane;
}

/** The point of the plane nearest to another. */
export function onPlane({ normal, offset }: SymmetryPlane, point: Vector): Vector {
  const off = dot(point, normal) - offset;
  return subtract(point, [normal[0] * off, normal[1] * off, normal[2] * off]);
}

function takePair(pair: number, left: Vector, right: Vector): void {
  middleX[pair] = (left[0] + right[0]) / 2;
  middleY[pair] = (left[1] + right[1]) / 2;
  middleZ[pair] = (left[2] + right[2]) / 2;
  halfX[pair] = (right[0] - left[0]) / 2;
  halfY[pair] = (right[1] - left[1]) / 2;
  halfZ[pair] = (right[2] - left[2]) / 2;
}

/**
 * Half the way from a vertex to its partner's reflection: what of the pair is not across the plane, and its middle's
 * distance from it.
 */
function measureMisses({ normal: [x, y, z], offset }: SymmetryPlane): void {
  for (let pair = 0; pair < PAIRS.length; pair++) {
    const hx = at(halfX, pair);
    const hy = at(halfY, pair);
    const hz = at(halfZ, pair);
    const across = hx * x + hy * y + hz * z;
    const along = Math.max(0, hx * hx + hy * hy + hz * hz - across ** 2);
    const away = at(middleX, pair) * x + at(middleY, pair) * y + at(middleZ, pair) * z - offset;
    misses[pair] = Math.sqrt(along + away ** 2);
  }
}

/**
 * The normal n that makes the sum of (half · n)² - (middle · n)² greatest, middles counted from their mean: the
 * eigenvector of that form's greatest eigenvalue, by power iteration from the mean of the halves.
 */
function weightedPlane(): SymmetryPlane | null {
  let total = 0;
  for (let pair = 0; pair < PAIRS.length; pair++) total += at(weights, pair);
  let [centreX, centreY, centreZ, x, y, z] = [0, 0, 0, 0, 0, 0];
  for (let pair = 0; pair < PAIRS.length; pair++) {
    const share = at(weights, pair) / total;
    centreX += at(middleX, pair) * share;
    centreY += at(middleY, pair) * share;
    centreZ += at(middleZ, pair) * share;
    x += at(halfX, pair) * share;
    y += at(halfY, pair) * share;
    z += at(halfZ, pair) * share;
  }

  // The form's entries, the same on both sides of its diagonal.
  let [xx, xy, xz, yy, yz, zz, shift] = [0, 0, 0, 0, 0, 0, 0];
  for (let pair = 0; pair < PAIRS.length; pair++) {
    const weight = at(weights, pair);
    const hx = at(halfX, pair);
    const hy = at(halfY, pair);
    const hz = at(halfZ, pair);
    const ax = at(middleX, pair) - centreX;
    const ay = at(middleY, pair) - centreY;
    const az = at(middleZ, pair) - centreZ;
    // With the middles' spread added to all eigenvalues, none is negative.
    shift += weight * (ax * ax + ay * ay + az * az);
    xx += weight * (hx * hx - ax * ax);
    xy += weight * (hx * hy - ax * ay);
    xz += weight * (hx * hz - ax * az);
    yy += weight * (hy * hy - ay * ay);
    yz += weight * (hy * hz - ay * az);
    zz += weight * (hz * hz - az * az);
  }
  xx += shift;
  yy += shift;
  zz += shift;

  for (let step = 0; step < STEPS; step++) {
    const nextX = xx * x + xy * y + xz * z;
    const nextY = xy * x + yy * y + yz * z;
    const nextZ = xz * x + yz * y + zz * z;
    const length = Math.sqrt(nextX * nextX + nextY * nextY + nextZ * nextZ);
    if (!(length > 0 && Number.isFinite(length))) return null;
    x = nextX / length;
    y = nextY / length;
    z = nextZ / length;
  }
  return { normal: [x, y, z], offset: x * centreX + y * centreY + z * centreZ };
}

function at(column: Column, pair: number): number {
  return column[pair] ?? NaN;
}
