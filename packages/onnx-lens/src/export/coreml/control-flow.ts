import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../../errors.js';
import { attribute, makeAttribute, type AttributeValue } from '../../model/attributes.js';
import { copyMessage } from '../../model/copy.js';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../model/generated/onnx_pb.js';
import { describeNode, Graph } from '../../model/graph.js';
import { Names } from '../../model/names.js';
import { isStandard, standardOpset } from '../../model/opset.js';
import { int64Tensor, makeTensorProto, tensorNumbers, type Tensor } from '../../model/tensors.js';
import { inferShapes } from '../../shapes/infer.js';

/** A loop that would become more nodes than this is refused. */
const MOST_NODES = 20_000;

/** Two values of which one is chosen while the model runs: they must have one shape. */
interface Choice {
  readonly node: NodeProto;
  readonly values: readonly [string, string];
}

/** True where the main graph holds an If or a Loop. */
export function hasControlFlow({ graph }: ModelProto): boolean {
  return graph?.node.some(isControlFlow) ?? false;
}

function isControlFlow({ opType, domain }: NodeProto): boolean {
  return isStandard(domain) && (opType === 'If' || opType === 'Loop');
}

/**
 * A model without If and Loop: both branches are computed and one result chosen, and rounds of a known number are written
 * one after another. Neither changes what is computed.
 *
 * @throws OnnxLensError UNSUPPORTED_MODEL where the branches' results differ in shape, or the number of rounds is not known.
 */
export async function withoutControlFlow(model: ModelProto, origin?: string): Promise<ModelProto> {
  if (model.graph === undefined) return model;
  const flattener = new Flattener(model.graph, standardOpset(model));
  const flat = copyMessage(ModelProtoSchema, model, { graph: flattener.flatten() });
  if (flattener.choices.length === 0) return flat;
  const types = await inferShapes(flat, origin === undefined ? {} : { origin });
  for (const { node, values } of flattener.choices) {
    const [one, other] = values.map((name) => types.get(name));
    const [first, second] = [one, other].map((type) => `[${type?.shape?.join(', ') ?? '?'}]`);
    if (one?.dataType !== other?.dataType || first !== second || first === '[?]')
      refuse(
        node,
        `its branches give ${first ?? ''} and ${second ?? ''}, and which is taken is known only while the model runs`,
      );
  }
  return flat;
}

function refuse(node: NodeProto, reason: string): never {
  throw new OnnxLensError(
    'UNSUPPORTED_MODEL',
    `${describeNode(node)} cannot be written as Core ML operations: ${reason}. Fix the input that decides it before the export (onnx-lens optimize --fix-input name=value), or split the model at this node.`,
  );
}

class Flattener {
  readonly choices: Choice[] = [];
  readonly #graph: GraphProto;
  readonly #opset: number;
  readonly #names = new Names();
  readonly #nodeNames = new Names();
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[];
  readonly #constants = new Map<string, Tensor>();

  constructor(graph: GraphProto, opset: number) {
    this.#graph = graph;
    this.#opset = opset;
    this.#initializers = [...graph.initializer];
    for (const each of [...graph.input, ...graph.output, ...graph.initializer]) this.#names.take(each.name);
    for (const node of graph.node) for (const name of node.output) this.#names.take(name);
    this.#noteConstants(graph, (name) => name);
  }

  flatten(): GraphProto {
    this.#add(this.#graph, (name) => name);
    return copyMessage(GraphProtoSchema, this.#graph, {
      node: this.#nodes,
      initializer: this.#initializers,
      valueInfo: [],
    });
  }

  #noteConstants(graph: GraphProto, rename: (name: string) => string): void {
    const inner = new Set(graph.node.flatMap(({ input }) => input));
    const view = new Graph(graph, new Set([...inner, ...graph.output.map(({ name }) => name)]));
    for (const { name } of graph.initializer) this.#note(rename(name), view.constant(name));
    for (const {
      opType,
      output: [name = ''],
    } of graph.node)
      if (opType === 'Constant') this.#note(rename(name), view.constant(name));
  }

  /** Only short ones decide anything. */
  #note(name: string, tensor: Tensor | undefined): void {
    if (tensor !== undefined && tensor.data.length <= 1) this.#constants.set(name, tensor);
  }

  /** Adds a graph's nodes under new names. */
  #add(graph: GraphProto, rename: (name: string) => string): void {
    for (const node of new Graph(graph, outerNames(graph)).topologicalOrder()) {
      const own = copyMessage(NodeProtoSchema, node, {
        input: node.input.map(rename),
        output: node.output.map(rename),
        attribute: node.attribute.map((each) =>
          each.g === undefined ? each : copyMessage(AttributeProtoSchema, each, { g: renamedCaptures(each.g, rename) }),
        ),
      });
      if (!isControlFlow(node)) this.#push(own);
      else if (node.opType === 'If') this.#if(own);
      else this.#loop(own);
    }
  }

  #push(node: NodeProto): void {
    if (this.#nodes.length >= MOST_NODES) refuse(node, `written out, the model has more than ${MOST_NODES} nodes`);
    // A body's nodes come once for each round.
    this.#nodes.push(
      copyMessage(NodeProtoSchema, node, { name: node.name === '' ? '' : this.#nodeNames.fresh(node.name) }),
    );
  }

  #node(
    opType: string,
    input: string[],
    output: string,
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const each = Object.entries(attributes).map(([key, value]) => makeAttribute(key, value));
    this.#push(create(NodeProtoSchema, { opType, input, output: [output], name: opType, attribute: each }));
    return output;
  }

  #constant(hint: string, tensor: Tensor): string {
    const name = this.#names.fresh(hint);
    this.#initializers.push(makeTensorProto(name, tensor));
    this.#note(name, tensor);
    return name;
  }

  /** Adds a body, whose inputs are the values given, and names its results. */
  #body(body: GraphProto, inputs: readonly string[]): string[] {
    const own = new Map(body.input.map(({ name }, place) => [name, inputs[place] ?? '']));
    const inner = [...body.initializer.map(({ name }) => name), ...body.node.flatMap(({ output }) => output)];
    for (const name of inner) if (name !== '' && !own.has(name)) own.set(name, this.#names.fresh(name));
    const rename = (name: string): string => own.get(name) ?? name;
    for (const tensor of body.initializer)
      this.#initializers.push(copyMessage(TensorProtoSchema, tensor, { name: rename(tensor.name) }));
    this.#noteConstants(body, rename);
    this.#add(body, rename);
    return body.output.map(({ name }) => rename(name));
  }

  #if(node: NodeProto): void {
    const [cond = ''] = node.input;
    const [yes, no] = ['then_branch', 'else_branch'].map((name) => attribute(node, name)?.g);
    if (yes === undefined || no === undefined) refuse(node, 'it lacks a branch');
    const known = this.#constants.get(cond);
    if (known !== undefined) {
      const results = this.#body(tensorNumbers(known)[0] === 0 ? no : yes, []);
      for (const [place, output] of node.output.entries()) this.#node('Identity', [results[place] ?? ''], output);
      return;
    }
    const [ifSo, ifNot] = [this.#body(yes, []), this.#body(no, [])];
    const scalar = this.#node(
      'Reshape',
      [cond, this.#constant('no_axes', int64Tensor([0], []))],
      this.#names.fresh(`${cond}_scalar`),
    );
    for (const [place, output] of node.output.entries()) {
      if (output === '') continue;
      const values = [ifSo[place] ?? '', ifNot[place] ?? ''] as const;
      this.choices.push({ node, values });
      this.#node('Where', [scalar, ...values], output);
    }
  }

  #loop(node: NodeProto): void {
    const [trips = '', cond = '', ...given] = node.input;
    const body = attribute(node, 'body')?.g;
    if (body === undefined) refuse(node, 'it lacks a body');
    const known = this.#constants.get(trips);
    if (known === undefined) refuse(node, 'its number of rounds is computed while the model runs');
    const first = this.#constants.get(cond);
    if (cond !== '' && first === undefined) refuse(node, 'whether it begins is computed while the model runs');
    const goesOn = first === undefined || tensorNumbers(first)[0] !== 0;
    const rounds = goesOn ? Math.max(0, tensorNumbers(known)[0] ?? 0) : 0;
    if (rounds * body.node.length > MOST_NODES)
      refuse(node, `its ${rounds} rounds would become more than ${MOST_NODES} nodes`);
    const always = this.#constant('always', { dataType: DataType.BOOL, dims: [], data: Uint8Array.of(1) });
    let state = given;
    const scans: string[][] = body.output.slice(1 + given.length).map(() => []);
    for (let round = 0; round < rounds; round++) {
      const place = this.#constant('round', int64Tensor([], [round]));
      const [next = '', ...results] = this.#body(body, [place, always, ...state]);
      if (!this.#isAlways(next, always)) refuse(node, 'whether it goes on is computed while the model runs');
      state = results.slice(0, given.length);
      for (const [at, value] of results.slice(given.length).entries()) scans[at]?.push(value);
    }
    for (const [at, output] of node.output.entries()) {
      if (output === '') continue;
      if (at < given.length) this.#node('Identity', [state[at] ?? ''], output);
      else this.#stack(node, scans[at - given.length] ?? [], output);
    }
  }

  #stack(node: NodeProto, values: readonly string[], output: string): void {
    if (values.length === 0) refuse(node, 'it makes no round, and so an empty result');
    const rows = values.map((value) => {
      const row = this.#names.fresh(`${output}_row`);
      return this.#opset < 13
        ? this.#node('Unsqueeze', [value], row, { axes: [0] })
        : this.#node('Unsqueeze', [value, this.#constant('axis', int64Tensor([1], [0]))], row);
    });
    this.#node('Concat', rows, output, { axis: 0 });
  }

  /** The condition to go on, followed back through nodes that pass it on. */
  #isAlways(name: string, always: string): boolean {
    if (name === always) return true;
    const known = this.#constants.get(name);
    if (known !== undefined) return tensorNumbers(known)[0] !== 0;
    const maker = this.#nodes.findLast(({ output }) => output.includes(name));
    return (maker?.opType === 'Identity' || maker?.opType === 'Cast') && this.#isAlways(maker.input[0] ?? '', always);
  }
}

/** Values that a body takes from around it. */
function outerNames(graph: GraphProto): Set<string> {
  return new Set([...graph.node.flatMap(({ input }) => input), ...graph.output.map(({ name }) => name)]);
}

/** A nested graph whose values from outside have been renamed; its own values keep their names. */
function renamedCaptures(graph: GraphProto, rename: (name: string) => string): GraphProto {
  const own = new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
  const outer = (name: string): string => (own.has(name) ? name : rename(name));
  return copyMessage(GraphProtoSchema, graph, {
    output: graph.output.map((each) => copyMessage(ValueInfoProtoSchema, each, { name: outer(each.name) })),
    node: graph.node.map((node) =>
      copyMessage(NodeProtoSchema, node, {
        input: node.input.map(outer),
        attribute: node.attribute.map((each) =>
          each.g === undefined ? each : copyMessage(AttributeProtoSchema, each, { g: renamedCaptures(each.g, outer) }),
        ),
      }),
    ),
  });
}
