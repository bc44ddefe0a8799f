import type { SpillFile } from 'facemirror-core/action-units/record-log.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { outputName, OUTPUT_KINDS, type OutputKind } from 'facemirror-core/results/output-names.js';
import type { ByteSink } from 'facemirror-core/tables/byte-sink.js';
import type { TextSink } from 'facemirror-core/tables/text-sink.js';
import { makeFolder, unwritable, type FolderPath } from './folders.js';

/** Bytes that are collected before they are written. */
const CHUNK = 1 << 18;
/** The temporary file of a run, which is no result. */
export const SPILL_NAME = '.frames';

/** A file of the browser's private storage, open for one thread alone. */
export class StoredFile implements ByteSink {
  readonly #handle: FileSystemSyncAccessHandle;
  readonly #chunk = new Uint8Array(CHUNK);
  #pending = 0;
  #end = 0;
  #isOpen = true;

  private constructor(handle: FileSystemSyncAccessHandle) {
    this.#handle = handle;
  }

  /** An empty file; what had its name is gone. */
  static async open(folder: FileSystemDirectoryHandle, name: string): Promise<StoredFile> {
    try {
      const handle = await (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle();
      handle.truncate(0);
      return new StoredFile(handle);
    } catch (error) {
      throw unwritable(error);
    }
  }

  /** Writes at a place. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  writeAt(bytes: Uint8Array, at: number): void {
    try {
      let written = 0;
      while (written < bytes.length) {
        const count = this.#handle.write(bytes.subarray(written), { at: at + written });
        if (count === 0) throw new DOMException('The storage took no more bytes.', 'QuotaExceededError');
        written += count;
      }
    } catch (error) {
      throw unwritable(error);
    }
  }

  readAt(into: Uint8Array, at: number): number {
    return this.#handle.read(into, { at });
  }

  /** Adds bytes at the end of what was added before. */
  add(bytes: Uint8Array): Promise<void> {
    try {
      this.#append(bytes);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  close(): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    this.#isOpen = false;
    try {
      this.#flush();
      this.#handle.flush();
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(unwritable(error));
    } finally {
      this.#handle.close();
    }
  }

  /** Closes it without writing what is collected. */
  abandon(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#handle.close();
  }

  #append(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const count = Math.min(bytes.length - at, CHUNK - this.#pending);
      this.#chunk.set(bytes.subarray(at, at + count), this.#pending);
      this.#pending += count;
      at += count;
      if (this.#pending === CHUNK) this.#flush();
    }
  }

  #flush(): void {
    if (this.#pending === 0) return;
    this.writeAt(this.#chunk.subarray(0, this.#pending), this.#end);
    this.#end += this.#pending;
    this.#pending = 0;
  }
}

/** A table among the results. */
export class StoredTable implements TextSink {
  readonly #file: StoredFile;
  readonly #encoder = new TextEncoder();

  constructor(file: StoredFile) {
    this.#file = file;
  }

  add(text: string): Promise<void> {
    return this.#file.add(this.#encoder.encode(text));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The log's temporary file. */
class Spill implements SpillFile {
  readonly #file: StoredFile;

  constructor(file: StoredFile) {
    this.#file = file;
  }

  write(bytes: Uint8Array, at: number): void {
    this.#file.writeAt(bytes, at);
  }

  read(into: Uint8Array, at: number): void {
    if (this.#file.readAt(into, at) < into.length)
      throw new FaceMirrorError('FILE_UNREADABLE', 'A temporary file in this browser was cut short: run it again.');
  }

  close(): void {
    this.#file.abandon();
  }
}

/** The files of one run while they are made, in a folder of the run's own. Close it on every path. */
export class ResultFiles {
  readonly #folder: FileSystemDirectoryHandle;
  readonly #stem: string;
  readonly #files = new Map<OutputKind, StoredFile>();
  readonly #spill: StoredFile;

  private constructor(folder: FileSystemDirectoryHandle, stem: string, spill: StoredFile) {
    this.#folder = folder;
    this.#stem = stem;
    this.#spill = spill;
  }

  /** @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  static async open(path: FolderPath, stem: string): Promise<ResultFiles> {
    try {
      const folder = await makeFolder(path);
      return new ResultFiles(folder, stem, await StoredFile.open(folder, SPILL_NAME));
    } catch (error) {
      throw unwritable(error);
    }
  }

  async file(kind: OutputKind): Promise<StoredFile> {
    const file = await StoredFile.open(this.#folder, outputName(this.#stem, kind));
    this.#files.set(kind, file);
    return file;
  }

  async table(kind: OutputKind): Promise<StoredTable> {
    return new StoredTable(await this.file(kind));
  }

  /** Writes a whole table. */
  async writeTable(kind: OutputKind, lines: Iterable<string>): Promise<void> {
    const table = await this.table(kind);
    for (const line of lines) await table.add(line);
    await table.close();
  }

  /** Where the log of records keeps what does not stay in memory. */
  spill(): SpillFile {
    return new Spill(this.#spill);
  }

  /** Names of the results so far. */
  names(): string[] {
    return OUTPUT_KINDS.filter((kind) => this.#files.has(kind)).map((kind) => outputName(this.#stem, kind));
  }

  /** Closes what is open; the temporary file goes. */
  async close(): Promise<void> {
    for (const file of this.#files.values()) file.abandon();
    this.#spill.abandon();
    await this.#folder.removeEntry(SPILL_NAME).catch(() => undefined);
  }
}
