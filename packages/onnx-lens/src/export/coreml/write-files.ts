import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, OnnxLensError } from '../../errors.js';
import type { EncodedPackage } from './package.js';

/**
 * Writes a package whole or not at all: under a temporary name beside its place, then renamed.
 *
 * @param force replaces a package that is there; it is moved aside first, and comes back when anything fails.
 * @throws OnnxLensError FILE_UNWRITABLE.
 *
 * @example
 * const { encoded } = await exportCoreMl(fixDimensions(loadModel('model.onnx', 'read'), { batch: 1 }));
 * writePackage('Features.mlpackage', encoded);
 * existsSync('Features.mlpackage/Manifest.json'); // true
 */
export function writePackage(path: string, { files }: EncodedPackage, force = false): void {
  refuseExisting(path, force);
  const suffix = `${process.pid}.${randomBytes(4).toString('hex')}`;
  const [temporary, aside] = [`${path}.${suffix}.part`, `${path}.${suffix}.old`];
  let moved = false;
  try {
    for (const [name, pieces] of files) writePieces(join(temporary, name), pieces);
    if (existsSync(path)) {
      renameSync(path, aside);
      moved = true;
    }
    renameSync(temporary, path);
    rmSync(aside, { recursive: true, force: true });
  } catch (cause) {
    rmSync(temporary, { recursive: true, force: true });
    if (moved && !existsSync(path)) renameSync(aside, path);
    throw new OnnxLensError('FILE_UNWRITABLE', `Cannot write ${path}: ${messageOf(cause).replace(/\.$/, '')}.`, {
      cause,
    });
  }
}

/**
 * Refuses a place that is taken; only a package may be replaced.
 * @throws OnnxLensError FILE_UNWRITABLE.
 */
export function refuseExisting(path: string, force: boolean): void {
  if (!existsSync(path)) return;
  if (!force)
    throw new OnnxLensError('FILE_UNWRITABLE', `${path} exists already; give --force to replace it, or another name.`);
  if (!existsSync(join(path, 'Manifest.json')))
    throw new OnnxLensError(
      'FILE_UNWRITABLE',
      `${path} is no package (${basename(path)} has no Manifest.json), so it is not replaced; give another name.`,
    );
}

function writePieces(path: string, pieces: readonly Uint8Array[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, 'w');
  try {
    for (const piece of pieces) {
      for (let done = 0; done < piece.length;)
        done += writeSync(descriptor, piece, done, Math.min(piece.length - done, 1 << 28));
    }
  } finally {
    closeSync(descriptor);
  }
}
