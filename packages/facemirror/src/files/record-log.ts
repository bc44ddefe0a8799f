import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';

/** Records in a chunk; so many are read at a time. */
const CHUNK_RECORDS = 256;
/** Chunks that stay in memory (some seconds of video); what comes after them lies in a temporary file. */
const CHUNKS_IN_MEMORY = 2;

/**
 * Some numbers a frame, appended in order and read in order as often as needed, in memory that does not grow with their
 * count.
 */
export class RecordLog {
  readonly width: number;
  #length = 0;
  #open: Float64Array;
  readonly #kept: Float64Array[] = [];
  #spilled = 0;
  #file: { readonly descriptor: number; readonly folder: string } | null = null;

  /** @param width numbers in a record */
  constructor(width: number) {
    this.width = width;
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
    if (this.#file === null) return;
    const { descriptor, folder } = this.#file;
    this.#file = null;
    closeSync(descriptor);
    rmSync(folder, { recursive: true, force: true });
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
    try {
      this.#file ??= temporaryFile();
      const bytes = new Uint8Array(this.#open.buffer);
      let written = 0;
      while (written < bytes.length) {
        written += writeSync(
          this.#file.descriptor,
          bytes,
          written,
          bytes.length - written,
          this.#spilled * bytes.length + written,
        );
      }
      this.#spilled++;
    } catch (error) {
      const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
      throw new FaceMirrorError(
        full ? 'DISK_FULL' : 'FILE_UNWRITABLE',
        `The folder for temporary files, ${tmpdir()}, ${full ? 'is full' : 'cannot be written'}; ${full ? 'free some space there' : 'make it writable'} or point TMPDIR elsewhere.`,
        { cause: error },
      );
    }
  }

  #read(spilledChunk: number, into: Float64Array): void {
    const bytes = new Uint8Array(into.buffer);
    if (this.#file === null) throw new Error('the log was closed while it was read');
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(
        this.#file.descriptor,
        bytes,
        read,
        bytes.length - read,
        spilledChunk * bytes.length + read,
      );
      if (count === 0)
        throw new FaceMirrorError(
          'FILE_UNREADABLE',
          `A temporary file in ${tmpdir()} was cut short by another program; run again.`,
        );
      read += count;
    }
  }
}

function temporaryFile(): { readonly descriptor: number; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'facemirror-log-'));
  const descriptor = openSync(join(folder, 'frames'), 'w+', 0o600);
  // An open file without a name is gone with the process, however it ends. Windows does not allow that.
  if (process.platform !== 'win32') rmSync(folder, { recursive: true, force: true });
  return { descriptor, folder };
}
