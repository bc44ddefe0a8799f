import { intAttribute } from '../model/attributes.js';
import { TensorProto_DataType as DataType } from '../model/generated/onnx_pb.js';
import { elementBytes, elementCount, tensorDims } from '../model/tensors.js';
import type { NodeView, ValueView } from '../providers/graph-view.js';
import type { BoundaryTensor } from './result.js';

/** A shape with free and unknown dimensions counted as 1; null when not even the rank is known. */
function countedShape(value: ValueView | undefined): number[] | null {
  return value?.shape?.map((dim) => (typeof dim === 'number' ? dim : 1)) ?? null;
}

const SMALL_TYPES: Partial<Record<DataType, number>> = {
  [DataType.INT4]: 0.5,
  [DataType.UINT4]: 0.5,
  [DataType.FLOAT8E4M3FN]: 1,
  [DataType.FLOAT8E4M3FNUZ]: 1,
  [DataType.FLOAT8E5M2]: 1,
  [DataType.FLOAT8E5M2FNUZ]: 1,
  [DataType.COMPLEX64]: 8,
  [DataType.COMPLEX128]: 16,
};

function bytesOf(dataType: DataType, dims: readonly number[]): number | null {
  const each = elementBytes(dataType) ?? SMALL_TYPES[dataType];
  return each === undefined ? null : Math.ceil(elementCount(dims) * each);
}

/** A value as it crosses a partition's edge. Bytes are of one inference; free dimensions count as 1. */
export function boundaryTensor(value: ValueView): BoundaryTensor {
  const shape = countedShape(value);
  return {
    name: value.name,
    shape: value.shape ?? [],
    type: value.dataType === DataType.UNDEFINED ? 'unknown' : (DataType[value.dataType] ?? 'unknown').toLowerCase(),
    bytes: shape === null ? null : bytesOf(value.dataType, shape),
  };
}

/** Bytes of the constants that a node reads, by name. */
export function weightsOf(node: NodeView): Map<string, number> {
  const weights = new Map<string, number>();
  for (const { name, initializer } of node.inputs) {
    if (initializer === undefined) continue;
    weights.set(name, bytesOf(initializer.dataType ?? DataType.UNDEFINED, tensorDims(initializer)) ?? 0);
  }
  return weights;
}

/**
 * Multiply-accumulate operations of one run of a node, free dimensions counted as 1. Counted are convolutions, matrix
 * products and recurrent layers; everything else counts as 0, as does a node whose shapes are not known.
 */
export function macsOf(node: NodeView): number {
  const count = MACS[node.opType];
  return count === undefined ? 0 : Math.max(0, count(node));
}

type Count = (node: NodeView) => number;

/** Each output element is a sum over one filter: the weight's elements beyond its first dimension. */
const convolution =
  (weightPlace: number): Count =>
  (node) => {
    const [output, weight] = [countedShape(node.outputs[0]), countedShape(node.inputs[weightPlace])];
    return output === null || weight === null ? 0 : elementCount(output) * elementCount(weight.slice(1));
  };

/** Each input element is spread over one filter. */
const transposedConvolution: Count = (node) => {
  const [input, weight] = [countedShape(node.inputs[0]), countedShape(node.inputs[1])];
  return input === null || weight === null ? 0 : elementCount(input) * elementCount(weight.slice(1));
};

/** Each output element is a sum over the inner dimension, the last of the first factor. */
const product: Count = (node) => {
  const [output, a] = [countedShape(node.outputs[0]), countedShape(node.inputs[0])];
  if (output === null || a === null) return 0;
  const inner = node.opType === 'Gemm' && intAttribute(node.proto, 'transA', 0) !== 0 ? a[0] : a[a.length - 1];
  return elementCount(output) * (inner ?? 1);
};

/** Steps x batch x (input and recurrent weights). */
const recurrent: Count = (node) => {
  const [x, w, r] = [0, 1, 2].map((place) => countedShape(node.inputs[place]));
  return x == null || w == null || r == null ? 0 : elementCount(x.slice(0, 2)) * (elementCount(w) + elementCount(r));
};

const MACS: Readonly<Record<string, Count>> = {
  Conv: convolution(1),
  FusedConv: convolution(1),
  ConvInteger: convolution(1),
  QLinearConv: convolution(3),
  ConvTranspose: transposedConvolution,
  MatMul: product,
  FusedMatMul: product,
  MatMulInteger: product,
  QLinearMatMul: product,
  Gemm: product,
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
};
