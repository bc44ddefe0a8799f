import { sum } from '../arithmetic.js';

/** A vector of the three axes. */
export type Vector = readonly [number, number, number];
/** Three rows. */
export type Matrix = readonly [Vector, Vector, Vector];

type Axis = 0 | 1 | 2;

function matrixOf(entry: (row: Axis, column: Axis) => number): Matrix {
  return [
    [entry(0, 0), entry(0, 1), entry(0, 2)],
    [entry(1, 0), entry(1, 1), entry(1, 2)],
    [entry(2, 0), entry(2, 1), entry(2, 2)],
  ];
}

/**
 * The orthogonal factor of a matrix' polar decomposition, by Newton's iteration (Higham 1986); null when it is singular
 * or a reflection.
 */
export function nearestRotation(matrix: Matrix): Matrix | null {
  let current = matrix;
  for (let iteration = 0; iteration < 30; iteration++) {
    const inverse = inverted(current);
    if (inverse === null) return null;
    const next = transposedMean(current, inverse);
    const isSettled = next.every((row, i) =>
      row.every((value, j) => Math.abs(value - (current[i]?.[j] ?? NaN)) < 1e-12),
    );
    current = next;
    if (isSettled) break;
  }
  return dot(cross(current[0], current[1]), current[2]) > 0 ? current : null;
}

/**
 * Half the sum of a matrix and the transpose of another, the first scaled so that Newton's iteration converges from any
 * size.
 */
function transposedMean(a: Matrix, inverse: Matrix): Matrix {
  const gamma = Math.sqrt(frobenius(inverse) / frobenius(a));
  const entry = (i: Axis, j: Axis): number => (a[i][j] * gamma + inverse[j][i] / gamma) / 2;
  return matrixOf(entry);
}

/** The inverse; null where there is none, or none that is worth its digits. */
export function inverted([a, b, c]: Matrix): Matrix | null {
  const bc = cross(b, c);
  const ca = cross(c, a);
  const ab = cross(a, b);
  const determinant = dot(a, bc);
  if (
    !Number.isFinite(determinant) ||
    Math.abs(determinant) < 1e-12 * Math.hypot(...a) * Math.hypot(...b) * Math.hypot(...c)
  )
    return null;
  if (determinant === 0) return null;
  return [
    [bc[0] / determinant, ca[0] / determinant, ab[0] / determinant],
    [bc[1] / determinant, ca[1] / determinant, ab[1] / determinant],
    [bc[2] / determinant, ca[2] / determinant, ab[2] / determinant],
  ];
}

/** The mean of each axis. */
export function meanOf(vectors: readonly Vector[]): Vector {
  let [x, y, z] = [0, 0, 0];
  for (const vector of vectors) {
    x += vector[0];
    y += vector[1];
    z += vector[2];
  }
  return [x / vectors.length, y / vectors.length, z / vectors.length];
}

/** a - b. */
export function subtract(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** a · b. */
export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** a × b. */
export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function frobenius(matrix: Matrix): number {
  return Math.sqrt(sum(matrix.map((row) => dot(row, row))));
}

/** a b. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => timesTransposed(b, row)) as unknown as Matrix;
}

/** The transpose of a matrix times a vector. */
export function timesTransposed(matrix: Matrix, [x, y, z]: Vector): Vector {
  const [a, b, c] = matrix;
  return [a[0] * x + b[0] * y + c[0] * z, a[1] * x + b[1] * y + c[1] * z, a[2] * x + b[2] * y + c[2] * z];
}

/** The trace of the first's transpose times the second. */
export function traceOfProduct(rotation: Matrix, covariance: Matrix): number {
  return sum(rotation.map((row, i) => dot(row, covariance[i] ?? [NaN, NaN, NaN])));
}

/** Sum over pairs of a times b transposed. */
export function outerSum(a: readonly Vector[], b: readonly Vector[]): Matrix {
  const entry = (i: Axis, j: Axis): number => {
    let total = 0;
    for (let k = 0; k < a.length; k++) total += (a[k]?.[i] ?? NaN) * (b[k]?.[j] ?? NaN);
    return total;
  };
  return matrixOf(entry);
}
