import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../../model/attributes.js';
import type { Value } from '../values.js';
import type { Lower, Lowering } from './lowering.js';

/** Padding as Core ML has it: begin and end of each axis side by side. */
export interface Padding {
  readonly pad_type: 'valid' | 'custom';
  readonly pad: readonly number[];
}

/** ONNX's pads, with auto_pad resolved to numbers. */
export function paddingOf(
  node: Lowering,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  sizes: readonly number[],
): Padding {
  const auto = stringAttribute(node.node, 'auto_pad', 'NOTSET');
  const given = intsAttribute(node.node, 'pads') ?? kernel.map(() => [0, 0]).flat();
  const rank = kernel.length;
  const pad = kernel.flatMap((size, axis) => {
    if (auto === 'VALID') return [0, 0];
    if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') return [given[axis] ?? 0, given[axis + rank] ?? 0];
    const [stride, input] = [strides[axis] ?? 1, sizes[axis] ?? 1];
    const total = Math.max(
      0,
      (Math.ceil(input / stride) - 1) * stride + (size - 1) * (dilations[axis] ?? 1) + 1 - input,
    );
    const small = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [small, total - small] : [total - small, small];
  });
  if (pad.some((size) => size < 0)) node.refuse('its padding is negative');
  return pad.every((size) => size === 0) ? { pad_type: 'valid', pad } : { pad_type: 'custom', pad };
}

/** Core ML adds a constant bias of one axis only. */
function withBias(node: Lowering, bias: Value | undefined, compute: (bias: Value | undefined) => Value): Value {
  if (bias === undefined || bias.constant !== undefined) return compute(bias);
  const x = compute(undefined);
  return node.op('add', { x, y: node.reshape(bias, [1, ...bias.shape, ...x.shape.slice(2).map(() => 1)]) });
}

const conv: Lower = (node) => {
  const [x, weight] = [node.input(0), node.input(1)];
  const kernel = weight.shape.slice(2);
  if (kernel.length < 1 || kernel.length > 3)
    node.refuse(`Core ML convolves along one to three axes, not ${kernel.length}`);
  const strides = intsAttribute(node.node, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(node.node, 'dilations') ?? kernel.map(() => 1);
  const groups = intAttribute(node.node, 'group', 1);
  const padding = paddingOf(node, kernel, strides, dilations, x.shape.slice(2));
  node.set(
    withBias(node, node.optional(2), (bias) =>
      node.op('conv', { x, weight, bias, strides, ...padding, dilations, groups }),
    ),
  );
};

/**
 * The whole transposed convolution without padding, of which ONNX's part is then cut out, or to which zeros are added.
 */
const convTranspose: Lower = (node) => {
  const [x, weight] = [node.input(0), node.input(1)];
  const kernel = weight.shape.slice(2);
  const rank = kernel.length;
  if (rank < 1 || rank > 3) node.refuse(`Core ML convolves along one to three axes, not ${rank}`);
  if (weight.constant === undefined && node.builder.specification < 8)
    node.refuse('its weight is computed while the model runs', 'Give --ios 17');
  const strides = intsAttribute(node.node, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(node.node, 'dilations') ?? kernel.map(() => 1);
  const extra = intsAttribute(node.node, 'output_padding') ?? kernel.map(() => 0);
  const groups = intAttribute(node.node, 'group', 1);
  const full = kernel.map(
    (size, axis) => ((x.shape[axis + 2] ?? 1) - 1) * (strides[axis] ?? 1) + (size - 1) * (dilations[axis] ?? 1) + 1,
  );
  const window = windowOf(node, full, strides, extra, x.shape.slice(2));
  const bias = node.optional(2);
  const isWider = window.some(({ begin, size }, axis) => begin < 0 || begin + size > (full[axis] ?? 0));
  const direct = { x, weight, strides, dilations, groups };
  const even = window.every(({ begin, size }, axis) => begin >= 0 && (full[axis] ?? 0) - size === 2 * begin);
  const zero = kernel.flatMap(() => [0, 0]);
  if (even && window.every(({ begin }) => begin === 0)) {
    node.set(
      withBias(node, bias, (own) => node.op('conv_transpose', { ...direct, bias: own, pad_type: 'valid', pad: zero })),
    );
    return;
  }
  if (even) {
    const pad = window.flatMap(({ begin }) => [begin, begin]);
    node.set(
      withBias(node, bias, (own) => node.op('conv_transpose', { ...direct, bias: own, pad_type: 'custom', pad })),
    );
    return;
  }
  const cut = (whole: Value): Value => {
    const begin = window.map((each) => Math.max(0, each.begin));
    const end = window.map((each, axis) => Math.min(full[axis] ?? 0, each.begin + each.size));
    const part = sliceSpatial(node, whole, begin, end);
    if (!isWider) return part;
    const pad = [
      0,
      0,
      0,
      0,
      ...window.flatMap((each, axis) => [
        Math.max(0, -each.begin),
        Math.max(0, each.begin + each.size - (full[axis] ?? 0)),
      ]),
    ];
    return node.op('pad', { x: part, pad, mode: 'constant', constant_val: 0 });
  };
  if (!isWider) {
    node.set(
      withBias(node, bias, (own) =>
        cut(node.op('conv_transpose', { ...direct, bias: own, pad_type: 'valid', pad: zero })),
      ),
    );
    return;
  }
  const result = cut(node.op('conv_transpose', { ...direct, pad_type: 'valid', pad: zero }));
  node.set(
    bias === undefined
      ? result
      : node.op('add', { x: result, y: node.reshape(bias, [1, ...bias.shape, ...kernel.map(() => 1)]) }),
  );
};

/** Where ONNX's result lies in the whole one, along each axis. */
function windowOf(
  node: Lowering,
  full: readonly number[],
  strides: readonly number[],
  extra: readonly number[],
  input: readonly number[],
) {
  const auto = stringAttribute(node.node, 'auto_pad', 'NOTSET');
  const shape = intsAttribute(node.node, 'output_shape');
  const pads = intsAttribute(node.node, 'pads') ?? full.map(() => [0, 0]).flat();
  const rank = full.length;
  return full.map((size, axis) => {
    const more = extra[axis] ?? 0;
    const same = auto.startsWith('SAME') ? (input[axis] ?? 1) * (strides[axis] ?? 1) : undefined;
    const wanted = shape?.at(axis - rank) ?? same;
    if (wanted === undefined) {
      const [begin, end] = auto === 'VALID' ? [0, 0] : [pads[axis] ?? 0, pads[axis + rank] ?? 0];
      return { begin, size: size + more - begin - end };
    }
    const total = size + more - wanted;
    const begin = auto === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
    return { begin: Math.max(begin, total < 0 ? 0 : begin), size: wanted };
  });
}

function sliceSpatial(node: Lowering, x: Value, begin: readonly number[], end: readonly number[]): Value {
  if (begin.every((from, axis) => from === 0 && end[axis] === x.shape[axis + 2])) return x;
  const no = x.shape.map(() => false);
  const whole = x.shape.map((_, axis) => axis < 2);
  return node.op('slice_by_index', {
    x,
    begin: [0, 0, ...begin],
    end: [...x.shape.slice(0, 2), ...end],
    stride: x.shape.map(() => 1),
    begin_mask: whole,
    end_mask: whole,
    squeeze_mask: no,
  });
}

const batchNormalization: Lower = (node) => {
  if (node.node.output.length > 1 && node.wants(1))
    node.refuse('it is in training mode', 'Export the model in evaluation mode');
  if (intAttribute(node.node, 'training_mode', 0) !== 0)
    node.refuse('it is in training mode', 'Export the model in evaluation mode');
  const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((place) => node.input(place)) as [
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
  const epsilon = floatAttribute(node.node, 'epsilon', 1e-5);
  const isConstant = [gamma, beta, mean, variance].every((each) => each.constant !== undefined);
  if (isConstant && x.shape.length >= 3 && x.shape.length <= 4) {
    node.set(node.op('batch_norm', { x, mean, variance, gamma, beta, epsilon }));
    return;
  }
  // Two axes, five (which fail off the CPU) and parameters that are computed: the formula itself.
  const fit = (value: Value): Value => node.reshape(value, [1, ...value.shape, ...x.shape.slice(2).map(() => 1)]);
  const deviation = node.op('sqrt', { x: node.op('add', { x: fit(variance), y: node.like(x, epsilon) }) });
  const scaled = node.op('real_div', { x: node.op('sub', { x, y: fit(mean) }), y: deviation });
  node.set(node.op('add', { x: node.op('mul', { x: scaled, y: fit(gamma) }), y: fit(beta) }));
};

export const CONVOLUTION: Readonly<Record<string, Lower>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  BatchNormalization: batchNormalization,
};
