import { MESH_PAIRS } from './mesh-symmetry.js';
import { dot, meanOf, subtract, timesTransposed, type Vector } from './rotation.js';

/**
 * The picture's left vertices of the pairs that the plane is fitted to: forehead, temples, corners of the eyes, lower
 * orbits, nose bridge, jaw. Without those that a palsy or a one-sided expression displaces most: brows, lids, cheeks, the
 * nose's wings and tip, mouth and what surrounds it.
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

/**
 * The plane about which a mesh is most nearly its own mirror image: least squares between the vertices and the
 * reflections of their partners (the mid-sagittal plane of Klingenberg, Barluenga & Meyer 2002), reweighted so that a
 * displaced vertex has little say. It takes the turned head as it is and needs no mean head.
 *
 * @param vertexAt a vertex of the mesh; all axes in one unit.
 * @returns null when the vertices are not finite or have no sides.
 */
export function symmetryPlane(vertexAt: (index: number) => Vector): SymmetryPlane | null {
  const pairs = [...MIRROR_PAIRS, ...MEDIAL_VERTICES.map((index) => [index, index] as const)].map(([a, b]) => {
    const [left, right] = [vertexAt(a), vertexAt(b)];
    return { middle: meanOf([left, right]), half: scaled(subtract(right, left), 0.5) };
  });
  let weights = pairs.map(() => 1);
  let plane: SymmetryPlane | null = null;
  for (let fit = 0; fit < FITS; fit++) {
    plane = weightedPlane(pairs, weights);
    if (plane === null) return null;
    const { normal, offset } = plane;
    // Half the way from a vertex to its partner's reflection: what of the pair is not across the plane, and its middle's distance from it.
    const misses = pairs.map(({ middle, half }) => {
      const across = dot(half, normal);
      return Math.hypot(Math.sqrt(Math.max(0, dot(half, half) - across ** 2)), dot(middle, normal) - offset);
    });
    const typical = [...misses].sort((a, b) => a - b)[Math.floor(misses.length / 2)] ?? NaN;
    if (!(typical > 0)) break;
    weights = misses.map((miss) => 1 / (1 + (miss / (OUTLIER * typical)) ** 2));
  }
  return plane;
}

/** The point of the plane nearest to another. */
export function onPlane({ normal, offset }: SymmetryPlane, point: Vector): Vector {
  return subtract(point, scaled(normal, dot(point, normal) - offset));
}

interface Pair {
  readonly middle: Vector;
  /** From the middle to the vertex on the picture's right. */
  readonly half: Vector;
}

/**
 * The normal n that makes the sum of (half · n)² - (middle · n)² greatest, middles counted from their mean: the
 * eigenvector of that form's greatest eigenvalue, by power iteration from the mean of the halves.
 */
function weightedPlane(pairs: readonly Pair[], weights: readonly number[]): SymmetryPlane | null {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const weighted = (vectorOf: (pair: Pair) => Vector): Vector =>
    pairs.reduce<Vector>((sum, pair, i) => subtract(sum, scaled(vectorOf(pair), -(weights[i] ?? 0) / total)), [0, 0, 0]);
  const centre = weighted(({ middle }) => middle);
  const start = weighted(({ half }) => half);

  const form = [[0, 0, 0], [0, 0, 0], [0, 0, 0]] as [Triple, Triple, Triple];
  let shift = 0;
  pairs.forEach(({ middle, half }, index) => {
    const away = subtract(middle, centre);
    const weight = weights[index] ?? 0;
    // With the middles' spread added to all eigenvalues, none is negative.
    shift += weight * dot(away, away);
    for (const i of [0, 1, 2] as const) for (const j of [0, 1, 2] as const) form[i][j] += weight * (half[i] * half[j] - away[i] * away[j]);
  });
  for (const i of [0, 1, 2] as const) form[i][i] += shift;

  let normal = start;
  for (let step = 0; step < STEPS; step++) {
    const next = timesTransposed(form, normal);
    const length = Math.hypot(...next);
    if (!(length > 0 && Number.isFinite(length))) return null;
    normal = scaled(next, 1 / length);
  }
  return { normal, offset: dot(normal, centre) };
}

type Triple = [number, number, number];

function scaled([x, y, z]: Vector, by: number): Vector {
  return [x * by, y * by, z * by];
}
