import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { messageOf, OnnxLensError } from '../errors.js';
import { readFileWhole } from '../files.js';
import { subgraphsOf } from './attributes.js';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from './generated/onnx_pb.js';

/** What to do with weights that stand in files of their own. */
export type ExternalData = 'read' | 'leave';

/**
 * Reads a model file.
 *
 * @param path an .onnx file.
 * @param externalData 'leave' (default) keeps references to weight files as they are; 'read' brings their bytes into
 *   the model, so that every tensor can be read. Only paths inside the model's own folder are followed.
 * @throws OnnxLensError FILE_UNREADABLE, NOT_ONNX, EXTERNAL_DATA.
 */
export function loadModel(path: string, externalData: ExternalData = 'leave'): ModelProto {
  const model = parseModel(readFileWhole(path, 'the model'), path);
  if (externalData === 'read') readExternalData(model, dirname(path));
  return model;
}

/**
 * Parses the bytes of an .onnx file. Tensors' raw data are views into `bytes`, not copies.
 *
 * @param origin how to call the model in messages.
 * @throws OnnxLensError NOT_ONNX.
 */
export function parseModel(bytes: Uint8Array, origin = 'the model'): ModelProto {
  if (bytes.length === 0) throw new OnnxLensError('NOT_ONNX', `${origin} is empty, not an ONNX model.`);
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new OnnxLensError(
      'NOT_ONNX',
      `${origin} is not an ONNX model, or was cut off: it cannot be read as protobuf (${messageOf(cause)}).`,
      { cause },
    );
  }
  if (model.graph === undefined || model.opsetImport.length === 0) {
    throw new OnnxLensError('NOT_ONNX', `${origin} is not an ONNX model: it holds no graph or names no operator set.`);
  }
  return model;
}

/** Every tensor of the model that may hold weights: initializers and tensor attributes, subgraphs and functions included. */
export function* tensorsOf(model: ModelProto): Generator<TensorProto> {
  if (model.graph !== undefined) yield* graphTensors(model.graph);
  for (const fn of model.functions) yield* nodeTensors(fn);
}

function* graphTensors(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  yield* nodeTensors(graph);
}

function* nodeTensors(owner: Pick<GraphProto, 'node'>): Generator<TensorProto> {
  for (const node of owner.node) {
    for (const each of node.attribute) {
      if (each.t !== undefined) yield each.t;
      yield* each.tensors;
    }
    for (const subgraph of subgraphsOf(node)) yield* graphTensors(subgraph);
  }
}

/** True when the tensor's values stand in another file. */
export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === DataLocation.EXTERNAL;
}

/**
 * Where an external tensor's bytes lie.
 * @throws OnnxLensError EXTERNAL_DATA for a location that leaves the model's folder, or numbers that are none.
 */
export function externalLocation(tensor: TensorProto): {
  location: string;
  offset: number;
  length: number | undefined;
} {
  const entries = new Map(tensor.externalData.map((entry) => [entry.key, entry.value]));
  const location = entries.get('location') ?? '';
  const offset = Number(entries.get('offset') ?? 0);
  const length = entries.has('length') ? Number(entries.get('length')) : undefined;
  const inside =
    location !== '' &&
    !isAbsolute(location) &&
    !/^([a-zA-Z]:|\\)/.test(location) &&
    !normalize(location).startsWith('..');
  if (!inside) {
    throw new OnnxLensError(
      'EXTERNAL_DATA',
      `Tensor "${tensor.name}" keeps its values in "${location}", outside the model's folder; such a path is not followed.`,
    );
  }
  if (
    !Number.isSafeInteger(offset) ||
    offset < 0 ||
    (length !== undefined && (!Number.isSafeInteger(length) || length < 0))
  ) {
    throw new OnnxLensError(
      'EXTERNAL_DATA',
      `Tensor "${tensor.name}" gives no usable offset and length of its values in "${location}".`,
    );
  }
  return { location, offset, length };
}

/** Tensors that name the same bytes share them; of pieces that lie over each other no more is read than twice the file. */
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
