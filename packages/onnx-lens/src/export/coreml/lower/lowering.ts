import { OnnxLensError } from '../../../errors.js';
import { describeNode } from '../../../model/graph.js';
import { TensorProto_DataType as DataType, type NodeProto } from '../../../model/generated/onnx_pb.js';
import { halfToFloat, type Tensor } from '../../../model/tensors.js';
import type { ValueType } from '../../../shapes/value-type.js';
import { MOST_AXES, tooManyAxes, type Given, type ProgramBuilder } from '../program.js';
import type { Constant, MilType, Value } from '../values.js';

/** Turns one ONNX node into MIL operations. */
export type Lower = (node: Lowering) => void;

/** The values of the graph that is being written, by their ONNX names. */
export interface Values {
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
}

/** What a lowering works with: one node, the values that it reads, and the program that grows. */
export class Lowering {
  readonly node: NodeProto;
  readonly opset: number;
  readonly builder: ProgramBuilder;
  readonly #values: Values;
  readonly #types: ReadonlyMap<string, ValueType>;
  #made = 0;

  constructor(
    node: NodeProto,
    opset: number,
    builder: ProgramBuilder,
    values: Values,
    types: ReadonlyMap<string, ValueType>,
  ) {
    this.#types = types;
    this.node = node;
    this.opset = opset;
    this.builder = builder;
    this.#values = values;
  }

  /** True where the node is given an input at this place. */
  has(place: number): boolean {
    return (this.node.input[place] ?? '') !== '';
  }

  /** True where a result at this place is wanted by the graph. */
  wants(place: number): boolean {
    return (this.node.output[place] ?? '') !== '';
  }

  /** The input at a place. */
  input(place: number): Value {
    const value = this.#values.get(this.node.input[place] ?? '');
    return value ?? this.refuse(`its input ${place + 1} is missing`);
  }

  optional(place: number): Value | undefined {
    return this.has(place) ? this.input(place) : undefined;
  }

  /** The numbers of a constant input. */
  numbers(place: number, what: string): number[] {
    const { constant } = this.input(place);
    if (constant === undefined)
      return this.refuse(
        `its ${what} are computed while the model runs`,
        'Fix the sizes that they come from with --fix',
      );
    return constantNumbers(constant);
  }

  /** The ONNX element type of a result, which may be narrower than what Core ML computes it in. */
  outputType(place = 0): DataType {
    return this.#types.get(this.node.output[place] ?? '')?.dataType ?? DataType.UNDEFINED;
  }

  /** Adds an operation with one result. */
  op(type: string, given: Readonly<Record<string, Given>>): Value {
    return this.ops(type, given)[0] as Value; // every operation of the table has a result
  }

  /** Adds an operation with several results. */
  ops(type: string, given: Readonly<Record<string, Given>>): readonly Value[] {
    const own = this.node.output.find((name) => name !== '') ?? this.node.opType;
    this.#made += 1;
    try {
      return this.builder.add(type, given, this.#made === 1 ? own : `${own}_${type}`);
    } catch (error) {
      if (error instanceof OnnxLensError) return this.refuse(error.message);
      if (error instanceof RangeError) return this.refuse(error.message.replace(/\.$/, ''));
      throw error;
    }
  }

  /** Makes the value the node's result. */
  set(value: Value, place = 0): void {
    const name = this.node.output[place] ?? '';
    if (name !== '') this.#values.set(name, value);
  }

  /** A float32 (or, beside halves, half) constant. */
  floats(values: ArrayLike<number>, shape: readonly number[], hint = 'const'): Value {
    const constant: Constant = { type: 'fp32', shape, data: Float32Array.from(values) };
    return { hint: `${this.node.output[0] ?? ''}_${hint}`, type: 'fp32', shape, constant };
  }

  whole(values: ArrayLike<number>, shape: readonly number[], hint = 'const'): Value {
    const constant: Constant = { type: 'int32', shape, data: Int32Array.from(values) };
    return { hint: `${this.node.output[0] ?? ''}_${hint}`, type: 'int32', shape, constant };
  }

  /** A scalar of the type of another value. */
  like(value: Value, number: number): Value {
    if (value.type === 'int32') return this.whole([number], []);
    const made = this.floats([number], []);
    return value.type === 'fp16' ? this.cast(made, 'fp16') : made;
  }

  /** The value in another element type. Core ML truncates floats towards zero, as ONNX has it. */
  cast(value: Value, type: MilType): Value {
    if (value.type === type) return value;
    // To bool means "is not zero".
    if (type === 'bool') return this.op('not_equal', { x: value, y: this.like(value, 0) });
    return this.op('cast', { x: value, dtype: type });
  }

  /** The value as a float: whole numbers and bools become float32. */
  float(value: Value): Value {
    return isFloat(value) ? value : this.cast(value, 'fp32');
  }

  /** The value as a number: bools become 0 and 1. */
  number(value: Value): Value {
    return value.type === 'bool' ? this.cast(value, 'int32') : value;
  }

  /** Computes in floats what takes no whole numbers, and gives the type back. Exact for whole numbers up to 2^24. */
  throughFloat(value: Value, compute: (value: Value) => Value): Value {
    return isFloat(value) ? compute(value) : this.cast(compute(this.cast(value, 'fp32')), value.type);
  }

  /** The value in other axes; more than Core ML takes are only remembered, until a transpose and a reshape follow. */
  reshape(x: Value, shape: readonly number[]): Value {
    if (x.shape.join() === shape.join()) return x;
    const base = x.view ?? x;
    if (shape.length > MOST_AXES) return { hint: base.hint, type: base.type, shape, view: base };
    return base.shape.join() === shape.join() ? base : this.op('reshape', { x: base, shape });
  }

  transpose(x: Value, perm: readonly number[]): Value {
    if (perm.every((axis, place) => axis === place)) return x;
    return x.view === undefined ? this.op('transpose', { x, perm }) : this.#transposeView(x, x.view, perm);
  }

  /** Axes that stay side by side move as one, and those of size 1 count for nothing: few are left that really move. */
  #transposeView(x: Value, base: Value, perm: readonly number[]): Value {
    const moving = perm.filter((axis) => x.shape[axis] !== 1);
    const next = (axis: number): number => x.shape.findIndex((size, place) => place > axis && size !== 1);
    const groups: number[][] = [];
    for (const axis of moving) {
      const last = groups.at(-1);
      if (last !== undefined && next(last.at(-1) ?? 0) === axis) last.push(axis);
      else groups.push([axis]);
    }
    const inOrder = groups.toSorted(([a = 0], [b = 0]) => a - b);
    const merged = inOrder.map((group) => group.reduce((product, axis) => product * (x.shape[axis] ?? 1), 1));
    if (merged.length > MOST_AXES) return this.refuse(tooManyAxes(x.shape).message);
    const moved = this.transpose(
      this.reshape(base, merged),
      groups.map((group) => inOrder.indexOf(group)),
    );
    return this.reshape(
      moved,
      perm.map((axis) => x.shape[axis] ?? 1),
    );
  }

  /** A place among `rank` axes, from the end where it is negative. */
  axis(axis: number, rank: number): number {
    const place = axis < 0 ? axis + rank : axis;
    return place >= 0 && place < Math.max(rank, 1) ? place : this.refuse(`axis ${axis} is beyond its ${rank} axes`);
  }

  /** Ends the export with one sentence that names the node. */
  refuse(reason: string, advice = 'Rewrite this part of the model, or leave it to the app'): never {
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `${describeNode(this.node)} cannot be written as Core ML operations: ${reason}. ${advice}.`,
    );
  }
}

export function isFloat({ type }: Pick<Value, 'type'>): boolean {
  return type === 'fp32' || type === 'fp16';
}

/** A constant's elements as numbers. */
export function constantNumbers({ type, data }: Constant): number[] {
  return type === 'fp16' ? Array.from(data as Uint16Array, halfToFloat) : Array.from(data as ArrayLike<number>, Number);
}

/** MIL's type for an ONNX element type; undefined where there is none. Whole numbers of every width become int32. */
export function milTypeFor(dataType: DataType): MilType | undefined {
  switch (dataType) {
    case DataType.FLOAT:
    case DataType.DOUBLE:
      return 'fp32';
    case DataType.FLOAT16:
      return 'fp16';
    case DataType.BOOL:
      return 'bool';
    case DataType.INT8:
    case DataType.UINT8:
    case DataType.INT16:
    case DataType.UINT16:
    case DataType.INT32:
    case DataType.UINT32:
    case DataType.INT64:
    case DataType.UINT64:
      return 'int32';
    default:
      return undefined;
  }
}

const [LEAST_INT, MOST_INT] = [-(2 ** 31), 2 ** 31 - 1];

/**
 * An ONNX tensor as a constant; int64 beyond int32 (ends of slices) is cut to it. Undefined for types without a form.
 */
export function constantOf({ dataType, dims, data }: Tensor): Constant | undefined {
  const type = milTypeFor(dataType);
  if (type === undefined) return undefined;
  if (type === 'fp32')
    return { type, shape: dims, data: data instanceof Float32Array ? data : Float32Array.from(data as Float64Array) };
  if (type === 'fp16') return { type, shape: dims, data: data as Uint16Array };
  if (type === 'bool') return { type, shape: dims, data: data as Uint8Array };
  if (data instanceof Int32Array) return { type, shape: dims, data };
  const cut = (value: number | bigint): number => Math.min(Math.max(Number(value), LEAST_INT), MOST_INT);
  return { type, shape: dims, data: Int32Array.from(data as ArrayLike<number>, cut) };
}
