import { fromBinary } from '@bufbuild/protobuf';
import { messageOf, OnnxLensError } from '../errors.js';
import { subgraphsOf } from './attributes.js';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from './generated/onnx_pb.js';

/**
 * Parses the bytes of an .onnx file. Tensors' raw data are views into `bytes`, not copies.
 *
 * @param origin how to call the model in messages.
 * @throws OnnxLensError NOT_ONNX.
 *
 * @example
 * const model = parseModel(readFileSync('model.onnx'), 'model.onnx');
 * model.opsetImport[0]?.version; // 17n
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

/**
 * Every tensor of the model that may hold weights: initializers and tensor attributes, subgraphs and functions
 * included.
 */
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

/** True when the tensor's values are in another file. */
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
  const inside = location !== '' && staysInside(location);
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

/** Whether a path, with either system's separators, leads to a place below the folder that it starts from. */
function staysInside(path: string): boolean {
  if (/^([a-zA-Z]:|[\\/])/.test(path)) return false;
  let depth = 0;
  for (const part of path.split(/[\\/]/)) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return false;
  }
  return true;
}
