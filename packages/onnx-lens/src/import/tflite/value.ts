import type { TensorData } from '../../model/tensors.js';
import type { Constant } from './quantization.js';

/** An order of axes: axis `i` of the stored tensor is axis `permutation[i]` of the value as TensorFlow Lite sees it. */
export type Permutation = readonly number[];

/**
 * A value of the TensorFlow Lite graph and the ONNX values that hold it, each with its axes in some order.
 *
 * TensorFlow Lite keeps channels last, ONNX's convolutions want them second. An operator asks for the order it wants
 * and finds the value in it where an earlier one left it so; only else a Transpose is made. A TRANSPOSE of the original
 * needs no node at all: it is a value with the same forms under other orders.
 */
export interface Value {
  /** What to call it in messages: the tensor's name. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dataType: number;
  /** Set for a constant, in the original's order of axes. */
  readonly constant: Constant | null;
  /** Names of ONNX values by axis order. For a padded value that is not yet made, empty. */
  readonly forms: Map<string, Form>;
  /** Zeros that stand around `of` and need no Pad where a convolution takes them along: before and after, per axis. */
  readonly padding: {
    readonly of: Value;
    readonly before: readonly number[];
    readonly after: readonly number[];
  } | null;
}

/** A value under one order of axes. */
export interface Form {
  readonly name: string;
  readonly permutation: Permutation;
}

/** 0, 1, ... rank - 1: the original's own order. */
export function asIs(rank: number): Permutation {
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** Batch, channel, then space: what ONNX's convolutions and pools want of a channels-last value. */
export function channelsSecond(rank: number): Permutation {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 1)];
}

/** The dimensions of a shape under an order of axes. */
export function permuteShape<T>(shape: readonly T[], permutation: Permutation): T[] {
  return permutation.map((axis) => shape[axis] as T); // a permutation names axes of the shape only
}

/** Where each original axis stands under the order: the inverse permutation. */
export function inverse(permutation: Permutation): number[] {
  const places = new Array<number>(permutation.length);
  permutation.forEach((axis, place) => (places[axis] = place));
  return places;
}

/** What Transpose must be told to turn one order into another. */
export function transposition(from: Permutation, to: Permutation): number[] {
  const places = inverse(from);
  return permuteShape(places, to);
}

/** True when the step only moves axes of size 1, so that the values lie in memory as before. */
export function movesNothing(shapeBefore: readonly number[], step: Permutation): boolean {
  const moved = step.filter((axis) => shapeBefore[axis] !== 1);
  return moved.every((axis, place) => place === 0 || (moved[place - 1] ?? 0) < axis);
}

/** A constant with its axes in another order. */
export function permuteTensor(tensor: Constant, permutation: Permutation): Constant {
  const { quantization } = tensor;
  const axis = quantization === undefined ? 0 : permutation.indexOf(quantization.axis);
  const kept = quantization === undefined ? {} : { quantization: { ...quantization, axis: Math.max(0, axis) } };
  if (movesNothing(tensor.dims, permutation))
    return { ...tensor, ...kept, dims: permuteShape(tensor.dims, permutation) };
  const dims = permuteShape(tensor.dims, permutation);
  const steps = permuteShape(strides(tensor.dims), permutation);
  const source = tensor.data;
  const data = source.slice();
  const place = new Array<number>(dims.length).fill(0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    copyElement(source, from, data, to);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const next = (place[axis] ?? 0) + 1;
      from += steps[axis] ?? 0;
      if (next < (dims[axis] ?? 0)) {
        place[axis] = next;
        break;
      }
      from -= next * (steps[axis] ?? 0);
      place[axis] = 0;
    }
  }
  return { ...kept, dataType: tensor.dataType, dims, data };
}

function copyElement(source: TensorData, from: number, target: TensorData, to: number): void {
  target[to] = source[from] as number & bigint; // both arrays are of the same kind
}

/** Elements from one index to the next, per axis, of a dense tensor. */
export function strides(dims: readonly number[]): number[] {
  const result = new Array<number>(dims.length);
  let step = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    result[axis] = step;
    step *= dims[axis] ?? 1;
  }
  return result;
}

/** The shape that two shapes broadcast to; null when they do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return null;
    result.push(left === 1 ? right : left);
  }
  return result;
}
