import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { elementCount } from '../../../model/tensors.js';
import type { OperatorContext, Translation } from '../context.js';
import { asIs, inverse, permuteShape, type Value } from '../value.js';
import { activate, fusedActivation } from './activation.js';

function reduce(opType: 'ReduceMean' | 'ReduceSum' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd'): Translation {
  return (context) => {
    const input = context.input(0);
    const rank = input.shape.length;
    const axes = [...new Set(context.constantNumbers(1, 'axes').map((axis) => context.normalAxis(axis, rank)))];
    const keepsAxes = context.option((table) => table.flag(0), false);
    const kept = reduceAxes(context, input, axes, opType);
    return [
      keepsAxes
        ? kept
        : context.reshaped(
            kept,
            input.shape.filter((_, axis) => !axes.includes(axis)),
            context.outputName(0),
          ),
    ];
  };
}

/** The value with those axes brought down to size 1. */
function reduceAxes(context: OperatorContext, input: Value, axes: readonly number[], opType: string): Value {
  const order = context.commonOrder([input]);
  const places = inverse(order);
  const reduced = axes.map((axis) => places[axis] ?? 0).sort((a, b) => a - b);
  const source = context.as(input, order);
  const result = context.reduce(opType, source, reduced);
  return context.made(
    result,
    input.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
    input.dataType,
    order,
  );
}

function argument(opType: 'ArgMax' | 'ArgMin'): Translation {
  return (context) => {
    const input = context.input(0);
    const [named = 0] = context.constantNumbers(1, 'axis');
    const axis = context.normalAxis(named, input.shape.length);
    const to = context.option((table) => table.int8(0), 0) === 4 ? DataType.INT64 : DataType.INT32;
    const found = context.node(opType, [context.as(input, asIs(input.shape.length))], { axis, keepdims: 0 });
    const result = to === DataType.INT64 ? found : context.node('Cast', [found], { to });
    return [
      context.made(
        result,
        input.shape.filter((_, place) => place !== axis),
        to,
      ),
    ];
  };
}

function softmax(opType: 'Softmax' | 'LogSoftmax'): Translation {
  return (context) => {
    const input = context.input(0);
    const order = context.commonOrder([input]);
    const beta = opType === 'Softmax' ? context.option((table) => table.float32(0), 0) : 1;
    const source = context.as(input, order);
    const scaled = beta === 1 ? source : context.node('Mul', [source, context.graph.floats([], [beta])]);
    const result = context.node(opType, [scaled], { axis: order.indexOf(input.shape.length - 1) });
    return [context.made(result, input.shape, input.dataType, order)];
  };
}

/** Along the last axis, with the original's guard of 1e-6 under the root's result. */
const l2Normalization: Translation = (context) => {
  const input = context.input(0);
  const order = context.commonOrder([input]);
  const axis = order.indexOf(input.shape.length - 1);
  const source = context.as(input, order);
  const norm = context.reduce('ReduceL2', source, [axis]);
  const guarded = context.node('Max', [norm, context.graph.floats([], [1e-6])]);
  const result = activate(context, context.node('Div', [source, guarded]), fusedActivation(context, 0));
  return [context.made(result, input.shape, input.dataType, order)];
};

const fullyConnected: Translation = (context) => {
  const [input, weights] = [context.input(0), context.input(1)];
  if (context.option((table) => table.int8(1), 0) !== 0)
    throw context.unsupported('has shuffled weights, which are not covered');
  const [units = 0, depth = 0] = weights.shape;
  const count = elementCount(input.shape);
  if (weights.shape.length !== 2 || depth === 0 || count % depth !== 0) {
    throw context.damaged(
      `has weights of shape [${weights.shape.join(', ')}] for an input of [${input.shape.join(', ')}]`,
    );
  }
  const rows = context.reshaped(input, [count / depth, depth]);
  const inputs = [context.as(rows, [0, 1]), context.as(weights, [0, 1])];
  const bias = context.optionalInput(2);
  if (bias !== null) inputs.push(context.as(bias, [0]));
  const product = activate(context, context.node('Gemm', inputs, { transB: 1 }), fusedActivation(context, 0));
  const result = context.made(product, [count / depth, units], input.dataType);
  const keepsAxes = context.option((table) => table.flag(2), false);
  return [keepsAxes ? context.reshaped(result, [...input.shape.slice(0, -1), units], context.outputName(0)) : result];
};

const batchMatMul: Translation = (context) => {
  const sides = [0, 1].map((index) => {
    const value = context.input(index);
    const order = asIs(value.shape.length);
    const isTurned = context.option((table) => table.flag(index), false);
    if (order.length < 2) throw context.damaged('multiplies a value that is no matrix');
    const turned = isTurned ? [...order.slice(0, -2), order.length - 1, order.length - 2] : order;
    return { name: context.as(value, turned), shape: permuteShape(value.shape, turned) };
  });
  const [left, right] = sides;
  if (left === undefined || right === undefined || left.shape.at(-1) !== right.shape.at(-2))
    throw context.damaged('multiplies matrices that do not fit');
  const rank = Math.max(left.shape.length, right.shape.length);
  const batch = Array.from({ length: rank - 2 }, (_, axis) =>
    Math.max(left.shape[axis - rank + left.shape.length] ?? 1, right.shape[axis - rank + right.shape.length] ?? 1),
  );
  const shape = [...batch, left.shape.at(-2) ?? 1, right.shape.at(-1) ?? 1];
  return [context.made(context.node('MatMul', [left.name, right.name]), shape, context.input(0).dataType)];
};

/** Operators that sum over axes. */
export const REDUCTION: Readonly<Record<string, Translation>> = {
  MEAN: reduce('ReduceMean'),
  SUM: reduce('ReduceSum'),
  REDUCE_MAX: reduce('ReduceMax'),
  REDUCE_MIN: reduce('ReduceMin'),
  REDUCE_PROD: reduce('ReduceProd'),
  ARG_MAX: argument('ArgMax'),
  ARG_MIN: argument('ArgMin'),
  SOFTMAX: softmax('Softmax'),
  LOG_SOFTMAX: softmax('LogSoftmax'),
  L2_NORMALIZATION: l2Normalization,
  FULLY_CONNECTED: fullyConnected,
  BATCH_MATMUL: batchMatMul,
};
