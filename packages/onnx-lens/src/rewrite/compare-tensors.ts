import { TensorProto_DataType as DataType } from '../model/generated/onnx_pb.js';
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
 * How often the median the largest magnitude of a tensor may be: what is larger (a mask of -1e9) says nothing of its
 * neighbours' rounding.
 */
const LARGEST_OF_MEDIAN = 1000;
/** This many elements are enough for the median of all. */
const MEDIAN_SAMPLE = 4096;

/**
 * Compares what two models computed.
 * @param tolerance a float may differ by `tolerance * max(1, |expected|, largest)`, where `largest` is the largest
 *   |expected| of the tensor up to a thousand times its median: rounding errors of a network are as large as its usual
 *   values make them, also where values cancel. A whole number may differ by `tolerance`, which is not at all below 1.
 */
export function compareTensors(expected: Tensor, actual: Tensor, tolerance: number): TensorDifference {
  const isSameForm = expected.dataType === actual.dataType && expected.dims.join() === actual.dims.join();
  if (!isSameForm)
    return { isIdentical: false, isWithin: false, maxAbs: Infinity, maxRel: Infinity, first: [], values: null };
  const [a, b] = [numbersOf(expected), numbersOf(actual)];
  let [maxAbs, maxRel, firstAt, isWithin] = [0, 0, -1, true];
  const count = elementCount(expected.dims);
  const usual = FLOATS.has(expected.dataType) ? Math.max(1, usualMagnitude(a)) : undefined;
  for (let at = 0; at < count; at++) {
    const [x, y] = [a[at] ?? NaN, b[at] ?? NaN];
    if (Object.is(x, y)) continue;
    if (firstAt < 0) firstAt = at;
    const difference = x === y ? 0 : Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) : Infinity;
    maxAbs = Math.max(maxAbs, difference);
    if (Math.abs(x) >= SMALLEST_REFERENCE) maxRel = Math.max(maxRel, difference / Math.abs(x));
    const allowed = usual === undefined ? tolerance : tolerance * Math.max(usual, Number.isFinite(x) ? Math.abs(x) : 0);
    if (difference > allowed) isWithin = false;
  }
  return {
    isIdentical: firstAt < 0,
    isWithin,
    maxAbs,
    maxRel,
    first: firstAt < 0 ? null : placeOf(firstAt, expected.dims),
    values: firstAt < 0 ? null : [a[firstAt] ?? NaN, b[firstAt] ?? NaN],
  };
}

const FLOATS: ReadonlySet<DataType> = new Set([DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE, DataType.BFLOAT16]);

/** The largest magnitude that is at most a thousand times the median of those that are not zero. */
function usualMagnitude(values: ArrayLike<number>): number {
  const step = Math.max(1, Math.floor(values.length / MEDIAN_SAMPLE));
  const sample: number[] = [];
  for (let at = 0; at < values.length; at += step) {
    const magnitude = Math.abs(values[at] ?? 0);
    if (magnitude > 0 && magnitude < Infinity) sample.push(magnitude);
  }
  sample.sort((x, y) => x - y);
  const limit = Math.max(1, sample[Math.floor(sample.length / 2)] ?? 0) * LARGEST_OF_MEDIAN;
  let most = 0;
  for (let at = 0; at < values.length; at++) {
    const magnitude = Math.abs(values[at] ?? 0);
    if (magnitude > most && magnitude <= limit) most = magnitude;
  }
  return most;
}

function numbersOf(tensor: Tensor): ArrayLike<number> {
  return tensor.data instanceof Float32Array || tensor.data instanceof Float64Array
    ? tensor.data
    : tensorNumbers(tensor);
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
