import { create } from '@bufbuild/protobuf';
import {
  DataType as MilDataType,
  ValueSchema,
  ValueTypeSchema,
  type Value as ValueMessage,
  type ValueType,
} from './generated/mil_pb.js';

/** Element types of MIL tensors that are written here, under the names that MIL's `cast` gives them. */
export type MilType = 'bool' | 'string' | 'fp16' | 'fp32' | 'int8' | 'uint8' | 'int32';

/** Elements in row-major order: half floats as their bits, bools as 0 and 1. */
export type MilData = Float32Array | Uint16Array | Int8Array | Uint8Array | Int32Array | readonly string[];

/** A tensor whose elements are known when the package is written. An empty shape is a scalar. */
export interface Constant {
  readonly type: MilType;
  readonly shape: readonly number[];
  readonly data: MilData;
}

/** A value of a program: an input, a constant or the result of an operation. Identity is the object itself. */
export interface Value {
  /** What the value should be called; the written name is made from it. */
  readonly hint: string;
  readonly type: MilType;
  readonly shape: readonly number[];
  readonly constant?: Constant;
  /** The same elements in fewer axes, for a value of more axes than Core ML takes: it is never written itself. */
  readonly view?: Value;
}

const DATA_TYPES: Readonly<Record<MilType, MilDataType>> = {
  bool: MilDataType.BOOL,
  string: MilDataType.STRING,
  fp16: MilDataType.FLOAT16,
  fp32: MilDataType.FLOAT32,
  int8: MilDataType.INT8,
  uint8: MilDataType.UINT8,
  int32: MilDataType.INT32,
};
const MIL_TYPES = new Map(Object.entries(DATA_TYPES).map(([name, dataType]) => [dataType, name as MilType]));

/** The name of a written element type; undefined for those that are not written here. */
export function milTypeOf(dataType: MilDataType): MilType | undefined {
  return MIL_TYPES.get(dataType);
}

/** The type message of a tensor. */
export function tensorType(type: MilType, shape: readonly number[]): ValueType {
  return create(ValueTypeSchema, {
    type: {
      case: 'tensorType',
      value: {
        dataType: DATA_TYPES[type],
        rank: BigInt(shape.length),
        dimensions: shape.map((size) => ({
          dimension: { case: 'constant' as const, value: { size: BigInt(size) } },
        })),
      },
    },
  });
}

/** A constant whose elements are in the program itself. */
export function immediateValue({ type, shape, data }: Constant): ValueMessage {
  return create(ValueSchema, {
    type: tensorType(type, shape),
    value: { case: 'immediateValue', value: { value: { case: 'tensor', value: { value: elementsOf(type, data) } } } },
  });
}

function elementsOf(type: MilType, data: MilData) {
  switch (type) {
    case 'string':
      return { case: 'strings' as const, value: { values: data as string[] } };
    case 'bool':
      return { case: 'bools' as const, value: { values: Array.from(data as Uint8Array, (each) => each !== 0) } };
    case 'fp32':
      return { case: 'floats' as const, value: { values: Array.from(data as Float32Array) } };
    case 'int32':
      return { case: 'ints' as const, value: { values: Array.from(data as Int32Array) } };
    default:
      return { case: 'bytes' as const, value: { values: bytesOf(data) } };
  }
}

/** The bytes of a constant's elements as they lie in memory (little endian on every platform that Node runs on). */
export function bytesOf(data: MilData): Uint8Array<ArrayBuffer> {
  if (!ArrayBuffer.isView(data)) throw new TypeError('Strings have no bytes of their own.');
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** A constant held in the blob file, by the offset of its metadata. */
export function blobValue({ type, shape }: Constant, offset: number): ValueMessage {
  return create(ValueSchema, {
    type: tensorType(type, shape),
    value: { case: 'blobFileValue', value: { fileName: BLOB_FILE, offset: BigInt(offset) } },
  });
}

/** Where programs look for the blob file; `@model_path` is the folder of the model file. */
export const BLOB_FILE = '@model_path/weights/weight.bin';

export function scalar(type: MilType, value: number | string): Constant {
  return vectorOf(type, [], [value]);
}

export function vector(type: MilType, values: readonly (number | string)[]): Constant {
  return vectorOf(type, [values.length], values);
}

function vectorOf(type: MilType, shape: readonly number[], values: readonly (number | string)[]): Constant {
  const numbers = values.map(Number);
  switch (type) {
    case 'string':
      return { type, shape, data: values.map(String) };
    case 'fp32':
      return { type, shape, data: Float32Array.from(numbers) };
    case 'int32':
      return { type, shape, data: Int32Array.from(numbers) };
    case 'int8':
      return { type, shape, data: Int8Array.from(numbers) };
    case 'fp16':
      throw new TypeError('Half floats are made of float32 constants by halfConstant.');
    default:
      return { type, shape, data: Uint8Array.from(numbers) };
  }
}
