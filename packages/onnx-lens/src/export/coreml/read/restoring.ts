import { OnnxLensError } from '../../../errors.js';
import type { AttributeValue } from '../../../model/attributes.js';
import type { GraphBuilder } from '../../../model/builder.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { halfToFloat, type Tensor } from '../../../model/tensors.js';
import type { Constant, MilType } from '../values.js';
import type { ReadOperation, ReadValue } from './reader.js';

/** Turns one MIL operation back into ONNX nodes, by the meaning that Core ML's documentation gives it. */
export type Restore = (operation: Restoring) => void;

/** The operator set of the graphs that packages are read back into. */
export const RESTORED_OPSET = 20;

const DATA_TYPES: Partial<Record<MilType, DataType>> = {
  fp32: DataType.FLOAT,
  fp16: DataType.FLOAT16,
  int32: DataType.INT32,
  bool: DataType.BOOL,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
};

/** The ONNX element type of a MIL type. @throws OnnxLensError UNSUPPORTED_MODEL for strings. */
export function dataTypeOf(type: MilType): DataType {
  const found = DATA_TYPES[type];
  if (found === undefined)
    throw new OnnxLensError('UNSUPPORTED_MODEL', `The package computes with ${type}, which cannot be read back.`);
  return found;
}

/** One operation that is being read back. */
export class Restoring {
  readonly graph: GraphBuilder;
  readonly operation: ReadOperation;
  readonly #constants: Map<string, string>;
  readonly #rename: (name: string) => string;

  constructor(
    graph: GraphBuilder,
    operation: ReadOperation,
    constants: Map<string, string>,
    rename: (name: string) => string,
  ) {
    this.graph = graph;
    this.operation = operation;
    this.#constants = constants;
    this.#rename = rename;
  }

  has(parameter: string): boolean {
    return this.operation.inputs.has(parameter);
  }

  value(parameter: string): ReadValue {
    const [value] = this.operation.inputs.get(parameter) ?? [];
    if (value === undefined)
      throw new OnnxLensError(
        'UNSUPPORTED_MODEL',
        `The package's operation ${this.operation.type} lacks ${parameter}.`,
      );
    return value;
  }

  /** The ONNX name of an argument. */
  name(parameter: string): string {
    return this.nameOf(this.value(parameter));
  }

  nameOf({ name, constant }: ReadValue): string {
    if (constant === undefined) return this.#rename(name);
    const known = this.#constants.get(name) ?? this.graph.constant(this.#rename(name), onnxTensor(constant));
    this.#constants.set(name, known);
    return known;
  }

  list(parameter: string): string[] {
    return (this.operation.inputs.get(parameter) ?? []).map((value) => this.nameOf(value));
  }

  numbers(parameter: string): number[] {
    const { constant } = this.value(parameter);
    if (constant === undefined)
      throw new OnnxLensError('UNSUPPORTED_MODEL', `${this.operation.type}'s ${parameter} is no constant.`);
    return constant.type === 'fp16'
      ? Array.from(constant.data as Uint16Array, halfToFloat)
      : Array.from(constant.data as ArrayLike<number>, Number);
  }

  number(parameter: string): number {
    return this.numbers(parameter)[0] ?? NaN;
  }

  flag(parameter: string): boolean {
    return this.number(parameter) !== 0;
  }

  text(parameter: string): string {
    return String(this.value(parameter).constant?.data[0] ?? '');
  }

  get result(): ReadValue {
    return this.operation.outputs[0] ?? this.value('x');
  }

  /** The ONNX element type of the result. */
  get dataType(): DataType {
    return dataTypeOf(this.result.type);
  }

  /** A node whose results are the operation's. */
  node(opType: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): void {
    const outputs = this.operation.outputs.map(({ name }) => this.#rename(name));
    this.graph.nodeOutputs(opType, inputs, attributes, outputs.length, { outputs });
  }

  /** A node for each of the operation's results. */
  results(
    nodes: readonly (readonly [string, string | readonly string[], Readonly<Record<string, AttributeValue>>])[],
  ): void {
    for (const [place, [opType, inputs, attributes]] of nodes.entries()) {
      const name = this.operation.outputs[place]?.name;
      if (name !== undefined) this.graph.node(opType, [inputs].flat(), attributes, { outputs: [this.#rename(name)] });
    }
  }

  /** A node on the way to the result. */
  step(opType: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    return this.graph.node(opType, inputs, attributes);
  }

  ints(values: readonly number[]): string {
    return this.graph.ints(values);
  }

  /** A scalar of the type of the operation's values. */
  scalar(value: number, type: MilType = this.result.type): string {
    const plain = this.graph.floats([], [value]);
    return type === 'fp32' ? plain : this.step('Cast', [plain], { to: dataTypeOf(type) });
  }

  refuse(what: string): never {
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `The package's operation ${this.operation.type} cannot be read back: ${what}.`,
    );
  }
}

function onnxTensor({ type, shape, data }: Constant): Tensor {
  if (!ArrayBuffer.isView(data)) throw new OnnxLensError('UNSUPPORTED_MODEL', 'Strings are no weights.');
  return { dataType: dataTypeOf(type), dims: shape, data: data };
}
