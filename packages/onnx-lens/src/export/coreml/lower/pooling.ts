import { floatAttribute, intAttribute, intsAttribute } from '../../../model/attributes.js';
import type { Value } from '../values.js';
import { paddingOf } from './convolution.js';
import type { Lower, Lowering } from './lowering.js';

interface Window {
  readonly kernel_sizes: readonly number[];
  readonly strides: readonly number[];
  readonly pad_type: 'valid' | 'custom';
  readonly pad: readonly number[];
  readonly ceil_mode: boolean;
}

/**
 * Core ML rounds sizes up only where both sides are padded alike; elsewhere the padding grows to what rounding up
 * covers.
 */
function windowOf(node: Lowering, x: Value): { window: Window; grown: boolean } {
  const kernel = intsAttribute(node.node, 'kernel_shape') ?? node.refuse('it has no kernel_shape');
  if (kernel.length < 1 || kernel.length > 3)
    node.refuse(`Core ML pools along one to three axes, not ${kernel.length}`);
  const strides = intsAttribute(node.node, 'strides') ?? kernel.map(() => 1);
  if (node.node.opType !== 'MaxPool' && intsAttribute(node.node, 'dilations')?.some((step) => step !== 1) === true)
    node.refuse('Core ML pools without dilations');
  const sizes = x.shape.slice(2);
  const { pad, pad_type } = paddingOf(
    node,
    kernel,
    strides,
    kernel.map(() => 1),
    sizes,
  );
  if (intAttribute(node.node, 'ceil_mode', 0) === 0)
    return { window: { kernel_sizes: kernel, strides, pad, pad_type, ceil_mode: false }, grown: false };
  const more = kernel.map((size, axis) => {
    const [begin = 0, end = 0, stride = 1, input = 0] = [pad[2 * axis], pad[2 * axis + 1], strides[axis], sizes[axis]];
    const steps = Math.ceil((input + begin + end - size) / stride);
    const last = steps * stride >= input + begin ? steps - 1 : steps;
    return Math.max(0, last * stride + size - (input + begin + end));
  });
  const grown = pad.map((size, place) => size + (place % 2 === 1 ? (more[(place - 1) / 2] ?? 0) : 0));
  const none = grown.every((size) => size === 0);
  return {
    window: { kernel_sizes: kernel, strides, pad: grown, pad_type: none ? 'valid' : 'custom', ceil_mode: false },
    grown: more.some((size) => size > 0),
  };
}

const maxPool: Lower = (node) => {
  if (node.wants(1)) node.refuse('Core ML gives no indices of maxima');
  if (intAttribute(node.node, 'storage_order', 0) !== 0) node.refuse('its storage order is by columns');
  const x = node.input(0);
  const dilations = intsAttribute(node.node, 'dilations') ?? [];
  if (dilations.some((step) => step !== 1)) {
    node.set(node.throughFloat(x, (value) => dilatedMaximum(node, value, dilations)));
    return;
  }
  const { window } = windowOf(node, x);
  node.set(node.throughFloat(x, (value) => node.op('max_pool', { x: value, ...window })));
};

/** Core ML pools without dilations: the maximum of one shifted copy for each place of the window. */
function dilatedMaximum(node: Lowering, x: Value, dilations: readonly number[]): Value {
  const kernel = intsAttribute(node.node, 'kernel_shape') ?? node.refuse('it has no kernel_shape');
  const strides = intsAttribute(node.node, 'strides') ?? kernel.map(() => 1);
  const places = kernel.reduce((product, size) => product * size, 1);
  if (places > MOST_PLACES) node.refuse(`Core ML pools without dilations, and its window has ${places} places`);
  const sizes = x.shape.slice(2);
  const { pad } = paddingOf(node, kernel, strides, dilations, sizes);
  const spans = kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1) + 1);
  const isCeil = intAttribute(node.node, 'ceil_mode', 0) !== 0;
  const counts = sizes.map((size, axis) => {
    const [begin = 0, end = 0, stride = 1] = [pad[2 * axis], pad[2 * axis + 1], strides[axis]];
    const steps = (size + begin + end - (spans[axis] ?? 1)) / stride;
    const last = isCeil ? Math.ceil(steps) : Math.floor(steps);
    return isCeil && last * stride >= size + begin ? last : last + 1;
  });
  const sides = sizes.flatMap((size, axis) => {
    const [begin = 0, end = 0] = [pad[2 * axis], pad[2 * axis + 1]];
    const needed = ((counts[axis] ?? 1) - 1) * (strides[axis] ?? 1) + (spans[axis] ?? 1);
    return [begin, Math.max(end, needed - size - begin)];
  });
  const lowest = x.type === 'fp16' ? -65504 : -3.4028234663852886e38;
  const padded = node.op('pad', { x, pad: [0, 0, 0, 0, ...sides], mode: 'constant', constant_val: lowest });
  const copies = Array.from({ length: places }, (_, place) => {
    let rest = place;
    const at = kernel.map(() => 0);
    for (let axis = kernel.length - 1; axis >= 0; axis--) {
      at[axis] = (rest % (kernel[axis] ?? 1)) * (dilations[axis] ?? 1);
      rest = Math.floor(rest / (kernel[axis] ?? 1));
    }
    const whole = padded.shape.map((_size, axis) => axis < 2);
    return node.op('slice_by_index', {
      x: padded,
      begin: [0, 0, ...at],
      end: [
        ...padded.shape.slice(0, 2),
        ...at.map((from, axis) => from + ((counts[axis] ?? 1) - 1) * (strides[axis] ?? 1) + 1),
      ],
      stride: [1, 1, ...strides],
      begin_mask: whole,
      end_mask: whole,
      squeeze_mask: padded.shape.map(() => false),
    });
  });
  const [first, ...others] = copies;
  if (first === undefined) return node.refuse('its window is empty');
  return others.reduce((value, copy) => node.op('maximum', { x: value, y: copy }), first);
}

/** A window of more places would become too many operations. */
const MOST_PLACES = 49;

const averagePool: Lower = (node) => {
  const x = node.input(0);
  const { window, grown } = windowOf(node, x);
  const counts = intAttribute(node.node, 'count_include_pad', 0) !== 0;
  if (!counts || !grown) {
    node.set(node.op('avg_pool', { x, ...window, exclude_padding_from_average: !counts }));
    return;
  }
  // What rounding up covers is never counted, but ONNX counts the padding: zeros are added first, as values.
  const own = paddingOf(
    node,
    window.kernel_sizes,
    window.strides,
    window.kernel_sizes.map(() => 1),
    x.shape.slice(2),
  ).pad;
  const padded = own.every((size) => size === 0)
    ? x
    : node.op('pad', { x, pad: [0, 0, 0, 0, ...own], mode: 'constant', constant_val: 0 });
  const rest = window.pad.map((size, place) => size - (own[place] ?? 0));
  node.set(node.op('avg_pool', { x: padded, ...window, pad: rest, exclude_padding_from_average: true }));
};

const spatialAxes = (x: Value): number[] => x.shape.map((_, axis) => axis).slice(2);

const globalPool =
  (type: string): Lower =>
  (node) => {
    const x = node.input(0);
    const axes = spatialAxes(x);
    node.set(axes.length === 0 ? node.op('identity', { x }) : node.op(type, { x, axes, keep_dims: true }));
  };

const lpPower = (node: Lowering): 1 | 2 => {
  const p = intAttribute(node.node, 'p', 2);
  return p === 1 || p === 2 ? p : node.refuse(`its norm is of power ${p}; 1 and 2 have a form`);
};

const globalLpPool: Lower = (node) => {
  const x = node.input(0);
  node.set(
    node.op(lpPower(node) === 1 ? 'reduce_l1_norm' : 'reduce_l2_norm', { x, axes: spatialAxes(x), keep_dims: true }),
  );
};

/** The mean of what the window covers times its size: sums of |x| or x * x. */
const lpPool: Lower = (node) => {
  const x = node.input(0);
  const p = lpPower(node);
  const { window } = windowOf(node, x);
  const powers = p === 1 ? node.op('abs', { x }) : node.op('mul', { x, y: x });
  const mean = node.op('avg_pool', { x: powers, ...window, exclude_padding_from_average: false });
  const sum = node.op('mul', {
    x: mean,
    y: node.like(
      x,
      window.kernel_sizes.reduce((a, b) => a * b, 1),
    ),
  });
  node.set(p === 1 ? sum : node.op('sqrt', { x: sum }));
};

const lrn: Lower = (node) => {
  const size = intAttribute(node.node, 'size') ?? node.refuse('it has no size');
  if (size % 2 === 0) node.refuse('Core ML normalizes over an odd number of channels');
  node.set(
    node.op('local_response_norm', {
      x: node.input(0),
      size,
      alpha: floatAttribute(node.node, 'alpha', 1e-4),
      beta: floatAttribute(node.node, 'beta', 0.75),
      k: floatAttribute(node.node, 'bias', 1),
    }),
  );
};

export const POOLING: Readonly<Record<string, Lower>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalPool('reduce_mean'),
  GlobalMaxPool: globalPool('reduce_max'),
  GlobalLpPool: globalLpPool,
  LpPool: lpPool,
  LRN: lrn,
};
