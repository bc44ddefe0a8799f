import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import { elementCount, tensorNumbers, type Tensor } from '../../model/tensors.js';
import { constantValue, type OperatorContext } from './context.js';
import type { Value } from './value.js';

/** Shape arithmetic is short; anything longer is data and stays in the graph. */
const MOST_ELEMENTS = 64;

/**
 * Works out the shape arithmetic that converters leave in a model (SHAPE, STRIDED_SLICE, PACK, RESHAPE and the like on
 * constant integers), since the operators behind it need to know shapes. Null when this operator is none of it.
 */
export function foldIntegers(context: OperatorContext): readonly Value[] | null {
  const { name } = context.operator;
  if (!FOLDED.has(name) || context.inputCount === 0) return null;
  const values = Array.from({ length: context.inputCount }, (_, index) => context.optionalInput(index));
  const tensors = values.map((value) => value?.constant ?? null);
  if (!tensors.every((tensor) => tensor !== null && isShort(tensor))) return null;
  const numbers = tensors.map((tensor) => (tensor === null ? [] : tensorNumbers(tensor)));
  const folded = fold(context, numbers);
  const [first] = tensors;
  if (folded === null || first === null || first === undefined) return null;
  // Beyond 2^53 these are not the numbers that the runtime would get; no shape is so large.
  if (!folded.values.every(Number.isSafeInteger)) return null;
  return [constantValue(context.outputName(0), integers(first.dataType, folded.dims, folded.values))];
}

const FOLDED = new Set(['STRIDED_SLICE', 'PACK', 'CONCATENATION', 'GATHER', 'ADD', 'SUB', 'MUL', 'REDUCE_PROD']);

function isShort(tensor: Tensor): boolean {
  const isInteger = tensor.dataType === DataType.INT32 || tensor.dataType === DataType.INT64;
  return isInteger && tensor.dims.length <= 1 && elementCount(tensor.dims) <= MOST_ELEMENTS;
}

interface Folded {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

function fold(context: OperatorContext, inputs: readonly (readonly number[])[]): Folded | null {
  const [first = [], second = []] = inputs;
  const isScalar = (index: number): boolean => context.input(index).shape.length === 0;
  switch (context.operator.name) {
    case 'PACK':
      return context.inputs.every((value) => value.shape.length === 0) ? list(inputs.flat()) : null;
    case 'CONCATENATION':
      return list(inputs.flat());
    case 'REDUCE_PROD':
      return scalar(first.reduce((product, value) => product * value, 1));
    case 'GATHER': {
      const picked = second.map((index) => first[index < 0 ? index + first.length : index] ?? NaN);
      if (picked.some(Number.isNaN)) throw context.damaged('gathers beyond the end');
      return isScalar(1) ? scalar(picked[0] ?? 0) : list(picked);
    }
    case 'STRIDED_SLICE':
      return foldStridedSlice(context, first, inputs);
    case 'ADD':
    case 'SUB':
    case 'MUL': {
      const length = Math.max(first.length, second.length);
      if (first.length !== length && first.length !== 1) return null;
      if (second.length !== length && second.length !== 1) return null;
      const values = Array.from({ length }, (_, place) =>
        calculate(
          context.operator.name,
          first[first.length === 1 ? 0 : place] ?? 0,
          second[second.length === 1 ? 0 : place] ?? 0,
        ),
      );
      return isScalar(0) && isScalar(1) ? scalar(values[0] ?? 0) : list(values);
    }
    default:
      return null;
  }
}

function calculate(name: string, a: number, b: number): number {
  return name === 'ADD' ? a + b : name === 'SUB' ? a - b : a * b;
}

/** One element, or a plain run of elements, of a list. */
function foldStridedSlice(
  context: OperatorContext,
  list1: readonly number[],
  inputs: readonly (readonly number[])[],
): Folded | null {
  const [, [begin = 0] = [], [end = 0] = [], [step = 1] = []] = inputs;
  const masks = [0, 1, 2, 3, 4].map((slot) => context.option((table) => table.int32(slot), 0));
  const [beginMask = 0, endMask = 0, ellipsis = 0, newAxis = 0, shrink = 0] = masks;
  if (ellipsis !== 0 || newAxis !== 0 || step !== 1) return null;
  const place = (index: number): number => (index < 0 ? index + list1.length : index);
  if (shrink !== 0) {
    const value = list1[place(begin)];
    if (value === undefined) throw context.damaged('takes an element that is not there');
    return scalar(value);
  }
  return list(list1.slice(beginMask !== 0 ? 0 : place(begin), endMask !== 0 ? list1.length : place(end)));
}

function list(values: readonly number[]): Folded {
  return { dims: [values.length], values };
}

function scalar(value: number): Folded {
  return { dims: [], values: [value] };
}

function integers(dataType: DataType, dims: readonly number[], values: readonly number[]): Tensor {
  return dataType === DataType.INT64
    ? { dataType, dims, data: BigInt64Array.from(values, (value) => BigInt(value)) }
    : { dataType, dims, data: Int32Array.from(values) };
}
