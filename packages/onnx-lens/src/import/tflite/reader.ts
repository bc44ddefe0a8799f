import { ByteBuffer } from 'flatbuffers';
import { OnnxLensError } from '../../errors.js';

/**
 * The bytes of a FlatBuffers file, every access of which is checked against their end: the file may come from anyone.
 */
export class FlatFile {
  readonly bytes: Uint8Array;
  readonly origin: string;
  readonly #buffer: ByteBuffer;

  constructor(bytes: Uint8Array, origin: string) {
    this.bytes = bytes;
    this.origin = origin;
    this.#buffer = new ByteBuffer(bytes);
  }

  /** The table that the file's first word points to. */
  root(): FlatTable {
    return new FlatTable(this, this.follow(0));
  }

  int8(at: number): number {
    this.check(at, 1);
    return this.#buffer.readInt8(at);
  }

  uint8(at: number): number {
    this.check(at, 1);
    return this.#buffer.readUint8(at);
  }

  uint16(at: number): number {
    this.check(at, 2);
    return this.#buffer.readUint16(at);
  }

  int32(at: number): number {
    this.check(at, 4);
    return this.#buffer.readInt32(at);
  }

  uint32(at: number): number {
    this.check(at, 4);
    return this.#buffer.readUint32(at);
  }

  uint64(at: number): bigint {
    this.check(at, 8);
    return this.#buffer.readUint64(at);
  }

  float32(at: number): number {
    this.check(at, 4);
    return this.#buffer.readFloat32(at);
  }

  /** Where the offset that stands at `at` leads to. */
  follow(at: number): number {
    const target = at + this.uint32(at);
    this.check(target, 4);
    return target;
  }

  /** @throws OnnxLensError NOT_TFLITE when `length` bytes from `at` on do not lie in the file. */
  check(at: number, length: number): void {
    if (at < 0 || length < 0 || at + length > this.bytes.length) {
      throw new OnnxLensError(
        'NOT_TFLITE',
        `${this.origin} is damaged or was cut off: it points to byte ${at + length} of only ${this.bytes.length}. Get the file again.`,
      );
    }
  }
}

/** One table of a FlatBuffers file; fields are asked for by their slot in the schema. */
export class FlatTable {
  readonly #file: FlatFile;
  readonly #position: number;
  readonly #vtable: number;
  readonly #slots: number;

  constructor(file: FlatFile, position: number) {
    this.#file = file;
    this.#position = position;
    this.#vtable = position - file.int32(position);
    this.#slots = (file.uint16(this.#vtable) - 4) >> 1;
  }

  int8(slot: number, fallback = 0): number {
    const at = this.#field(slot);
    return at === null ? fallback : this.#file.int8(at);
  }

  uint8(slot: number, fallback = 0): number {
    const at = this.#field(slot);
    return at === null ? fallback : this.#file.uint8(at);
  }

  flag(slot: number): boolean {
    return this.uint8(slot) !== 0;
  }

  int32(slot: number, fallback = 0): number {
    const at = this.#field(slot);
    return at === null ? fallback : this.#file.int32(at);
  }

  uint32(slot: number, fallback = 0): number {
    const at = this.#field(slot);
    return at === null ? fallback : this.#file.uint32(at);
  }

  uint64(slot: number): bigint {
    const at = this.#field(slot);
    return at === null ? 0n : this.#file.uint64(at);
  }

  float32(slot: number, fallback = 0): number {
    const at = this.#field(slot);
    return at === null ? fallback : this.#file.float32(at);
  }

  table(slot: number): FlatTable | null {
    const at = this.#field(slot);
    return at === null ? null : new FlatTable(this.#file, this.#file.follow(at));
  }

  tables(slot: number): FlatTable[] {
    const { start, length } = this.#vector(slot, 4);
    return Array.from({ length }, (_, index) => new FlatTable(this.#file, this.#file.follow(start + 4 * index)));
  }

  int32s(slot: number): number[] {
    const { start, length } = this.#vector(slot, 4);
    return Array.from({ length }, (_, index) => this.#file.int32(start + 4 * index));
  }

  float32s(slot: number): Float32Array {
    const { start, length } = this.#vector(slot, 4);
    return Float32Array.from({ length }, (_, index) => this.#file.float32(start + 4 * index));
  }

  /** A vector of 64-bit integers; inexact beyond 2^53. */
  int64s(slot: number): number[] {
    const { start, length } = this.#vector(slot, 8);
    return Array.from({ length }, (_, index) => Number(BigInt.asIntN(64, this.#file.uint64(start + 8 * index))));
  }

  uint16s(slot: number): number[] {
    const { start, length } = this.#vector(slot, 2);
    return Array.from({ length }, (_, index) => this.#file.uint16(start + 2 * index));
  }

  /** A vector of bytes as a view of the file; null when the field is absent. */
  bytes(slot: number): Uint8Array | null {
    if (this.#field(slot) === null) return null;
    const { start, length } = this.#vector(slot, 1);
    return this.#file.bytes.subarray(start, start + length);
  }

  /** Number of elements of a vector whose elements are `elementBytes` long. */
  count(slot: number, elementBytes: number): number {
    return this.#vector(slot, elementBytes).length;
  }

  text(slot: number): string {
    return new TextDecoder().decode(this.bytes(slot) ?? new Uint8Array());
  }

  #field(slot: number): number | null {
    if (slot >= this.#slots) return null;
    const offset = this.#file.uint16(this.#vtable + 4 + 2 * slot);
    return offset === 0 ? null : this.#position + offset;
  }

  #vector(slot: number, elementBytes: number): { start: number; length: number } {
    const at = this.#field(slot);
    if (at === null) return { start: 0, length: 0 };
    const vector = this.#file.follow(at);
    const length = this.#file.uint32(vector);
    this.#file.check(vector + 4, length * elementBytes);
    return { start: vector + 4, length };
  }
}
