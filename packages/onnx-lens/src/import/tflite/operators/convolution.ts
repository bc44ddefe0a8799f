import { permuteTensor, channelsSecond, type Value } from '../value.js';
import { constantValue, type OperatorContext, type Translation } from '../context.js';
import { activate, fusedActivation } from './activation.js';

/** How a window moves along one axis. */
interface Window {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

/** `enum Padding`. */
type PaddingRule = 'SAME' | 'VALID';

function paddingRule(context: OperatorContext, slot: number): PaddingRule {
  const code = context.option((table) => table.int8(slot), 0);
  if (code !== 0 && code !== 1) throw context.unsupported(`has the padding rule ${code}, which is not known`);
  return code === 0 ? 'SAME' : 'VALID';
}

/** Pads and output size along one axis. SAME puts the odd pixel at the end. */
export function windowPads(
  context: OperatorContext,
  length: number,
  window: Window,
  rule: PaddingRule,
): { begin: number; end: number; out: number } {
  if (window.stride < 1 || window.size < 1 || window.dilation < 1)
    throw context.damaged('has a stride, size or dilation below 1');
  const reach = (window.size - 1) * window.dilation + 1;
  if (rule === 'VALID') {
    const out = Math.ceil((length - reach + 1) / window.stride);
    if (out < 1) throw context.damaged('has a window larger than its input');
    return { begin: 0, end: 0, out };
  }
  const out = Math.ceil(length / window.stride);
  const total = Math.max(0, (out - 1) * window.stride + reach - length);
  return { begin: Math.floor(total / 2), end: total - Math.floor(total / 2), out };
}

/** Batch, height, width, channels. @throws OnnxLensError NOT_TFLITE when the value is of another rank. */
export function imageShape(context: OperatorContext, value: Value): readonly [number, number, number, number] {
  const [batch, height, width, channels] = value.shape;
  if (
    value.shape.length !== 4 ||
    batch === undefined ||
    height === undefined ||
    width === undefined ||
    channels === undefined
  ) {
    throw context.damaged(`takes a value of shape [${value.shape.join(', ')}] where an image batch must stand`);
  }
  return [batch, height, width, channels];
}

const NCHW = channelsSecond(4);

interface Convolution {
  readonly rule: PaddingRule;
  readonly vertical: Window;
  readonly horizontal: Window;
  readonly groups: number;
  /** Output channels, input channels of a group, height, width. */
  readonly weights: Value;
  readonly outChannels: number;
  readonly activationSlot: number;
}

function convolve(context: OperatorContext, convolution: Convolution): readonly Value[] {
  const input = context.input(0);
  const [batch, height, width] = imageShape(context, input);
  const vertical = windowPads(context, height, convolution.vertical, convolution.rule);
  const horizontal = windowPads(context, width, convolution.horizontal, convolution.rule);
  // Zeros that a PAD put around the image join the convolution's own, which saves the Pad node.
  const around = spatialPadding(input);
  const source = around === null ? input : around.of;
  const [top, left, bottom, right] = around?.pads ?? [0, 0, 0, 0];
  const bias = context.optionalInput(2);
  const inputs = [context.as(source, NCHW), context.as(convolution.weights, [0, 1, 2, 3])];
  if (bias !== null) inputs.push(context.as(bias, [0]));
  const result = context.node('Conv', inputs, {
    kernel_shape: [convolution.vertical.size, convolution.horizontal.size],
    strides: [convolution.vertical.stride, convolution.horizontal.stride],
    dilations: [convolution.vertical.dilation, convolution.horizontal.dilation],
    pads: [vertical.begin + top, horizontal.begin + left, vertical.end + bottom, horizontal.end + right],
    group: convolution.groups,
  });
  const shape = [batch, vertical.out, horizontal.out, convolution.outChannels];
  const activated = activate(context, result, fusedActivation(context, convolution.activationSlot));
  return [context.made(activated, shape, input.dataType, NCHW)];
}

/** The zeros around an image, top, left, bottom, right, when a PAD has put them there and nobody has made it yet. */
function spatialPadding(value: Value): { of: Value; pads: readonly [number, number, number, number] } | null {
  if (value.padding === null || value.forms.size > 0) return null;
  const { of, before, after } = value.padding;
  if (before[0] !== 0 || after[0] !== 0 || before[3] !== 0 || after[3] !== 0) return null;
  return { of, pads: [before[1] ?? 0, before[2] ?? 0, after[1] ?? 0, after[2] ?? 0] };
}

/** The weights, which must be constant and of rank 4, with their axes in that order. */
export function constantWeights(context: OperatorContext, permutation: readonly number[]): Value {
  const weights = context.input(1);
  if (weights.shape.length !== 4)
    throw context.damaged(`has weights of shape [${weights.shape.join(', ')}] where rank 4 must stand`);
  if (weights.constant === null)
    throw context.unsupported('has weights that are computed; only constant ones are covered');
  return constantValue(weights.name, permuteTensor(weights.constant, permutation));
}

const conv2d: Translation = (context) => {
  const weights = constantWeights(context, [0, 3, 1, 2]);
  const [outChannels = 0, groupChannels = 0, height = 0, width = 0] = weights.shape;
  const [, , , channels] = imageShape(context, context.input(0));
  if (groupChannels === 0 || channels % groupChannels !== 0 || outChannels % (channels / groupChannels) !== 0) {
    throw context.damaged(`has weights for ${groupChannels} channels but an input of ${channels}`);
  }
  return convolve(context, {
    rule: paddingRule(context, 0),
    horizontal: {
      size: width,
      stride: context.option((t) => t.int32(1), 0),
      dilation: context.option((t) => t.int32(4, 1), 1),
    },
    vertical: {
      size: height,
      stride: context.option((t) => t.int32(2), 0),
      dilation: context.option((t) => t.int32(5, 1), 1),
    },
    groups: channels / groupChannels,
    weights,
    outChannels,
    activationSlot: 3,
  });
};

const depthwiseConv2d: Translation = (context) => {
  const weights = constantWeights(context, [3, 0, 1, 2]);
  const [outChannels = 0, ones = 0, height = 0, width = 0] = weights.shape;
  const [, , , channels] = imageShape(context, context.input(0));
  if (ones !== 1 || channels === 0 || outChannels % channels !== 0) {
    throw context.damaged(`has weights for ${outChannels} channels but an input of ${channels}`);
  }
  return convolve(context, {
    rule: paddingRule(context, 0),
    horizontal: {
      size: width,
      stride: context.option((t) => t.int32(1), 0),
      dilation: context.option((t) => t.int32(5, 1), 1),
    },
    vertical: {
      size: height,
      stride: context.option((t) => t.int32(2), 0),
      dilation: context.option((t) => t.int32(6, 1), 1),
    },
    groups: channels,
    weights,
    outChannels,
    activationSlot: 4,
  });
};

const transposeConv: Translation = (context) => {
  const [batch = 0, height = 0, width = 0] = context.constantNumbers(0, 'output shape');
  const input = context.input(2);
  const [, inHeight, inWidth, channels] = imageShape(context, input);
  // The original's weights are output channels, height, width, input channels; ONNX wants input channels first.
  const weights = constantWeights(context, [3, 0, 1, 2]);
  const [inChannels = 0, outChannels = 0, kernelHeight = 0, kernelWidth = 0] = weights.shape;
  if (inChannels !== channels)
    throw context.damaged(`has weights for ${inChannels} channels but an input of ${channels}`);
  const rule = paddingRule(context, 0);
  const vertical = { size: kernelHeight, stride: context.option((t) => t.int32(2), 0), dilation: 1 };
  const horizontal = { size: kernelWidth, stride: context.option((t) => t.int32(1), 0), dilation: 1 };
  // It is the gradient of a convolution from the output's size to the input's: that one's pads apply.
  const up = windowPads(context, height, vertical, rule);
  const across = windowPads(context, width, horizontal, rule);
  if (up.out !== inHeight || across.out !== inWidth)
    throw context.damaged('names an output size that does not fit its input');
  const leftover = (length: number, inLength: number, window: Window, pads: { begin: number; end: number }): number =>
    length - ((inLength - 1) * window.stride + window.size - pads.begin - pads.end);
  const inputs = [context.as(input, NCHW), context.as(weights, [0, 1, 2, 3])];
  const bias = context.optionalInput(3);
  if (bias !== null) inputs.push(context.as(bias, [0]));
  const result = context.node('ConvTranspose', inputs, {
    kernel_shape: [kernelHeight, kernelWidth],
    strides: [vertical.stride, horizontal.stride],
    pads: [up.begin, across.begin, up.end, across.end],
    output_padding: [leftover(height, inHeight, vertical, up), leftover(width, inWidth, horizontal, across)],
  });
  return [
    context.made(
      activate(context, result, fusedActivation(context, 3)),
      [batch, height, width, outChannels],
      input.dataType,
      NCHW,
    ),
  ];
};

function pool(opType: 'MaxPool' | 'AveragePool'): Translation {
  return (context) => {
    const input = context.input(0);
    const [batch, height, width, channels] = imageShape(context, input);
    const rule = paddingRule(context, 0);
    const size = { horizontal: context.option((t) => t.int32(3), 0), vertical: context.option((t) => t.int32(4), 0) };
    const stride = { horizontal: context.option((t) => t.int32(1), 0), vertical: context.option((t) => t.int32(2), 0) };
    const vertical = windowPads(context, height, { size: size.vertical, stride: stride.vertical, dilation: 1 }, rule);
    const horizontal = windowPads(
      context,
      width,
      { size: size.horizontal, stride: stride.horizontal, dilation: 1 },
      rule,
    );
    const result = context.node(opType, [context.as(input, NCHW)], {
      kernel_shape: [size.vertical, size.horizontal],
      strides: [stride.vertical, stride.horizontal],
      pads: [vertical.begin, horizontal.begin, vertical.end, horizontal.end],
    });
    const activated = activate(context, result, fusedActivation(context, 5));
    return [context.made(activated, [batch, vertical.out, horizontal.out, channels], input.dataType, NCHW)];
  };
}

function resize(isLinear: boolean): Translation {
  return (context) => {
    const input = context.input(0);
    const [batch, , , channels] = imageShape(context, input);
    const [height = 0, width = 0] = context.constantNumbers(1, 'size');
    const firstFlag = isLinear ? 2 : 0;
    const isAligned = context.option((t) => t.flag(firstFlag), false);
    const isHalfPixel = context.option((t) => t.flag(firstFlag + 1), false);
    const result = context.node(
      'Resize',
      [context.as(input, NCHW), '', '', context.graph.ints([batch, channels, height, width])],
      {
        mode: isLinear ? 'linear' : 'nearest',
        coordinate_transformation_mode: isAligned ? 'align_corners' : isHalfPixel ? 'half_pixel' : 'asymmetric',
        // floor((x + 0.5) * scale), which the original means by half-pixel centres, is x's half-pixel place rounded up
        // at .5.
        ...(isLinear ? {} : { nearest_mode: isAligned || isHalfPixel ? 'round_prefer_ceil' : 'floor' }),
      },
    );
    return [context.made(result, [batch, height, width, channels], input.dataType, NCHW)];
  };
}

const depthToSpace: Translation = (context) => {
  const input = context.input(0);
  const [batch, height, width, channels] = imageShape(context, input);
  const block = context.option((t) => t.int32(0), 0);
  if (block < 1 || channels % (block * block) !== 0)
    throw context.damaged(`cannot make blocks of ${block} from ${channels} channels`);
  const result = context.node('DepthToSpace', [context.as(input, NCHW)], { blocksize: block, mode: 'DCR' });
  return [
    context.made(result, [batch, height * block, width * block, channels / (block * block)], input.dataType, NCHW),
  ];
};

const spaceToDepth: Translation = (context) => {
  const input = context.input(0);
  const [batch, height, width, channels] = imageShape(context, input);
  const block = context.option((t) => t.int32(0), 0);
  if (block < 1 || height % block !== 0 || width % block !== 0)
    throw context.damaged(`cannot cut ${height}x${width} into blocks of ${block}`);
  const result = context.node('SpaceToDepth', [context.as(input, NCHW)], { blocksize: block });
  return [context.made(result, [batch, height / block, width / block, channels * block * block], input.dataType, NCHW)];
};

/** Operators on images, which ONNX wants with their channels second. */
export const CONVOLUTION: Readonly<Record<string, Translation>> = {
  CONV_2D: conv2d,
  DEPTHWISE_CONV_2D: depthwiseConv2d,
  TRANSPOSE_CONV: transposeConv,
  MAX_POOL_2D: pool('MaxPool'),
  AVERAGE_POOL_2D: pool('AveragePool'),
  RESIZE_BILINEAR: resize(true),
  RESIZE_NEAREST_NEIGHBOR: resize(false),
  DEPTH_TO_SPACE: depthToSpace,
  SPACE_TO_DEPTH: spaceToDepth,
};
