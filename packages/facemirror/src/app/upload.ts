import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from './app-error.js';

/** Room that must stay free on the disk. */
const KEPT_FREE_BYTES = 500e6;

export interface UploadOptions {
  /** Folder for the unfinished file; on the same disk as `place`. */
  readonly scratch: string;
  /** What the request says of its length; null if it says nothing. */
  readonly announcedBytes: number | null;
  readonly mostBytes: number;
}

/**
 * Streams a request's body to a file, whole or not at all.
 * @param place makes the file's final path when all has come.
 * @throws AppError 413 if it is too large, 507 if the disk would fill.
 */
export async function receive(
  body: Readable,
  place: () => Promise<string>,
  { scratch, announcedBytes, mostBytes }: UploadOptions,
): Promise<string> {
  await mkdir(scratch, { recursive: true });
  if (announcedBytes !== null && announcedBytes > mostBytes) throw tooLarge(mostBytes);
  const free = await freeBytes(scratch);
  if ((announcedBytes ?? 0) + KEPT_FREE_BYTES > free) throw noRoom();
  const unfinished = join(scratch, `.upload-${randomBytes(8).toString('hex')}`);
  let received = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _, done): void {
      received += chunk.length;
      if (received > mostBytes) done(tooLarge(mostBytes));
      else if (received + KEPT_FREE_BYTES > free) done(noRoom());
      else done(null, chunk);
    },
  });
  try {
    await pipeline(body, counted, createWriteStream(unfinished, { flags: 'wx' }));
    if (received === 0) throw new AppError(400, 'EMPTY_FILE', 'The file is empty.');
    if (announcedBytes !== null && received !== announcedBytes)
      throw new AppError(400, 'TRANSFER_BROKEN', 'The transfer broke off. Try it again.');
    const path = await place();
    await rename(unfinished, path);
    return path;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function tooLarge(mostBytes: number): AppError {
  return new AppError(413, 'TOO_LARGE', `The file is too large: at most ${Math.round(mostBytes / 1e9)} GB are taken.`);
}

function noRoom(): AppError {
  return new AppError(507, 'DISK_FULL', 'There is not enough room on the disk for this file: free some space first.');
}
