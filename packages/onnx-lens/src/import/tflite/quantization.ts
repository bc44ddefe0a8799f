import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Tensor } from '../../model/tensors.js';

/**
 * How stored integers stand for numbers: `(integer - zeroPoint) * scale`, for the whole tensor or for each place of an
 * axis.
 */
export interface Quantization {
  /** One scale, or one a place of `axis`. */
  readonly scales: Float32Array;
  /** As many as scales. */
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

/** A known tensor; where `quantization` is set, `data` are its stored integers. */
export interface Constant extends Tensor {
  readonly quantization?: Quantization;
}

/** Integer types that ONNX's QuantizeLinear writes, by TensorFlow Lite's names. 16 bits need opset 21. */
export const ACTIVATION_TYPES: Readonly<Record<string, DataType>> = {
  INT8: DataType.INT8,
  UINT8: DataType.UINT8,
  INT16: DataType.INT16,
  UINT16: DataType.UINT16,
};

/** Integer types whose constants DequantizeLinear reads in opset 17. */
const STORED = new Set<DataType>([DataType.INT8, DataType.UINT8, DataType.INT32]);

/** True when the constant can stay as integers with a DequantizeLinear behind them. */
export function canStayQuantized(constant: Constant): boolean {
  const { quantization, dataType } = constant;
  // ONNX lets int32 have no zero point but 0.
  return (
    quantization !== undefined &&
    STORED.has(dataType) &&
    (dataType !== DataType.INT32 || quantization.zeroPoints.every((zero) => zero === 0))
  );
}

/** The numbers that a constant stands for, as float32; constants that are not quantized are given back as they are. */
export function dequantized(constant: Constant): Tensor {
  const { quantization, dims, data } = constant;
  if (quantization === undefined) return constant;
  const { scales, zeroPoints, axis } = quantization;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const values = new Float32Array(data.length);
  for (let place = 0; place < values.length; place++) {
    const channel = scales.length === 1 ? 0 : Math.floor(place / inner) % scales.length;
    values[place] = (Number(data[place]) - (zeroPoints[channel] ?? 0)) * (scales[channel] ?? 0);
  }
  return { dataType: DataType.FLOAT, dims, data: values };
}

/** A constant under another shape of as many elements, in the same order. */
export function withDims(constant: Constant, dims: readonly number[]): Constant {
  const isPerAxis = constant.quantization !== undefined && constant.quantization.scales.length > 1;
  return { ...(isPerAxis ? dequantized(constant) : constant), dims };
}

/** True when the same integers stand for the same numbers under both. */
export function isSameGrid(a: Quantization | null, b: Quantization | null): boolean {
  return (
    a !== null &&
    b !== null &&
    a.scales.length === 1 &&
    b.scales.length === 1 &&
    a.scales[0] === b.scales[0] &&
    a.zeroPoints[0] === b.zeroPoints[0]
  );
}

/** Integers that are stored several to a byte, the lowest bits first, as int8. Bytes that are not there count as 0. */
export function unpackIntegers(bytes: Uint8Array, bits: 2 | 4, count: number): Int8Array {
  const perByte = 8 / bits;
  const shift = 32 - bits;
  return Int8Array.from({ length: count }, (_, place) => {
    const byte = bytes[Math.floor(place / perByte)] ?? 0;
    return ((byte >> (bits * (place % perByte))) << shift) >> shift;
  });
}
