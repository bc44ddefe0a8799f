import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { unreadable } from './unreadable.js';

/** SHA-256 of bytes, or of a text as UTF-8; lower-case hex. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** What a file holds, in short. */
export interface FileHash {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Bytes of a file that are hashed at a time. */
const HASH_BYTES = 1 << 18;

/** Hashes a file without holding it. @throws FaceMirrorError FILE_UNREADABLE, CANCELLED. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<FileHash> {
  const hash = createHash('sha256');
  // One buffer for the whole file: a stream's would be garbage as large as the file, and stand in the run's peak
  // memory.
  const buffer = Buffer.alloc(HASH_BYTES);
  let bytes = 0;
  try {
    await using file = await open(path);
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, HASH_BYTES, null);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } catch (error) {
    if (signal?.aborted === true)
      throw new FaceMirrorError('CANCELLED', `Stopped while ${path} was read.`, { cause: error });
    throw unreadable(path, error);
  }
  return { sha256: hash.digest('hex'), bytes };
}
