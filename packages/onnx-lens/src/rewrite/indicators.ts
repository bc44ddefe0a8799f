import { attribute } from '../model/attributes.js';
import { TensorProto_DataType as DataType, type NodeProto } from '../model/generated/onnx_pb.js';
import { tensorNumbers, type Tensor } from '../model/tensors.js';
import type { Emitter } from './emitter.js';
import type { Workbench } from './workbench.js';

/**
 * A truth value as arithmetic: 1 where a comparison holds and 0 where it does not, made of Sub, Mul and Clip alone.
 *
 * a > b is sign(a - b): with gradual underflow a difference is zero only where the two are equal, so ties come out
 * exactly. Two steps of Mul and Clip lift the smallest difference of the type to 1. Exact for all finite values;
 * NaN stays NaN and the difference of two equal infinities is NaN, where a comparison would say false.
 */
export function positive(emit: Emitter, difference: string, dataType: DataType): string {
  const { first, second } =
    LIFT[dataType === DataType.FLOAT16 ? 'half' : dataType === DataType.DOUBLE ? 'double' : 'single'];
  const lifted = emit.clip(emit.node('Mul', [difference, emit.scalar(dataType, first)]), dataType, 0, 1);
  return emit.clip(emit.node('Mul', [lifted, emit.scalar(dataType, second)]), dataType, 0, 1);
}

/** Powers of two whose product lifts the type's smallest subnormal to at least 1: 2^-149, 2^-24, 2^-1074. */
const LIFT = {
  single: { first: 2 ** 126, second: 2 ** 24 },
  half: { first: 2 ** 14, second: 2 ** 11 },
  double: { first: 2 ** 1000, second: 2 ** 80 },
} as const;

/** The comparisons and the logic that an indicator can follow. */
const COMPARISONS = new Set(['Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual', 'Equal']);
const LOGIC = new Set(['Not', 'And', 'Or', 'Xor']);

/**
 * True when a boolean value is made of comparisons of floats of one type (and logic on them) and so has an indicator.
 */
export function hasIndicator(bench: Workbench, value: string, dataType: DataType): boolean {
  const node = bench.producer(value);
  if (node === undefined || node.domain !== '') return false;
  if (COMPARISONS.has(node.opType))
    return (
      node.input.length === 2 &&
      node.input.every((name) => bench.dataType(name) === dataType && staysFinite(bench, name))
    );
  return LOGIC.has(node.opType) && node.input.every((name) => hasIndicator(bench, name, dataType));
}

/** Emits the indicator of a boolean value for which {@link hasIndicator} holds. */
export function indicator(emit: Emitter, bench: Workbench, value: string, dataType: DataType): string {
  const node = bench.producer(value) as NodeProto; // hasIndicator looked
  const [a = '', b = ''] = node.input;
  const one = (): string => emit.scalar(dataType, 1);
  const not = (x: string): string => emit.node('Sub', [one(), x]);
  // x - 0 would be taken out, and the factor of the next step put into the weights of a convolution before it, where it
  // overflows.
  const isZero = (y: string): boolean =>
    bench.numbers(y)?.every((each) => each === 0) === true && (bench.rank(y) ?? 1) === 0;
  const above = (x: string, y: string): string =>
    positive(emit, isZero(y) ? emit.clip(x, dataType, 0, 1) : emit.node('Sub', [x, y]), dataType);
  const inner = (name: string): string => indicator(emit, bench, name, dataType);
  switch (node.opType) {
    case 'Greater':
      return above(a, b);
    case 'Less':
      return above(b, a);
    case 'GreaterOrEqual':
      return not(above(b, a));
    case 'LessOrEqual':
      return not(above(a, b));
    case 'Equal':
      return not(emit.node('Add', [above(a, b), above(b, a)]));
    case 'Not':
      return not(inner(a));
    case 'And':
      return emit.node('Mul', [inner(a), inner(b)]);
    case 'Or':
      return emit.node('Max', [inner(a), inner(b)]);
    default: {
      const [x, y] = [inner(a), inner(b)];
      // x + y - 2xy
      return emit.node('Sub', [
        emit.node('Add', [x, y]),
        emit.node('Mul', [emit.scalar(dataType, 2), emit.node('Mul', [x, y])]),
      ]);
    }
  }
}

/**
 * Operators whose results are finite for finite inputs of ordinary size: no division, logarithm, root or exponential.
 */
const KEEPS_FINITE = new Set([
  ...[
    'Conv',
    'ConvTranspose',
    'Gemm',
    'MatMul',
    'Add',
    'Sub',
    'Mul',
    'BatchNormalization',
    'InstanceNormalization',
    'LayerNormalization',
  ],
  ...[
    'Relu',
    'LeakyRelu',
    'PRelu',
    'Sigmoid',
    'Tanh',
    'HardSigmoid',
    'HardSwish',
    'Erf',
    'Softmax',
    'Gelu',
    'Elu',
    'Abs',
    'Neg',
    'Floor',
    'Ceil',
    'Round',
  ],
  ...[
    'MaxPool',
    'AveragePool',
    'GlobalAveragePool',
    'GlobalMaxPool',
    'ReduceSum',
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceL2',
    'ReduceSumSquare',
  ],
  ...['Clip', 'Max', 'Min', 'Einsum', 'Resize', 'Upsample', 'Identity', 'Cast', 'TopK', 'Sum', 'Mean', 'Sqrt'],
  ...[
    'Reshape',
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'Transpose',
    'Concat',
    'Split',
    'Slice',
    'Gather',
    'Expand',
    'Tile',
    'Pad',
    'DepthToSpace',
    'SpaceToDepth',
  ],
]);

/** How far up a value's history is followed; what lies beyond is taken to be as finite as what was seen. */
const DEEPEST_LOOK = 12;

/**
 * True when nothing in a value's recent history makes infinities or NaN out of ordinary numbers. A mask of -infinity or
 * a division that may be by zero says no: multiplying such a value by an indicator would not select it.
 */
export function staysFinite(bench: Workbench, value: string, depth = 0): boolean {
  if (value === '' || depth > DEEPEST_LOOK) return true;
  const tensor = bench.constant(value);
  if (tensor !== undefined) return isFiniteConstant(tensor);
  const node = bench.producer(value);
  if (node === undefined) return true;
  if (node.opType === 'Sqrt' && !isNonNegative(bench, node.input[0] ?? '')) return false;
  if (node.opType === 'Clip' && attribute(node, 'min') === undefined && node.input.length < 3)
    return staysFinite(bench, node.input[0] ?? '', depth + 1);
  if (node.opType === 'Div') {
    const divisor = bench.numbers(node.input[1]);
    const isSafe =
      divisor === undefined ? isAboveZero(bench, node.input[1] ?? '') : divisor.every((each) => each !== 0);
    return isSafe && staysFinite(bench, node.input[0] ?? '', depth + 1);
  }
  return KEEPS_FINITE.has(node.opType) && node.input.every((input) => staysFinite(bench, input, depth + 1));
}

/** Weights are looked at once, however many paths lead to them. */
const finiteConstants = new WeakMap<Tensor, boolean>();

function isFiniteConstant(tensor: Tensor): boolean {
  const known = finiteConstants.get(tensor);
  if (known !== undefined) return known;
  const { data } = tensor;
  const answer =
    data instanceof Float32Array || data instanceof Float64Array
      ? data.every(Number.isFinite)
      : tensorNumbers(tensor).every(Number.isFinite);
  finiteConstants.set(tensor, answer);
  return answer;
}

function isNonNegative(bench: Workbench, value: string): boolean {
  const node = bench.producer(value);
  if (node === undefined) return bench.numbers(value)?.every((each) => each >= 0) === true;
  if (node.opType === 'Mul') return node.input[0] === node.input[1];
  if (node.opType.startsWith('Reduce') || node.opType === 'Clip') {
    return isNonNegative(bench, node.input[0] ?? '') || (bench.scalar(node.input[1]) ?? -1) >= 0;
  }
  return ['Relu', 'Sigmoid', 'Abs', 'ReduceL2', 'ReduceSumSquare', 'Softmax'].includes(node.opType);
}

function isAboveZero(bench: Workbench, value: string): boolean {
  const node = bench.producer(value);
  if (node?.opType === 'Expand' || node?.opType === 'Unsqueeze' || node?.opType === 'Reshape')
    return isAboveZero(bench, node.input[0] ?? '');
  if (node?.opType === 'Sqrt') return isAboveZero(bench, node.input[0] ?? '');
  if (node?.opType === 'Add') {
    const [a = '', b = ''] = node.input;
    return (
      (isNonNegative(bench, a) && (bench.scalar(b) ?? 0) > 0) || (isNonNegative(bench, b) && (bench.scalar(a) ?? 0) > 0)
    );
  }
  return (node?.opType === 'Clip' || node?.opType === 'Max') && (bench.scalar(node.input[1]) ?? 0) > 0;
}
