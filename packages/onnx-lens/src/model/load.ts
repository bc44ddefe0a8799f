import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, OnnxLensError } from '../errors.js';
import { readFileWhole } from '../files.js';
import { TensorProto_DataLocation as DataLocation, type ModelProto } from './generated/onnx_pb.js';
import { externalLocation, isExternal, parseModel, tensorsOf } from './parse.js';

/** What to do with weights in separate files. */
export type ExternalData = 'read' | 'leave';

/**
 * Reads a model file.
 *
 * @param path an .onnx file.
 * @param externalData 'leave' (default) keeps references to weight files as they are; 'read' brings their bytes into
 *   the model, so that every tensor can be read. Only paths inside the model's own folder are followed.
 * @throws OnnxLensError FILE_UNREADABLE, NOT_ONNX, EXTERNAL_DATA.
 *
 * @example
 * const model = loadModel('model.onnx', 'read');
 * model.graph?.node.map((node) => node.opType); // ['Conv', 'Relu']
 */
export function loadModel(path: string, externalData: ExternalData = 'leave'): ModelProto {
  const model = parseModel(readFileWhole(path, 'the model'), path);
  if (externalData === 'read') readExternalData(model, dirname(path));
  return model;
}

/**
 * Tensors that name the same bytes share them; of pieces that lie over each other no more is read than twice the file.
 */
function readExternalData(model: ModelProto, folder: string): void {
  const slices = new Map<string, Uint8Array<ArrayBuffer>>();
  const readOf = new Map<string, number>();
  for (const tensor of tensorsOf(model)) {
    if (!isExternal(tensor)) continue;
    const { location, offset, length } = externalLocation(tensor);
    const path = join(folder, location);
    const key = JSON.stringify([path, offset, length]);
    let slice = slices.get(key);
    if (slice === undefined) {
      slice = readSlice(path, offset, length, readOf.get(path) ?? 0, tensor.name);
      slices.set(key, slice);
      readOf.set(path, (readOf.get(path) ?? 0) + slice.length);
    }
    tensor.rawData = slice;
    tensor.dataLocation = DataLocation.DEFAULT;
    tensor.externalData = [];
  }
}

/** @param before how many bytes of the file have been read already. */
function readSlice(
  path: string,
  offset: number,
  length: number | undefined,
  before: number,
  tensorName: string,
): Uint8Array<ArrayBuffer> {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    throw new OnnxLensError(
      'EXTERNAL_DATA',
      `Tensor "${tensorName}" keeps its values in ${path}, which cannot be read: ${messageOf(cause)}. Put the file beside the model.`,
      { cause },
    );
  }
  try {
    const size = statSync(path).size;
    const wanted = length ?? size - offset;
    if (offset + wanted > size) {
      throw new OnnxLensError(
        'EXTERNAL_DATA',
        `Tensor "${tensorName}" needs bytes ${offset} to ${offset + wanted} of ${path}, which has only ${size}.`,
      );
    }
    if (before + wanted > 2 * size) {
      throw new OnnxLensError(
        'EXTERNAL_DATA',
        `The tensors' values in ${path} lie over each other: together they are more than twice the file. Export the model again.`,
      );
    }
    const bytes = new Uint8Array(wanted);
    for (let done = 0; done < wanted;) {
      const read = readSync(descriptor, bytes, done, Math.min(wanted - done, 1 << 30), offset + done);
      if (read === 0) throw new OnnxLensError('EXTERNAL_DATA', `${path} ended while tensor "${tensorName}" was read.`);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
