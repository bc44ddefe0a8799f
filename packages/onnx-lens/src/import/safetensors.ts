import { OnnxLensError } from '../errors.js';
import { elementCount } from '../model/tensors.js';
import { CheckpointStorage, TensorView, torchType } from './pytorch/storage.js';

/** The format's own limit for a header. */
const MAX_HEADER_BYTES = 100_000_000;
/**
 * Commas and brackets of a header: room for half a million tensors. Text made of little else takes much memory as JSON.
 */
const MAX_HEADER_PARTS = 8_000_000;
/** A header is an object of objects of lists. */
const HEADER_DEPTH = 3;

/** Element types by their name in the format; 8-bit floats are widened to float32, exactly. */
const TYPES: Readonly<Record<string, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  F8_E4M3FNUZ: 'float8_e4m3fnuz',
  F8_E5M2FNUZ: 'float8_e5m2fnuz',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
};

/** True when the bytes begin as a safetensors file does: a length that the format allows, then a JSON object. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length >= 9 && bytes[8] === 0x7b && headerLength(bytes) <= MAX_HEADER_BYTES;
}

/**
 * Reads a safetensors file: the header's length (u64, little-endian), the header in JSON, and the tensors' bytes, which
 * it places without gap or overlap. Format: github.com/huggingface/safetensors, README.md and
 * safetensors/src/tensor.rs.
 *
 * @returns the tensors by name, in the order of their bytes; values are read when asked for.
 * @throws OnnxLensError NOT_CHECKPOINT when the file is damaged, TENSOR_INVALID (naming the tensor) when a tensor's
 *   description is wrong or of a type that is not read.
 */
export function readSafetensors(bytes: Uint8Array, origin: string): ReadonlyMap<string, TensorView> {
  const length = headerLength(bytes);
  if (length > bytes.length - 8) throw damaged(origin, 'ends inside its header (cut off?)');
  const data = bytes.subarray(8 + length);
  const places = Object.entries(parseHeader(bytes.subarray(8, 8 + length), origin))
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => placeOf(name, entry, origin))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of places) {
    if (begin !== at) throw damaged(origin, `has a gap or an overlap before its tensor "${shown(name)}"`);
    at = end;
  }
  if (at > data.length) throw damaged(origin, `is cut off: its tensors take ${at} bytes, ${data.length} are there`);
  if (at < data.length) throw damaged(origin, `has ${data.length - at} bytes that belong to no tensor`);
  return new Map(places.map((place) => [place.name, tensorOf(place, data, origin)]));
}

interface Place {
  readonly name: string;
  readonly typeName: string;
  readonly dims: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function headerLength(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
}

function parseHeader(raw: Uint8Array, origin: string): object {
  checkSize(raw, origin);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw));
  } catch (cause) {
    throw damaged(origin, 'has a header that is no JSON', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    throw damaged(origin, 'has a header that is no JSON object');
  return header;
}

/** Refuses text that would take far more memory as JSON than any header does. */
function checkSize(raw: Uint8Array, origin: string): void {
  let [depth, parts] = [0, 0];
  let isText = false;
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at];
    if (isText) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isText = false;
      continue;
    }
    if (byte === 0x22) isText = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (byte !== 0x2c) continue;
    if (byte !== 0x22) parts++;
    if (depth > HEADER_DEPTH || parts > MAX_HEADER_PARTS)
      throw damaged(origin, 'has a header that holds more than tensors');
  }
}

function placeOf(name: string, entry: unknown, origin: string): Place {
  const { dtype, shape, data_offsets: offsets } = Object(entry) as Readonly<Record<string, unknown>>;
  const [begin, end] = counts(offsets) ?? [];
  const dims = counts(shape);
  if (typeof dtype !== 'string' || dims === null || begin === undefined || end === undefined || end < begin)
    throw invalid(name, origin, 'has no proper type, shape and place in the file. Get the file again');
  return { name, typeName: dtype, dims, begin, end };
}

function tensorOf({ name, typeName, dims, begin, end }: Place, data: Uint8Array, origin: string): TensorView {
  const type = Object.hasOwn(TYPES, typeName) ? torchType(TYPES[typeName] ?? '') : undefined;
  if (type === undefined) {
    const known = Object.keys(TYPES).join(', ');
    throw invalid(name, origin, `is of the type ${shown(typeName)}; types that are read: ${known}`);
  }
  const strides = dims.map(() => 1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (dims[axis + 1] ?? 1);
  const isEmpty = dims.includes(0);
  const count = isEmpty ? 0 : elementCount(dims);
  if (count * type.bytes !== end - begin)
    throw invalid(
      name,
      origin,
      `takes ${end - begin} bytes, but its shape [${dims.slice(0, 64).join(', ')}] says otherwise. Get the file again`,
    );
  const storage = new CheckpointStorage(name, type, end - begin, () => data.subarray(begin, end));
  return new TensorView(storage, type, 0, dims, isEmpty ? dims.map(() => 1) : strides);
}

function counts(value: unknown): readonly number[] | null {
  const isList = Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && Number(each) >= 0);
  return isList ? (value as number[]) : null;
}

/** A name as far as messages tell it. */
function shown(name: string): string {
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}

function invalid(name: string, origin: string, what: string): OnnxLensError {
  return new OnnxLensError('TENSOR_INVALID', `The tensor "${shown(name)}" of ${origin} ${what}.`);
}

function damaged(origin: string, what: string, cause?: unknown): OnnxLensError {
  return new OnnxLensError(
    'NOT_CHECKPOINT',
    `${origin} ${what}: it is no whole safetensors file. Get the file again.`,
    { cause },
  );
}
