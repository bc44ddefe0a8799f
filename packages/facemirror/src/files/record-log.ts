import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordLog, type SpillFile } from 'facemirror-core/action-units/record-log.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';

/** A log of records that lies in a file for temporary files beyond its first seconds. */
export function recordLog(width: number): RecordLog {
  return new RecordLog(width, () => new TemporaryFile());
}

class TemporaryFile implements SpillFile {
  readonly #folder: string;
  readonly #descriptor: number;

  constructor() {
    try {
      this.#folder = mkdtempSync(join(tmpdir(), 'facemirror-log-'));
      this.#descriptor = openSync(join(this.#folder, 'frames'), 'w+', 0o600);
    } catch (error) {
      throw unwritableFile(error);
    }
    // An open file without a name is gone with the process, however it ends. Windows does not allow that.
    if (process.platform !== 'win32') rmSync(this.#folder, { recursive: true, force: true });
  }

  write(bytes: Uint8Array, at: number): void {
    try {
      let written = 0;
      while (written < bytes.length)
        written += writeSync(this.#descriptor, bytes, written, bytes.length - written, at + written);
    } catch (error) {
      throw unwritableFile(error);
    }
  }

  read(into: Uint8Array, at: number): void {
    let read = 0;
    while (read < into.length) {
      const count = readSync(this.#descriptor, into, read, into.length - read, at + read);
      if (count === 0)
        throw new FaceMirrorError(
          'FILE_UNREADABLE',
          `A temporary file in ${tmpdir()} was cut short by another program; run again.`,
        );
      read += count;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function unwritableFile(error: unknown): FaceMirrorError {
  const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  return new FaceMirrorError(
    full ? 'DISK_FULL' : 'FILE_UNWRITABLE',
    `The folder for temporary files, ${tmpdir()}, ${full ? 'is full' : 'cannot be written'}; ${full ? 'free some space there' : 'make it writable'} or point TMPDIR elsewhere.`,
    { cause: error },
  );
}
