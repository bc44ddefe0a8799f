import { OnnxLensError } from '../../errors.js';
import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import { elementCount, halfToFloat, type TensorData } from '../../model/tensors.js';
import type { BoundedGraph } from './bounded-graph.js';
import { unpackIntegers, type Constant } from './quantization.js';
import type { TfliteModel, TfliteTensor } from './schema.js';
import { densePlaces } from './sparse.js';

interface ElementType {
  readonly dataType: DataType;
  readonly view: (buffer: ArrayBuffer) => TensorData;
  readonly bits: number;
}

const TYPES: Readonly<Record<string, ElementType>> = {
  FLOAT32: { dataType: DataType.FLOAT, view: (buffer) => new Float32Array(buffer), bits: 32 },
  FLOAT16: { dataType: DataType.FLOAT16, view: (buffer) => new Uint16Array(buffer), bits: 16 },
  INT32: { dataType: DataType.INT32, view: (buffer) => new Int32Array(buffer), bits: 32 },
  INT64: { dataType: DataType.INT64, view: (buffer) => new BigInt64Array(buffer), bits: 64 },
  BOOL: { dataType: DataType.BOOL, view: (buffer) => new Uint8Array(buffer), bits: 8 },
  UINT8: { dataType: DataType.UINT8, view: (buffer) => new Uint8Array(buffer), bits: 8 },
  INT8: { dataType: DataType.INT8, view: (buffer) => new Int8Array(buffer), bits: 8 },
  INT16: { dataType: DataType.INT16, view: (buffer) => new Int16Array(buffer), bits: 16 },
  UINT16: { dataType: DataType.UINT16, view: (buffer) => new Uint16Array(buffer), bits: 16 },
};
/** Constants that are stored several to a byte become int8. */
const PACKED: Readonly<Record<string, 2 | 4>> = { INT4: 4, INT2: 2 };

/** The element type of a value that is computed or comes from outside. @throws OnnxLensError UNSUPPORTED_OPERATOR. */
export function dataTypeOf(model: TfliteModel, tensor: TfliteTensor, who: string): DataType {
  const type = TYPES[tensor.type];
  if (type === undefined) throw notCovered(model, tensor, who);
  return type.dataType;
}

/**
 * The values of a constant: dense, half floats widened on demand, integers with their scales beside them.
 * @throws OnnxLensError NOT_TFLITE when they do not fit the shape, UNSUPPORTED_OPERATOR for a type that is not covered.
 */
export function readConstant(
  model: TfliteModel,
  tensor: TfliteTensor,
  data: Uint8Array,
  graph: BoundedGraph,
  halfWeights: 'widen' | 'keep',
  who: string,
): Constant {
  const bits = PACKED[tensor.type] ?? TYPES[tensor.type]?.bits;
  if (bits === undefined || tensor.quantization === 'unknown') throw notCovered(model, tensor, who);
  const count = elementCount(tensor.shape);
  const places = tensor.sparsity === null ? null : sparsePlaces(model, tensor, graph);
  // Many tensors may share one buffer, and each is a copy of it.
  graph.spend(Math.max(data.length, places === null ? 0 : (count * bits) / 8));
  const stored = places?.length ?? count;
  if (data.length !== Math.ceil((stored * bits) / 8)) throw wrongLength(model, tensor, data.length);
  const values = elements(tensor, data, stored);
  const dense = places === null ? values : spread(values, places, count, tensor);
  const quantization = tensor.quantization === null ? {} : { quantization: tensor.quantization };
  const dataType = TYPES[tensor.type]?.dataType ?? DataType.INT8;
  if (dataType === DataType.FLOAT16 && halfWeights === 'widen') {
    return { dataType: DataType.FLOAT, dims: tensor.shape, data: Float32Array.from(dense as Uint16Array, halfToFloat) };
  }
  return { dataType, dims: tensor.shape, data: dense, ...quantization };
}

function elements(tensor: TfliteTensor, data: Uint8Array, count: number): TensorData {
  const packed = PACKED[tensor.type];
  if (packed !== undefined) return unpackIntegers(data, packed, count);
  const copy = data.slice();
  return TYPES[tensor.type]?.view(copy.buffer) ?? copy;
}

function sparsePlaces(model: TfliteModel, tensor: TfliteTensor, graph: BoundedGraph): readonly number[] {
  const { sparsity, shape } = tensor;
  // Two numbers an element, for two levels at a time.
  graph.spend(32 * elementCount(shape));
  const places = sparsity === null || sparsity === 'unknown' ? null : densePlaces(shape, sparsity);
  if (places === null) {
    throw new OnnxLensError(
      'NOT_TFLITE',
      `${model.origin} is damaged: tensor "${tensor.name}" is stored sparsely in a way that does not fit its shape [${shape.join(', ')}].`,
    );
  }
  return places;
}

/** The dense tensor; what is not stored is 0, which quantized integers write as their zero point. */
function spread(
  values: TensorData,
  places: readonly number[],
  count: number,
  { quantization }: TfliteTensor,
): TensorData {
  const dense = new (values.constructor as new (length: number) => TensorData)(count);
  const zero = quantization === null || quantization === 'unknown' ? 0 : (quantization.zeroPoints[0] ?? 0);
  if (zero !== 0) for (let place = 0; place < count; place++) dense[place] = zero;
  places.forEach((place, from) => (dense[place] = values[from] as number & bigint)); // both arrays are of the same kind
  return dense;
}

function notCovered(model: TfliteModel, tensor: TfliteTensor, who: string): OnnxLensError {
  const what = tensor.quantization === 'unknown' ? `${tensor.type} with scales in blocks or of no use` : tensor.type;
  return new OnnxLensError(
    'UNSUPPORTED_OPERATOR',
    `${who} has the tensor "${tensor.name}" of ${what}, which is not covered: ${model.origin} cannot be imported.`,
  );
}

function wrongLength(model: TfliteModel, tensor: TfliteTensor, bytes: number): OnnxLensError {
  return new OnnxLensError(
    'NOT_TFLITE',
    `${model.origin} is damaged: tensor "${tensor.name}" of shape [${tensor.shape.join(', ')}] has ${bytes} bytes of values.`,
  );
}
