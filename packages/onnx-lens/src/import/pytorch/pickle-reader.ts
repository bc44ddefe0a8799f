/** Turning bytes into a bigint takes time that grows with the square of their number. */
const MAX_LONG_BYTES = 4096;

/** Reads the arguments of a pickle's instructions one after another. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #broken: (what: string) => Error;
  #at: number;

  /** @param broken the error for a pickle of which that is to be said. */
  constructor(bytes: Uint8Array, start: number, broken: (what: string) => Error) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#broken = broken;
  }

  /** Where the next thing begins. */
  get at(): number {
    return this.#at;
  }

  byte(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  /** Big-endian, unlike the integers. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** A view of the next bytes. */
  slice(length: number): Uint8Array {
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  text(length: number): string {
    return new TextDecoder().decode(this.slice(length));
  }

  /** Text up to the next line feed, which is passed over. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#cutOff();
    const text = this.text(end - this.#at);
    this.#at++;
    return text;
  }

  /** A little-endian two's complement integer; a bigint where it is no safe number. */
  long(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) throw this.#broken(`holds an integer of ${length} bytes`);
    const raw = this.slice(length);
    let value = 0n;
    for (let place = raw.length - 1; place >= 0; place--) value = (value << 8n) | BigInt(raw[place] ?? 0);
    const signed = BigInt.asIntN(8 * Math.max(1, length), value);
    const narrow = Number(signed);
    return Number.isSafeInteger(narrow) ? narrow : signed;
  }

  /** Moves on by that many bytes and returns where they began. */
  #take(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) throw this.#cutOff();
    this.#at += length;
    return from;
  }

  #cutOff(): Error {
    return this.#broken('ends in the middle (cut off?)');
  }
}
