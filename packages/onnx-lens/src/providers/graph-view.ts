import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import {
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../model/generated/onnx_pb.js';
import { capturedValues, describeNode } from '../model/graph.js';
import { isStandard } from '../model/opset.js';
import type { ValueType } from '../shapes/value-type.js';
import { sinceVersion } from './operator-versions.js';

/** A value as a provider sees it. */
export interface ValueView extends ValueType {
  /** '' for an optional input that is left out. */
  readonly name: string;
  /** The tensor, for an initializer; also for one that a caller may replace. */
  readonly initializer: TensorProto | undefined;
  /** True for an initializer that no caller can replace. */
  readonly isConstant: boolean;
  /**
   * True for a constant of the graph around this one: a provider that looks among this graph's initializers alone
   * misses it.
   */
  readonly isOuter: boolean;
  /** True for an initializer whose values are in another file in the model as the user has it. */
  readonly isExternal: boolean;
}

/** One use of one node's output by another node. */
export interface Edge {
  readonly node: NodeView;
  /** Which output of the producer. */
  readonly from: number;
  /** Which input of the consumer; values that its subgraphs read count after its own inputs. */
  readonly to: number;
}

/** A node as a provider sees it. */
export interface NodeView {
  /** Its place among the graph's nodes that are not Constant. */
  readonly index: number;
  readonly proto: NodeProto;
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** Version of the operator's definition. */
  readonly sinceVersion: number;
  readonly inputs: readonly ValueView[];
  readonly outputs: readonly ValueView[];
  /** Edges from the nodes that make its inputs, by (node, output, input). */
  readonly inputEdges: readonly Edge[];
  /** Edges to the nodes that read its outputs, by (node, output, input). */
  readonly outputEdges: readonly Edge[];
}

interface NodeUnderConstruction extends NodeView {
  inputEdges: Edge[];
  outputEdges: Edge[];
}

/**
 * A level-1 graph as ONNX Runtime shows it to execution providers (its GraphViewer): Constant nodes have become
 * initializers, every value has what is known of its type and shape, and nodes are linked by edges.
 */
export class GraphView {
  readonly nodes: readonly NodeView[];
  readonly outputs: readonly string[];
  readonly #values = new Map<string, ValueView>();

  /**
   * @param types from inferShapes, of the same model.
   * @param external names of initializers that the user's model keeps in other files, where that is no longer to be
   *   seen in `model` itself.
   * @param outer names of initializers that belong to a graph around this one.
   * @throws OnnxLensError NOT_ONNX without a graph, VALUE_DUPLICATE.
   */
  constructor(
    model: ModelProto,
    types: ReadonlyMap<string, ValueType>,
    external: ReadonlySet<string> = new Set(),
    outer: ReadonlySet<string> = new Set(),
  ) {
    const { graph } = model;
    if (graph === undefined) throw new OnnxLensError('NOT_ONNX', 'The model holds no graph.');
    const initializers = constantsOf(graph);
    // From IR version 4 on, an initializer that is listed as an input too is only a default, which a caller may
    // replace.
    const replaceable = new Set(model.irVersion >= 4n ? graph.input.map(({ name }) => name) : []);
    const value = (name: string): ValueView => {
      let view = this.#values.get(name);
      if (view === undefined) {
        const initializer = initializers.get(name);
        const { dataType, shape } = types.get(name) ?? { dataType: DataType.UNDEFINED, shape: null };
        const isConstant = initializer !== undefined && !replaceable.has(name);
        view = {
          name,
          dataType,
          shape,
          initializer,
          isConstant,
          isOuter: outer.has(name),
          isExternal: external.has(name),
        };
        this.#values.set(name, view);
      }
      return view;
    };
    const opsets = new Map(
      model.opsetImport.map(({ domain, version }) => [isStandard(domain) ? '' : domain, Number(version)]),
    );
    const nodes = graph.node
      .filter((node) => !isConstantNode(node))
      .map((proto, index): NodeUnderConstruction => {
        const domain = isStandard(proto.domain) ? '' : proto.domain;
        return {
          index,
          proto,
          name: proto.name,
          opType: proto.opType,
          domain,
          sinceVersion: sinceVersion(domain, proto.opType, opsets.get(domain) ?? 1),
          inputs: proto.input.map(value),
          outputs: proto.output.map(value),
          inputEdges: [],
          outputEdges: [],
        };
      });
    link(nodes);
    this.nodes = nodes;
    this.outputs = graph.output.map(({ name }) => name);
  }

  /** A value of the graph by name; undefined for one that no node of it reads or makes. */
  value(name: string): ValueView | undefined {
    return this.#values.get(name);
  }

  /**
   * ONNX Runtime's default topological order (core/graph/graph_viewer.cc and Graph::ReverseDFSFrom in
   * core/graph/graph.cc): depth first, backwards from the nodes that nothing reads, leaving each node after all that it
   * needs.
   */
  topologicalOrder(): NodeView[] {
    const order: NodeView[] = [];
    const visited = new Set<NodeView>();
    const stack = this.nodes.filter((node) => node.outputEdges.length === 0).map((node) => ({ node, leave: false }));
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top.leave) {
        order.push(top.node);
      } else if (!visited.has(top.node)) {
        visited.add(top.node);
        stack.push({ node: top.node, leave: true });
        for (const { node } of top.node.inputEdges) {
          if (!visited.has(node)) stack.push({ node, leave: false });
        }
      }
    }
    return order;
  }
}

function isConstantNode(node: NodeProto): boolean {
  return node.opType === 'Constant' && isStandard(node.domain);
}

/** Initializers of a graph and the tensors of its Constant nodes, by the names of their values. */
export function constantsOf(graph: GraphProto): Map<string, TensorProto> {
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const { values } of graph.sparseInitializer) if (values !== undefined) initializers.set(values.name, values);
  for (const node of graph.node) {
    const name = node.output[0];
    if (name === undefined || !isConstantNode(node)) continue;
    const tensor = constantTensor(node);
    if (tensor !== undefined) initializers.set(name, tensor);
  }
  return initializers;
}

function constantTensor(node: NodeProto): TensorProto | undefined {
  const of = (fields: MessageInitShape<typeof TensorProtoSchema>): TensorProto => create(TensorProtoSchema, fields);
  for (const { name, t, sparseTensor, i, f, s, ints, floats, strings } of node.attribute) {
    switch (name) {
      case 'value':
        return t;
      case 'sparse_value':
        return sparseTensor?.values;
      case 'value_int':
        return of({ dataType: DataType.INT64, int64Data: [i] });
      case 'value_ints':
        return of({ dataType: DataType.INT64, dims: [BigInt(ints.length)], int64Data: ints });
      case 'value_float':
        return of({ dataType: DataType.FLOAT, floatData: [f] });
      case 'value_floats':
        return of({ dataType: DataType.FLOAT, dims: [BigInt(floats.length)], floatData: floats });
      case 'value_string':
        return of({ dataType: DataType.STRING, stringData: [s] });
      case 'value_strings':
        return of({ dataType: DataType.STRING, dims: [BigInt(strings.length)], stringData: strings });
    }
  }
  return undefined;
}

function link(nodes: readonly NodeUnderConstruction[]): void {
  const makers = new Map<string, { node: NodeUnderConstruction; from: number }>();
  for (const node of nodes) {
    for (const [from, { name }] of node.outputs.entries()) {
      if (name === '') continue;
      if (makers.has(name)) {
        throw new OnnxLensError(
          'VALUE_DUPLICATE',
          `${describeNode(node.proto)} makes "${name}", which another node makes too.`,
        );
      }
      makers.set(name, { node, from });
    }
  }
  for (const node of nodes) {
    const captured = [...new Set(capturedValues(node.proto))];
    for (const [to, name] of [...node.proto.input, ...captured].entries()) {
      const maker = makers.get(name);
      if (maker === undefined) continue;
      maker.node.outputEdges.push({ node, from: maker.from, to });
      node.inputEdges.push({ node: maker.node, from: maker.from, to });
    }
  }
  const byPlace = (a: Edge, b: Edge): number => a.node.index - b.node.index || a.from - b.from || a.to - b.to;
  for (const node of nodes) {
    node.inputEdges.sort(byPlace);
    node.outputEdges.sort(byPlace);
  }
}
