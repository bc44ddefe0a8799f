import { OnnxLensError } from '../errors.js';
import { subgraphsOf } from './attributes.js';
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from './generated/onnx_pb.js';
import { readTensor, type Tensor } from './tensors.js';

/**
 * A read view of one GraphProto: who makes and who reads each value, in the file's node order.
 *
 * The view is a picture of the moment it was taken. After changing the proto, take a new one. Values that a node's
 * subgraphs read from this graph count as read by that node.
 *
 * @example
 * const { graph } = loadModel('model.onnx');
 * const view = new Graph(graph);
 * view.inputs.map((input) => input.name); // ['image']
 * view.producer('features')?.opType; // 'Relu'
 */
export class Graph {
  readonly proto: GraphProto;
  readonly nodes: readonly NodeProto[];
  /** Graph inputs that a caller must feed: initializers that are listed as inputs too (IR version 3) are left out. */
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly initializers: ReadonlyMap<string, TensorProto>;
  readonly #producers = new Map<string, NodeProto>();
  readonly #consumers = new Map<string, NodeProto[]>();
  readonly #outputNames: ReadonlySet<string>;
  readonly #indices: ReadonlyMap<NodeProto, number>;

  /**
   * @throws OnnxLensError VALUE_DUPLICATE when two nodes make the same value, VALUE_MISSING when a node reads a value
   *   that nothing makes (pass the names that an enclosing graph provides as `outer`).
   */
  constructor(proto: GraphProto, outer: ReadonlySet<string> = new Set()) {
    this.proto = proto;
    this.nodes = proto.node;
    this.initializers = new Map([
      ...proto.initializer.map((tensor) => [tensor.name, tensor] as const),
      ...proto.sparseInitializer.flatMap(({ values }) =>
        values === undefined ? [] : [[values.name, values] as const],
      ),
    ]);
    this.inputs = proto.input.filter((input) => !this.initializers.has(input.name));
    this.outputs = proto.output;
    this.#outputNames = new Set(proto.output.map((output) => output.name));
    this.#indices = new Map(proto.node.map((node, index) => [node, index]));
    this.#index();
    this.#checkReads(outer);
  }

  #index(): void {
    for (const node of this.nodes) {
      for (const output of node.output) {
        if (output === '') continue;
        if (this.#producers.has(output)) {
          throw new OnnxLensError(
            'VALUE_DUPLICATE',
            `Two nodes of graph "${this.proto.name}" both make the value "${output}".`,
          );
        }
        this.#producers.set(output, node);
      }
      for (const name of new Set([...node.input, ...capturedValues(node)])) {
        const readers = this.#consumers.get(name);
        if (readers === undefined) this.#consumers.set(name, [node]);
        else readers.push(node);
      }
    }
  }

  #checkReads(outer: ReadonlySet<string>): void {
    const given = new Set(this.proto.input.map((input) => input.name));
    const known = (name: string): boolean =>
      name === '' || given.has(name) || this.initializers.has(name) || this.#producers.has(name) || outer.has(name);
    for (const node of this.nodes) {
      for (const name of node.input) {
        if (!known(name)) {
          throw new OnnxLensError(
            'VALUE_MISSING',
            `${describeNode(node)} reads "${name}", which no node, input or initializer of the graph provides.`,
          );
        }
      }
    }
    for (const output of this.outputs) {
      if (!known(output.name)) {
        throw new OnnxLensError('VALUE_MISSING', `The graph's output "${output.name}" is made by no node.`);
      }
    }
  }

  /** The node that makes a value; undefined for graph inputs, initializers and values of an enclosing graph. */
  producer(value: string): NodeProto | undefined {
    return this.#producers.get(value);
  }

  /** The nodes that read a value, in the file's order, each once. */
  consumers(value: string): readonly NodeProto[] {
    return this.#consumers.get(value) ?? [];
  }

  /** A node's place in the file. */
  indexOf(node: NodeProto): number {
    const index = this.#indices.get(node);
    if (index === undefined) throw new RangeError(`${describeNode(node)} is not a node of this graph.`);
    return index;
  }

  /** True for a value that the graph gives to its caller. */
  isOutput(value: string): boolean {
    return this.#outputNames.has(value);
  }

  /** True for an initializer that a caller cannot replace (one that is not listed as an input too). */
  isConstantInitializer(value: string): boolean {
    return this.initializers.has(value) && !this.proto.input.some((input) => input.name === value);
  }

  /** The constant that a value is known to be: an initializer, or the output of a Constant node with a tensor. */
  constant(value: string): Tensor | undefined {
    if (this.isConstantInitializer(value)) {
      const proto = this.initializers.get(value);
      return proto === undefined ? undefined : readTensor(proto);
    }
    const producer = this.#producers.get(value);
    if (producer?.opType !== 'Constant') return undefined;
    const tensor = producer.attribute.find((each) => each.name === 'value')?.t;
    return tensor === undefined ? undefined : readTensor(tensor);
  }

  /**
   * The nodes so that each stands after all that it reads, otherwise in the file's order.
   * @throws OnnxLensError GRAPH_CYCLE.
   */
  topologicalOrder(): NodeProto[] {
    const missing = new Map<NodeProto, number>();
    const ready: NodeProto[] = [];
    for (const node of this.nodes) {
      const needs = new Set([...node.input, ...capturedValues(node)].filter((name) => this.#producers.has(name)));
      missing.set(node, needs.size);
      if (needs.size === 0) ready.push(node);
    }
    const order: NodeProto[] = [];
    for (let next = 0; next < ready.length; next++) {
      const node = ready[next] as NodeProto;
      order.push(node);
      for (const output of node.output) {
        for (const reader of output === '' ? [] : this.consumers(output)) {
          const left = (missing.get(reader) ?? 0) - 1;
          missing.set(reader, left);
          if (left === 0) ready.push(reader);
        }
      }
    }
    if (order.length < this.nodes.length) {
      const stuck = this.nodes.find((node) => (missing.get(node) ?? 0) > 0);
      throw new OnnxLensError(
        'GRAPH_CYCLE',
        `The graph has a cycle${stuck === undefined ? '' : ` through ${describeNode(stuck)}`}: a node needs its own result.`,
      );
    }
    const isSorted = order.every(
      (node, place) => place === 0 || this.indexOf(order[place - 1] as NodeProto) < this.indexOf(node),
    );
    return isSorted ? order : this.#stableOrder();
  }

  /** Depth-first over the file's order: each node preceded by what it needs. Only for acyclic graphs. */
  #stableOrder(): NodeProto[] {
    const done = new Set<NodeProto>();
    const order: NodeProto[] = [];
    const needsOf = (node: NodeProto): Iterator<NodeProto> =>
      [...node.input, ...capturedValues(node)].flatMap((name) => this.#producers.get(name) ?? []).values();
    const visit = (root: NodeProto): void => {
      const stack = [{ node: root, needs: needsOf(root) }];
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const next = top.needs.next();
        if (next.done === true) {
          stack.pop();
          done.add(top.node);
          order.push(top.node);
        } else if (!done.has(next.value)) {
          stack.push({ node: next.value, needs: needsOf(next.value) });
        }
      }
    };
    for (const node of this.nodes) if (!done.has(node)) visit(node);
    return order;
  }
}

/** Values that a node's subgraphs read from the graphs around them. */
export function capturedValues(node: NodeProto): string[] {
  return subgraphsOf(node).flatMap((subgraph) => {
    const own = new Set([
      ...subgraph.input.map((input) => input.name),
      ...subgraph.initializer.map((tensor) => tensor.name),
      ...subgraph.node.flatMap((inner) => inner.output),
    ]);
    const read = subgraph.node.flatMap((inner) => [...inner.input, ...capturedValues(inner)]);
    return [...read, ...subgraph.output.map((output) => output.name)].filter((name) => name !== '' && !own.has(name));
  });
}

/**
 * How to call a node in a message: operator and name, or its first output when it has no name.
 *
 * @example
 * const { graph } = loadModel('model.onnx');
 * describeNode(graph.node[0]); // 'Conv "conv"'
 */
export function describeNode(node: NodeProto): string {
  return node.name === '' ? `${node.opType} (making "${node.output[0] ?? ''}")` : `${node.opType} "${node.name}"`;
}
