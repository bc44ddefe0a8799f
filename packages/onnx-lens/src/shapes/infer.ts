import { create } from '@bufbuild/protobuf';
import { makeAttribute } from '../model/attributes.js';
import { valueInfo } from '../model/builder.js';
import {
  FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type TypeProto,
} from '../model/generated/onnx_pb.js';
import { optimize, type OptimizeOptions } from '../runtime/optimize.js';

/** What is known of a value before the model runs. */
export interface ValueType {
  /** UNDEFINED for sequences, maps, optional and sparse values. */
  readonly dataType: DataType;
  /** Numbers, names of free dimensions, '' for a dimension without either; null when not even the rank is known. */
  readonly shape: readonly (number | string)[] | null;
}

/**
 * Types and shapes of every value of a model's main graph, as ONNX Runtime infers them: inputs, initializers and the
 * outputs of nodes. Values inside subgraphs are not listed.
 *
 * Every value is made an output of a copy of the model, by name alone, and ONNX Runtime writes that copy back with the
 * type and shape that it has found for each. The weights are not copied.
 *
 * @throws OnnxLensError RUNTIME_REFUSED when ONNX Runtime does not take the model.
 */
export async function inferShapes(model: ModelProto, options: OptimizeOptions = {}): Promise<Map<string, ValueType>> {
  const types = new Map<string, ValueType>();
  const { graph } = model;
  if (graph === undefined) return types;
  const { freeDimensions = {}, ...origin } = options;
  const typed = await optimize(withEveryValueAsOutput(model, withFixedInputs(graph, freeDimensions)), 'disabled', origin);
  for (const value of [...(typed.graph?.input ?? []), ...(typed.graph?.valueInfo ?? []), ...(typed.graph?.output ?? [])]) {
    types.set(value.name, valueType(value.type));
  }
  for (const tensor of graph.initializer) {
    types.set(tensor.name, { dataType: (tensor.dataType ?? DataType.UNDEFINED), shape: tensor.dims.map(Number) });
  }
  return types;
}

function withEveryValueAsOutput(model: ModelProto, graph: GraphProto): ModelProto {
  const listed = new Set(graph.output.map((output) => output.name));
  const made = graph.node.flatMap((node) => node.output).filter((name) => name !== '' && !listed.has(name));
  // Shallow copies: create() takes over the messages it is given, so that no tensor is duplicated.
  return create(ModelProtoSchema, {
    ...model,
    opsetImport: [...model.opsetImport, create(OperatorSetIdProtoSchema, { domain: MARKER, version: 1n })],
    functions: [...model.functions, marker()],
    graph: create(GraphProtoSchema, {
      ...graph,
      node: [...graph.node, create(NodeProtoSchema, { opType: MARKER, domain: MARKER, output: [MARKER] })],
      output: [...graph.output, ...made.map((name) => create(ValueInfoProtoSchema, { name }))],
    }),
  });
}

/** ONNX Runtime fixes free dimensions from level 1 on; here, where nothing is optimized, the inputs' own shapes are fixed. */
function withFixedInputs(graph: GraphProto, fixed: Readonly<Record<string, number>>): GraphProto {
  if (Object.keys(fixed).length === 0) return graph;
  const input = graph.input.map((declared) => {
    const { dataType, shape } = valueType(declared.type);
    if (shape === null) return declared;
    const dims = shape.map((dim) => (typeof dim === 'string' ? (fixed[dim] ?? (dim === '' ? undefined : dim)) : dim));
    return valueInfo(declared.name, dataType, dims);
  });
  return create(GraphProtoSchema, { ...graph, input });
}

const MARKER = 'onnx_lens_marker';

/**
 * ONNX Runtime saves a graph that it has not changed as it was read, without what it has inferred. A call of this
 * function, which it must inline, makes it write the graph anew.
 */
function marker(): FunctionProto {
  return create(FunctionProtoSchema, {
    name: MARKER,
    domain: MARKER,
    output: ['constant'],
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 13n })],
    node: [create(NodeProtoSchema, { opType: 'Constant', output: ['constant'], attribute: [makeAttribute('value_int', 0)] })],
  });
}

/** Type and shape out of a declared TypeProto. */
export function valueType(type: TypeProto | undefined): ValueType {
  if (type?.value.case !== 'tensorType') return { dataType: DataType.UNDEFINED, shape: null };
  const { elemType, shape } = type.value.value;
  return {
    dataType: elemType,
    shape:
      shape === undefined
        ? null
        : shape.dim.map(({ value }) => {
            if (value.case === 'dimValue') return Number(value.value);
            return value.case === 'dimParam' ? value.value : '';
          }),
  };
}
