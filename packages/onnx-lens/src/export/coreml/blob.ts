import { OnnxLensError } from '../../errors.js';
import { bytesOf, type Constant, type MilData, type MilType } from './values.js';

/** Core ML's blob storage, version 2: a header, then metadata and data of each blob, all at multiples of 64 bytes. */
const ALIGNMENT = 64;
const SENTINEL = 0xdeadbeef;
const VERSION = 2;
const BLOB_TYPES: Partial<Record<MilType, number>> = { fp16: 1, fp32: 2, uint8: 3, int8: 4 };
/** Shorter constants are in the program itself, as in coremltools. */
const LEAST_ELEMENTS = 10;

/** Collects constants for weight.bin. The same memory is stored once, however many constants show it. */
export class BlobWriter {
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [new Uint8Array(ALIGNMENT)];
  readonly #known = new Map<ArrayBufferLike, { start: number; bytes: number; type: MilType; offset: number }[]>();
  readonly #contents = new Map<string, { bytes: Uint8Array; offset: number }[]>();
  #size = ALIGNMENT;
  #count = 0;

  /** True for constants that belong in the blob file. */
  static takes({ type, data }: Constant): boolean {
    return BLOB_TYPES[type] !== undefined && data.length >= LEAST_ELEMENTS;
  }

  /** @returns the offset of the metadata, by which a program refers to the blob. */
  add({ type, data }: Constant): number {
    const bytes = bytesOf(data);
    const sameMemory = this.#known
      .get(bytes.buffer)
      ?.find((each) => each.start === bytes.byteOffset && each.bytes === bytes.length && each.type === type);
    if (sameMemory !== undefined) return sameMemory.offset;
    const key = `${type} ${bytes.length} ${fingerprint(bytes)}`;
    const same = this.#contents.get(key)?.find((each) => isSame(each.bytes, bytes));
    const offset = same?.offset ?? this.#append(bytes, BLOB_TYPES[type] ?? 0);
    if (same === undefined) this.#contents.set(key, [...(this.#contents.get(key) ?? []), { bytes, offset }]);
    this.#known.set(bytes.buffer, [
      ...(this.#known.get(bytes.buffer) ?? []).slice(-64),
      { start: bytes.byteOffset, bytes: bytes.length, type, offset },
    ]);
    return offset;
  }

  #append(bytes: Uint8Array<ArrayBuffer>, type: number): number {
    const gap = (ALIGNMENT - (this.#size % ALIGNMENT)) % ALIGNMENT;
    if (gap > 0) this.#chunks.push(new Uint8Array(gap));
    const offset = this.#size + gap;
    const metadata = new Uint8Array(ALIGNMENT);
    const view = new DataView(metadata.buffer);
    view.setUint32(0, SENTINEL, true);
    view.setUint32(4, type, true);
    view.setBigUint64(8, BigInt(bytes.length), true);
    view.setBigUint64(16, BigInt(offset + ALIGNMENT), true);
    this.#chunks.push(metadata, bytes);
    this.#size = offset + ALIGNMENT + bytes.length;
    this.#count += 1;
    return offset;
  }

  /** The file in pieces; weights are views of the memory that was given. */
  finish(): readonly Uint8Array<ArrayBuffer>[] {
    const [header = new Uint8Array(ALIGNMENT)] = this.#chunks;
    const view = new DataView(header.buffer);
    view.setUint32(0, this.#count, true);
    view.setUint32(4, VERSION, true);
    return this.#chunks;
  }
}

/** A cheap look at some of the bytes; equal content is compared whole afterwards. */
function fingerprint(bytes: Uint8Array): number {
  let hash = bytes.length | 0;
  const step = Math.max(1, Math.floor(bytes.length / 64));
  for (let at = 0; at < bytes.length; at += step) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return hash;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/**
 * Reads one blob by the offset of its metadata.
 * @throws OnnxLensError UNSUPPORTED_MODEL when the bytes are not the blob that a program asks for.
 */
export function readBlob(file: Uint8Array, offset: number, type: MilType, count: number): MilData {
  const refuse = (what: string): never => {
    throw new OnnxLensError('UNSUPPORTED_MODEL', `The package's weights are damaged: ${what} at offset ${offset}.`);
  };
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < ALIGNMENT || view.getUint32(4, true) !== VERSION) refuse('no blob storage of version 2');
  if (offset % ALIGNMENT !== 0 || offset + ALIGNMENT > file.length || view.getUint32(offset, true) !== SENTINEL)
    refuse('no blob starts');
  if (view.getUint32(offset + 4, true) !== BLOB_TYPES[type]) refuse(`the blob does not hold ${type}`);
  const [size, start] = [Number(view.getBigUint64(offset + 8, true)), Number(view.getBigUint64(offset + 16, true))];
  const width = type === 'fp32' ? 4 : type === 'fp16' ? 2 : 1;
  if (size !== count * width || start + size > file.length) refuse(`${size} bytes instead of ${count * width}`);
  const bytes = file.slice(start, start + size);
  if (type === 'fp32') return new Float32Array(bytes.buffer);
  if (type === 'fp16') return new Uint16Array(bytes.buffer);
  return type === 'int8' ? new Int8Array(bytes.buffer) : bytes;
}
