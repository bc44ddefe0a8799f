import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { elementCount, type Tensor } from '../../../model/tensors.js';
import { computedValue, constantValue, type OperatorContext, type Translation } from '../context.js';
import { asIs, inverse, permuteShape, type Value } from '../value.js';
import { activate, fusedActivation } from './activation.js';

/** Axis `axis` of a rank, negative ones counted from the end. */
export function normalAxis(context: OperatorContext, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) throw context.damaged(`names axis ${axis} of a value of rank ${rank}`);
  return normal;
}

const reshape: Translation = (context) => {
  const input = context.input(0);
  const wanted =
    context.optionalInput(1) === null ? context.option((table) => table.int32s(0), []) : context.constantNumbers(1, 'new shape');
  const count = elementCount(input.shape);
  const known = wanted.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  const shape = wanted.map((dim) => (dim === -1 ? count / known : dim));
  if (elementCount(shape) !== count || shape.some((dim) => !Number.isInteger(dim) || dim < 0)) {
    throw context.damaged(`cannot give [${input.shape.join(', ')}] the shape [${wanted.join(', ')}]`);
  }
  return [context.reshaped(input, shape, context.outputName(0))];
};

const squeeze: Translation = (context) => {
  const input = context.input(0);
  const rank = input.shape.length;
  const named = context.option((table) => table.int32s(0), []).map((axis) => normalAxis(context, axis, rank));
  if (named.some((axis) => input.shape[axis] !== 1)) throw context.damaged('drops an axis that is not of size 1');
  const shape = input.shape.filter((dim, axis) => dim !== 1 || (named.length > 0 && !named.includes(axis)));
  return [context.reshaped(input, shape, context.outputName(0))];
};

const expandDims: Translation = (context) => {
  const input = context.input(0);
  const [named = 0] = context.constantNumbers(1, 'axis');
  const axis = normalAxis(context, named, input.shape.length + 1);
  return [context.reshaped(input, [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)], context.outputName(0))];
};

/** No node: the same forms, known under the new order. */
const transpose: Translation = (context) => {
  const input = context.input(0);
  const permutation = context.constantNumbers(1, 'permutation').map((axis) => normalAxis(context, axis, input.shape.length));
  if (new Set(permutation).size !== input.shape.length) throw context.damaged('has a permutation that does not name every axis once');
  if (input.forms.size === 0) context.as(input, asIs(input.shape.length));
  const places = inverse(permutation);
  const forms = [...input.forms.values()].map(({ name, permutation: order }) => ({ name, permutation: permuteShape(places, order) }));
  return [
    {
      name: context.outputName(0),
      shape: permuteShape(input.shape, permutation),
      dataType: input.dataType,
      constant: null,
      forms: new Map(forms.map((form) => [form.permutation.join(), form])),
      padding: null,
    },
  ];
};

/** Joins values along an axis. */
function concatenate(context: OperatorContext, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw context.damaged('has no inputs');
  const order = context.commonOrder(values);
  for (const value of values) {
    if (value.shape.length !== first.shape.length || value.shape.some((dim, place) => place !== axis && dim !== first.shape[place])) {
      throw context.damaged(`joins shapes [${first.shape.join(', ')}] and [${value.shape.join(', ')}] along axis ${axis}`);
    }
  }
  const total = values.reduce((sum, value) => sum + (value.shape[axis] ?? 0), 0);
  const shape = first.shape.map((dim, place) => (place === axis ? total : dim));
  const result = context.node('Concat', values.map((value) => context.as(value, order)), { axis: order.indexOf(axis) });
  return context.made(result, shape, first.dataType, order);
}

const concatenation: Translation = (context) => {
  const values = context.inputs;
  const axis = normalAxis(context, context.option((table) => table.int32(0), 0), context.input(0).shape.length);
  const joined = concatenate(context, values, axis);
  const [form] = joined.forms.values();
  if (form === undefined) return [joined];
  const activated = activate(context, form.name, fusedActivation(context, 1));
  return [context.made(activated, joined.shape, joined.dataType, form.permutation)];
};

const pack: Translation = (context) => {
  const rank = context.input(0).shape.length + 1;
  const axis = normalAxis(context, context.option((table) => table.int32(1), 0), rank);
  const slices = context.inputs.map((value) =>
    context.reshaped(value, [...value.shape.slice(0, axis), 1, ...value.shape.slice(axis)]),
  );
  return [concatenate(context, slices, axis)];
};

const unpack: Translation = (context) => {
  const input = context.input(0);
  const axis = normalAxis(context, context.option((table) => table.int32(1), 0), input.shape.length);
  requireOutputs(context, input.shape[axis] ?? 0);
  const slices = splitAlong(context, input, axis, new Array<number>(input.shape[axis] ?? 0).fill(1));
  return slices.map((slice, index) => context.reshaped(slice, input.shape.filter((_, place) => place !== axis), context.outputName(index)));
};

/** A count is believed only when the file lists as many outputs: it may say anything. */
function requireOutputs(context: OperatorContext, count: number): void {
  const listed = context.operator.outputs.length;
  if (count !== listed) throw context.damaged(`makes ${count} parts but lists ${listed} outputs`);
}

function splitAlong(context: OperatorContext, input: Value, axis: number, sizes: readonly number[]): Value[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== input.shape[axis]) throw context.damaged(`splits ${input.shape[axis] ?? 0} elements into ${sizes.join(' + ')}`);
  const order = context.commonOrder([input]);
  const names = context.graph.nodeOutputs(
    'Split',
    [context.as(input, order), context.graph.ints(sizes)],
    { axis: order.indexOf(axis) },
    sizes.length,
    { name: `${context.operator.index}_${context.operator.name}/Split` },
  );
  return names.map((name, index) =>
    computedValue(
      context.outputName(index),
      input.shape.map((dim, place) => (place === axis ? (sizes[index] ?? 0) : dim)),
      input.dataType,
      { name, permutation: order },
    ),
  );
}

const split: Translation = (context) => {
  const input = context.input(1);
  const [named = 0] = context.constantNumbers(0, 'axis');
  const axis = normalAxis(context, named, input.shape.length);
  const count = context.option((table) => table.int32(0), 0);
  requireOutputs(context, count);
  const size = (input.shape[axis] ?? 0) / count;
  if (!Number.isInteger(size)) throw context.damaged(`splits ${input.shape[axis] ?? 0} elements into ${count} equal parts`);
  return splitAlong(context, input, axis, new Array<number>(count).fill(size));
};

const splitV: Translation = (context) => {
  const input = context.input(0);
  const sizes = context.constantNumbers(1, 'sizes');
  const [named = 0] = context.constantNumbers(2, 'axis');
  const axis = normalAxis(context, named, input.shape.length);
  const known = sizes.reduce((sum, size) => (size === -1 ? sum : sum + size), 0);
  return splitAlong(context, input, axis, sizes.map((size) => (size === -1 ? (input.shape[axis] ?? 0) - known : size)));
};

function padAmounts(context: OperatorContext, rank: number): { before: number[]; after: number[] } {
  const pairs = context.constantNumbers(1, 'paddings');
  if (pairs.length !== 2 * rank) throw context.damaged(`has ${pairs.length} paddings for a value of rank ${rank}`);
  return { before: pairs.filter((_, place) => place % 2 === 0), after: pairs.filter((_, place) => place % 2 === 1) };
}

/** Zeros are not made yet: a convolution that follows takes them along. */
const pad: Translation = (context) => {
  const input = context.input(0);
  const { before, after } = padAmounts(context, input.shape.length);
  const shape = input.shape.map((dim, axis) => dim + (before[axis] ?? 0) + (after[axis] ?? 0));
  const name = context.outputName(0);
  const order = context.commonOrder([input]);
  const pending: Value = { name, shape, dataType: input.dataType, constant: null, forms: new Map(), padding: { of: input, before, after } };
  const isSpatial = shape.length === 4 && before[0] === 0 && after[0] === 0 && before[3] === 0 && after[3] === 0;
  if (!isSpatial) context.as(pending, order);
  return [pending];
};

function padWith(mode: 'constant' | 'reflect' | 'symmetric'): Translation {
  return (context) => {
    const input = context.input(0);
    const { before, after } = padAmounts(context, input.shape.length);
    const order = context.commonOrder([input]);
    const shape = input.shape.map((dim, axis) => dim + (before[axis] ?? 0) + (after[axis] ?? 0));
    const inputs = [context.as(input, order), context.graph.ints([...permuteShape(before, order), ...permuteShape(after, order)])];
    if (mode === 'constant') inputs.push(context.as(context.reshaped(context.input(2), []), []));
    return [context.made(context.node('Pad', inputs, { mode }), shape, input.dataType, order)];
  };
}

const mirrorPad: Translation = (context) => {
  if (context.option((table) => table.int8(0), 0) !== 0) {
    throw context.unsupported('mirrors with the border pixel repeated (SYMMETRIC), which is not covered');
  }
  return padWith('reflect')(context);
};

interface AxisRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly length: number;
}

function sliceRanges(context: OperatorContext, input: Value, ranges: readonly AxisRange[]): Value {
  const changed = ranges.flatMap((range, axis) => (range.length === input.shape[axis] && range.step === 1 ? [] : [axis]));
  if (changed.length === 0) return { ...input, name: context.outputName(0) };
  const order = context.commonOrder([input]);
  const places = inverse(order);
  const pick = (read: (range: AxisRange) => number): string =>
    context.graph.ints(changed.map((axis) => read(ranges[axis] ?? { start: 0, end: 0, step: 1, length: 0 })));
  const result = context.node('Slice', [
    context.as(input, order),
    pick((range) => range.start),
    pick((range) => range.end),
    context.graph.ints(changed.map((axis) => places[axis] ?? 0)),
    pick((range) => range.step),
  ]);
  return context.made(result, ranges.map((range) => range.length), input.dataType, order);
}

/** One axis of a strided slice as TensorFlow defines it: masks, negative indices, clamping (as Python slices). */
function stridedRange(size: number, begin: number | null, end: number | null, step: number): AxisRange {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const place = (index: number): number => Math.max(low, Math.min(high, index < 0 ? index + size : index));
  const start = begin === null ? (step > 0 ? 0 : size - 1) : place(begin);
  const stop = end === null ? (step > 0 ? size : -1) : place(end);
  const length = Math.max(0, Math.ceil((stop - start) / step));
  // ONNX reads -1 as the last element; far below 0 it is clamped to "before the first".
  return { start, end: stop < 0 ? -(2 ** 31) : stop, step, length };
}

const stridedSlice: Translation = (context) => {
  const input = context.input(0);
  const begin = context.constantNumbers(1, 'begin');
  const end = context.constantNumbers(2, 'end');
  const steps = context.constantNumbers(3, 'strides');
  const [beginMask, endMask, ellipsisMask, newAxisMask, shrinkMask] = [0, 1, 2, 3, 4].map((slot) =>
    context.option((table) => table.int32(slot), 0),
  ) as [number, number, number, number, number];
  if (ellipsisMask !== 0 || newAxisMask !== 0) throw context.unsupported('has an ellipsis or new-axis mask, which is not covered');
  if (context.option((table) => table.flag(5), false)) throw context.unsupported('counts its end from its begin, which is not covered');
  if (begin.length > input.shape.length || end.length !== begin.length || steps.length !== begin.length) {
    throw context.damaged('has begin, end and strides of different lengths');
  }
  const ranges = input.shape.map((size, axis): AxisRange => {
    const bit = 1 << axis;
    const first = begin[axis];
    if (first === undefined) return { start: 0, end: size, step: 1, length: size };
    const step = steps[axis] ?? 1;
    if (step === 0) throw context.damaged('has a stride of 0');
    if ((shrinkMask & bit) !== 0) {
      const at = first < 0 ? first + size : first;
      if (at < 0 || at >= size) throw context.damaged(`takes element ${first} of an axis of ${size}`);
      return { start: at, end: at + 1, step: 1, length: 1 };
    }
    return stridedRange(size, (beginMask & bit) !== 0 ? null : first, (endMask & bit) !== 0 ? null : (end[axis] ?? 0), step);
  });
  const sliced = sliceRanges(context, input, ranges);
  const kept = sliced.shape.filter((_, axis) => (shrinkMask & (1 << axis)) === 0);
  return [kept.length === sliced.shape.length ? sliced : context.reshaped(sliced, kept, context.outputName(0))];
};

const slice: Translation = (context) => {
  const input = context.input(0);
  const begin = context.constantNumbers(1, 'begin');
  const sizes = context.constantNumbers(2, 'size');
  const ranges = input.shape.map((size, axis): AxisRange => {
    const start = begin[axis] ?? 0;
    const wanted = sizes[axis] ?? -1;
    const length = wanted === -1 ? size - start : wanted;
    if (start < 0 || length < 0 || start + length > size) throw context.damaged(`takes elements ${start} to ${start + length} of an axis of ${size}`);
    return { start, end: start + length, step: 1, length };
  });
  return [sliceRanges(context, input, ranges)];
};

const reverse: Translation = (context) => {
  const input = context.input(0);
  const axes = context.constantNumbers(1, 'axes').map((axis) => normalAxis(context, axis, input.shape.length));
  return [
    sliceRanges(
      context,
      input,
      input.shape.map((size, axis): AxisRange =>
        axes.includes(axis)
          ? { start: size - 1, end: -(2 ** 31), step: -1, length: size }
          : { start: 0, end: size, step: 1, length: size },
      ),
    ),
  ];
};

const gather: Translation = (context) => {
  const [input, indices] = [context.input(0), context.input(1)];
  if (context.option((table) => table.int32(1), 0) !== 0) throw context.unsupported('has batch dimensions, which are not covered');
  const axis = normalAxis(context, context.option((table) => table.int32(0), 0), input.shape.length);
  const result = context.node('Gather', [context.as(input, asIs(input.shape.length)), context.as(indices, asIs(indices.shape.length))], { axis });
  return [context.made(result, [...input.shape.slice(0, axis), ...indices.shape, ...input.shape.slice(axis + 1)], input.dataType)];
};

const tile: Translation = (context) => {
  const input = context.input(0);
  const repeats = context.constantNumbers(1, 'multiples');
  if (repeats.length !== input.shape.length) throw context.damaged('has not one multiple an axis');
  const order = context.commonOrder([input]);
  const result = context.node('Tile', [context.as(input, order), context.graph.ints(permuteShape(repeats, order))]);
  return [context.made(result, input.shape.map((dim, axis) => dim * (repeats[axis] ?? 1)), input.dataType, order)];
};

const broadcastTo: Translation = (context) => {
  const shape = context.constantNumbers(1, 'shape');
  const input = context.widen(context.input(0), shape.length);
  const order = context.commonOrder([input]);
  const result = context.node('Expand', [context.as(input, order), context.graph.ints(permuteShape(shape, order))]);
  return [context.made(result, shape, input.dataType, order)];
};

const fill: Translation = (context) => {
  const shape = context.constantNumbers(0, 'shape');
  const value = context.input(1);
  return [context.made(context.node('Expand', [context.as(value, []), context.graph.ints(shape)]), shape, value.dataType)];
};

/** Shapes are fixed in the file, so this is a constant. */
const shapeOf: Translation = (context) => {
  const { shape } = context.input(0);
  return [constantValue(context.outputName(0), int32(shape))];
};

function int32(values: readonly number[]): Tensor {
  return { dataType: DataType.INT32, dims: [values.length], data: Int32Array.from(values) };
}

/** Operators that move elements and change shapes. */
export const SHAPE: Readonly<Record<string, Translation>> = {
  RESHAPE: reshape,
  SQUEEZE: squeeze,
  EXPAND_DIMS: expandDims,
  TRANSPOSE: transpose,
  CONCATENATION: concatenation,
  PACK: pack,
  UNPACK: unpack,
  SPLIT: split,
  SPLIT_V: splitV,
  PAD: pad,
  PADV2: padWith('constant'),
  MIRROR_PAD: mirrorPad,
  STRIDED_SLICE: stridedSlice,
  SLICE: slice,
  REVERSE_V2: reverse,
  GATHER: gather,
  TILE: tile,
  BROADCAST_TO: broadcastTo,
  FILL: fill,
  SHAPE: shapeOf,
};
