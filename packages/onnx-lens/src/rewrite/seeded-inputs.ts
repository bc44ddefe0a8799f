import { OnnxLensError } from '../errors.js';
import { TensorProto_DataType as DataType } from '../model/generated/onnx_pb.js';
import { elementCount, floatToHalf, type Tensor } from '../model/tensors.js';
import { randomNumbers } from '../random.js';

/** From (inclusive) to (exclusive) for floats; both inclusive for whole numbers. */
export interface InputRange {
  readonly min: number;
  readonly max: number;
}

/** Where no range is given, inputs are drawn from one of these in turn: what networks are usually fed. */
const FLOAT_RANGES: readonly InputRange[] = [
  { min: -1, max: 1 },
  { min: 0, max: 1 },
  { min: -3, max: 3 },
  { min: -128, max: 128 },
];

/**
 * What the values are like.
 * - `random`: spread evenly over the range, hardly two alike.
 * - `ties`: nine values over the range, zero and both ends among them: what a rewrite of comparisons, maxima or roots
 *   gets wrong shows here and nowhere else.
 * - `zeros`: all zero, or the end of the range that is nearest to it.
 */
export type InputKind = 'random' | 'ties' | 'zeros';

/** A model's inputs may claim any size; what is made up for one fills memory. */
const MOST_ELEMENTS = 2 ** 28;

/** How many steps lead from one end of the range to the other in `ties`. */
const TIE_STEPS = 8;

/**
 * A tensor of seeded values, the same for the same arguments.
 * @param range for floats and whole numbers; when left out, floats take one of four usual ranges by the seed, whole
 *   numbers 0 and 1, which is valid as an index or a mask nearly everywhere.
 * @throws OnnxLensError UNSUPPORTED_MODEL for strings, for what is no tensor, and for more than {@link MOST_ELEMENTS}.
 */
export function seededTensor(
  dataType: DataType,
  dims: readonly number[],
  seed: number,
  range?: InputRange,
  kind: InputKind = 'random',
): Tensor {
  const random = randomNumbers(seed * 7919 + 17);
  const count = elementCount(dims);
  if (!(count <= MOST_ELEMENTS)) {
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `An input of shape [${dims.join(', ')}] is too large for values to be made up for it (${MOST_ELEMENTS.toLocaleString('en')} at most); fix its free dimensions to smaller sizes.`,
    );
  }
  const floats = range ?? FLOAT_RANGES[seed % FLOAT_RANGES.length] ?? { min: -1, max: 1 };
  const whole = kind === 'zeros' ? nearestToZero(range ?? { min: 0, max: 1 }) : (range ?? { min: 0, max: 1 });
  const nextFloat = floatMaker(floats, kind, random);
  const nextWhole = (): number => Math.floor(whole.min + (whole.max - whole.min + 1) * random());
  const filled = <T extends { [index: number]: number }>(data: T, next: () => number): T => {
    for (let at = 0; at < count; at++) data[at] = next();
    return data;
  };
  switch (dataType) {
    case DataType.FLOAT:
      return { dataType, dims, data: filled(new Float32Array(count), nextFloat) };
    case DataType.DOUBLE:
      return { dataType, dims, data: filled(new Float64Array(count), nextFloat) };
    case DataType.FLOAT16:
      return { dataType, dims, data: filled(new Uint16Array(count), () => floatToHalf(nextFloat())) };
    case DataType.INT64:
      return { dataType, dims, data: BigInt64Array.from({ length: count }, () => BigInt(nextWhole())) };
    case DataType.UINT64:
      return { dataType, dims, data: BigUint64Array.from({ length: count }, () => BigInt(nextWhole())) };
    case DataType.INT32:
      return { dataType, dims, data: filled(new Int32Array(count), nextWhole) };
    case DataType.UINT32:
      return { dataType, dims, data: filled(new Uint32Array(count), nextWhole) };
    case DataType.INT16:
      return { dataType, dims, data: filled(new Int16Array(count), nextWhole) };
    case DataType.UINT16:
      return { dataType, dims, data: filled(new Uint16Array(count), nextWhole) };
    case DataType.INT8:
      return { dataType, dims, data: filled(new Int8Array(count), nextWhole) };
    case DataType.STRING:
    case DataType.UNDEFINED:
      throw new OnnxLensError(
        'UNSUPPORTED_MODEL',
        'The model has an input of words, a sequence or a map, for which no values can be made up.',
      );
    default:
      return {
        dataType,
        dims,
        data: filled(new Uint8Array(count), dataType === DataType.BOOL ? () => Math.round(random()) : nextWhole),
      };
  }
}

function floatMaker({ min, max }: InputRange, kind: InputKind, random: () => number): () => number {
  const spread = max - min;
  switch (kind) {
    case 'random':
      return () => min + spread * random();
    case 'ties':
      return () => min + (spread / TIE_STEPS) * Math.floor(random() * (TIE_STEPS + 1));
    case 'zeros': {
      const value = nearestToZero({ min, max }).min;
      return () => value;
    }
  }
}

function nearestToZero({ min, max }: InputRange): InputRange {
  const value = Math.min(Math.max(0, min), max);
  return { min: value, max: value };
}
