import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { ModelProtoSchema, type ModelProto } from './generated/onnx_pb.js';

/** The bytes of an .onnx file. */
export function serializeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model);
}

/**
 * Writes a model under a temporary name and renames it when complete, so that no half-written file ever bears the name.
 * @throws OnnxLensError FILE_UNWRITABLE.
 */
export function saveModel(model: ModelProto, path: string): void {
  writeFileWhole(path, serializeModel(model));
}

/** Writes a file whole or not at all: temporary name beside it, then rename. Makes the folder when needed. */
export function writeFileWhole(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    makeFolder(dirname(path));
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OnnxLensError('FILE_UNWRITABLE', `Cannot write ${path}: ${why}.`, { cause });
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
