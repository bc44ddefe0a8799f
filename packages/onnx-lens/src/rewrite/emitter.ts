import { create } from '@bufbuild/protobuf';
import { float, makeAttribute, type AttributeValue } from '../model/attributes.js';
import { NodeProtoSchema, TensorProto_DataType as DataType, type NodeProto } from '../model/generated/onnx_pb.js';
import { floatToHalf, int64Tensor, type Tensor } from '../model/tensors.js';

/** Makes the nodes of one replacement, each operator written in the form of the model's own opset. */
export class Emitter {
  readonly opset: number;
  readonly nodes: NodeProto[] = [];
  readonly #fresh: (hint: string) => string;
  readonly #stem: string;
  readonly #addConstant: (tensor: Tensor, hint: string) => string;

  constructor(
    opset: number,
    fresh: (hint: string) => string,
    stem: string,
    addConstant: (tensor: Tensor, hint: string) => string,
  ) {
    this.opset = opset;
    this.#fresh = fresh;
    this.#stem = stem;
    this.#addConstant = addConstant;
  }

  /** A node with one output; returns the output's name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = '',
  ): string {
    return this.nodeOutputs(opType, inputs, attributes, 1, domain)[0] as string; // one was asked for
  }

  /** A node with several outputs. */
  nodeOutputs(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    count: number,
    domain = '',
  ): string[] {
    const name = this.#fresh(`${this.#stem}/${opType}`);
    const output = Array.from({ length: count }, (_, place) => this.#fresh(`${name}_output_${place}`));
    const attribute = Object.entries(attributes).map(([key, value]) => makeAttribute(key, value));
    this.nodes.push(create(NodeProtoSchema, { name, opType, domain, input: [...inputs], output, attribute }));
    return output;
  }

  constant(tensor: Tensor, hint = 'constant'): string {
    return this.#addConstant(tensor, `${this.#stem}/${hint}`);
  }

  /** A one-dimensional int64 constant. */
  ints(values: readonly number[]): string {
    return this.constant(int64Tensor([values.length], values));
  }

  /** A constant of a float type, rounded to it. */
  floats(dataType: DataType, dims: readonly number[], values: readonly number[]): string {
    return this.constant(floatsOfType(dataType, dims, values));
  }

  /** A scalar of a float type. */
  scalar(dataType: DataType, value: number): string {
    return this.floats(dataType, [], [value]);
  }

  unsqueeze(value: string, axes: readonly number[]): string {
    if (this.opset >= 13) return this.node('Unsqueeze', [value, this.ints(axes)]);
    return this.node('Unsqueeze', [value], { axes });
  }

  squeeze(value: string, axes: readonly number[]): string {
    if (this.opset >= 13) return this.node('Squeeze', [value, this.ints(axes)]);
    return this.node('Squeeze', [value], { axes });
  }

  reshape(value: string, shape: readonly number[]): string {
    return this.node('Reshape', [value, this.ints(shape)]);
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.node('Transpose', [value], { perm });
  }

  /** ReduceSum, ReduceMean, ReduceMax and the like over the given axes. */
  reduce(opType: `Reduce${string}`, value: string, axes: readonly number[], keepdims: boolean): string {
    const axesAsInput = this.opset >= (opType === 'ReduceSum' ? 13 : 18);
    if (axesAsInput) return this.node(opType, [value, this.ints(axes)], { keepdims: Number(keepdims) });
    return this.node(opType, [value], { axes, keepdims: Number(keepdims) });
  }

  /** Parts of the given sizes along an axis, at least two. */
  split(value: string, sizes: readonly number[], axis: number): string[] {
    if (this.opset >= 13) return this.nodeOutputs('Split', [value, this.ints(sizes)], { axis }, sizes.length);
    return this.nodeOutputs('Split', [value], { axis, split: sizes }, sizes.length);
  }

  /** x[start:end:step] along each axis; ends and negative numbers as in ONNX. */
  slice(
    value: string,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps?: readonly number[],
  ): string {
    if (this.opset < 10) return this.node('Slice', [value], { starts, ends, axes });
    const inputs = [value, this.ints(starts), this.ints(ends), this.ints(axes)];
    return this.node('Slice', steps === undefined ? inputs : [...inputs, this.ints(steps)]);
  }

  clip(value: string, dataType: DataType, min: number, max: number): string {
    if (this.opset < 11) return this.node('Clip', [value], { min: float(min), max: float(max) });
    return this.node('Clip', [value, this.scalar(dataType, min), this.scalar(dataType, max)]);
  }

  /**
   * e^x as Pow, which more providers take than Exp: (e^8)^(x / 8). The rounding of e itself to float32 would make e^-16
   * wrong by 5e-7 of its value; e^8 is far closer to its float, and x / 8 is exact.
   */
  exponential(value: string, dataType: DataType): string {
    const part = this.node('Mul', [value, this.scalar(dataType, 1 / EXPONENT_PARTS)]);
    return this.node('Pow', [this.scalar(dataType, Math.exp(EXPONENT_PARTS)), part]);
  }
}

/** A power of two, so that dividing by it is exact. */
const EXPONENT_PARTS = 8;

/** A tensor of float32, float16 or float64 out of numbers. */
export function floatsOfType(dataType: DataType, dims: readonly number[], values: readonly number[]): Tensor {
  if (dataType === DataType.DOUBLE) return { dataType, dims, data: Float64Array.from(values) };
  if (dataType === DataType.FLOAT16) return { dataType, dims, data: Uint16Array.from(values, floatToHalf) };
  return { dataType: DataType.FLOAT, dims, data: Float32Array.from(values) };
}
