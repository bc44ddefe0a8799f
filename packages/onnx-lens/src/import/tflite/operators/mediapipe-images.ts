/**
 * The custom operators of MediaPipe's segmentation nets (selfie, hair), after mediapipe/util/tflite/operations
 * (Apache-2.0). Their options are the bytes of TensorFlow Lite's C structures: 32-bit integers.
 */
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { int64Tensor } from '../../../model/tensors.js';
import type { OperatorContext, Translation } from '../context.js';
import { channelsSecond, type Value } from '../value.js';
import { activate, FUSED } from './activation.js';
import { constantWeights, imageShape, windowPads } from './convolution.js';

const NCHW = channelsSecond(4);
/** `enum TfLitePadding`, one more than the schema's. */
const SAME = 1;
const VALID = 2;

/** The 32-bit integers that the options begin with; 0 for those that older converters did not write. */
function integers(context: OperatorContext, least: number, most: number): number[] {
  const { customOptions } = context.operator;
  if (customOptions.length < 4 * least) throw context.damaged(`has ${customOptions.length} bytes of options`);
  const view = new DataView(customOptions.buffer, customOptions.byteOffset, customOptions.byteLength);
  return Array.from({ length: most }, (_, place) =>
    4 * place + 4 <= customOptions.length ? view.getInt32(4 * place, true) : 0,
  );
}

function paddingOf(context: OperatorContext, code: number | undefined): 'SAME' | 'VALID' {
  if (code !== SAME && code !== VALID)
    throw context.unsupported(`has the padding rule ${code ?? 0}, which is not known`);
  return code === SAME ? 'SAME' : 'VALID';
}

/**
 * A transposed convolution whose output size follows from its input's: SAME makes it the input's times the stride, as
 * the files say and XNNPACK and the GPU compute (MediaPipe's own CPU kernel drops rows where the stride does not divide
 * the size).
 */
const convolutionTransposeBias: Translation = (context) => {
  const [padding, strideWidth = 0, strideHeight = 0] = integers(context, 3, 3);
  const rule = paddingOf(context, padding);
  const input = context.input(0);
  const [batch, height, width, channels] = imageShape(context, input);
  const weights = constantWeights(context, [3, 0, 1, 2]);
  const [inChannels = 0, outChannels = 0, kernelHeight = 0, kernelWidth = 0] = weights.shape;
  if (inChannels !== channels)
    throw context.damaged(`has weights for ${inChannels} channels but an input of ${channels}`);
  if (strideWidth < 1 || strideHeight < 1 || kernelHeight < 1 || kernelWidth < 1)
    throw context.damaged('has a stride or size below 1');
  const pads = (kernel: number, stride: number): readonly [number, number] => {
    const total = rule === 'SAME' ? Math.max(0, kernel - stride) : 0;
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  };
  const beyond = (kernel: number, stride: number): number => (rule === 'SAME' ? Math.max(0, stride - kernel) : 0);
  const [top, bottom] = pads(kernelHeight, strideHeight);
  const [left, right] = pads(kernelWidth, strideWidth);
  const added = [beyond(kernelHeight, strideHeight), beyond(kernelWidth, strideWidth)] as const;
  const shape = [
    batch,
    strideHeight * (height - 1) + kernelHeight - top - bottom + added[0],
    strideWidth * (width - 1) + kernelWidth - left - right + added[1],
    outChannels,
  ];
  const inputs = [context.as(input, NCHW), context.as(weights, [0, 1, 2, 3]), context.as(context.input(2), [0])];
  const result = context.node('ConvTranspose', inputs, {
    kernel_shape: [kernelHeight, kernelWidth],
    strides: [strideHeight, strideWidth],
    pads: [top, left, bottom, right],
    output_padding: [...added],
  });
  return [context.made(result, shape, input.dataType, NCHW)];
};

interface Pool {
  readonly rule: 'SAME' | 'VALID';
  readonly stride: { readonly width: number; readonly height: number };
  readonly filter: { readonly width: number; readonly height: number };
  readonly activation: (typeof FUSED)[number];
}

function poolOptions(context: OperatorContext): Pool {
  const [padding, strideWidth = 0, strideHeight = 0, width = 0, height = 0, activation = 0] = integers(context, 5, 6);
  const fused = FUSED[activation];
  if (fused === undefined || fused === 'SIGN_BIT')
    throw context.unsupported(`has the fused activation ${activation}, which is not covered`);
  if (width < 1 || height < 1 || width * height > 1 << 10) throw context.damaged(`has a window of ${width}x${height}`);
  return {
    rule: paddingOf(context, padding),
    stride: { width: strideWidth, height: strideHeight },
    filter: { width, height },
    activation: fused,
  };
}

/** The greatest value of each window, and its place in the window (row by row) plus 0.1, as a float. */
const maxPoolingWithArgmax: Translation = (context) => {
  const { rule, stride, filter, activation } = poolOptions(context);
  const input = context.input(0);
  const [batch, height, width, channels] = imageShape(context, input);
  const vertical = windowPads(context, height, { size: filter.height, stride: stride.height, dilation: 1 }, rule);
  const horizontal = windowPads(context, width, { size: filter.width, stride: stride.width, dilation: 1 }, rule);
  const shape = [batch, vertical.out, horizontal.out, channels];
  const { graph } = context;
  const [greatest = '', flat = ''] = graph.nodeOutputs(
    'MaxPool',
    [context.as(input, NCHW)],
    {
      kernel_shape: [filter.height, filter.width],
      strides: [stride.height, stride.width],
      pads: [vertical.begin, horizontal.begin, vertical.end, horizontal.end],
    },
    2,
    { name: `${context.operator.index}_${context.operator.name}/MaxPool` },
  );
  // ONNX counts places over the whole tensor, [batch, channel, row, column].
  const integer = (dims: readonly number[], values: readonly number[]): string =>
    graph.constant('places', int64Tensor(dims, values));
  const inImage = context.node('Mod', [flat, integer([], [height * width])]);
  const row = context.node('Div', [inImage, integer([], [width])]);
  const column = context.node('Mod', [inImage, integer([], [width])]);
  const begins = (count: number, step: number, before: number): number[] =>
    Array.from({ length: count }, (_, place) => place * step - before);
  const rowBegins = integer([vertical.out, 1], begins(vertical.out, stride.height, vertical.begin));
  const columnBegins = integer([horizontal.out], begins(horizontal.out, stride.width, horizontal.begin));
  const place = context.node('Add', [
    context.node('Mul', [context.node('Sub', [row, rowBegins]), integer([], [filter.width])]),
    context.node('Sub', [column, columnBegins]),
  ]);
  const asFloat = context.node('Cast', [place], { to: DataType.FLOAT });
  const indices = context.node('Add', [asFloat, graph.floats([], [Math.fround(0.1)])]);
  return [
    context.made(activate(context, greatest, activation), shape, input.dataType, NCHW),
    context.made(indices, shape, DataType.FLOAT, NCHW, context.outputName(1)),
  ];
};

/** Puts each value back at its place in its window, zeros elsewhere. */
const maxUnpooling: Translation = (context) => {
  const { stride, filter } = poolOptions(context);
  const [input, indices] = [context.input(0), context.input(1)];
  const [batch, height, width, channels] = imageShape(context, input);
  if (String(indices.shape) !== String(input.shape)) throw context.damaged('has not one place a value');
  // The output's size is the input's times the window's, so that windows lie side by side or over each other.
  if (stride.width !== filter.width || stride.height !== filter.height)
    throw context.unsupported('has windows that lie over each other, which are not covered');
  const { graph } = context;
  const [values, whole] = [context.as(input, NCHW), context.node('Floor', [context.as(indices, NCHW)])];
  const parts = Array.from({ length: filter.height * filter.width }, (_, place) =>
    context.node('Where', [context.node('Equal', [whole, graph.floats([], [place])]), values, graph.floats([], [0])]),
  );
  const joined = context.node('Concat', parts, { axis: 1 });
  const apart = context.node('Reshape', [
    joined,
    graph.ints([batch, filter.height, filter.width, channels, height, width]),
  ]);
  const turned = context.node('Transpose', [apart], { perm: [0, 3, 4, 1, 5, 2] });
  const shape = [batch, height * filter.height, width * filter.width, channels];
  const result = context.node('Reshape', [
    turned,
    graph.ints([batch, channels, height * filter.height, width * filter.width]),
  ]);
  return [context.made(result, shape, input.dataType, NCHW)];
};

/** The image sampled bilinearly at pixel places [batch, height, width, 2] (x, y); 0 outside. */
const resampler: Translation = (context) => {
  const [input, places] = [context.input(0), context.input(1)];
  const [batch, height, width, channels] = imageShape(context, input);
  if (String(places.shape) !== String([batch, height, width, 2]))
    throw context.unsupported('takes places of another size than its picture');
  const { graph } = context;
  // GridSample counts from -1 at the picture's one edge to 1 at the other.
  const scaled = context.node('Mul', [context.as(places, [0, 1, 2, 3]), graph.floats([2], [2 / width, 2 / height])]);
  const grid = context.node('Add', [scaled, graph.floats([2], [1 / width - 1, 1 / height - 1])]);
  const sampled = context.node('GridSample', [context.as(input, NCHW), grid], {
    mode: context.settings.opset >= 20 ? 'linear' : 'bilinear',
    padding_mode: 'zeros',
    align_corners: 0,
  });
  return [context.made(sampled, [batch, height, width, channels], input.dataType, NCHW)];
};

function versionOne(translation: Translation): Translation {
  return (context): readonly Value[] => {
    if (context.operator.version !== 1) throw context.unsupported('is of a version that is not covered (1 is)');
    return translation(context);
  };
}

/** MediaPipe's custom operators on images, by name. */
export const MEDIAPIPE_IMAGES: Readonly<Record<string, Translation>> = {
  Convolution2DTransposeBias: versionOne(convolutionTransposeBias),
  MaxPoolingWithArgmax2D: versionOne(maxPoolingWithArgmax),
  MaxUnpooling2D: versionOne(maxUnpooling),
  Resampler: versionOne(resampler),
};
