import type { GraphBuilder } from 'onnx-lens/graph';
import type { Weights } from './weights.js';

/** PyTorch's default for batch norms. timm's TensorFlow ports use 1e-3. */
const NORM_EPSILON = 1e-5;

/** A kernel in ONNX's layout `(out, in / groups, height, width)` and a value for each output channel. */
export interface Kernel {
  readonly dims: readonly [number, number, number, number];
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** A batch norm as the line that it is when it does not learn: `scale * x + shift` for each channel. */
export interface NormLine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/** Reads a batch norm. Computed in float64, rounded once. */
export function normLine(weights: Weights, name: string, epsilon = NORM_EPSILON): NormLine {
  const variance = weights.get(`${name}.running_var`);
  const mean = weights.get(`${name}.running_mean`);
  const gain = weights.get(`${name}.weight`);
  const bias = weights.get(`${name}.bias`);
  const exact = Array.from(gain, (value, channel) => value / Math.sqrt((variance[channel] ?? 0) + epsilon));
  return {
    scale: Float32Array.from(exact),
    shift: Float32Array.from(bias, (value, channel) => value - (mean[channel] ?? 0) * (exact[channel] ?? 0)),
  };
}

/** Reads a convolution; without a bias in the checkpoint, zeros. */
export function readKernel(weights: Weights, name: string, dims: Kernel['dims'], hasBias: boolean): Kernel {
  return {
    dims,
    weight: weights.get(`${name}.weight`),
    bias: hasBias ? weights.get(`${name}.bias`) : new Float32Array(dims[0]),
  };
}

/** The convolution that computes what `kernel` and then the batch norm compute. */
export function foldNorm(kernel: Kernel, { scale, shift }: NormLine): Kernel {
  const each = kernel.weight.length / kernel.dims[0];
  return {
    dims: kernel.dims,
    weight: kernel.weight.map((value, place) => value * (scale[Math.floor(place / each)] ?? 0)),
    bias: kernel.bias.map((value, channel) => value * (scale[channel] ?? 0) + (shift[channel] ?? 0)),
  };
}

/** One kernel whose output channels are those of all, one after another. All read the same input. */
export function stackKernels(kernels: readonly [Kernel, ...Kernel[]]): Kernel {
  const [first] = kernels;
  const outputs = kernels.reduce((sum, { dims }) => sum + dims[0], 0);
  return {
    dims: [outputs, first.dims[1], first.dims[2], first.dims[3]],
    weight: concatFloats(kernels.map(({ weight }) => weight)),
    bias: concatFloats(kernels.map(({ bias }) => bias)),
  };
}

/** One kernel for inputs that are concatenated; its bias is the sum of all. */
export function joinKernels(kernels: readonly [Kernel, ...Kernel[]]): Kernel {
  const [first] = kernels;
  const outputs = first.dims[0];
  const rows = Array.from({ length: outputs }, (_, row) =>
    kernels.map(({ dims, weight }) => {
      const length = weight.length / dims[0];
      return weight.subarray(row * length, (row + 1) * length);
    }),
  );
  return {
    dims: [outputs, kernels.reduce((sum, { dims }) => sum + dims[1], 0), first.dims[2], first.dims[3]],
    weight: concatFloats(rows.flat()),
    bias: first.bias.map((_, channel) => kernels.reduce((sum, { bias }) => sum + (bias[channel] ?? 0), 0)),
  };
}

/** The part of a kernel that reads the input channels from..to. Keeps the bias. */
export function inputChannels(kernel: Kernel, from: number, to: number): Kernel {
  const [outputs, inputs, height, width] = kernel.dims;
  const area = height * width;
  const rows = Array.from({ length: outputs }, (_, row) =>
    kernel.weight.subarray((row * inputs + from) * area, (row * inputs + to) * area),
  );
  return { dims: [outputs, to - from, height, width], weight: concatFloats(rows), bias: kernel.bias };
}

/** The arrays one after another. */
export function concatFloats(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** How a convolution moves over its input. */
export interface ConvOptions {
  readonly stride?: number;
  readonly groups?: number;
  /** Zeros around the input: on all sides, or [top, left, bottom, right]. Default: what keeps the size at stride 1. */
  readonly pads?: number | readonly [number, number, number, number];
}

/** Adds a convolution node. */
export function conv(
  graph: GraphBuilder,
  name: string,
  input: string,
  kernel: Kernel,
  options: ConvOptions = {},
): string {
  const [, , height, width] = kernel.dims;
  const pads = options.pads ?? Math.floor(height / 2);
  const { stride = 1, groups = 1 } = options;
  return graph.node(
    'Conv',
    [
      input,
      graph.floats(kernel.dims, kernel.weight, `${name}.weight`),
      graph.floats([kernel.dims[0]], kernel.bias, `${name}.bias`),
    ],
    {
      kernel_shape: [height, width],
      strides: [stride, stride],
      pads: typeof pads === 'number' ? [pads, pads, pads, pads] : pads,
      group: groups,
    },
    { name },
  );
}

/** Adds a node that doubles height and width by repeating pixels. */
export function doubleSize(graph: GraphBuilder, name: string, input: string): string {
  return graph.node('Resize', [input, '', graph.floats([4], [1, 1, 2, 2], `${name}.scales`)], NEAREST, { name });
}

/** Attributes of a Resize that repeats pixels as torch.nn.functional.interpolate(mode='nearest') does. */
export const NEAREST = {
  mode: 'nearest',
  coordinate_transformation_mode: 'asymmetric',
  nearest_mode: 'floor',
} as const;
