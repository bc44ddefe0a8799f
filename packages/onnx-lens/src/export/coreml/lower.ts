import { OnnxLensError } from '../../errors.js';
import {
  TensorProto_DataType as DataType,
  type ModelProto,
  type ValueInfoProto,
} from '../../model/generated/onnx_pb.js';
import { Graph, describeNode } from '../../model/graph.js';
import { isStandard, standardOpset } from '../../model/opset.js';
import type { ValueType } from '../../shapes/value-type.js';
import { LOWERINGS } from './lower/all.js';
import { constantOf, Lowering, milTypeFor, type Values } from './lower/lowering.js';
import { ProgramBuilder, tooManyAxes, valuesOf, type Operation, type Program } from './program.js';
import type { MilType, Value } from './values.js';

/** Operators whose results have no size of their own. */
const COUNTED = new Set(['NonZero', 'NonMaxSuppression', 'Unique']);

/** A graph as a program, and what its inputs and outputs were called. */
export interface LoweredGraph {
  readonly program: Program;
  /** Names in ONNX, in the program's order; an output that the graph names twice stands once. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Writes a graph of fixed sizes as MIL operations.
 *
 * @param types of every value, as shape inference gives them.
 * @param specification the Core ML specification version to write for (6 is iOS 15, 9 is iOS 18).
 * @throws OnnxLensError UNSUPPORTED_MODEL, UNSUPPORTED_OPERATOR: one sentence that names the node, the reason and what
 *   to do.
 */
export function lowerGraph(
  model: ModelProto,
  types: ReadonlyMap<string, ValueType>,
  specification: number,
): LoweredGraph {
  if (model.graph === undefined) throw new OnnxLensError('NOT_ONNX', 'The model holds no graph.');
  const graph = new Graph(model.graph);
  const builder = new ProgramBuilder(specification);
  const values = new GraphValues(graph);
  const inputs = graph.inputs.map((input) => takeInput(input, types, builder, values));
  for (const node of graph.topologicalOrder()) {
    const lower = isStandard(node.domain) ? LOWERINGS.get(node.opType) : undefined;
    if (lower === undefined) {
      const name = isStandard(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
      throw new OnnxLensError(
        'UNSUPPORTED_OPERATOR',
        `${describeNode(node)} cannot be written for Core ML: ${COUNTED.has(name) ? `how many results ${name} gives depends on the values, and a package has fixed sizes` : `the operator ${name} has no form there`}. Export the model without it, or split the model at this node.`,
      );
    }
    builder.source = describeNode(node);
    lower(new Lowering(node, standardOpset(model), builder, values, types));
    for (const output of node.output) if (output !== '') checkShape(output, values, types, builder.source);
  }
  builder.source = 'the outputs';
  const names = [...new Set(graph.outputs.map(({ name }) => name))];
  if (names.length === 0)
    throw new OnnxLensError('UNSUPPORTED_MODEL', 'The model has no outputs, so there is nothing to export.');
  const given = new Set<Value>(inputs.map(({ value }) => value));
  const outputs = names.map((name) => giveOutput(name, values, builder, given));
  const program = { inputs: inputs.map(({ value }) => value), operations: builder.operations, outputs };
  return { program: withoutDead(program), inputs: inputs.map(({ name }) => name), outputs: names };
}

/** Values by ONNX name; initializers become constants when they are first read. */
class GraphValues implements Values {
  readonly #graph: Graph;
  readonly #values = new Map<string, Value>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  get(name: string): Value | undefined {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const tensor = this.#graph.constant(name);
    const constant = tensor === undefined ? undefined : constantOf(tensor);
    if (tensor !== undefined && constant === undefined) {
      throw new OnnxLensError(
        'UNSUPPORTED_MODEL',
        `The weight "${name}" is made of ${DataType[tensor.dataType]}, which Core ML does not take; convert it to float32 first.`,
      );
    }
    if (constant === undefined) return undefined;
    const value: Value = { hint: name, type: constant.type, shape: constant.shape, constant };
    this.#values.set(name, value);
    return value;
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}

function takeInput(
  { name }: ValueInfoProto,
  types: ReadonlyMap<string, ValueType>,
  builder: ProgramBuilder,
  values: Values,
): { name: string; value: Value } {
  const { dataType, shape } = types.get(name) ?? { dataType: DataType.UNDEFINED, shape: null };
  const type = milTypeFor(dataType);
  if (type === undefined || shape === null)
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `Input "${name}" is no tensor of numbers; Core ML takes floats and whole numbers.`,
    );
  const free = shape.flatMap((size, axis) =>
    typeof size === 'number' ? [] : [size === '' ? `${name}[${axis}]` : size],
  );
  if (free.length > 0) {
    throw new OnnxLensError(
      'USAGE',
      `Input "${name}" has free sizes (${free.join(', ')}), and a package is written for fixed ones; give them with --fix ${free.map((each) => `${each}=...`).join(',')}.`,
    );
  }
  const own = shape.map(Number);
  if (own.includes(0))
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `Input "${name}" of shape [${own.join(', ')}] is empty; Core ML takes no empty tensors.`,
    );
  // Core ML's features have at least one axis, and are floats or int32.
  const border: MilType = type === 'bool' ? 'int32' : type === 'fp16' && builder.specification < 7 ? 'fp32' : type;
  const feature: Value = { hint: name, type: border, shape: own.length === 0 ? [1] : own };
  builder.source = `input "${name}"`;
  const shaped = own.length === 0 ? builder.add('squeeze', { x: feature, axes: [0] }, `${name}_scalar`)[0] : feature;
  const converted =
    shaped === undefined || type === border
      ? shaped
      : type === 'bool'
        ? builder.add('cast', { x: shaped, dtype: 'bool' }, `${name}_bool`)[0]
        : builder.add('cast', { x: shaped, dtype: 'fp16' }, `${name}_half`)[0];
  values.set(name, converted ?? feature);
  return { name, value: feature };
}

function giveOutput(name: string, values: Values, builder: ProgramBuilder, given: Set<Value>): Value {
  let value = values.get(name);
  if (value === undefined) throw new OnnxLensError('VALUE_MISSING', `The graph's output "${name}" is made by no node.`);
  const before = builder.operations.length;
  const add = (type: string, more: Readonly<Record<string, number[] | string>>): void => {
    value = builder.add(type, { x: value, ...more }, name)[0] ?? value;
  };
  if (value.view !== undefined)
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `Output "${name}": ${tooManyAxes(value.shape).message}. Let the model give it in fewer axes.`,
    );
  if (value.type === 'bool') add('cast', { dtype: 'int32' });
  if (value.type === 'fp16' && builder.specification < 7) add('cast', { dtype: 'fp32' });
  if (value.shape.length === 0) add('reshape', { shape: [1] });
  // An output is the result of an operation, and of one that gives no other output.
  if (builder.operations.length === before && (value.constant !== undefined || given.has(value))) add('identity', {});
  if (value.shape.includes(0))
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `Output "${name}" of shape [${value.shape.join(', ')}] is empty; Core ML gives no empty tensors.`,
    );
  given.add(value);
  return value;
}

function checkShape(name: string, values: Values, types: ReadonlyMap<string, ValueType>, source: string): void {
  const [made, known] = [values.get(name), types.get(name)?.shape];
  if (made === undefined || known === undefined || known === null) return;
  const differs =
    known.length !== made.shape.length ||
    known.some((size, axis) => typeof size === 'number' && size !== made.shape[axis]);
  if (!differs) return;
  throw new OnnxLensError(
    'UNSUPPORTED_MODEL',
    `${source} cannot be written for Core ML: its result "${name}" would have the shape [${made.shape.join(', ')}] instead of [${known.join(', ')}]. Please report this model.`,
  );
}

/** Leaves out operations whose results nothing needs. */
export function withoutDead({ inputs, operations, outputs }: Program): Program {
  const needed = new Set<Value>(outputs);
  const kept: Operation[] = [];
  for (const operation of operations.toReversed()) {
    if (!operation.outputs.some((value) => needed.has(value))) continue;
    kept.push(operation);
    for (const input of valuesOf(operation)) needed.add(input);
  }
  return { inputs, operations: kept.reverse(), outputs };
}
