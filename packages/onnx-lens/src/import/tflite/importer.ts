import { OnnxLensError } from '../../errors.js';
import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { BoundedGraph } from './bounded-graph.js';
import { readConstant } from './constants.js';
import { constantValue, OperatorContext, type TranslationSettings } from './context.js';
import { foldIntegers } from './fold.js';
import { ACTIVATION_TYPES, dequantized, isSameGrid, type Constant, type Quantization } from './quantization.js';
import { tensorAt, type TfliteModel, type TfliteOperator, type TfliteTensor } from './schema.js';
import { translationOf } from './translations.js';
import { asIs, type Permutation, type Value } from './value.js';

/** Operators that leave the axes' numbers as they are and make no node: their result needs no new QuantizeLinear. */
const MOVING = new Set(['TRANSPOSE', 'PAD']);
/** Operators that read a quantized tensor's integers as plain ones. */
const READS_INTEGERS = new Set(['CAST', 'BITCAST']);
const BIAS_INPUT: Readonly<Record<string, number>> = {
  CONV_2D: 2,
  DEPTHWISE_CONV_2D: 2,
  FULLY_CONNECTED: 2,
  TRANSPOSE_CONV: 3,
};

/**
 * Translates a model operator by operator. To the translations all values are real numbers: what the file keeps as
 * integers with a scale is dequantized where it is read, and quantized and dequantized again where it is made.
 */
export class Importer {
  readonly #model: TfliteModel;
  readonly #graph: BoundedGraph;
  readonly #settings: TranslationSettings;
  readonly #halfWeights: 'widen' | 'keep';
  /** By tensor, as real numbers. */
  readonly #values = new Map<number, Value>();
  readonly #constants = new Map<number, Constant>();
  /** By tensor, as the file keeps them: for the graph's outputs. */
  readonly #stored = new Map<number, Value>();
  #dynamicOperators = 0;
  #widenedConstants = 0;
  #quantizedOperators = 0;

  constructor(model: TfliteModel, graph: BoundedGraph, settings: TranslationSettings, halfWeights: 'widen' | 'keep') {
    this.#model = model;
    this.#graph = graph;
    this.#settings = settings;
    this.#halfWeights = halfWeights;
  }

  /** Takes a graph input under its tensor. */
  take(index: number, value: Value): void {
    const tensor = tensorAt(this.#model, index);
    const quantization = this.#gridOf(tensor, 'The graph');
    this.#stored.set(index, value);
    const [form] = value.forms.values();
    if (quantization === null || form === undefined) return void this.#values.set(index, value);
    const context = this.contextFor('INPUT');
    const name = context.node('DequantizeLinear', [form.name, ...context.grid(quantization, value.dataType)]);
    this.#values.set(index, context.made(name, value.shape, DataType.FLOAT, form.permutation, tensor.name));
  }

  /** Adds the nodes of one operator. @throws OnnxLensError NOT_TFLITE, UNSUPPORTED_OPERATOR. */
  translate(operator: TfliteOperator): void {
    const names = operator.outputs.map((index) => tensorAt(this.#model, index).name);
    const who = `operator ${operator.index}, ${operator.name} (making "${names[0] ?? ''}"),`;
    const translation = translationOf(operator);
    if (translation === undefined) {
      const kind = operator.isCustom ? 'custom operator' : 'operator';
      throw new OnnxLensError(
        'UNSUPPORTED_OPERATOR',
        `The ${kind} ${operator.name} (version ${operator.version}) is not covered: ${this.#model.origin} has it as operator ${operator.index}, making "${names[0] ?? ''}".`,
      );
    }
    const tensors = [...operator.inputs, ...operator.outputs].flatMap((index) =>
      index < 0 ? [] : [tensorAt(this.#model, index)],
    );
    for (const tensor of tensors) this.#refuseVariable(tensor, who);
    const isQuantized = tensors.some((tensor) => tensor.data === null && this.#gridOf(tensor, who) !== null);
    const inputs = operator.inputs.map((index, place) =>
      index < 0 ? null : this.#valueAt(operator, index, place, isQuantized, who),
    );
    const context = new OperatorContext(operator, this.#graph, inputs, names, this.#model.origin, this.#settings);
    const [first] = operator.inputs;
    if (READS_INTEGERS.has(operator.name) && first !== undefined && tensorAt(this.#model, first).quantization !== null)
      throw context.unsupported('reads quantized values as plain integers, which is not covered');
    const outputs = foldIntegers(context) ?? translation(context);
    if (outputs.length < operator.outputs.length)
      throw context.damaged(`has ${operator.outputs.length} outputs where it gives ${outputs.length}`);
    operator.outputs.forEach((index, place) => {
      const output = outputs[place];
      if (output !== undefined) this.#values.set(index, this.#onGrid(context, index, output, who));
    });
    if (isQuantized) this.#quantizedOperators++;
  }

  /** A graph output as the file keeps it; null when nothing makes it. */
  stored(index: number): Value | null {
    const kept = this.#stored.get(index);
    if (kept !== undefined) return kept;
    const value = this.#values.get(index);
    if (value === undefined) return null;
    const quantization = this.#gridOf(tensorAt(this.#model, index), 'The graph');
    return quantization === null || value.dataType !== (DataType.FLOAT as number)
      ? value
      : this.#quantize(this.contextFor('OUTPUT'), tensorAt(this.#model, index), quantization, value);
  }

  /** A context that adds nodes which no operator of the file stands for. */
  contextFor(name: string): OperatorContext {
    const { operators, origin } = this.#model;
    const operator: TfliteOperator = {
      index: operators.length,
      name,
      isCustom: false,
      version: 1,
      inputs: [],
      outputs: [],
      options: null,
      customOptions: new Uint8Array(),
    };
    return new OperatorContext(operator, this.#graph, [], [], origin, this.#settings);
  }

  /** In what the import differs from the original, a sentence each. */
  notes(): string[] {
    const notes: string[] = [];
    if (this.#dynamicOperators > 0)
      notes.push(
        `The original rounds the inputs of ${this.#dynamicOperators} operators to 8 bits while it runs (dynamic-range quantization); the import computes them in float32, so results are closer to the float model than the original's.`,
      );
    if (this.#widenedConstants > 0)
      notes.push(`${this.#widenedConstants} weights were integers and became float32: the file is larger.`);
    if (this.#quantizedOperators > 0)
      notes.push(
        `${this.#quantizedOperators} operators work on quantized values, written with QuantizeLinear and DequantizeLinear. Results can differ from the original's by a step of the scale where the two round otherwise.`,
      );
    return notes;
  }

  #valueAt(operator: TfliteOperator, index: number, place: number, isQuantized: boolean, who: string): Value {
    const known = this.#values.get(index);
    if (known !== undefined) return known;
    const tensor = tensorAt(this.#model, index);
    if (tensor.data === null) {
      throw new OnnxLensError(
        'NOT_TFLITE',
        `${this.#model.origin} is damaged: ${who} reads "${tensor.name}", which nothing before it makes.`,
      );
    }
    const constant = this.#constants.get(index) ?? this.#read(tensor, tensor.data, who);
    this.#constants.set(index, constant);
    if (isQuantized && place === BIAS_INPUT[operator.name] && constant.quantization === undefined)
      return this.#biasWithoutScale(operator, tensor, constant, who);
    const isWeight = constant.quantization !== undefined && constant.dataType !== DataType.INT64;
    if (isQuantized || !isWeight || constant.dataType === DataType.INT32) return constantValue(tensor.name, constant);
    // A float operator: its weights alone were quantized.
    this.#graph.spend(4 * constant.data.length);
    this.#widenedConstants++;
    if (operator.name !== 'DEQUANTIZE' && operator.name !== 'DENSIFY') this.#dynamicOperators++;
    const value = constantValue(tensor.name, dequantized(constant));
    this.#values.set(index, value);
    return value;
  }

  #read(tensor: TfliteTensor, data: Uint8Array, who: string): Constant {
    return readConstant(this.#model, tensor, data, this.#graph, this.#halfWeights, who);
  }

  /** Some converters leave out the bias's scale, which is the input's times the weights'. */
  #biasWithoutScale(operator: TfliteOperator, tensor: TfliteTensor, bias: Constant, who: string): Value {
    const isInteger = bias.dataType === DataType.INT32 || bias.dataType === DataType.INT64;
    const dataInput = operator.name === 'TRANSPOSE_CONV' ? 2 : 0;
    const [input, weights] = [operator.inputs[dataInput], operator.inputs[1]].map((index) =>
      index === undefined || index < 0 ? null : this.#gridOf(tensorAt(this.#model, index), who),
    );
    const [inputScale] = input?.scales ?? [];
    if (!isInteger || inputScale === undefined || weights === null || weights === undefined)
      return constantValue(tensor.name, bias);
    const scales = weights.scales.map((scale) => scale * inputScale);
    const quantization: Quantization = { scales, zeroPoints: Array.from(scales, () => 0), axis: 0 };
    return constantValue(tensor.name, { ...bias, quantization });
  }

  /** The scales of a tensor of integers; null for plain numbers. @throws OnnxLensError UNSUPPORTED_OPERATOR. */
  #gridOf(tensor: TfliteTensor, who: string): Quantization | null {
    const { quantization, name, data, type } = tensor;
    if (quantization === null) return null;
    const isActivation = data === null;
    const isUsable =
      quantization !== 'unknown' &&
      (!isActivation || (quantization.scales.length === 1 && (quantization.scales[0] ?? 0) > 0));
    if (!isUsable) {
      throw new OnnxLensError(
        'UNSUPPORTED_OPERATOR',
        `${who} has the tensor "${name}", quantized in blocks or with scales of no use, which is not covered: ${this.#model.origin} cannot be imported.`,
      );
    }
    // Whole numbers (indices, counts) may bear a scale too; no activation is kept in 32 bits.
    return isActivation && ACTIVATION_TYPES[type] === undefined ? null : quantization;
  }

  #onGrid(context: OperatorContext, index: number, output: Value, who: string): Value {
    const tensor = tensorAt(this.#model, index);
    const quantization = this.#gridOf(tensor, who);
    if (quantization === null || output.dataType !== (DataType.FLOAT as number)) return output;
    const { name, inputs } = context.operator;
    const source =
      MOVING.has(name) && inputs[0] !== undefined ? this.#gridOf(tensorAt(this.#model, inputs[0]), who) : null;
    if (isSameGrid(source, quantization)) return output;
    const stored = this.#quantize(context, tensor, quantization, output);
    this.#stored.set(index, stored);
    const [form] = stored.forms.values();
    if (form === undefined) return output;
    const real = context.node('DequantizeLinear', [form.name, ...context.grid(quantization, stored.dataType)]);
    return context.made(real, output.shape, DataType.FLOAT, form.permutation, tensor.name);
  }

  #quantize(context: OperatorContext, tensor: TfliteTensor, quantization: Quantization, value: Value): Value {
    const dataType = ACTIVATION_TYPES[tensor.type];
    if (dataType === undefined) throw context.unsupported(`makes quantized ${tensor.type}, which is not covered`);
    const permutation: Permutation = [...value.forms.values()][0]?.permutation ?? asIs(value.shape.length);
    const inputs = [context.as(value, permutation), ...context.grid(quantization, dataType)];
    return context.made(context.node('QuantizeLinear', inputs), value.shape, dataType, permutation, tensor.name);
  }

  #refuseVariable(tensor: TfliteTensor, who: string): void {
    if (!tensor.isVariable) return;
    throw new OnnxLensError(
      'UNSUPPORTED_OPERATOR',
      `${who} has the tensor "${tensor.name}", which keeps its value from run to run, which is not covered: ${this.#model.origin} cannot be imported.`,
    );
  }
}
