import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, OnnxLensError } from './errors.js';

/** Node reads files of 2 GiB and more only in pieces. */
const MOST_BYTES_AT_ONCE = 2 ** 30;

/**
 * Reads a file of any size.
 * @param kind how messages call what the file should hold: "the model", "the checkpoint".
 * @throws OnnxLensError FILE_UNREADABLE.
 */
export function readFileWhole(path: string, kind: string): Uint8Array {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const { size } = fstatSync(descriptor);
    // Of a pipe the size is not known.
    return size <= MOST_BYTES_AT_ONCE ? readFileSync(descriptor) : readInPieces(descriptor, size);
  } catch (cause) {
    throw unreadable(`${kind} ${path}`, cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readInPieces(descriptor: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size;) {
    const read = readSync(descriptor, bytes, done, Math.min(size - done, MOST_BYTES_AT_ONCE), done);
    if (read === 0) throw new Error('it ended while being read');
    done += read;
  }
  return bytes;
}

/**
 * Hands a file's bytes over piece by piece, each good until the next, so that a large file takes no memory. Throws what
 * the operating system says.
 */
export function forEachPiece(path: string, use: (piece: Uint8Array) => void): void {
  const buffer = Buffer.alloc(1 << 20);
  const descriptor = openSync(path, 'r');
  try {
    for (let read = readSync(descriptor, buffer); read > 0; read = readSync(descriptor, buffer))
      use(buffer.subarray(0, read));
  } finally {
    closeSync(descriptor);
  }
}

/** What the operating system said when a file could not be read, as the error that a user is to see. */
export function unreadable(what: string, cause: unknown): OnnxLensError {
  return new OnnxLensError('FILE_UNREADABLE', `Cannot read ${what}: ${messageOf(cause).replace(/\.$/, '')}.`, {
    cause,
  });
}

/**
 * Writes a file whole or not at all: temporary name beside it, then rename. Makes the folder when needed. A device or a
 * pipe is written into: a file must not take its place.
 * @throws OnnxLensError FILE_UNWRITABLE.
 */
export function writeFileWhole(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile() && !there.isDirectory()) {
      writeFileSync(path, content);
      return;
    }
    makeFolder(dirname(path));
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new OnnxLensError('FILE_UNWRITABLE', `Cannot write ${path}: ${messageOf(cause)}.`, { cause });
  }
}

/** As mkdirSync with `recursive`, which never returns on Linux where a folder cannot be made under /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (cause) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw cause;
  }
}
