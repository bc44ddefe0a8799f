import { create } from '@bufbuild/protobuf';
import { makeAttribute, type AttributeValue } from './attributes.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProto_DataType as DataType,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './generated/onnx_pb.js';
import { Names } from './names.js';
import { floatTensor, int64Tensor, makeTensorProto, type Tensor } from './tensors.js';

/** A dimension: a number, the name of a free dimension, or undefined when nothing is known. */
export type Dimension = number | string | undefined;

/** Options of one node. */
export interface NodeOptions {
  /** Name of the node; made from the operator when left out. */
  readonly name?: string;
  /** Operator domain; the standard operators when left out. */
  readonly domain?: string;
  /** Names of the outputs; one fresh name when left out. */
  readonly outputs?: readonly string[];
}

/**
 * Builds a graph node by node. Values are known by their names; each method that makes a value returns its name.
 *
 * @example
 * const graph = new GraphBuilder('doubler');
 * const x = graph.input('x', DataType.FLOAT, ['batch', 3]);
 * graph.output(graph.node('Mul', [x, graph.floats([], [2])], {}, { outputs: ['y'] }), DataType.FLOAT, ['batch', 3]);
 * const model = graph.toModel({ opset: 17 });
 */
export class GraphBuilder {
  readonly name: string;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #names = new Names();

  constructor(name: string) {
    this.name = name;
  }

  /** A name that no value or node of this graph has yet. */
  fresh(hint: string): string {
    return this.#names.fresh(hint);
  }

  /** Declares a graph input. */
  input(name: string, dataType: DataType, dims: readonly Dimension[]): string {
    this.#names.take(name);
    this.#inputs.push(valueInfo(name, dataType, dims));
    return name;
  }

  /** Declares a value as a graph output. */
  output(name: string, dataType: DataType, dims: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, dataType, dims));
  }

  /** Adds a constant as an initializer. */
  constant(hint: string, tensor: Tensor): string {
    const name = this.fresh(hint);
    this.#initializers.push(makeTensorProto(name, tensor));
    return name;
  }

  /** A float32 constant. */
  floats(dims: readonly number[], values: ArrayLike<number>, hint = 'const'): string {
    return this.constant(hint, floatTensor(dims, values));
  }

  /** A one-dimensional int64 constant (axes, shapes, pads). */
  ints(values: readonly number[], hint = 'const'): string {
    return this.constant(hint, int64Tensor([values.length], values));
  }

  /** Adds a node with one output and returns that output's name. An empty input name is an input left out. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: NodeOptions = {},
  ): string {
    const outputs = this.nodeOutputs(opType, inputs, attributes, 1, options);
    return outputs[0] as string; // nodeOutputs makes as many names as asked, at least this one
  }

  /** Adds a node with several outputs and returns their names. */
  nodeOutputs(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    count: number,
    options: NodeOptions = {},
  ): string[] {
    const name = this.fresh(options.name ?? opType);
    const outputs =
      options.outputs ??
      Array.from({ length: count }, (_, place) => this.fresh(`${name}_out${place === 0 ? '' : place}`));
    for (const output of outputs) this.#names.take(output);
    this.#nodes.push(
      create(NodeProtoSchema, {
        name,
        opType,
        domain: options.domain ?? '',
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attributes).map(([key, value]) => makeAttribute(key, value)),
      }),
    );
    return [...outputs];
  }

  /** The graph so far, as a GraphProto (for a subgraph attribute, or to put into a model of one's own). */
  toGraph(): GraphProto {
    return create(GraphProtoSchema, {
      name: this.name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: this.#inputs,
      output: this.#outputs,
    });
  }

  /**
   * The finished model.
   * @param versions opset of the standard operators, IR version (default 8, what opset 17 came with), other domains.
   */
  toModel(versions: { opset: number; irVersion?: number; domains?: Readonly<Record<string, number>> }): ModelProto {
    const opsets = { '': versions.opset, ...versions.domains };
    return create(ModelProtoSchema, {
      irVersion: BigInt(versions.irVersion ?? 8),
      producerName: 'onnx-lens',
      opsetImport: Object.entries(opsets).map(([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
      ),
      graph: this.toGraph(),
    });
  }
}

/** A ValueInfoProto of a dense tensor. */
export function valueInfo(name: string, dataType: DataType, dims: readonly Dimension[]): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: {
          elemType: dataType,
          shape: {
            dim: dims.map((dim) => {
              if (typeof dim === 'number') return { value: { case: 'dimValue' as const, value: BigInt(dim) } };
              if (typeof dim === 'string') return { value: { case: 'dimParam' as const, value: dim } };
              return {};
            }),
          },
        },
      },
    }),
  });
}
