import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { TensorProto_DataType as DataType, TensorProtoSchema, type TensorProto } from './generated/onnx_pb.js';

/** Element values of a dense tensor. 16-bit floats stay as their bits (see {@link halfToFloat}). */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense tensor in row-major order. An empty `dims` is a scalar. */
export interface Tensor {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

interface ElementType {
  readonly bytes: number;
  readonly view: (buffer: ArrayBuffer) => TensorData;
}

const ELEMENT_TYPES: Partial<Record<DataType, ElementType>> = {
  [DataType.FLOAT]: { bytes: 4, view: (buffer) => new Float32Array(buffer) },
  [DataType.DOUBLE]: { bytes: 8, view: (buffer) => new Float64Array(buffer) },
  [DataType.FLOAT16]: { bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  [DataType.BFLOAT16]: { bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  [DataType.INT8]: { bytes: 1, view: (buffer) => new Int8Array(buffer) },
  [DataType.UINT8]: { bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  [DataType.BOOL]: { bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  [DataType.INT16]: { bytes: 2, view: (buffer) => new Int16Array(buffer) },
  [DataType.UINT16]: { bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  [DataType.INT32]: { bytes: 4, view: (buffer) => new Int32Array(buffer) },
  [DataType.UINT32]: { bytes: 4, view: (buffer) => new Uint32Array(buffer) },
  [DataType.INT64]: { bytes: 8, view: (buffer) => new BigInt64Array(buffer) },
  [DataType.UINT64]: { bytes: 8, view: (buffer) => new BigUint64Array(buffer) },
};

/** Bytes of one element, or undefined for strings and for the sub-byte and 8-bit float types. */
export function elementBytes(dataType: DataType): number | undefined {
  return ELEMENT_TYPES[dataType]?.bytes;
}

/**
 * Number of elements of a shape; 1 for a scalar.
 *
 * @example
 * elementCount([2, 3, 4]); // 24
 * elementCount([]); // 1
 */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** The dimensions of a TensorProto as numbers. */
export function tensorDims(proto: TensorProto): number[] {
  return proto.dims.map(Number);
}

/**
 * Reads the values that are in the TensorProto itself.
 *
 * External data must have been read in by `loadModel` before.
 * @throws OnnxLensError TENSOR_INVALID when the type has no dense numeric form, or the data do not fit the shape.
 *
 * @example
 * const { graph } = loadModel('model.onnx', 'read');
 * const weight = readTensor(graph.initializer[0]);
 * weight.dims; // [4, 3, 3, 3]
 */
export function readTensor(proto: TensorProto): Tensor {
  const dataType = (proto.dataType ?? DataType.UNDEFINED) as DataType;
  const type = ELEMENT_TYPES[dataType];
  const dims = tensorDims(proto);
  if (type === undefined) {
    throw new OnnxLensError(
      'TENSOR_INVALID',
      `Tensor "${proto.name}" holds ${DataType[dataType] ?? `type ${dataType}`}, which cannot be read as numbers.`,
    );
  }
  if (proto.externalData.length > 0 && proto.rawData.length === 0) {
    throw new OnnxLensError(
      'EXTERNAL_DATA',
      `Tensor "${proto.name}" keeps its values in another file that has not been read.`,
    );
  }
  if (dims.some((dim) => dim < 0))
    throw new OnnxLensError('TENSOR_INVALID', `Tensor "${proto.name}" has a negative dimension: [${dims.join(', ')}].`);
  const count = elementCount(dims);
  const data = proto.rawData.length > 0 || count === 0 ? readRaw(proto, type, count) : readTyped(proto, dataType);
  if (data.length !== count) {
    throw new OnnxLensError(
      'TENSOR_INVALID',
      `Tensor "${proto.name}" of shape [${dims.join(', ')}] needs ${count} values but holds ${data.length}.`,
    );
  }
  return { dataType, dims, data };
}

function readRaw(proto: TensorProto, type: ElementType, count: number): TensorData {
  const { rawData } = proto;
  if (rawData.length !== count * type.bytes) {
    throw new OnnxLensError(
      'TENSOR_INVALID',
      `Tensor "${proto.name}" needs ${count * type.bytes} bytes of data but holds ${rawData.length}.`,
    );
  }
  // The copy aligns the data: raw bytes start anywhere in the file. (A Buffer's slice() would be a view, no copy.)
  return type.view(new Uint8Array(rawData).buffer);
}

function readTyped(proto: TensorProto, dataType: DataType): TensorData {
  switch (dataType) {
    case DataType.FLOAT:
      return Float32Array.from(proto.floatData);
    case DataType.DOUBLE:
      return Float64Array.from(proto.doubleData);
    case DataType.INT64:
      return BigInt64Array.from(proto.int64Data);
    case DataType.UINT64:
      return BigUint64Array.from(proto.uint64Data);
    case DataType.UINT32:
      return Uint32Array.from(proto.uint64Data, Number);
    case DataType.INT8:
      return Int8Array.from(proto.int32Data);
    case DataType.INT16:
      return Int16Array.from(proto.int32Data);
    case DataType.INT32:
      return Int32Array.from(proto.int32Data);
    case DataType.UINT8:
    case DataType.BOOL:
      return Uint8Array.from(proto.int32Data);
    case DataType.UINT16:
    case DataType.FLOAT16:
    case DataType.BFLOAT16:
      return Uint16Array.from(proto.int32Data);
    default:
      throw new OnnxLensError('TENSOR_INVALID', `Tensor "${proto.name}" has no typed data of ${DataType[dataType]}.`);
  }
}

/** Wraps a tensor as a TensorProto with raw data (shares the memory, does not copy). */
export function makeTensorProto(name: string, tensor: Tensor): TensorProto {
  const { data } = tensor;
  return create(TensorProtoSchema, {
    name,
    dataType: tensor.dataType,
    dims: tensor.dims.map((dim) => BigInt(dim)),
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}

/**
 * A float32 tensor.
 *
 * @example
 * floatTensor([2, 2], [1, 2, 3, 4]).data; // Float32Array(4) [1, 2, 3, 4]
 */
export function floatTensor(dims: readonly number[], values: ArrayLike<number>): Tensor {
  return { dataType: DataType.FLOAT, dims, data: values instanceof Float32Array ? values : Float32Array.from(values) };
}

/**
 * An int64 tensor.
 *
 * @example
 * int64Tensor([2], [1, -1]).data; // BigInt64Array(2) [1n, -1n]
 */
export function int64Tensor(dims: readonly number[], values: readonly (number | bigint)[]): Tensor {
  return { dataType: DataType.INT64, dims, data: BigInt64Array.from(values, (value) => BigInt(value)) };
}

/**
 * The tensor's values as JavaScript numbers, half floats widened. int64 beyond 2^53 loses precision.
 *
 * @example
 * tensorNumbers(int64Tensor([3], [1, 2, 3])); // [1, 2, 3]
 */
export function tensorNumbers(tensor: Tensor): number[] {
  const { data, dataType } = tensor;
  if (dataType === DataType.FLOAT16) return Array.from(data as Uint16Array, halfToFloat);
  if (dataType === DataType.BFLOAT16) return Array.from(data as Uint16Array, bfloatToFloat);
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

const scratch = new DataView(new ArrayBuffer(4));

/**
 * The number that the 16 bits of an IEEE 754 binary16 stand for.
 *
 * @example
 * halfToFloat(0x3e00); // 1.5
 */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * The nearest binary16 (ties to even) of a number, as its bits; beyond 65504 infinity.
 *
 * @example
 * floatToHalf(1.5).toString(16); // '3e00'
 */
export function floatToHalf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // Subnormal: adding 0.5 lets float32 addition itself round the fraction at 2^-24, to nearest and ties to even.
  scratch.setFloat32(0, Math.fround(Math.abs(value)) + 0.5);
  return sign | (scratch.getUint32(0) - 0x3f000000);
}

/** The nearest halves (ties to even) of many numbers, as their bits; what is beyond 65504 is cut to it. */
export function floatsToHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const all = bits[at] ?? 0;
    const sign = (all >>> 16) & 0x8000;
    const magnitude = all & 0x7fffffff;
    // Most weights are normal halves; the rest goes the careful way.
    if (magnitude >= 0x38800000 && magnitude < 0x477ff000)
      halves[at] = sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    else if (magnitude >= 0x477ff000 && magnitude < 0x7f800000) halves[at] = sign | 0x7bff;
    else halves[at] = magnitude === 0 ? sign : floatToHalf(values[at] ?? 0);
  }
  return halves;
}

/** The number that the 16 bits of a bfloat16 stand for. */
function bfloatToFloat(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}
