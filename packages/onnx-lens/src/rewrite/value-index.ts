import { OnnxLensError } from '../errors.js';
import {
  TensorProto_DataType as DataType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../model/generated/onnx_pb.js';
import { capturedValues } from '../model/graph.js';
import { readTensor, type Tensor } from '../model/tensors.js';

/** Who makes and who reads each value of a graph, and which values are given. */
export interface ValueIndex {
  readonly nodes: ReadonlySet<NodeProto>;
  readonly producers: ReadonlyMap<string, NodeProto>;
  readonly consumers: ReadonlyMap<string, readonly NodeProto[]>;
  readonly initializers: ReadonlyMap<string, TensorProto>;
  readonly inputs: ReadonlySet<string>;
}

/** Looks through a graph once. A change of the graph asks for a new index. */
export function indexValues(graph: GraphProto): ValueIndex {
  const producers = new Map<string, NodeProto>();
  const consumers = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    for (const output of node.output) if (output !== '') producers.set(output, node);
    for (const name of new Set([...node.input, ...capturedValues(node)])) {
      const readers = consumers.get(name);
      if (readers === undefined) consumers.set(name, [node]);
      else readers.push(node);
    }
  }
  return {
    nodes: new Set(graph.node),
    producers,
    consumers,
    initializers: new Map(graph.initializer.map((tensor) => [tensor.name, tensor])),
    inputs: new Set(graph.input.map((input) => input.name)),
  };
}

/** The tensor that a Constant node holds in whichever of its attributes; undefined for strings and sparse tensors. */
export function constantNodeValue(node: NodeProto): Tensor | undefined {
  for (const attribute of node.attribute) {
    if (attribute.name === 'value' && attribute.t !== undefined) return tryRead(attribute.t);
    if (attribute.name === 'value_float')
      return { dataType: DataType.FLOAT, dims: [], data: Float32Array.of(attribute.f) };
    if (attribute.name === 'value_floats') {
      return { dataType: DataType.FLOAT, dims: [attribute.floats.length], data: Float32Array.from(attribute.floats) };
    }
    if (attribute.name === 'value_int')
      return { dataType: DataType.INT64, dims: [], data: BigInt64Array.of(attribute.i) };
    if (attribute.name === 'value_ints') {
      return { dataType: DataType.INT64, dims: [attribute.ints.length], data: BigInt64Array.from(attribute.ints) };
    }
  }
  return undefined;
}

/** Benches of one model share its weights' messages, and so what was read of them. */
const denseTensors = new WeakMap<TensorProto, Tensor>();

/**
 * What an initializer holds; undefined for strings and 4-bit types, which have no dense form: to the rewrites no known
 * number.
 */
export function denseTensor(proto: TensorProto): Tensor | undefined {
  const known = denseTensors.get(proto);
  if (known !== undefined) return known;
  const tensor = tryRead(proto);
  if (tensor !== undefined) denseTensors.set(proto, tensor);
  return tensor;
}

function tryRead(proto: TensorProto): Tensor | undefined {
  try {
    return readTensor(proto);
  } catch (error) {
    if (error instanceof OnnxLensError) return undefined;
    throw error;
  }
}

/** Every name in use, in subgraphs too, for values and nodes alike. */
export function* namesOf(graph: GraphProto): Generator<string> {
  for (const value of [...graph.input, ...graph.output, ...graph.initializer]) yield value.name;
  for (const node of graph.node) {
    yield node.name;
    yield* node.input;
    yield* node.output;
    for (const attribute of node.attribute) {
      if (attribute.g !== undefined) yield* namesOf(attribute.g);
      for (const subgraph of attribute.graphs) yield* namesOf(subgraph);
    }
  }
}
