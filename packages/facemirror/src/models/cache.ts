import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';

/** Lower-case hex SHA-256. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Folder of the model cache: `FACEMIRROR_CACHE` when set, else the platform's place for caches. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment['FACEMIRROR_CACHE'];
  return chosen === undefined || chosen === '' ? envPaths('facemirror', { suffix: '' }).cache : chosen;
}

/** A converted model, from the cache or made now. */
export interface CachedModel {
  readonly bytes: Uint8Array;
  /** A sentence for the user: the cache held a damaged file, or cannot be written. */
  readonly note: string | null;
}

/**
 * The model that `convert` makes of a source, from the cache when it was made before.
 *
 * A file is named after the source's hash and the converter's version, so that neither is ever mixed up, and ends in the
 * SHA-256 of what stands before it: one that was damaged is noticed and made again. A cache that cannot be written costs
 * time, not the run.
 * @param name of the model, for the file's name; letters, digits and hyphens.
 * @param converter what makes the model, with its version.
 */
export async function cachedModel(
  folder: string,
  name: string,
  sourceSha256: string,
  converter: string,
  convert: () => Uint8Array,
): Promise<CachedModel> {
  const path = join(folder, `${name}-${sourceSha256.slice(0, 16)}-${converter}.onnx.cached`);
  const kept = await readFile(path).catch(() => null);
  const intact = kept === null ? null : withoutSeal(kept);
  if (intact !== null) return { bytes: intact, note: null };
  const damaged = kept === null ? null : `The cached model ${path} was damaged and has been made again.`;
  const bytes = convert();
  const failure = await writeSealed(path, folder, bytes);
  return { bytes, note: failure ?? damaged };
}

const SEAL_BYTES = 32;

/** The content before the seal; null when the seal does not fit it. */
function withoutSeal(file: Uint8Array): Uint8Array | null {
  if (file.length <= SEAL_BYTES) return null;
  const content = file.subarray(0, file.length - SEAL_BYTES);
  const seal = Buffer.from(file.subarray(file.length - SEAL_BYTES)).toString('hex');
  return sha256(content) === seal ? content : null;
}

/** Writes under a temporary name first. Gives a sentence when it cannot be done. */
async function writeSealed(path: string, folder: string, bytes: Uint8Array): Promise<string | null> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, Buffer.concat([bytes, Buffer.from(sha256(bytes), 'hex')]));
    await rename(temporary, path);
    return null;
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const why = cause instanceof Error ? cause.message : String(cause);
    return `The model cache ${folder} cannot be written (${why}): models are converted anew in each run. Set FACEMIRROR_CACHE to a folder that can be.`;
  }
}
