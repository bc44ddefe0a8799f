import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { intAttribute, makeAttribute, subgraphsOf } from '../model/attributes.js';
import { copyMessage } from '../model/copy.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../model/generated/onnx_pb.js';
import { floatsToHalves, makeTensorProto, readTensor } from '../model/tensors.js';
import { standardOpset } from '../model/opset.js';
import { inferTypes } from '../rewrite/types.js';
import type { ValueType } from '../shapes/value-type.js';

/** Inputs that must stay float32 by the operator's definition, by operator and place. */
const STAYS_FLOAT: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2],
  Upsample: [1],
  NonMaxSuppression: [0, 1, 3, 4],
};
/**
 * Operators that take float32 and no float16, and the opset from which they do (Infinity: none), from the type lists of
 * the ONNX operator schemas. Those with places in {@link STAYS_FLOAT} take both.
 */
const HALF_SINCE: ReadonlyMap<string, number> = new Map([
  ['Celu', 28],
  ['CumSum', 14],
  ['DequantizeLinear', 19],
  ['DynamicQuantizeLinear', Infinity],
  ['IsInf', 20],
  ['QLinearMatMul', Infinity],
  ['QLinearConv', Infinity],
  ['QuantizeLinear', 19],
  ['Range', 27],
]);

/**
 * A copy of a float32 model whose weights and arithmetic are 16-bit floats. Inputs and outputs stay float32, with a
 * Cast behind and in front; so do the nodes of operators that have no 16-bit form and those that are named.
 *
 * @param keep operators or names of nodes to keep in float32.
 * @throws OnnxLensError USAGE for one to keep that the model does not have; RUNTIME_REFUSED.
 * @throws OnnxLensError UNSUPPORTED_MODEL for models with subgraphs or functions, whose values have types of their own.
 *
 * @example
 * const half = await convertToHalf(loadModel('model.onnx', 'read'), ['Relu']);
 * readTensor(half.graph.initializer[0]).dataType === DataType.FLOAT16; // true
 */
export async function convertToHalf(model: ModelProto, keep: readonly string[] = []): Promise<ModelProto> {
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
  const unknown = keep.filter((name) => !graph.node.some((node) => node.opType === name || node.name === name));
  if (unknown.length > 0) {
    throw new OnnxLensError('USAGE', `There is no operator or node "${unknown.join('", "')}" to keep in float32.`);
  }
  const opset = standardOpset(model);
  const isKept = (node: NodeProto): boolean =>
    keep.includes(node.opType) ||
    (node.name !== '' && keep.includes(node.name)) ||
    opset < (HALF_SINCE.get(node.opType) ?? 0);
  const keptNodes = new Set(graph.node.filter(isKept));
  // Only where a node is kept does anybody ask which of its values are floats.
  const types = keptNodes.size === 0 ? new Map<string, ValueType>() : await inferTypes(model);
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const isFloat = (name: string): boolean =>
    !constants.has(name) && (types.get(name)?.dataType ?? DataType.UNDEFINED) === DataType.FLOAT;
  const kept = new Set(
    graph.node.flatMap((node) => (STAYS_FLOAT[node.opType] ?? []).map((place) => node.input[place] ?? '')),
  );
  // A kept node reads its constants unrounded: a limit of 100,000 is no half.
  const ofKept = new Set(
    [...keptNodes].flatMap(({ input }) => input.filter((name) => isFloatTensor(constants.get(name)))),
  );
  const copies = graph.initializer
    .filter(({ name }) => ofKept.has(name))
    .map((tensor) => copyMessage(TensorProtoSchema, tensor, { name: `${tensor.name}/float` }));
  const nodes = graph.node.flatMap((node, place) =>
    keptNodes.has(node)
      ? inFloat(node, place, isFloat, halfName, ofKept)
      : copyMessage(NodeProtoSchema, node, {
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
      initializer: [...graph.initializer.map((tensor) => (kept.has(tensor.name) ? tensor : toHalf(tensor))), ...copies],
      valueInfo: [],
    }),
  });
}

/** A node as it was between Casts from and to 16 bits. */
function inFloat(
  node: NodeProto,
  place: number,
  isFloat: (name: string) => boolean,
  halfName: (name: string) => string,
  constants: ReadonlySet<string>,
): NodeProto[] {
  const wide = (name: string): string => `${name}/float/${place}`;
  const [inputs, outputs] = [[...new Set(node.input.filter(isFloat))], node.output.filter(isFloat)];
  const rename = (name: string, among: readonly string[]): string => (among.includes(name) ? wide(name) : name);
  return [
    ...inputs.map((name) => castNode(halfName(name), wide(name), DataType.FLOAT)),
    copyMessage(NodeProtoSchema, node, {
      input: node.input.map((name) => (constants.has(name) ? `${name}/float` : rename(name, inputs))),
      output: node.output.map((name) => rename(name, outputs)),
    }),
    ...outputs.map((name) => castNode(wide(name), halfName(name), DataType.FLOAT16)),
  ];
}

function isFloatTensor(tensor: TensorProto | undefined): boolean {
  return (tensor?.dataType as DataType | undefined) === DataType.FLOAT;
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
