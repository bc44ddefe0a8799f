import { elementCount, tensorNumbers, type Tensor } from '../model/tensors.js';

/** How two tensors differ. */
export interface TensorDifference {
  /** Every bit the same (any NaN equals any NaN). */
  readonly isIdentical: boolean;
  readonly isWithin: boolean;
  /** Largest |a - b|; Infinity where only one is finite, or the shapes or types differ. */
  readonly maxAbs: number;
  /** Largest |a - b| / |a| over elements with |a| >= 1e-6. */
  readonly maxRel: number;
  /** Index along each axis of the first element that differs; null when none does. */
  readonly first: readonly number[] | null;
  /** The two values there. */
  readonly values: readonly [number, number] | null;
}

/** Below this a relative difference says nothing. */
const SMALLEST_REFERENCE = 1e-6;

/**
 * Compares what two models computed.
 * @param tolerance an element may differ by `tolerance * max(1, largest |expected| of the tensor)`: rounding errors of a
 *   network are as large as its largest values make them, also where values cancel.
 */
export function compareTensors(expected: Tensor, actual: Tensor, tolerance: number): TensorDifference {
  const isSameForm = expected.dataType === actual.dataType && expected.dims.join() === actual.dims.join();
  if (!isSameForm) return { isIdentical: false, isWithin: false, maxAbs: Infinity, maxRel: Infinity, first: [], values: null };
  const [a, b] = [numbersOf(expected), numbersOf(actual)];
  let [maxAbs, maxRel, firstAt] = [0, 0, -1];
  const count = elementCount(expected.dims);
  for (let at = 0; at < count; at++) {
    const [x, y] = [a[at] ?? NaN, b[at] ?? NaN];
    if (Object.is(x, y)) continue;
    if (firstAt < 0) firstAt = at;
    const difference = x === y ? 0 : Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) : Infinity;
    maxAbs = Math.max(maxAbs, difference);
    if (Math.abs(x) >= SMALLEST_REFERENCE) maxRel = Math.max(maxRel, difference / Math.abs(x));
  }
  const isWithin = maxAbs <= tolerance * Math.max(1, largest(a));
  return {
    isIdentical: firstAt < 0,
    isWithin,
    maxAbs,
    maxRel,
    first: firstAt < 0 ? null : placeOf(firstAt, expected.dims),
    values: firstAt < 0 ? null : [a[firstAt] ?? NaN, b[firstAt] ?? NaN],
  };
}

function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let at = 0; at < values.length; at++) {
    const magnitude = Math.abs(values[at] ?? 0);
    if (magnitude > most && magnitude < Infinity) most = magnitude;
  }
  return most;
}

function numbersOf(tensor: Tensor): ArrayLike<number> {
  return tensor.data instanceof Float32Array || tensor.data instanceof Float64Array ? tensor.data : tensorNumbers(tensor);
}

function placeOf(flat: number, dims: readonly number[]): number[] {
  const place: number[] = [];
  let rest = flat;
  for (const dim of dims.toReversed()) {
    place.unshift(rest % dim);
    rest = Math.floor(rest / dim);
  }
  return place;
}
