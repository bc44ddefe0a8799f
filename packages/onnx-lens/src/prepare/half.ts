import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { intAttribute, makeAttribute, subgraphsOf } from '../model/attributes.js';
import { copyMessage } from '../model/copy.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../model/generated/onnx_pb.js';
import { floatsToHalves, makeTensorProto, readTensor } from '../model/tensors.js';

/** Inputs that must stay float32 by the operator's definition, by operator and place. */
const STAYS_FLOAT: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2],
  Upsample: [1],
  NonMaxSuppression: [0, 1, 3, 4],
};

/**
 * A copy of a float32 model whose weights and arithmetic are 16-bit floats. Inputs and outputs stay float32, with a Cast
 * behind and in front.
 *
 * @throws OnnxLensError UNSUPPORTED_MODEL for models with subgraphs or functions, whose values have types of their own.
 */
export function convertToHalf(model: ModelProto): ModelProto {
  const { graph } = model;
  if (graph === undefined) return model;
  if (model.functions.length > 0 || graph.node.some((node) => subgraphsOf(node).length > 0)) {
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      'A model with subgraphs or functions cannot be converted to 16-bit floats here; leave out --fp16.',
    );
  }
  const given = new Set(graph.initializer.map((tensor) => tensor.name));
  const floatInputs = graph.input.filter((input) => isFloatValue(input) && !given.has(input.name));
  const floatOutputs = [...new Map(graph.output.filter(isFloatValue).map((output) => [output.name, output])).values()];
  const renamed = new Map([...floatInputs, ...floatOutputs].map(({ name }) => [name, `${name}/half`]));
  const halfName = (name: string): string => renamed.get(name) ?? name;
  const kept = new Set(
    graph.node.flatMap((node) => (STAYS_FLOAT[node.opType] ?? []).map((place) => node.input[place] ?? '')),
  );
  const nodes = graph.node.map((node) =>
    copyMessage(NodeProtoSchema, node, {
      input: node.input.map((name, place) =>
        STAYS_FLOAT[node.opType]?.includes(place) === true ? name : halfName(name),
      ),
      output: node.output.map(halfName),
      attribute: convertAttributes(node),
    }),
  );
  return copyMessage(ModelProtoSchema, model, {
    graph: copyMessage(GraphProtoSchema, graph, {
      node: [
        ...floatInputs.map(({ name }) => castNode(name, halfName(name), DataType.FLOAT16)),
        ...nodes,
        ...floatOutputs.map(({ name }) => castNode(halfName(name), name, DataType.FLOAT)),
      ],
      initializer: graph.initializer.map((tensor) => (kept.has(tensor.name) ? tensor : toHalf(tensor))),
      valueInfo: [],
    }),
  });
}

function isFloatValue({ type }: ValueInfoProto): boolean {
  return type?.value.case === 'tensorType' && (type.value.value.elemType as DataType) === DataType.FLOAT;
}

function castNode(from: string, to: string, dataType: DataType): NodeProto {
  return create(NodeProtoSchema, {
    name: `${to}/Cast`,
    opType: 'Cast',
    input: [from],
    output: [to],
    attribute: [makeAttribute('to', dataType)],
  });
}

/** Types named in attributes (Cast, EyeLike, random numbers) and constants held in them. */
function convertAttributes(node: NodeProto): NodeProto['attribute'] {
  return node.attribute.map((each) => {
    const isFloatType =
      (each.name === 'to' || each.name === 'dtype') &&
      (intAttribute(node, each.name, 0) as DataType) === DataType.FLOAT;
    if (isFloatType) return makeAttribute(each.name, DataType.FLOAT16);
    return each.t === undefined ? each : makeAttribute(each.name, toHalf(each.t));
  });
}

function toHalf(proto: TensorProto): TensorProto {
  if ((proto.dataType as DataType) !== DataType.FLOAT) return proto;
  const { dims, data } = readTensor(proto);
  // What is larger than any half is cut to the largest, so that no constant becomes an infinity.
  const bits = floatsToHalves(data as Float32Array);
  return makeTensorProto(proto.name, { dataType: DataType.FLOAT16, dims, data: bits });
}
