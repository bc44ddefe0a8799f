import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { forEachPiece, unreadable } from '../files.js';

/** What tells a file from others. */
export interface FileIdentity {
  readonly sha256: string;
  readonly bytes: number;
  /** See `stampOf`. */
  readonly stamp: string;
}

/**
 * What changes when a file is written, replaced or copied: size, times to the nanosecond, and its number on the disk.
 */
export function stampOf(path: string): string {
  try {
    const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
    return [size, mtimeNs, ctimeNs, ino].join(':');
  } catch (cause) {
    throw unreadable(`the model ${path}`, cause);
  }
}

/** @throws OnnxLensError FILE_UNREADABLE. */
export function identityOf(path: string): FileIdentity {
  const stamp = stampOf(path);
  try {
    return { sha256: hashFile(path), bytes: statSync(path).size, stamp };
  } catch (cause) {
    throw unreadable(`the model ${path}`, cause);
  }
}

function hashFile(path: string): string {
  const hash = createHash('sha256');
  forEachPiece(path, (piece) => hash.update(piece));
  return hash.digest('hex');
}

/** CRC-32 of a file. */
export function checksum(path: string): number {
  let value = 0;
  forEachPiece(path, (piece) => {
    value = crc32(piece, value);
  });
  return value;
}
