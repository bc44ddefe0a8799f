import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { ensureCompiled, loadCompiled, OnnxLensError } from 'onnx-lens';
import { messageOf } from 'facemirror-core/errors.js';
import { sha256 } from '../files/hash.js';
import { makeFolder } from '../files/make-folder.js';

/** Folder of the model cache: `FACEMIRROR_CACHE` when set, else the platform's place for caches. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment['FACEMIRROR_CACHE'];
  return chosen === undefined || chosen === '' ? envPaths('facemirror', { suffix: '' }).cache : chosen;
}

/** A converted model, from the cache or made now. */
export interface CachedModel {
  /** Path in the cache; its bytes where the cache cannot be written. */
  readonly model: string | Uint8Array;
  /** Path of the model compiled for this machine's CPU; absent where it was not asked for, or cannot be written. */
  readonly compiled?: string;
  /** A sentence for the user: the cache held a damaged file, or cannot be written. */
  readonly note: string | null;
}

/** A model to look for in the cache, and how it is made. */
export interface CacheEntry {
  /** For the file's name; letters, digits and hyphens. */
  readonly name: string;
  /** Of the file that the model is made of, lower-case hex. */
  readonly sourceSha256: string;
  /** What makes the model, with its version. */
  readonly converter: string;
  readonly convert: () => Uint8Array;
  /** True to have it compiled as well, so that a session opens without optimizing the graph. */
  readonly compileForCpu: boolean;
}

/**
 * The model that is made of a source, from the cache when it was made before.
 *
 * A file is named after the source's hash and the converter's version, so that neither is ever mixed up, and ends in a
 * seal: one that was damaged is noticed and made again. So is a compiled model that is damaged, or of another machine
 * or ONNX Runtime. Files and folders appear whole or not at all. A cache that cannot be written costs time, not the
 * run.
 */
export async function cachedModel(folder: string, entry: CacheEntry): Promise<CachedModel> {
  const stem = join(folder, `${entry.name}-${entry.sourceSha256.slice(0, 16)}-${entry.converter}`);
  const path = `${stem}.onnx`;
  const compiled = `${stem}.compiled`;
  await sweep(folder);
  // A compiled model that fits its file's hash was made of the intact file: nothing is left to be looked at.
  if (entry.compileForCpu && isCompiled(path, compiled))
    return { model: path, compiled: join(compiled, 'model.onnx'), note: null };
  const { model, note } = await sealedModel(folder, path, entry.convert);
  if (!entry.compileForCpu || typeof model !== 'string') return { model, note };
  try {
    return { model, compiled: (await ensureCompiled(model, compiled, COMPILED)).modelPath, note };
  } catch (cause) {
    if (!(cause instanceof OnnxLensError)) throw cause;
    // Another run may have put the same there first.
    if (isCompiled(path, compiled)) return { model, compiled: join(compiled, 'model.onnx'), note };
    return {
      model,
      note:
        note ??
        `The model ${entry.name} could not be compiled into the cache and is optimized again in each run: ${cause.message}`,
    };
  }
}

/** Our own graphs compute nothing in a run that is known before. */
const COMPILED = { simplify: false } as const;

function isCompiled(path: string, folder: string): boolean {
  try {
    loadCompiled(path, folder, COMPILED);
    return true;
  } catch (cause) {
    if (cause instanceof OnnxLensError) return false;
    throw cause;
  }
}

async function sealedModel(folder: string, path: string, convert: () => Uint8Array): Promise<CachedModel> {
  const kept = await readFile(path).catch(() => null);
  if (kept !== null && isIntact(kept)) return { model: path, note: null };
  const bytes = convert();
  const failure = await writeSealed(path, folder, bytes);
  if (failure !== null) return { model: bytes, note: failure };
  return { model: path, note: kept === null ? null : `The cached model ${path} was damaged and has been made again.` };
}

const SEAL_KEY = 'facemirror.sha256';
const SEAL_BYTES = 6 + SEAL_KEY.length + 64;

/**
 * An entry of the model's `metadata_props` with the SHA-256 of what stands before it. Protocol buffers read one after
 * another are read as one message: with its seal, the file is the same model.
 */
function sealOf(content: Uint8Array): Buffer {
  const key = Buffer.from(SEAL_KEY);
  const value = Buffer.from(sha256(content));
  // Field 14 of ModelProto is metadata_props; fields 1 and 2 of its entries are key and value. All are
  // length-delimited.
  return Buffer.concat([
    Buffer.from([0x72, SEAL_BYTES - 2, 0x0a, key.length]),
    key,
    Buffer.from([0x12, value.length]),
    value,
  ]);
}

function isIntact(file: Uint8Array): boolean {
  if (file.length <= SEAL_BYTES) return false;
  const end = file.length - SEAL_BYTES;
  return sealOf(file.subarray(0, end)).equals(file.subarray(end));
}

/** Writes under a temporary name first. Gives a sentence when it cannot be done. */
async function writeSealed(path: string, folder: string, bytes: Uint8Array): Promise<string | null> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    await makeFolder(folder);
    await writeFile(temporary, Buffer.concat([bytes, sealOf(bytes)]));
    await rename(temporary, path);
    return null;
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    return `The model cache ${folder} cannot be written (${messageOf(cause)}): models are converted again in each run. Set FACEMIRROR_CACHE to a folder that can be.`;
  }
}

/** Nothing is under way for so long: what is older was left by a run that was killed. */
const STALE_MS = 60 * 60 * 1000;

/** The writers' own names, with the process that writes; a file that is still being downloaded has another. */
const UNFINISHED = /\.(\d+)\.[0-9a-f]{8}\.part$/;

/** Removes what a process had begun to write into the cache when it was killed. */
export async function removeUnfinished(folder: string, processId: number): Promise<void> {
  for (const file of await readdir(folder).catch(() => [])) {
    if (Number(UNFINISHED.exec(file)?.[1]) === processId)
      await rm(join(folder, file), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Removes what a killed run left half-made. */
async function sweep(folder: string): Promise<void> {
  const left = (await readdir(folder).catch(() => [])).filter((file) => UNFINISHED.test(file));
  for (const file of left) {
    const path = join(folder, file);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > STALE_MS) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
