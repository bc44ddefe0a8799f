import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { readFileWhole } from '../files.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type ModelProto,
  type TensorProto,
} from '../model/generated/onnx_pb.js';
import { Graph } from '../model/graph.js';
import { externalLocation, isExternal, parseModel, tensorsOf } from '../model/parse.js';
import type { SourceModel } from './source-model.js';

/**
 * Weights from this size on are left in the model's file: rules and optimizers read the values of smaller ones only.
 */
const DETACHED_BYTES = 16 * 1024;

/**
 * Reads a model without copying its large weights, and checks that its graph holds together.
 * @throws OnnxLensError FILE_UNREADABLE, NOT_ONNX, VALUE_MISSING, VALUE_DUPLICATE, GRAPH_CYCLE, EXTERNAL_DATA.
 */
export function readSource(source: string | ModelProto, dataFolder?: string): SourceModel {
  const isPath = typeof source === 'string';
  const origin = isPath ? source : 'the model';
  const model = isPath ? readDetached(source) : source;
  const { graph } = model;
  if (graph === undefined) throw new OnnxLensError('NOT_ONNX', `${origin} holds no graph.`);
  // Where a node reads from is checked here, in our words; everything else is left to ONNX Runtime.
  new Graph(graph).topologicalOrder();
  for (const tensor of tensorsOf(model)) if (isExternal(tensor)) externalLocation(tensor);
  if (!isPath) return { origin, model, dataFolder, file: undefined };
  const real = realpathSync(source);
  return { origin, model, dataFolder: dirname(real), file: basename(real) };
}

function readDetached(path: string): ModelProto {
  const bytes = readFileWhole(path, 'the model');
  const model = parseModel(bytes, path);
  const { graph } = model;
  if (graph === undefined) return model;
  const location = basename(realpathSync(path));
  const initializer = graph.initializer.map((tensor) => detach(tensor, bytes, location));
  return create(ModelProtoSchema, { ...model, graph: create(GraphProtoSchema, { ...graph, initializer }) });
}

/**
 * The tensor with a reference to where its bytes lie in the model's file instead of the bytes; ONNX Runtime maps them
 * from there. Small tensors are copied, so that nothing holds on to the file's bytes.
 */
function detach(tensor: TensorProto, file: Uint8Array, location: string): TensorProto {
  const { rawData } = tensor;
  // Values may be in fields of their own type; an empty field beside them would be taken for the values.
  if (rawData.length === 0) return tensor;
  if (isExternal(tensor) || rawData.length < DETACHED_BYTES || rawData.buffer !== file.buffer) {
    return create(TensorProtoSchema, { ...tensor, rawData: new Uint8Array(rawData) });
  }
  const entry = (key: string, value: string | number) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) });
  return create(TensorProtoSchema, {
    ...tensor,
    rawData: new Uint8Array(),
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      entry('location', location),
      entry('offset', rawData.byteOffset - file.byteOffset),
      entry('length', rawData.length),
    ],
  });
}
