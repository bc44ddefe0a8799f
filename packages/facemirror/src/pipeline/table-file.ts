import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unwritable } from '../results/outputs.js';

/** Characters that are collected before they are written. */
const CHUNK = 1 << 16;

/** A text file that is written line by line in order, without being held in memory. Close it on every path. */
export class TableFile {
  readonly #path: string;
  #file: FileHandle | null = null;
  #pending = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Writes a whole table and closes the file. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  static async write(path: string, lines: Iterable<string>): Promise<void> {
    const table = new TableFile(path);
    try {
      for (const line of lines) await table.add(line);
    } finally {
      await table.close();
    }
  }

  /** Adds text, line feed and all. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  async add(text: string): Promise<void> {
    this.#pending += text;
    if (this.#pending.length >= CHUNK) await this.#flush();
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
    try {
      this.#file ??= await open(this.#path, 'w');
      const text = this.#pending;
      this.#pending = '';
      if (text !== '') await this.#file.writeFile(text);
    } catch (error) {
      throw unwritable(dirname(this.#path), error);
    }
  }
}
