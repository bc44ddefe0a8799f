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
} from '../model/generated/onnx_pb.js';
import { runtimeGraph, type RuntimeGraphOptions } from '../runtime/runtime-graph.js';
import { valueType, type ValueType } from './value-type.js';

/** What {@link inferShapes} may be told besides how to open the model. */
export interface InferOptions extends RuntimeGraphOptions {
  /**
   * False to infer as ONNX Runtime did before 1.24, when it did not follow values through Shape, Gather, Concat and the
   * like: a shape that is computed, even from fixed numbers, was not known. Default true.
   */
  readonly computedShapes?: boolean;
}

/**
 * Types and shapes of every value of a model's main graph, as ONNX Runtime infers them: inputs, initializers and the
 * outputs of nodes. Values inside subgraphs are not listed.
 *
 * Every value is made an output of a copy of the model, by name alone, and ONNX Runtime writes that copy back with the
 * type and shape that it has found for each. The weights are not copied.
 *
 * @throws OnnxLensError RUNTIME_REFUSED when ONNX Runtime does not take the model.
 *
 * @example
 * const shapes = await inferShapes(loadModel('model.onnx'));
 * shapes.get('features')?.shape; // ['batch', 4, 8, 8]
 */
export async function inferShapes(model: ModelProto, options: InferOptions = {}): Promise<Map<string, ValueType>> {
  const types = new Map<string, ValueType>();
  const { graph } = model;
  if (graph === undefined) return types;
  const { freeDimensions = {}, computedShapes = true, ...origin } = options;
  const fixed = withFixedInputs(graph, freeDimensions);
  const asked = withEveryValueAsOutput(model, computedShapes ? fixed : withHiddenShapeValues(fixed));
  const typed = await runtimeGraph(asked, 'disabled', origin);
  for (const value of [
    ...(typed.graph?.input ?? []),
    ...(typed.graph?.valueInfo ?? []),
    ...(typed.graph?.output ?? []),
  ]) {
    types.set(value.name, valueType(value.type));
  }
  for (const tensor of graph.initializer) {
    types.set(tensor.name, { dataType: tensor.dataType ?? DataType.UNDEFINED, shape: tensor.dims.map(Number) });
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

/**
 * ONNX Runtime fixes free dimensions from level 1 on; here, where nothing is optimized, the inputs' own shapes are
 * fixed.
 */
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

/** Inputs whose values decide the output's shape, by operator. */
const SHAPE_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  Expand: [1],
  ConstantOfShape: [0],
  Resize: [2, 3],
  Upsample: [1],
  Slice: [1, 2, 3, 4],
  Tile: [1],
  Pad: [1, 3],
  Range: [0, 1, 2],
  TopK: [1],
  OneHot: [1],
  Squeeze: [1],
  Unsqueeze: [1],
  Split: [1],
  ReduceSum: [1],
  ReduceMean: [1],
  ReduceMax: [1],
  ReduceMin: [1],
  ReduceProd: [1],
};

/**
 * True where a shape depends on what nodes compute: only there does {@link InferOptions.computedShapes} make a
 * difference.
 */
export function hasComputedShapes({ graph }: ModelProto): boolean {
  return graph !== undefined && withHiddenShapeValues(graph).node.length > graph.node.length;
}

/** Puts an Abs, which inference does not look through, before every shape that a node computes. */
function withHiddenShapeValues(graph: GraphProto): GraphProto {
  const computed = new Set(graph.node.filter(({ opType }) => opType !== 'Constant').flatMap(({ output }) => output));
  // An output that is left out makes nothing that an input that is left out could read.
  computed.delete('');
  const node = graph.node.flatMap((each, place) => {
    const inputs = each.domain === '' ? (SHAPE_INPUTS[each.opType] ?? []) : [];
    const hidden = inputs.flatMap((at) => {
      const name = each.input[at] ?? '';
      return computed.has(name) ? [{ at, name, as: `${MARKER}_${place}_${at}` }] : [];
    });
    if (hidden.length === 0) return [each];
    const input = each.input.map((name, at) => hidden.find((one) => one.at === at)?.as ?? name);
    return [
      ...hidden.map(({ name, as }) => create(NodeProtoSchema, { opType: 'Abs', input: [name], output: [as] })),
      create(NodeProtoSchema, { ...each, input }),
    ];
  });
  return create(GraphProtoSchema, { ...graph, node });
}

const MARKER = 'onnx_lens_marker';

/**
 * ONNX Runtime saves a graph that it has not changed as it was read, without what it has inferred. A call of this
 * function, which it must inline, makes it write the graph again.
 */
function marker(): FunctionProto {
  return create(FunctionProtoSchema, {
    name: MARKER,
    domain: MARKER,
    output: ['constant'],
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 13n })],
    node: [
      create(NodeProtoSchema, { opType: 'Constant', output: ['constant'], attribute: [makeAttribute('value_int', 0)] }),
    ],
  });
}
