import { create } from '@bufbuild/protobuf';
import {
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from '../model/generated/onnx_pb.js';
import { capturedValues, Graph } from '../model/graph.js';
import { Names } from '../model/names.js';
import { OnnxLensError } from '../errors.js';
import { makeTensorProto, tensorNumbers, type Tensor } from '../model/tensors.js';
import type { ValueType } from '../shapes/value-type.js';
import { copyGraphOf } from '../model/copy.js';
import { isStandard, standardOpset } from '../model/opset.js';
import { Emitter } from './emitter.js';
import { inferTypes } from './types.js';
import { constantNodeValue, denseTensor, indexValues, namesOf, type ValueIndex } from './value-index.js';

/**
 * A model on which rewrites work: who makes and who reads each value, what is known of its type, which are constants.
 *
 * The model given is not changed: the workbench has its own copy of the graph (tensors' bytes are shared).
 * Values keep their names: graph outputs and values that subgraphs read are never renamed.
 */
export class Workbench {
  readonly model: ModelProto;
  readonly graph: GraphProto;
  /** Version of the standard operators; a rewrite may raise it with {@link setOpset}. */
  #opset: number;
  #types: ReadonlyMap<string, ValueType> = new Map();
  #index: ValueIndex | undefined;
  readonly #names = new Names();
  readonly #kept: ReadonlySet<string>;

  private constructor(model: ModelProto, graph: GraphProto) {
    this.model = model;
    this.graph = graph;
    this.#opset = standardOpset(model);
    const captured = graph.node.flatMap((node) => capturedValues(node));
    this.#kept = new Set([...graph.output.map((output) => output.name), ...captured]);
    for (const name of namesOf(graph)) this.#names.take(name);
  }

  /**
   * Takes a model onto the bench.
   * @throws OnnxLensError NOT_ONNX, GRAPH_CYCLE, VALUE_MISSING, RUNTIME_REFUSED.
   */
  static async open(model: ModelProto): Promise<Workbench> {
    const copy = copyGraphOf(model);
    const graph = copy.graph;
    if (graph === undefined) throw new OnnxLensError('NOT_ONNX', 'The model holds no graph.');
    graph.node = new Graph(graph).topologicalOrder();
    const bench = new Workbench(copy, graph);
    bench.#constantNodesToInitializers();
    await bench.refreshTypes();
    return bench;
  }

  /** The model as it stands now, which further rewrites on this bench leave alone. */
  snapshot(): ModelProto {
    return copyGraphOf(this.model);
  }

  /** Asks ONNX Runtime again for the types and shapes of all values, after the graph has changed. */
  async refreshTypes(): Promise<void> {
    this.#types = await inferTypes(this.model);
  }

  get opset(): number {
    return this.#opset;
  }

  /** Declares a newer version of the standard operators; the caller has converted every node. */
  setOpset(version: number): void {
    for (const entry of this.model.opsetImport) {
      if (isStandard(entry.domain)) entry.version = BigInt(version);
    }
    this.#opset = version;
  }

  /** The nodes, each after what it reads. */
  get nodes(): readonly NodeProto[] {
    return this.graph.node;
  }

  /** False for a node that was rewritten or taken away. */
  has(node: NodeProto): boolean {
    return this.#indexed().nodes.has(node);
  }

  producer(value: string): NodeProto | undefined {
    return this.#indexed().producers.get(value);
  }

  /** The nodes that read a value, subgraphs' reads included, each once. */
  consumers(value: string): readonly NodeProto[] {
    return this.#indexed().consumers.get(value) ?? [];
  }

  /** The only reader of a value that nobody else can see; undefined when there are others. */
  soleConsumer(value: string): NodeProto | undefined {
    const readers = this.consumers(value);
    return readers.length === 1 && !this.isKept(value) ? readers[0] : undefined;
  }

  /** True for values that must keep their name: graph outputs and what subgraphs read. */
  isKept(value: string): boolean {
    return this.#kept.has(value);
  }

  isOutput(value: string): boolean {
    return this.graph.output.some((output) => output.name === value);
  }

  /** True for an initializer that a caller cannot replace. */
  isConstant(value: string): boolean {
    const { initializers, inputs } = this.#indexed();
    return initializers.has(value) && !inputs.has(value);
  }

  /** The value of a constant; undefined for anything else, and for constants that are not dense numbers. */
  constant(value: string | undefined): Tensor | undefined {
    if (value === undefined || value === '' || !this.isConstant(value)) return undefined;
    const proto = this.#indexed().initializers.get(value);
    if (proto === undefined) return undefined;
    return denseTensor(proto);
  }

  /** The values of a constant as numbers. */
  numbers(value: string | undefined): number[] | undefined {
    const tensor = this.constant(value);
    return tensor === undefined ? undefined : tensorNumbers(tensor);
  }

  /** The one number of a constant with one element. */
  scalar(value: string | undefined): number | undefined {
    const tensor = this.constant(value);
    return tensor?.data.length === 1 ? tensorNumbers(tensor)[0] : undefined;
  }

  dataType(value: string): DataType {
    return this.#types.get(value)?.dataType ?? DataType.UNDEFINED;
  }

  /** True for values of type float32, float16 or float64. */
  isFloat(value: string): boolean {
    return FLOAT_TYPES.has(this.dataType(value));
  }

  /** Numbers, names of free dimensions and '' for unknown ones; undefined when not even the rank is known. */
  shape(value: string): readonly (number | string)[] | undefined {
    return this.#types.get(value)?.shape ?? undefined;
  }

  rank(value: string): number | undefined {
    return this.shape(value)?.length;
  }

  /** The shape when every dimension is a number. */
  staticShape(value: string): number[] | undefined {
    const shape = this.shape(value);
    return shape?.every((dim) => typeof dim === 'number') === true ? shape.map(Number) : undefined;
  }

  /** True when two values certainly have the same shape: equal numbers, or equal names of free dimensions. */
  hasSameShape(first: string, second: string): boolean {
    const a = this.shape(first);
    const b = this.shape(second);
    return (
      a !== undefined &&
      b !== undefined &&
      a.length === b.length &&
      a.every((dim, axis) => dim !== '' && dim === b[axis])
    );
  }

  /**
   * Puts new nodes in the place of one node. Whatever `build` returns takes over the names of the node's outputs.
   *
   * @param build makes the new nodes and returns the value for each output of the node (one name for the first only).
   *   A value that the new nodes do not make themselves is passed through: the readers are redirected to it.
   */
  replace(node: NodeProto, build: (emit: Emitter) => string | readonly string[]): void {
    const emit = this.#emitter(node.name === '' ? node.opType : node.name);
    const results = build(emit);
    const values = typeof results === 'string' ? [results] : results;
    const place = this.graph.node.indexOf(node);
    this.graph.node.splice(place, 1, ...emit.nodes);
    this.#index = undefined;
    const renamed = new Map<string, string>();
    for (const [position, value] of values.entries()) {
      const old = node.output[position];
      if (old !== undefined && old !== '') this.#handOver(value, old, emit.nodes, renamed);
    }
    this.#index = undefined;
  }

  #handOver(value: string, old: string, made: readonly NodeProto[], renamed: Map<string, string>): void {
    const maker = made.find((each) => each.output.includes(value));
    if (maker !== undefined && !renamed.has(value)) {
      rename(made, value, old);
      renamed.set(value, old);
      return;
    }
    const source = renamed.get(value) ?? value;
    if (this.isKept(old)) {
      const identity = create(NodeProtoSchema, {
        name: this.fresh('Identity'),
        opType: 'Identity',
        input: [source],
        output: [old],
      });
      const after = Math.max(...this.graph.node.map((each, at) => (each.output.includes(source) ? at : -1)));
      this.graph.node.splice(after + 1, 0, identity);
      return;
    }
    for (const reader of this.graph.node) reader.input = reader.input.map((name) => (name === old ? source : name));
  }

  /** Takes nodes away whose outputs nobody reads any more. */
  remove(nodes: ReadonlySet<NodeProto>): void {
    this.graph.node = this.graph.node.filter((node) => !nodes.has(node));
    this.#index = undefined;
  }

  /** Makes nodes in front of one; `build` returns that node's new inputs. */
  insertBefore(node: NodeProto, build: (emit: Emitter) => readonly string[]): void {
    const emit = this.#emitter(node.name === '' ? node.opType : node.name);
    node.input = [...build(emit)];
    this.graph.node.splice(this.graph.node.indexOf(node), 0, ...emit.nodes);
    this.#index = undefined;
  }

  /**
   * Makes nodes behind a value; the value's readers (but not the caller of a graph output) read what `build` returns.
   */
  insertAfter(value: string, build: (emit: Emitter) => string): void {
    const readers = this.consumers(value);
    const emit = this.#emitter(value);
    const instead = build(emit);
    for (const reader of readers) reader.input = reader.input.map((name) => (name === value ? instead : name));
    const maker = this.producer(value);
    this.graph.node.splice(maker === undefined ? 0 : this.graph.node.indexOf(maker) + 1, 0, ...emit.nodes);
    this.#index = undefined;
  }

  #emitter(stem: string): Emitter {
    return new Emitter(
      this.#opset,
      (hint) => this.fresh(hint),
      stem,
      (tensor, hint) => this.addConstant(tensor, hint),
    );
  }

  /** Puts a node in the place of another that makes the same values. */
  exchange(old: NodeProto, next: NodeProto): void {
    this.graph.node = this.graph.node.map((node) => (node === old ? next : node));
    this.#index = undefined;
  }

  /** Tells the bench that nodes' inputs, outputs or attributes were changed in place. */
  touched(): void {
    this.#index = undefined;
  }

  /** Makes a value a constant in place of the node that computed it. */
  setConstant(value: string, tensor: Tensor): void {
    this.graph.initializer.push(makeTensorProto(value, tensor));
    this.#index = undefined;
  }

  addConstant(tensor: Tensor, hint: string): string {
    const name = this.fresh(hint);
    this.graph.initializer.push(makeTensorProto(name, tensor));
    this.#index = undefined;
    return name;
  }

  removeInitializers(names: ReadonlySet<string>): void {
    this.graph.initializer = this.graph.initializer.filter((tensor) => !names.has(tensor.name));
    this.graph.sparseInitializer = this.graph.sparseInitializer.filter(
      (tensor) => !names.has(tensor.values?.name ?? ''),
    );
    this.#index = undefined;
  }

  /** A name that nothing in the model bears yet. */
  fresh(hint: string): string {
    return this.#names.fresh(hint);
  }

  #indexed(): ValueIndex {
    this.#index ??= indexValues(this.graph);
    return this.#index;
  }

  /**
   * Constants have one form only on the bench: initializers. Constant nodes that hold strings or sparse tensors stay.
   */
  #constantNodesToInitializers(): void {
    const moved = new Set<NodeProto>();
    for (const node of this.graph.node) {
      const output = node.output[0];
      if (node.opType !== 'Constant' || output === undefined || this.isOutput(output)) continue;
      const tensor = constantNodeValue(node);
      if (tensor === undefined) continue;
      this.setConstant(output, tensor);
      moved.add(node);
    }
    this.remove(moved);
  }
}

const FLOAT_TYPES: ReadonlySet<DataType> = new Set([DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE]);

function rename(nodes: readonly NodeProto[], from: string, to: string): void {
  for (const node of nodes) {
    node.input = node.input.map((name) => (name === from ? to : name));
    node.output = node.output.map((name) => (name === from ? to : name));
  }
}
