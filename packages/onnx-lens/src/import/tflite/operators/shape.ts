import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { elementCount, type Tensor } from '../../../model/tensors.js';
import { computedValue, constantValue, type OperatorContext, type Translation } from '../context.js';
import { asIs, inverse, permuteShape, type Value } from '../value.js';
import { activate, fusedActivation } from './activation.js';

const reshape: Translation = (context) => {
  const input = context.input(0);
  const wanted =
    context.optionalInput(1) === null
      ? context.option((table) => table.int32s(0), [])
      : context.constantNumbers(1, 'new shape');
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
  const named = context.option((table) => table.int32s(0), []).map((axis) => context.normalAxis(axis, rank));
  if (named.some((axis) => input.shape[axis] !== 1)) throw context.damaged('drops an axis that is not of size 1');
  const shape = input.shape.filter((dim, axis) => dim !== 1 || (named.length > 0 && !named.includes(axis)));
  return [context.reshaped(input, shape, context.outputName(0))];
};

const expandDims: Translation = (context) => {
  const input = context.input(0);
  const [named = 0] = context.constantNumbers(1, 'axis');
  const axis = context.normalAxis(named, input.shape.length + 1);
  return [
    context.reshaped(input, [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)], context.outputName(0)),
  ];
};

/** No node: the same forms, known under the new order. */
const transpose: Translation = (context) => {
  const input = context.input(0);
  const permutation = context
    .constantNumbers(1, 'permutation')
    .map((axis) => context.normalAxis(axis, input.shape.length));
  if (new Set(permutation).size !== input.shape.length)
    throw context.damaged('has a permutation that does not name every axis once');
  if (input.forms.size === 0) context.as(input, asIs(input.shape.length));
  const places = inverse(permutation);
  const forms = [...input.forms.values()].map(({ name, permutation: order }) => ({
    name,
    permutation: permuteShape(places, order),
  }));
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
    if (
      value.shape.length !== first.shape.length ||
      value.shape.some((dim, place) => place !== axis && dim !== first.shape[place])
    ) {
      throw context.damaged(
        `joins shapes [${first.shape.join(', ')}] and [${value.shape.join(', ')}] along axis ${axis}`,
      );
    }
  }
  const total = values.reduce((sum, value) => sum + (value.shape[axis] ?? 0), 0);
  const shape = first.shape.map((dim, place) => (place === axis ? total : dim));
  const result = context.node(
    'Concat',
    values.map((value) => context.as(value, order)),
    { axis: order.indexOf(axis) },
  );
  return context.made(result, shape, first.dataType, order);
}

const concatenation: Translation = (context) => {
  const values = context.inputs;
  const axis = context.normalAxis(
    context.option((table) => table.int32(0), 0),
    context.input(0).shape.length,
  );
  const joined = concatenate(context, values, axis);
  const [form] = joined.forms.values();
  if (form === undefined) return [joined];
  const activated = activate(context, form.name, fusedActivation(context, 1));
  return [context.made(activated, joined.shape, joined.dataType, form.permutation)];
};

const pack: Translation = (context) => {
  const rank = context.input(0).shape.length + 1;
  const axis = context.normalAxis(
    context.option((table) => table.int32(1), 0),
    rank,
  );
  const slices = context.inputs.map((value) =>
    context.reshaped(value, [...value.shape.slice(0, axis), 1, ...value.shape.slice(axis)]),
  );
  return [concatenate(context, slices, axis)];
};

const unpack: Translation = (context) => {
  const input = context.input(0);
  const axis = context.normalAxis(
    context.option((table) => table.int32(1), 0),
    input.shape.length,
  );
  requireOutputs(context, input.shape[axis] ?? 0);
  const slices = splitAlong(context, input, axis, new Array<number>(input.shape[axis] ?? 0).fill(1));
  return slices.map((slice, index) =>
    context.reshaped(
      slice,
      input.shape.filter((_, place) => place !== axis),
      context.outputName(index),
    ),
  );
};

/** A count is believed only when the file lists as many outputs: it may say anything. */
function requireOutputs(context: OperatorContext, count: number): void {
  const listed = context.operator.outputs.length;
  if (count !== listed) throw context.damaged(`makes ${count} parts but lists ${listed} outputs`);
}

function splitAlong(context: OperatorContext, input: Value, axis: number, sizes: readonly number[]): Value[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== input.shape[axis])
    throw context.damaged(`splits ${input.shape[axis] ?? 0} elements into ${sizes.join(' + ')}`);
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
  const axis = context.normalAxis(named, input.shape.length);
  const count = context.option((table) => table.int32(0), 0);
  requireOutputs(context, count);
  const size = (input.shape[axis] ?? 0) / count;
  if (!Number.isInteger(size))
    throw context.damaged(`splits ${input.shape[axis] ?? 0} elements into ${count} equal parts`);
  return splitAlong(context, input, axis, new Array<number>(count).fill(size));
};

const splitV: Translation = (context) => {
  const input = context.input(0);
  const sizes = context.constantNumbers(1, 'sizes');
  const [named = 0] = context.constantNumbers(2, 'axis');
  const axis = context.normalAxis(named, input.shape.length);
  const known = sizes.reduce((sum, size) => (size === -1 ? sum : sum + size), 0);
  return splitAlong(
    context,
    input,
    axis,
    sizes.map((size) => (size === -1 ? (input.shape[axis] ?? 0) - known : size)),
  );
};

const tile: Translation = (context) => {
  const input = context.input(0);
  const repeats = context.constantNumbers(1, 'multiples');
  if (repeats.length !== input.shape.length) throw context.damaged('has not one multiple an axis');
  const order = context.commonOrder([input]);
  const result = context.node('Tile', [context.as(input, order), context.graph.ints(permuteShape(repeats, order))]);
  return [
    context.made(
      result,
      input.shape.map((dim, axis) => dim * (repeats[axis] ?? 1)),
      input.dataType,
      order,
    ),
  ];
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
  return [
    context.made(context.node('Expand', [context.as(value, []), context.graph.ints(shape)]), shape, value.dataType),
  ];
};

/** Shapes are fixed in the file, so this is a constant. */
const shapeOf: Translation = (context) => {
  const { shape } = context.input(0);
  return [constantValue(context.outputName(0), int32(shape))];
};

function int32(values: readonly number[]): Tensor {
  return { dataType: DataType.INT32, dims: [values.length], data: Int32Array.from(values) };
}

/** Operators that change shapes, and join, split and repeat values. */
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
  TILE: tile,
  BROADCAST_TO: broadcastTo,
  FILL: fill,
  SHAPE: shapeOf,
};
