import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unwritable } from '../results/outputs.js';

/** Bytes that are collected before they are written. */
const CHUNK = 1 << 18;

/** A file of bytes that is written piece by piece in order, without being held in memory. Close it on every path. */
export class BytesFile {
  readonly #path: string;
  #file: FileHandle | null = null;
  #pending: Uint8Array[] = [];
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Adds bytes, which must not change afterwards. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  async add(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= CHUNK) await this.#flush();
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#file?.close();
      this.#file = null;
    }
  }

  async #flush(): Promise<void> {
    const pieces = this.#pending;
    this.#pending = [];
    this.#bytes = 0;
    try {
      this.#file ??= await open(this.#path, 'w');
      if (pieces.length > 0) await this.#file.writeFile(Buffer.concat(pieces));
    } catch (error) {
      throw unwritable(dirname(this.#path), error);
    }
  }
}
