import { intAttribute, intsAttribute } from '../../../model/attributes.js';
import type { Value } from '../values.js';
import type { Lower, Lowering } from './lowering.js';

/**
 * Axes of a reduction: an attribute, later an input; all of them where none are given. Undefined: nothing is reduced.
 */
function axesOf(node: Lowering, rank: number): number[] | undefined {
  const given = node.has(1) ? node.numbers(1, 'axes') : (intsAttribute(node.node, 'axes') ?? []);
  if (given.length > 0) return given.map((axis) => node.axis(axis, rank));
  return intAttribute(node.node, 'noop_with_empty_axes', 0) !== 0
    ? undefined
    : Array.from({ length: rank }, (_, axis) => axis);
}

/** Reduces with all axes kept, then drops them: Core ML has trouble with results without axes. */
function reduced(node: Lowering, type: string, x: Value, axes: readonly number[]): Value {
  const keep = intAttribute(node.node, 'keepdims', 1) !== 0;
  if (x.shape.length === 0) return node.op('identity', { x });
  if (keep || axes.length < x.shape.length) return node.op(type, { x, axes, keep_dims: keep });
  return node.reshape(node.op(type, { x, axes, keep_dims: true }), []);
}

const reduce =
  (type: string): Lower =>
  (node) => {
    const x = node.number(node.input(0));
    const axes = axesOf(node, x.shape.length);
    if (axes === undefined) {
      node.set(withoutAxes(node, type, x));
      return;
    }
    // A mean of whole numbers is cut towards zero.
    const result =
      type === 'reduce_mean'
        ? node.throughFloat(x, (value) => reduced(node, type, value, axes))
        : reduced(node, type, x, axes);
    node.set(node.cast(result, node.input(0).type));
  };

/** What an operator does to each element when nothing is reduced. */
function withoutAxes(node: Lowering, type: string, x: Value): Value {
  switch (type) {
    case 'reduce_l1_norm':
    case 'reduce_l2_norm':
      return node.op('abs', { x });
    case 'reduce_sum_square':
      return node.op('mul', { x, y: x });
    case 'reduce_log_sum':
      return node.op('log', { x, epsilon: 0 });
    default:
      return node.op('identity', { x });
  }
}

const logSum: Lower = (node) => {
  const x = node.input(0);
  const axes = axesOf(node, x.shape.length);
  node.set(node.op('log', { x: axes === undefined ? x : reduced(node, 'reduce_sum', x, axes), epsilon: 0 }));
};

/** max + log(sum(exp(x - max))). */
const logSumExp: Lower = (node) => {
  const x = node.input(0);
  const axes = axesOf(node, x.shape.length);
  if (axes === undefined || x.shape.length === 0) {
    node.set(node.op('identity', { x }));
    return;
  }
  const keep = { axes, keep_dims: true };
  const top = node.op('reduce_max', { x, ...keep });
  const sum = node.op('reduce_sum', { x: node.op('exp', { x: node.op('sub', { x, y: top }) }), ...keep });
  const result = node.op('add', { x: node.op('log', { x: sum, epsilon: 0 }), y: top });
  const left = x.shape.filter((_, axis) => !axes.includes(axis));
  node.set(intAttribute(node.node, 'keepdims', 1) !== 0 ? result : node.reshape(result, left));
};

const argReduce =
  (type: string): Lower =>
  (node) => {
    const x = node.input(0);
    const axis = node.axis(intAttribute(node.node, 'axis', 0), x.shape.length);
    const keep = intAttribute(node.node, 'keepdims', 1) !== 0;
    const find = (value: Value): Value => node.op(type, { x: value, axis, keep_dims: true, output_dtype: 'int32' });
    const isLast = intAttribute(node.node, 'select_last_index', 0) !== 0;
    const place = isLast ? lastOf(node, find(node.op('reverse', { x, axes: [axis] })), x.shape[axis] ?? 1) : find(x);
    node.set(keep ? place : node.reshape(place, x.shape.toSpliced(axis, 1)));
  };

function lastOf(node: Lowering, fromEnd: Value, size: number): Value {
  return node.op('sub', { x: node.like(fromEnd, size - 1), y: fromEnd });
}

const topK: Lower = (node) => {
  const x = node.input(0);
  const axis = node.axis(intAttribute(node.node, 'axis', -1), x.shape.length);
  const [k = 0] = node.opset < 10 ? [intAttribute(node.node, 'k', 1)] : node.numbers(1, 'k');
  const [values, places] = node.ops('topk', {
    x,
    k,
    axis,
    ascending: intAttribute(node.node, 'largest', 1) === 0,
    sort: true,
    return_indices: true,
    output_indices_dtype: 'int32',
  });
  if (values !== undefined) node.set(values, 0);
  if (places !== undefined) node.set(places, 1);
};

const cumSum: Lower = (node) => {
  const x = node.input(0);
  const [axis = 0] = node.numbers(1, 'axis');
  const [exclusive, reverse] = ['exclusive', 'reverse'].map((name) => intAttribute(node.node, name, 0) !== 0);
  node.set(
    node.op('cumsum', {
      x,
      axis: node.axis(axis, x.shape.length),
      exclusive: exclusive === true,
      reverse: reverse === true,
    }),
  );
};

export const REDUCTION: Readonly<Record<string, Lower>> = {
  ReduceMean: reduce('reduce_mean'),
  ReduceSum: reduce('reduce_sum'),
  ReduceMax: reduce('reduce_max'),
  ReduceMin: reduce('reduce_min'),
  ReduceProd: reduce('reduce_prod'),
  ReduceL1: reduce('reduce_l1_norm'),
  ReduceL2: reduce('reduce_l2_norm'),
  ReduceSumSquare: reduce('reduce_sum_square'),
  ReduceLogSum: logSum,
  ReduceLogSumExp: logSumExp,
  ArgMax: argReduce('reduce_argmax'),
  ArgMin: argReduce('reduce_argmin'),
  TopK: topK,
  CumSum: cumSum,
};
