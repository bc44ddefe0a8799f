import type { RecordStore } from './record-store.js';

/** A temporary file of one thread, read and written at places; gone when it is closed. */
export interface SpillFile {
  /** Writes all of the bytes. @throws FaceMirrorError `DISK_FULL`, `FILE_UNWRITABLE`. */
  write(bytes: Uint8Array, at: number): void;
  /** Fills all of `into`. @throws FaceMirrorError `FILE_UNREADABLE` when there is less. */
  read(into: Uint8Array, at: number): void;
  close(): void;
}

/** Records in a chunk: as many as are read at a time. */
const CHUNK_RECORDS = 256;
/** Chunks that stay in memory (some seconds of video); what comes after them lies in a temporary file. */
const CHUNKS_IN_MEMORY = 2;

/**
 * Some numbers a frame, appended in order and read in order as often as needed, in memory that does not grow with their
 * count.
 */
export class RecordLog implements RecordStore {
  readonly width: number;
  #length = 0;
  #open: Float64Array;
  readonly #kept: Float64Array[] = [];
  #spilled = 0;
  #file: SpillFile | null = null;
  readonly #openFile: () => SpillFile;

  /**
   * @param width numbers in a record
   * @param openFile makes the temporary file, when it is needed.
   */
  constructor(width: number, openFile: () => SpillFile) {
    this.width = width;
    this.#openFile = openFile;
    this.#open = new Float64Array(CHUNK_RECORDS * width);
  }

  /** Records so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Copies a record in.
   *
   * @throws FaceMirrorError `DISK_FULL` or `FILE_UNWRITABLE` when the temporary file cannot take it.
   */
  append(record: Float64Array): void {
    const place = this.#length % CHUNK_RECORDS;
    this.#open.set(record, place * this.width);
    this.#length++;
    if (place === CHUNK_RECORDS - 1) this.#finishChunk();
  }

  /** Every record, first to last. A record is a view that is valid until the next one is taken. */
  *records(): Generator<Float64Array> {
    const chunks = this.#kept.length + this.#spilled;
    const buffer = this.#spilled > 0 ? new Float64Array(CHUNK_RECORDS * this.width) : null;
    for (let chunk = 0; chunk < chunks; chunk++) {
      let values = this.#kept[chunk];
      if (values === undefined && buffer !== null) {
        this.#read(chunk - this.#kept.length, buffer);
        values = buffer;
      }
      if (values !== undefined) yield* this.#split(values, CHUNK_RECORDS);
    }
    yield* this.#split(this.#open, this.#length % CHUNK_RECORDS);
  }

  /** Forgets everything and removes the temporary file. */
  close(): void {
    this.#kept.length = 0;
    this.#length = 0;
    this.#spilled = 0;
    this.#file?.close();
    this.#file = null;
  }

  *#split(values: Float64Array, count: number): Generator<Float64Array> {
    for (let i = 0; i < count; i++) yield values.subarray(i * this.width, (i + 1) * this.width);
  }

  #finishChunk(): void {
    if (this.#kept.length < CHUNKS_IN_MEMORY) {
      this.#kept.push(this.#open);
      this.#open = new Float64Array(CHUNK_RECORDS * this.width);
      return;
    }
    this.#file ??= this.#openFile();
    const bytes = new Uint8Array(this.#open.buffer);
    this.#file.write(bytes, this.#spilled * bytes.length);
    this.#spilled++;
  }

  #read(spilledChunk: number, into: Float64Array): void {
    const bytes = new Uint8Array(into.buffer);
    if (this.#file === null) throw new Error('the log was closed while it was read');
    this.#file.read(bytes, spilledChunk * bytes.length);
  }
}
