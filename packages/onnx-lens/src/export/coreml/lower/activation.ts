import { floatAttribute, intAttribute, stringAttribute } from '../../../model/attributes.js';
import { elementCount } from '../../../model/tensors.js';
import type { Value } from '../values.js';
import { constantNumbers, type Lower, type Lowering } from './lowering.js';

const withAlpha =
  (type: string, usual: number): Lower =>
  (node) =>
    node.set(node.op(type, { x: node.input(0), alpha: floatAttribute(node.node, 'alpha', usual) }));

const simple =
  (type: string): Lower =>
  (node) =>
    node.set(node.throughFloat(node.input(0), (x) => node.op(type, { x })));

const prelu: Lower = (node) => {
  const [x, slope] = [node.input(0), node.input(1)];
  const channels = x.shape[1] ?? 0;
  const isPerChannel =
    slope.shape.length === x.shape.length - 1 && slope.shape[0] === channels && elementCount(slope.shape) === channels;
  if (x.shape.length >= 3 && isPerChannel && slope.constant !== undefined && slope.type === 'fp32') {
    node.set(node.op('prelu', { x, alpha: node.floats(constantNumbers(slope.constant), [channels], 'alpha') }));
    return;
  }
  const below = node.op('mul', { x: slope, y: node.op('minimum', { x, y: node.like(x, 0) }) });
  const above = node.throughFloat(x, (value) => node.op('relu', { x: value }));
  node.set(node.op('add', { x: above, y: below }));
};

const hardSwish: Lower = (node) => {
  const x = node.input(0);
  node.set(node.op('mul', { x, y: node.op('sigmoid_hard', { x, alpha: 1 / 6, beta: 0.5 }) }));
};

const hardSigmoid: Lower = (node) =>
  node.set(
    node.op('sigmoid_hard', {
      x: node.input(0),
      alpha: Math.fround(floatAttribute(node.node, 'alpha', 0.2)),
      beta: Math.fround(floatAttribute(node.node, 'beta', 0.5)),
    }),
  );

const gelu: Lower = (node) =>
  node.set(
    node.op('gelu', {
      x: node.input(0),
      mode: stringAttribute(node.node, 'approximate', 'none') === 'tanh' ? 'TANH_APPROXIMATION' : 'EXACT',
    }),
  );

/** gamma * (max(x, 0) + min(alpha * (exp(x) - 1), 0)). */
const selu: Lower = (node) => {
  const x = node.input(0);
  const alpha = floatAttribute(node.node, 'alpha', 1.6732632423543772);
  const gamma = floatAttribute(node.node, 'gamma', 1.0507009873554805);
  node.set(node.op('mul', { x: node.op('elu', { x, alpha }), y: node.like(x, gamma) }));
};

/** max(0, x) + min(0, alpha * (exp(x / alpha) - 1)). */
const celu: Lower = (node) => {
  const x = node.input(0);
  const alpha = floatAttribute(node.node, 'alpha', 1);
  const inner = node.op('elu', { x: node.op('real_div', { x, y: node.like(x, alpha) }), alpha });
  const above = node.op('relu', { x });
  node.set(node.op('add', { x: above, y: node.op('minimum', { x: inner, y: node.like(x, 0) }) }));
};

const mish: Lower = (node) => {
  const x = node.input(0);
  node.set(node.op('mul', { x, y: node.op('tanh', { x: node.op('softplus', { x }) }) }));
};

/** x where x > alpha, else 0. (Core ML's thresholded_relu keeps alpha itself.) */
const thresholdedRelu: Lower = (node) => {
  const x = node.input(0);
  const alpha = floatAttribute(node.node, 'alpha', 1);
  const isAbove = node.op('greater', { x, y: node.like(x, alpha) });
  node.set(node.op('mul', { x, y: node.cast(isAbove, x.type) }));
};

const shrink: Lower = (node) => {
  const x = node.float(node.input(0));
  const [lambd, bias] = [floatAttribute(node.node, 'lambd', 0.5), floatAttribute(node.node, 'bias', 0)];
  const above = node.cast(node.op('greater', { x, y: node.like(x, lambd) }), x.type);
  const below = node.cast(node.op('less', { x, y: node.like(x, -lambd) }), x.type);
  const shrunk = (keep: Value, by: number): Value =>
    node.op('mul', { x: keep, y: node.op('add', { x, y: node.like(x, by) }) });
  node.set(node.cast(node.op('add', { x: shrunk(above, -bias), y: shrunk(below, bias) }), node.input(0).type));
};

/** Axis of softmax and its kin; before opset 13 everything from the axis on was one row. */
function overRows(node: Lowering, usual: number, compute: (x: Value, axis: number) => Value): Value {
  const x = node.input(0);
  const rank = x.shape.length;
  const axis = node.axis(intAttribute(node.node, 'axis', node.opset < 13 ? Math.min(usual, rank - 1) : -1), rank);
  if (node.opset >= 13 || axis === rank - 1) return compute(x, axis);
  const rows = node.reshape(x, [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis))]);
  return node.reshape(compute(rows, 1), x.shape);
}

const softmax: Lower = (node) => node.set(overRows(node, 1, (x, axis) => node.op('softmax', { x, axis })));

/** x - max - log(sum(exp(x - max))). */
const logSoftmax: Lower = (node) =>
  node.set(
    overRows(node, 1, (x, axis) => {
      const reduce = { axes: [axis], keep_dims: true };
      const shifted = node.op('sub', { x, y: node.op('reduce_max', { x, ...reduce }) });
      const sum = node.op('reduce_sum', { x: node.op('exp', { x: shifted }), ...reduce });
      return node.op('sub', { x: shifted, y: node.op('log', { x: sum, epsilon: 0 }) });
    }),
  );

const hardmax: Lower = (node) =>
  node.set(
    overRows(node, 1, (x, axis) => {
      const place = node.op('reduce_argmax', { x, axis, keep_dims: false, output_dtype: 'int32' });
      const marks = node.op('one_hot', {
        indices: place,
        one_hot_vector_size: x.shape[axis] ?? 1,
        axis,
        on_value: 1,
        off_value: 0,
      });
      return node.cast(marks, x.type);
    }),
  );

export const ACTIVATION: Readonly<Record<string, Lower>> = {
  Relu: simple('relu'),
  Softplus: simple('softplus'),
  Softsign: simple('softsign'),
  LeakyRelu: withAlpha('leaky_relu', 0.01),
  Elu: withAlpha('elu', 1),
  ThresholdedRelu: thresholdedRelu,
  PRelu: prelu,
  HardSwish: hardSwish,
  HardSigmoid: hardSigmoid,
  Gelu: gelu,
  Selu: selu,
  Celu: celu,
  Mish: mish,
  Shrink: shrink,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  Hardmax: hardmax,
};
