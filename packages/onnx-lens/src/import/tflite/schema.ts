/**
 * The parts of TensorFlow Lite's schema.fbs (version 3) that an import needs. Slot numbers are the fields' places in
 * the schema's tables.
 */
import { OnnxLensError } from '../../errors.js';
import type { Quantization } from './quantization.js';
import { FlatFile, type FlatTable } from './reader.js';
import type { SparseLevel, Sparsity } from './sparse.js';

/** Names of the builtin operators by their code in `enum BuiltinOperator`. */
const OPERATOR_NAMES = (
  'ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED ' +
  'HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU ' +
  'RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM ' +
  'EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV ' +
  'SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE ' +
  'BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN ' +
  'TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD ' +
  'REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL ' +
  'FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N ' +
  'GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE ' +
  'NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL ' +
  'PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND ' +
  'HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS ' +
  'RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1'
).split(' ');

const TYPE_NAMES =
  'FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64 RESOURCE VARIANT UINT32 UINT16 INT4 BFLOAT16 INT2 UINT4'.split(
    ' ',
  );

/** An element type by its name in the schema. */
export type TfliteType =
  'FLOAT32' | 'FLOAT16' | 'INT32' | 'UINT8' | 'INT64' | 'BOOL' | 'INT16' | 'INT8' | (string & {});

/** A tensor of a subgraph. */
export interface TfliteTensor {
  readonly index: number;
  readonly name: string;
  readonly type: TfliteType;
  readonly shape: readonly number[];
  /** The values of a constant, little-endian, as they lie in the file; null for what is computed. */
  readonly data: Uint8Array | null;
  /**
   * Set when scales are given with the values: integers that represent other numbers. `unknown` is a scheme not
   * covered.
   */
  readonly quantization: Quantization | 'unknown' | null;
  readonly sparsity: Sparsity | 'unknown' | null;
  readonly isVariable: boolean;
}

/** An operator of a subgraph. */
export interface TfliteOperator {
  readonly index: number;
  /** Name of a builtin operator, or the custom operator's own. */
  readonly name: string;
  readonly isCustom: boolean;
  readonly version: number;
  /** Indices of tensors; -1 for an optional input left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: FlatTable | null;
  readonly customOptions: Uint8Array;
}

/** The main subgraph of a TensorFlow Lite model. */
export interface TfliteModel {
  readonly origin: string;
  readonly description: string;
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/**
 * Reads the main subgraph of a .tflite file.
 * @param origin how to call the file in messages.
 * @throws OnnxLensError NOT_TFLITE.
 */
export function readTflite(file: Uint8Array, origin: string): TfliteModel {
  // A Buffer's slice() shares memory where a Uint8Array's copies, so that it must not be passed on.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 8 || new TextDecoder('latin1').decode(bytes.subarray(4, 8)) !== 'TFL3') {
    throw new OnnxLensError(
      'NOT_TFLITE',
      `${origin} is not a TensorFlow Lite model: it does not bear the mark "TFL3".`,
    );
  }
  const model = new FlatFile(bytes, origin).root();
  const [graph] = model.tables(2);
  if (graph === undefined) throw new OnnxLensError('NOT_TFLITE', `${origin} holds no graph.`);
  const buffers = model.tables(4);
  const codes = model.tables(1);
  const tensors = graph.tables(0).map((table, index) => readTensor(table, index, buffers, bytes, origin));
  const operators = graph.tables(3).map((table, index) => readOperator(table, index, codes, tensors.length, origin));
  const inputs = graph.int32s(1);
  const outputs = graph.int32s(2);
  for (const index of [...inputs, ...outputs]) checkIndex(index, tensors.length, 'The graph', origin);
  return { origin, description: model.text(3), tensors, operators, inputs, outputs };
}

function readTensor(
  table: FlatTable,
  index: number,
  buffers: readonly FlatTable[],
  bytes: Uint8Array,
  origin: string,
): TfliteTensor {
  const name = table.text(3);
  const shape = table.int32s(0);
  if (shape.some((dim) => dim < 0)) {
    throw new OnnxLensError(
      'NOT_TFLITE',
      `${origin}: tensor ${index} "${name}" has a negative dimension, [${shape.join(', ')}].`,
    );
  }
  const typeCode = table.int8(1);
  const bufferIndex = table.uint32(2);
  const buffer = buffers[bufferIndex];
  if (buffer === undefined) {
    throw new OnnxLensError(
      'NOT_TFLITE',
      `${origin}: tensor ${index} "${name}" names buffer ${bufferIndex} of only ${buffers.length}.`,
    );
  }
  return {
    index,
    name,
    type: TYPE_NAMES[typeCode] ?? `type ${typeCode}`,
    shape,
    // Buffer 0 is empty by definition: what is computed refers to it.
    data: bufferIndex === 0 ? null : bufferData(buffer, bytes, name, origin),
    quantization: readQuantization(table.table(4), typeCode, shape),
    sparsity: readSparsity(table.table(6)),
    isVariable: table.flag(5),
  };
}

/** Null for plain numbers: floats may bear the scales of a quantization that was not done. */
function readQuantization(
  table: FlatTable | null,
  typeCode: number,
  shape: readonly number[],
): Quantization | 'unknown' | null {
  const isFloat = /FLOAT|COMPLEX/.test(TYPE_NAMES[typeCode] ?? '');
  if (table === null || isFloat) return null;
  if (table.uint8(4) !== 0) return 'unknown';
  const scales = table.float32s(2);
  if (scales.length === 0) return null;
  const axis = table.int32(6);
  const stored = table.int64s(3);
  const zeroPoints = Array.from(scales, (_, place) => stored[stored.length === 1 ? 0 : place] ?? 0);
  const fits = scales.length === 1 || scales.length === shape[axis];
  const isUsable =
    scales.every((scale) => Number.isFinite(scale) && scale >= 0) && zeroPoints.every(Number.isSafeInteger);
  return fits && isUsable ? { scales, zeroPoints, axis: scales.length === 1 ? 0 : axis } : 'unknown';
}

function readSparsity(table: FlatTable | null): Sparsity | 'unknown' | null {
  if (table === null) return null;
  const levels = table.tables(2).map((level): SparseLevel | null => {
    if (level.int8(0) === 0) return { kind: 'dense', size: level.int32(1) };
    const segments = readIndices(level.uint8(2), level.table(3));
    const indices = readIndices(level.uint8(4), level.table(5));
    return segments === null || indices === null ? null : { kind: 'sparse', segments, indices };
  });
  const known = levels.filter((level) => level !== null);
  if (known.length !== levels.length) return 'unknown';
  return { traversalOrder: table.int32s(0), blockMap: table.int32s(1), levels: known };
}

/** `union SparseIndexVector`: integers of 32, 16 or 8 bits. */
function readIndices(kind: number, table: FlatTable | null): readonly number[] | null {
  if (table === null) return null;
  if (kind === 1) return table.int32s(0);
  if (kind === 2) return table.uint16s(0);
  return kind === 3 ? [...(table.bytes(0) ?? [])] : null;
}

function bufferData(buffer: FlatTable, bytes: Uint8Array, name: string, origin: string): Uint8Array | null {
  const inside = buffer.bytes(0);
  if (inside !== null) return inside.length === 0 ? null : inside;
  // Files beyond 2 GB keep their values behind the FlatBuffers part.
  const offset = Number(buffer.uint64(1));
  const size = Number(buffer.uint64(2));
  if (offset <= 1) return null;
  if (offset + size > bytes.length) {
    throw new OnnxLensError('NOT_TFLITE', `${origin} was cut off: the values of tensor "${name}" lie beyond its end.`);
  }
  return bytes.subarray(offset, offset + size);
}

function readOperator(
  table: FlatTable,
  index: number,
  codes: readonly FlatTable[],
  tensorCount: number,
  origin: string,
): TfliteOperator {
  const code = codes[table.uint32(0)];
  if (code === undefined)
    throw new OnnxLensError('NOT_TFLITE', `${origin}: operator ${index} names an operator code that is not there.`);
  // The first field holds codes up to 127 only; files of newer converters hold the code in the second.
  const builtin = Math.max(code.int8(0), code.int32(3));
  const isCustom = OPERATOR_NAMES[builtin] === 'CUSTOM';
  const name = isCustom ? code.text(1) : (OPERATOR_NAMES[builtin] ?? `builtin operator ${builtin}`);
  const inputs = table.int32s(1);
  const outputs = table.int32s(2);
  for (const tensor of inputs) if (tensor !== -1) checkIndex(tensor, tensorCount, `Operator ${index} ${name}`, origin);
  for (const tensor of outputs) checkIndex(tensor, tensorCount, `Operator ${index} ${name}`, origin);
  return {
    index,
    name,
    isCustom,
    version: code.int32(2, 1),
    inputs,
    outputs,
    options: table.table(4),
    customOptions: table.bytes(5) ?? new Uint8Array(),
  };
}

function checkIndex(index: number, count: number, who: string, origin: string): void {
  if (index < 0 || index >= count) {
    throw new OnnxLensError('NOT_TFLITE', `${origin}: ${who} names tensor ${index} of only ${count}.`);
  }
}

/** The tensor of that number. @throws OnnxLensError NOT_TFLITE. */
export function tensorAt(model: TfliteModel, index: number): TfliteTensor {
  const tensor = model.tensors[index];
  if (tensor === undefined)
    throw new OnnxLensError('NOT_TFLITE', `${model.origin} is damaged: there is no tensor ${index}.`);
  return tensor;
}
