import { OnnxLensError } from '../../errors.js';
import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import { elementCount, halfToFloat, type Tensor, type TensorData } from '../../model/tensors.js';

/** An element type of PyTorch: what it takes in a file and what it is read as. */
export interface TorchType {
  readonly torchName: string;
  readonly dataType: DataType;
  /** Bytes of one element in the file. */
  readonly bytes: number;
  /** Makes values of `bytes`, which start at a multiple of the element size. */
  readonly view: (bytes: Uint8Array<ArrayBuffer>) => TensorData;
}

function type(
  torchName: string,
  dataType: DataType,
  bytes: number,
  make: (buffer: ArrayBuffer, offset: number, count: number) => TensorData,
): TorchType {
  return { torchName, dataType, bytes, view: (raw) => make(raw.buffer, raw.byteOffset, raw.byteLength / bytes) };
}

/** An 8-bit float, widened to float32 (exactly) because no typed array holds it. */
function float8(torchName: string, exponentBits: number, bias: number, special: 'ieee' | 'fn' | 'fnuz'): TorchType {
  const table = Float32Array.from({ length: 256 }, (_, bits) => widenFloat8(bits, exponentBits, bias, special));
  return {
    torchName,
    dataType: DataType.FLOAT,
    bytes: 1,
    view: (raw) => Float32Array.from(raw, (bits) => table[bits] ?? NaN),
  };
}

/**
 * Formats as in the OCP 8-bit floating point specification 1.0 and its "fnuz" variants (no negative zero; 0x80 is NaN).
 */
function widenFloat8(bits: number, exponentBits: number, bias: number, special: 'ieee' | 'fn' | 'fnuz'): number {
  const fractionBits = 7 - exponentBits;
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits & 0x7f) >> fractionBits;
  const fraction = bits & ((1 << fractionBits) - 1);
  if (special === 'fnuz' && bits === 0x80) return NaN;
  if (special === 'fn' && (bits & 0x7f) === 0x7f) return NaN;
  if (special === 'ieee' && exponent === (1 << exponentBits) - 1) return fraction === 0 ? sign * Infinity : NaN;
  const scale = 2 ** -fractionBits;
  return exponent === 0
    ? sign * fraction * scale * 2 ** (1 - bias)
    : sign * (1 + fraction * scale) * 2 ** (exponent - bias);
}

const TYPES: readonly TorchType[] = [
  type('float32', DataType.FLOAT, 4, (buffer, offset, count) => new Float32Array(buffer, offset, count)),
  type('float64', DataType.DOUBLE, 8, (buffer, offset, count) => new Float64Array(buffer, offset, count)),
  type('float16', DataType.FLOAT16, 2, (buffer, offset, count) => new Uint16Array(buffer, offset, count)),
  type('bfloat16', DataType.BFLOAT16, 2, (buffer, offset, count) => new Uint16Array(buffer, offset, count)),
  type('int64', DataType.INT64, 8, (buffer, offset, count) => new BigInt64Array(buffer, offset, count)),
  type('int32', DataType.INT32, 4, (buffer, offset, count) => new Int32Array(buffer, offset, count)),
  type('int16', DataType.INT16, 2, (buffer, offset, count) => new Int16Array(buffer, offset, count)),
  type('int8', DataType.INT8, 1, (buffer, offset, count) => new Int8Array(buffer, offset, count)),
  type('uint64', DataType.UINT64, 8, (buffer, offset, count) => new BigUint64Array(buffer, offset, count)),
  type('uint32', DataType.UINT32, 4, (buffer, offset, count) => new Uint32Array(buffer, offset, count)),
  type('uint16', DataType.UINT16, 2, (buffer, offset, count) => new Uint16Array(buffer, offset, count)),
  type('uint8', DataType.UINT8, 1, (buffer, offset, count) => new Uint8Array(buffer, offset, count)),
  type('bool', DataType.BOOL, 1, (buffer, offset, count) => new Uint8Array(buffer, offset, count)),
  float8('float8_e4m3fn', 4, 7, 'fn'),
  float8('float8_e4m3fnuz', 4, 8, 'fnuz'),
  float8('float8_e5m2', 5, 15, 'ieee'),
  float8('float8_e5m2fnuz', 5, 16, 'fnuz'),
];

const BY_NAME: ReadonlyMap<string, TorchType> = new Map(TYPES.map((each) => [each.torchName, each]));

/** The names of the element types that are read. */
export const TORCH_TYPE_NAMES: readonly string[] = TYPES.map((each) => each.torchName);

/** The element type of that PyTorch name (`float32`). */
export function torchType(name: string): TorchType | undefined {
  return BY_NAME.get(name);
}

/** A run of bytes that tensors are views of; shared by all tensors that shared it when saved. */
export class CheckpointStorage {
  readonly key: string;
  /** Element type, or null for an untyped storage (its tensors say theirs). */
  readonly type: TorchType | null;
  readonly byteLength: number;
  readonly #load: () => Uint8Array;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  /**
   * @param byteLength what the pickle says.
   * @param load gives the bytes, little-endian, when a tensor of this storage is first read.
   */
  constructor(key: string, type: TorchType | null, byteLength: number, load: () => Uint8Array) {
    this.key = key;
    this.type = type;
    this.byteLength = byteLength;
    this.#load = load;
  }

  /**
   * The storage's bytes, starting at a multiple of 8 in memory so that every typed array can lie on them.
   * @throws OnnxLensError NOT_CHECKPOINT when the file holds another number of bytes.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) {
      const loaded = this.#load();
      if (loaded.length !== this.byteLength) {
        throw new OnnxLensError(
          'NOT_CHECKPOINT',
          `The checkpoint's storage "${this.key}" should hold ${this.byteLength} bytes but holds ${loaded.length}. Get the file again.`,
        );
      }
      const isAligned = loaded.byteOffset % 8 === 0 && loaded.buffer instanceof ArrayBuffer;
      this.#bytes = isAligned
        ? new Uint8Array(loaded.buffer, loaded.byteOffset, loaded.length)
        : new Uint8Array(loaded);
    }
    return this.#bytes;
  }
}

/** No ONNX tensor may be larger, and no length in a file may make us allocate more. */
export const MAX_TENSOR_BYTES = 2 ** 31 - 1;

/** A tensor as PyTorch saves it: a strided view of a storage. Nothing is read before `read`. */
export class TensorView {
  readonly storage: CheckpointStorage;
  readonly type: TorchType;
  readonly dims: readonly number[];
  readonly #offset: number;
  readonly #strides: readonly number[];

  /**
   * @param offset and strides in elements.
   * @throws OnnxLensError TENSOR_INVALID when the view reaches beyond its storage or is larger than {@link
   *   MAX_TENSOR_BYTES}.
   */
  constructor(
    storage: CheckpointStorage,
    type: TorchType,
    offset: number,
    dims: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage;
    this.type = type;
    this.dims = dims;
    this.#offset = offset;
    this.#strides = strides;
    this.#check();
  }

  #check(): void {
    const { dims, type, storage } = this;
    const numbers = [this.#offset, ...dims, ...this.#strides];
    const areCounts = numbers.every((value) => Number.isSafeInteger(value) && value >= 0);
    const fits = areCounts && dims.length === this.#strides.length && dims.length <= 64;
    if (!fits || this.#count() * type.bytes > MAX_TENSOR_BYTES)
      throw this.#invalid('has a shape that no tensor can have');
    if (this.#count() === 0) return;
    const last = dims.reduce((sum, dim, axis) => sum + (dim - 1) * (this.#strides[axis] ?? 0), this.#offset);
    if ((last + 1) * type.bytes > storage.byteLength) throw this.#invalid('reaches beyond its storage');
  }

  #invalid(what: string): OnnxLensError {
    return new OnnxLensError(
      'TENSOR_INVALID',
      `A tensor of the checkpoint (shape [${this.dims.join(', ')}], storage "${this.storage.key}") ${what}. Get the file again.`,
    );
  }

  #count(): number {
    // Not by multiplying alone: dimensions beside the 0 may multiply to infinity, and 0 times that is no number.
    return this.dims.includes(0) ? 0 : elementCount(this.dims);
  }

  /** True when the elements lie in row-major order without gaps. Strides of axes of length 1 do not matter. */
  #isContiguous(): boolean {
    let expected = 1;
    for (let axis = this.dims.length - 1; axis >= 0; axis--) {
      const dim = this.dims[axis] ?? 1;
      if (dim !== 1 && this.#strides[axis] !== expected) return false;
      expected *= dim;
    }
    return true;
  }

  /** The tensor in row-major order: a view of the file where that is possible, otherwise a copy. */
  read(): Tensor {
    const { type, dims } = this;
    const count = this.#count();
    if (count === 0) return { dataType: type.dataType, dims, data: type.view(new Uint8Array(0)) };
    const bytes = this.storage.bytes();
    const start = this.#offset * type.bytes;
    const dense = this.#isContiguous() ? bytes.subarray(start, start + count * type.bytes) : this.#gather(bytes, count);
    return { dataType: type.dataType, dims, data: type.view(dense) };
  }

  #gather(bytes: Uint8Array<ArrayBuffer>, count: number): Uint8Array<ArrayBuffer> {
    const size = this.type.bytes;
    const out = new Uint8Array(count * size);
    const index = new Array<number>(this.dims.length).fill(0);
    let from = this.#offset;
    for (let place = 0; place < count; place++) {
      for (let byte = 0; byte < size; byte++) out[place * size + byte] = bytes[from * size + byte] ?? 0;
      for (let axis = this.dims.length - 1; axis >= 0; axis--) {
        const stride = this.#strides[axis] ?? 0;
        const next = (index[axis] ?? 0) + 1;
        index[axis] = next;
        from += stride;
        if (next < (this.dims[axis] ?? 1)) break;
        index[axis] = 0;
        from -= next * stride;
      }
    }
    return out;
  }
}

/**
 * A tensor's values as float32: half and brain floats widened, float64 rounded, integers converted. Shares memory when
 * it can.
 *
 * @example
 * const { tensors } = loadCheckpoint('weights.safetensors');
 * asFloat32(tensors.get('bias').read()); // Float32Array(2) [0.5, -2]
 */
export function asFloat32(tensor: Tensor): Float32Array {
  const { data, dataType } = tensor;
  if (data instanceof Float32Array) return data;
  if (dataType === DataType.FLOAT16) return Float32Array.from(data as Uint16Array, halfToFloat);
  if (dataType === DataType.BFLOAT16) {
    const bits = Uint32Array.from(data as Uint16Array, (value) => value << 16);
    return new Float32Array(bits.buffer);
  }
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}
