import { floatAttribute, intAttribute, intsAttribute } from '../../../model/attributes.js';
import { elementCount } from '../../../model/tensors.js';
import type { Value } from '../values.js';
import type { Lower, Lowering } from './lowering.js';

const instanceNormalization: Lower = (node) => {
  const [x, gamma, beta] = [node.input(0), node.input(1), node.input(2)];
  const epsilon = floatAttribute(node.node, 'epsilon', 1e-5);
  const isPlain =
    gamma.constant !== undefined && beta.constant !== undefined && x.shape.length >= 3 && x.shape.length <= 4;
  if (isPlain) {
    node.set(node.op('instance_norm', { x, gamma, beta, epsilon }));
    return;
  }
  const axes = x.shape.map((_, axis) => axis).slice(2);
  const fit = (value: Value): Value => node.reshape(value, [1, ...value.shape, ...axes.map(() => 1)]);
  node.set(scaleAndShift(node, normalized(node, x, axes, epsilon), fit(gamma), fit(beta)));
};

/** (x - mean) / sqrt(variance + epsilon) over some axes. */
function normalized(node: Lowering, x: Value, axes: readonly number[], epsilon: number): Value {
  const reduce = { axes, keep_dims: true };
  const centred = node.op('sub', { x, y: node.op('reduce_mean', { x, ...reduce }) });
  const variance = node.op('reduce_mean', { x: node.op('mul', { x: centred, y: centred }), ...reduce });
  const deviation = node.op('sqrt', { x: node.op('add', { x: variance, y: node.like(x, epsilon) }) });
  return node.op('real_div', { x: centred, y: deviation });
}

function scaleAndShift(node: Lowering, x: Value, gamma: Value | undefined, beta: Value | undefined): Value {
  const scaled = gamma === undefined ? x : node.op('mul', { x, y: gamma });
  return beta === undefined ? scaled : node.op('add', { x: scaled, y: beta });
}

const layerNormalization: Lower = (node) => {
  const [x, gamma, beta] = [node.input(0), node.optional(1), node.optional(2)];
  const rank = x.shape.length;
  const axis = node.axis(intAttribute(node.node, 'axis', -1), rank);
  const axes = x.shape.map((_, place) => place).slice(axis);
  const epsilon = floatAttribute(node.node, 'epsilon', 1e-5);
  const shape = x.shape.slice(axis);
  const isPlain = [gamma, beta].every(
    (each) => each === undefined || (each.constant !== undefined && each.shape.join() === shape.join()),
  );
  if (isPlain && !node.wants(1) && !node.wants(2)) {
    node.set(node.op('layer_norm', { x, axes, gamma, beta, epsilon }));
    return;
  }
  const reduce = { axes, keep_dims: true };
  const mean = node.op('reduce_mean', { x, ...reduce });
  const centred = node.op('sub', { x, y: mean });
  const variance = node.op('reduce_mean', { x: node.op('mul', { x: centred, y: centred }), ...reduce });
  const inverse = node.op('inverse', {
    x: node.op('sqrt', { x: node.op('add', { x: variance, y: node.like(x, epsilon) }) }),
    epsilon: 0,
  });
  node.set(scaleAndShift(node, node.op('mul', { x: centred, y: inverse }), gamma, beta));
  node.set(mean, 1);
  node.set(inverse, 2);
};

/** Each group of channels as one channel of its own. */
const groupNormalization: Lower = (node) => {
  const [x, gamma, beta] = [node.input(0), node.input(1), node.input(2)];
  const groups = intAttribute(node.node, 'num_groups') ?? node.refuse('it has no num_groups');
  const channels = x.shape[1] ?? 0;
  const grouped = node.reshape(x, [x.shape[0] ?? 1, groups, elementCount(x.shape) / (groups * (x.shape[0] ?? 1))]);
  const even = normalized(node, grouped, [2], floatAttribute(node.node, 'epsilon', 1e-5));
  const shape = [1, channels, ...x.shape.slice(2).map(() => 1)];
  const fit = (value: Value): Value => {
    if (elementCount(value.shape) === channels) return node.reshape(value, shape);
    // Before opset 21 there was one number a group.
    const repeated = node.op('tile', { x: node.reshape(value, [groups, 1]), reps: [1, channels / groups] });
    return node.reshape(repeated, shape);
  };
  node.set(scaleAndShift(node, node.reshape(even, x.shape), fit(gamma), fit(beta)));
};

const rmsNormalization: Lower = (node) => {
  const [x, gamma] = [node.input(0), node.input(1)];
  const axis = node.axis(intAttribute(node.node, 'axis', -1), x.shape.length);
  const axes = x.shape.map((_, place) => place).slice(axis);
  const square = node.op('reduce_mean', { x: node.op('mul', { x, y: x }), axes, keep_dims: true });
  const root = node.op('sqrt', {
    x: node.op('add', { x: square, y: node.like(x, floatAttribute(node.node, 'epsilon', 1e-5)) }),
  });
  node.set(node.op('mul', { x: node.op('real_div', { x, y: root }), y: gamma }));
};

/** As ONNX defines it: the variance as the mean of squares less the square of the mean. */
const meanVariance: Lower = (node) => {
  const x = node.input(0);
  const axes = (intsAttribute(node.node, 'axes') ?? [0, 2, 3]).map((axis) => node.axis(axis, x.shape.length));
  const reduce = { axes, keep_dims: true };
  const square = (y: Value): Value => node.op('mul', { x: y, y });
  const mean = node.op('reduce_mean', { x, ...reduce });
  const variance = node.op('sub', { x: node.op('reduce_mean', { x: square(x), ...reduce }), y: square(mean) });
  const deviation = node.op('add', { x: node.op('sqrt', { x: variance }), y: node.like(x, 1e-9) });
  node.set(node.op('real_div', { x: node.op('sub', { x, y: mean }), y: deviation }));
};

/** x / (sum |x|^p)^(1/p) along one axis. */
const lpNormalization: Lower = (node) => {
  const x = node.input(0);
  const p = intAttribute(node.node, 'p', 2);
  if (p !== 1 && p !== 2) node.refuse(`its norm is of power ${p}; 1 and 2 have a form`);
  const axis = node.axis(intAttribute(node.node, 'axis', -1), x.shape.length);
  const norm = node.op(p === 1 ? 'reduce_l1_norm' : 'reduce_l2_norm', { x, axes: [axis], keep_dims: true });
  node.set(node.op('real_div', { x, y: norm }));
};

export const NORMALIZATION: Readonly<Record<string, Lower>> = {
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  RMSNormalization: rmsNormalization,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lpNormalization,
};
