import { OnnxLensError } from '../../errors.js';
import type { AttributeValue } from '../../model/attributes.js';
import type { GraphBuilder } from '../../model/builder.js';
import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import { tensorNumbers, type Tensor, type TensorData } from '../../model/tensors.js';
import type { BlockedLayout } from './blocked-layout.js';
import { dequantized, canStayQuantized, withDims, type Constant, type Quantization } from './quantization.js';
import type { TfliteOperator } from './schema.js';
import type { FlatTable } from './reader.js';
import {
  asIs,
  channelsSecond,
  inverse,
  movesNothing,
  permuteShape,
  permuteTensor,
  transposition,
  type Form,
  type Permutation,
  type Value,
} from './value.js';

/** How operators are to be written where there is a choice. */
export interface TranslationSettings {
  readonly prelu: 'operator' | 'convolutions';
  readonly channelZeros: 'operator' | 'convolution';
  /** Of the graph that is being built. */
  readonly blocked: BlockedLayout;
  /** Of the model that is being written. */
  readonly opset: number;
}

/** Far above those of any net; a file may claim more, whose zeros are not made here. */
const MOST_CHANNELS = 1 << 16;

/** What an operator's translation works with: its inputs, its options, and the graph that is being built. */
export class OperatorContext {
  readonly operator: TfliteOperator;
  readonly graph: GraphBuilder;
  readonly settings: TranslationSettings;
  readonly #inputs: readonly (Value | null)[];
  readonly #outputNames: readonly string[];
  readonly #origin: string;

  constructor(
    operator: TfliteOperator,
    graph: GraphBuilder,
    inputs: readonly (Value | null)[],
    outputNames: readonly string[],
    origin: string,
    settings: TranslationSettings,
  ) {
    this.settings = settings;
    this.operator = operator;
    this.graph = graph;
    this.#inputs = inputs;
    this.#outputNames = outputNames;
    this.#origin = origin;
  }

  get inputCount(): number {
    return this.#inputs.length;
  }

  /** All inputs, none of which may be left out. */
  get inputs(): Value[] {
    return this.#inputs.map((_, index) => this.input(index));
  }

  outputName(index: number): string {
    return this.#outputNames[index] ?? `${this.operator.name}_${this.operator.index}_${index}`;
  }

  /** @throws OnnxLensError NOT_TFLITE when the operator lacks that input. */
  input(index: number): Value {
    const value = this.#inputs[index];
    if (value === null || value === undefined) throw this.damaged(`lacks its input ${index}`);
    return value;
  }

  optionalInput(index: number): Value | null {
    return this.#inputs[index] ?? null;
  }

  /** The whole numbers (axes, sizes, amounts) of an input that must be constant. */
  constantNumbers(index: number, what: string): number[] {
    const constant: Tensor | null = this.input(index).constant;
    if (constant === null)
      throw this.unsupported(`takes its ${what} from a computed value; only constant ones are covered`);
    const numbers = tensorNumbers(constant);
    if (!numbers.every(Number.isSafeInteger))
      throw this.damaged(`has something else than whole numbers for its ${what}`);
    return numbers;
  }

  /**
   * Axis `axis` of a rank, negative ones counted from the end. @throws OnnxLensError NOT_TFLITE for one that is not
   * there.
   */
  normalAxis(axis: number, rank: number): number {
    const normal = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(normal) || normal < 0 || normal >= rank)
      throw this.damaged(`names axis ${axis} of a value of rank ${rank}`);
    return normal;
  }

  /** The options table, read through a function so that an absent table gives every default. */
  option<T>(read: (table: FlatTable) => T, fallback: T): T {
    return this.operator.options === null ? fallback : read(this.operator.options);
  }

  /** Says that this operator cannot be translated. */
  unsupported(why: string): OnnxLensError {
    return new OnnxLensError('UNSUPPORTED_OPERATOR', `${this.#place()} ${why}, so ${this.#origin} cannot be imported.`);
  }

  /** Says that the file contradicts itself. */
  damaged(why: string): OnnxLensError {
    return new OnnxLensError('NOT_TFLITE', `${this.#origin} is damaged: ${this.#place()} ${why}.`);
  }

  #place(): string {
    const { index, name, version } = this.operator;
    return `operator ${index}, ${name} (version ${version}, making "${this.outputName(0)}"),`;
  }

  /** Adds a node whose output holds the value under that order of axes, and gives its name. */
  node(opType: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    const output = this.graph.node(opType, inputs, attributes, {
      name: `${this.operator.index}_${this.operator.name}/${opType}`,
    });
    this.settings.blocked.note(opType, inputs, output);
    return output;
  }

  /** A value as the ONNX value that holds it with its axes in that order. */
  as(value: Value, permutation: Permutation): string {
    const key = permutation.join();
    const kept = value.forms.get(key);
    if (kept !== undefined) return kept.name;
    const name =
      value.constant === null
        ? this.#reorder(value, permutation)
        : this.constant(permuteTensor(value.constant, permutation));
    value.forms.set(key, { name, permutation });
    return name;
  }

  #reorder(value: Value, permutation: Permutation): string {
    const [form] = value.forms.values();
    if (form === undefined) {
      if (value.padding === null) throw new RangeError(`"${value.name}" has no form`);
      return this.#pad(value.padding, permutation);
    }
    const step = transposition(form.permutation, permutation);
    const before = permuteShape(value.shape, form.permutation);
    return movesNothing(before, step)
      ? this.node('Reshape', [form.name, this.graph.ints(permuteShape(before, step))])
      : this.node('Transpose', [form.name], { perm: step });
  }

  #pad(padding: NonNullable<Value['padding']>, permutation: Permutation): string {
    const source = this.as(padding.of, permutation);
    const [before, after] = [permuteShape(padding.before, permutation), permuteShape(padding.after, permutation)];
    const channels = padding.of.shape.at(-1) ?? 0;
    const doublesChannels =
      String(permutation) === String(channelsSecond(4)) &&
      String([...before, ...after]) === String([0, 0, 0, 0, 0, channels, 0, 0]);
    if (
      this.settings.channelZeros === 'convolution' &&
      doublesChannels &&
      channels <= MOST_CHANNELS &&
      this.settings.blocked.has(source)
    ) {
      return this.#zerosBehind(source, channels);
    }
    return this.node('Pad', [source, this.graph.ints([...before, ...after])], { mode: 'constant' });
  }

  /** An image with as many channels of zeros behind its own. */
  #zerosBehind(image: string, channels: number): string {
    const zeros = this.node('Conv', [image, this.graph.floats([channels, 1, 1, 1], new Float32Array(channels))], {
      kernel_shape: [1, 1],
      group: channels,
    });
    return this.node('Concat', [image, zeros], { axis: 1 });
  }

  /**
   * An initializer; half floats are widened at run time, where ONNX Runtime folds the Cast away when it opens the
   * model.
   */
  constant(tensor: Constant): string {
    const { quantization, ...stored } = tensor;
    if (quantization !== undefined) {
      if (!canStayQuantized(tensor)) return this.graph.constant('const', dequantized(tensor));
      const inputs = [this.graph.constant('const', stored), ...this.grid(quantization, tensor.dataType)];
      return this.node('DequantizeLinear', inputs, quantization.scales.length === 1 ? {} : { axis: quantization.axis });
    }
    const name = this.graph.constant('const', stored);
    return tensor.dataType === DataType.FLOAT16 ? this.node('Cast', [name], { to: DataType.FLOAT }) : name;
  }

  /** Scale and zero point as inputs of QuantizeLinear and DequantizeLinear. */
  grid({ scales, zeroPoints }: Quantization, dataType: DataType): string[] {
    const dims = scales.length === 1 ? [] : [scales.length];
    const zeros: Readonly<Partial<Record<DataType, TensorData>>> = {
      [DataType.INT8]: Int8Array.from(zeroPoints),
      [DataType.UINT8]: Uint8Array.from(zeroPoints),
      [DataType.INT16]: Int16Array.from(zeroPoints),
      [DataType.UINT16]: Uint16Array.from(zeroPoints),
    };
    const data = zeros[dataType];
    const scale = this.graph.floats(dims, scales, 'scale');
    return data === undefined ? [scale] : [scale, this.graph.constant('zero_point', { dataType, dims, data })];
  }

  /**
   * A value brought down to size 1 along axes of its form. Which of these take axes as an input depends on the opset.
   */
  reduce(opType: string, name: string, axes: readonly number[]): string {
    const asInput = opType === 'ReduceSum' || this.settings.opset >= 18;
    return asInput
      ? this.node(opType, [name, this.graph.ints(axes)], { keepdims: 1 })
      : this.node(opType, [name], { axes: [...axes], keepdims: 1 });
  }

  /** The value with ones before its dimensions, up to that rank. */
  widen(value: Value, rank: number): Value {
    if (value.shape.length >= rank) return value;
    return this.reshaped(value, [...new Array<number>(rank - value.shape.length).fill(1), ...value.shape]);
  }

  /** The value under another shape of as many elements. */
  reshaped(value: Value, shape: readonly number[], name = value.name): Value {
    if (value.constant !== null) return constantValue(name, withDims(value.constant, shape));
    // Any order that leaves the elements where they are in memory does for the source.
    const inPlace = [...value.forms.values()].find((form) =>
      movesNothing(permuteShape(value.shape, form.permutation), inverse(form.permutation)),
    );
    const source = inPlace?.name ?? this.as(value, asIs(value.shape.length));
    const isSame = inPlace !== undefined && String(permuteShape(value.shape, inPlace.permutation)) === String(shape);
    const result = isSame ? source : this.node('Reshape', [source, this.graph.ints(shape)]);
    return this.made(result, shape, value.dataType, asIs(shape.length), name);
  }

  /** A value that a node has just made, with its axes in that order. */
  made(
    name: string,
    shape: readonly number[],
    dataType: number,
    permutation: Permutation = asIs(shape.length),
    label = this.outputName(0),
  ): Value {
    return computedValue(label, shape, dataType, { name, permutation });
  }

  /** The order of axes in which the fewest of the values must be transposed first. */
  commonOrder(values: readonly Value[]): Permutation {
    const rank = Math.max(...values.map(({ shape }) => shape.length));
    const computed = values.filter((value) => value.constant === null && value.shape.length === rank);
    const candidates = computed.flatMap((value) => [...value.forms.values()].map((form) => form.permutation));
    const misses = (order: Permutation): number => computed.filter((value) => !value.forms.has(order.join())).length;
    return candidates.reduce((best, each) => (misses(each) < misses(best) ? each : best), candidates[0] ?? asIs(rank));
  }
}

/** A value that is known. */
export function constantValue(name: string, tensor: Constant): Value {
  const isReal = tensor.dataType === DataType.FLOAT16 || tensor.quantization !== undefined;
  const dataType = isReal ? DataType.FLOAT : tensor.dataType;
  return { name, shape: tensor.dims, dataType, constant: tensor, forms: new Map(), padding: null };
}

/** A value that a node or input of the graph holds. */
export function computedValue(name: string, shape: readonly number[], dataType: number, form: Form): Value {
  return { name, shape, dataType, constant: null, forms: new Map([[form.permutation.join(), form]]), padding: null };
}

/** A translation of one operator: gives its outputs. */
export type Translation = (context: OperatorContext) => readonly Value[];
