import { OnnxLensError } from '../../errors.js';
import { readFileWhole } from '../../files.js';
import { TensorProto_DataType as DataType, type GraphProto, type ModelProto } from '../../model/generated/onnx_pb.js';
import { elementCount, halfToFloat, type Tensor, type TensorData } from '../../model/tensors.js';
import { BlockedLayout } from './blocked-layout.js';
import { BoundedGraph } from './bounded-graph.js';
import {
  computedValue,
  constantValue,
  OperatorContext,
  type Translation,
  type TranslationSettings,
} from './context.js';
import { foldIntegers } from './fold.js';
import { CONVOLUTION } from './operators/convolution.js';
import { ELEMENTWISE } from './operators/elementwise.js';
import { MEDIAPIPE } from './operators/mediapipe.js';
import { PADDING } from './operators/padding.js';
import { REDUCTION } from './operators/reduction.js';
import { SHAPE } from './operators/shape.js';
import { SLICING } from './operators/slicing.js';
import { readTflite, type TfliteModel, type TfliteOperator, type TfliteTensor } from './schema.js';
import { asIs, channelsSecond, permuteShape, type Value } from './value.js';

/** How to import a TensorFlow Lite model. */
export interface TfliteImportOptions {
  /** Half-float weights: `widen` (default) makes them float32; `keep` leaves them, to be widened when the model is opened. */
  readonly halfWeights?: 'widen' | 'keep';
  /**
   * Order of image inputs (rank 4). `original` (default) keeps batch, height, width, channels; `channels-second` makes
   * it batch, channels, height, width and saves the Transpose at the graph's start.
   */
  readonly imageInputs?: 'original' | 'channels-second';
  /**
   * PRELU with a slope a channel: `operator` (default) makes it PRelu; `convolutions` 1x1 depthwise convolutions, a Relu
   * and an Add. ONNX Runtime's blocked layout for the CPU has no PRelu, which it must leave and enter again for each;
   * accelerators take PRelu as it is.
   */
  readonly prelu?: 'operator' | 'convolutions';
  /**
   * A PAD that puts as many channels of zeros behind those of an image, as residual nets do before an ADD: `operator`
   * (default) makes it Pad; `convolution` a 1x1 depthwise convolution by 0 and a Concat, for the same reason. It is left a
   * Pad where the image is not in the blocked layout anyway.
   */
  readonly channelZeros?: 'operator' | 'convolution';
}

const OPSET = 17;

const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map(
  Object.entries({ ...CONVOLUTION, ...ELEMENTWISE, ...SHAPE, ...PADDING, ...SLICING, ...REDUCTION }),
);
const CUSTOM_TRANSLATIONS: ReadonlyMap<string, Translation> = new Map(Object.entries(MEDIAPIPE));

/** Operators that an import covers, custom ones last. */
export function coveredTfliteOperators(): string[] {
  return [...[...TRANSLATIONS.keys()].sort(), ...CUSTOM_TRANSLATIONS.keys()];
}

/**
 * Reads a .tflite file as an ONNX model (opset 17) that computes the same: inputs and outputs keep their names, types and
 * shapes (but see {@link TfliteImportOptions.imageInputs}); shapes are fixed as the file gives them.
 * @throws OnnxLensError FILE_UNREADABLE; NOT_TFLITE for a damaged file; UNSUPPORTED_OPERATOR, naming it and its place.
 */
export function importTflite(path: string, options: TfliteImportOptions = {}): ModelProto {
  return convertTflite(readFileWhole(path, 'the model'), path, options);
}

/** {@link importTflite} for bytes at hand; `origin` is how messages call them. */
export function convertTflite(bytes: Uint8Array, origin: string, options: TfliteImportOptions = {}): ModelProto {
  const model = readTflite(bytes, origin);
  const graph = new BoundedGraph(model.description === '' ? 'tflite' : model.description, origin, bytes.length);
  const values = new Map<number, Value>();
  declareInputs(model, graph, values, options.imageInputs ?? 'original');
  const settings: TranslationSettings = {
    prelu: options.prelu ?? 'operator',
    channelZeros: options.channelZeros ?? 'operator',
    blocked: new BlockedLayout(),
  };
  const halfWeights = options.halfWeights ?? 'widen';
  for (const operator of model.operators) translate(model, operator, graph, values, settings, halfWeights);
  return finish(model, graph, values, settings);
}

function declareInputs(
  model: TfliteModel,
  graph: BoundedGraph,
  values: Map<number, Value>,
  imageInputs: NonNullable<TfliteImportOptions['imageInputs']>,
): void {
  for (const index of model.inputs) {
    const tensor = tensorAt(model, index);
    const permutation =
      tensor.shape.length === 4 && imageInputs === 'channels-second' ? channelsSecond(4) : asIs(tensor.shape.length);
    const dataType = dataTypeOf(model, tensor, 'The graph');
    const name = graph.input(
      graph.fresh(tensor.name === '' ? `input_${index}` : tensor.name),
      dataType,
      permuteShape(tensor.shape, permutation),
    );
    values.set(index, computedValue(tensor.name, tensor.shape, dataType, { name, permutation }));
  }
}

function translate(
  model: TfliteModel,
  operator: TfliteOperator,
  graph: BoundedGraph,
  values: Map<number, Value>,
  settings: TranslationSettings,
  halfWeights: 'widen' | 'keep',
): void {
  const names = operator.outputs.map((index) => tensorAt(model, index).name);
  const who = `operator ${operator.index}, ${operator.name} (making "${names[0] ?? ''}"),`;
  const translation = (operator.isCustom ? CUSTOM_TRANSLATIONS : TRANSLATIONS).get(operator.name);
  if (translation === undefined) {
    const kind = operator.isCustom ? 'custom operator' : 'operator';
    throw new OnnxLensError(
      'UNSUPPORTED_OPERATOR',
      `The ${kind} ${operator.name} (version ${operator.version}) is not covered: ${model.origin} has it as operator ${operator.index}, making "${names[0] ?? ''}".`,
    );
  }
  for (const index of [...operator.inputs, ...operator.outputs]) {
    if (index >= 0) refuseUncovered(model, tensorAt(model, index), who);
  }
  const inputs = operator.inputs.map((index) =>
    index < 0 ? null : valueAt(model, index, graph, values, halfWeights, who),
  );
  const context = new OperatorContext(operator, graph, inputs, names, model.origin, settings);
  const outputs = foldIntegers(context) ?? translation(context);
  if (outputs.length < operator.outputs.length)
    throw context.damaged(`has ${operator.outputs.length} outputs where it gives ${outputs.length}`);
  operator.outputs.forEach((index, place) => {
    const output = outputs[place];
    if (output !== undefined) values.set(index, output);
  });
}

/** Numbers that mean something else than they say must never pass for plain ones. */
function refuseUncovered(model: TfliteModel, tensor: TfliteTensor, who: string): void {
  const refuse = (why: string): never => {
    throw new OnnxLensError(
      'UNSUPPORTED_OPERATOR',
      `${who} has the tensor "${tensor.name}", which ${why}: ${model.origin} cannot be imported.`,
    );
  };
  if (tensor.isQuantized && tensor.type !== 'FLOAT32' && tensor.type !== 'FLOAT16') {
    refuse(`is quantized (${tensor.type}); quantized models are not covered, use the float model`);
  }
  if (tensor.isSparse) refuse('is stored sparsely, which is not covered, use the dense model');
  if (tensor.isVariable) refuse('keeps its value from run to run, which is not covered');
}

function valueAt(
  model: TfliteModel,
  index: number,
  graph: BoundedGraph,
  values: Map<number, Value>,
  halfWeights: 'widen' | 'keep',
  who: string,
): Value {
  const known = values.get(index);
  if (known !== undefined) return known;
  const tensor = tensorAt(model, index);
  if (tensor.data === null) {
    throw new OnnxLensError(
      'NOT_TFLITE',
      `${model.origin} is damaged: ${who} reads "${tensor.name}", which nothing before it makes.`,
    );
  }
  // Many tensors may share one buffer, and each is a copy of it.
  graph.spend(tensor.data.length);
  const value = constantValue(tensor.name, readConstant(model, tensor, tensor.data, halfWeights, who));
  values.set(index, value);
  return value;
}

function tensorAt(model: TfliteModel, index: number): TfliteTensor {
  const tensor = model.tensors[index];
  if (tensor === undefined)
    throw new OnnxLensError('NOT_TFLITE', `${model.origin} is damaged: there is no tensor ${index}.`);
  return tensor;
}

const TYPES: Readonly<
  Record<
    string,
    { readonly dataType: DataType; readonly view: (buffer: ArrayBuffer) => TensorData; readonly bytes: number }
  >
> = {
  FLOAT32: { dataType: DataType.FLOAT, view: (buffer) => new Float32Array(buffer), bytes: 4 },
  FLOAT16: { dataType: DataType.FLOAT16, view: (buffer) => new Uint16Array(buffer), bytes: 2 },
  INT32: { dataType: DataType.INT32, view: (buffer) => new Int32Array(buffer), bytes: 4 },
  INT64: { dataType: DataType.INT64, view: (buffer) => new BigInt64Array(buffer), bytes: 8 },
  BOOL: { dataType: DataType.BOOL, view: (buffer) => new Uint8Array(buffer), bytes: 1 },
  UINT8: { dataType: DataType.UINT8, view: (buffer) => new Uint8Array(buffer), bytes: 1 },
  INT8: { dataType: DataType.INT8, view: (buffer) => new Int8Array(buffer), bytes: 1 },
  INT16: { dataType: DataType.INT16, view: (buffer) => new Int16Array(buffer), bytes: 2 },
};

function typeOf(model: TfliteModel, tensor: TfliteTensor, who: string): (typeof TYPES)[string] & object {
  const type = TYPES[tensor.type];
  if (type === undefined) {
    throw new OnnxLensError(
      'UNSUPPORTED_OPERATOR',
      `${who} has the tensor "${tensor.name}" of ${tensor.type}, which is not covered: ${model.origin} cannot be imported.`,
    );
  }
  return type;
}

function dataTypeOf(model: TfliteModel, tensor: TfliteTensor, who: string): DataType {
  return typeOf(model, tensor, who).dataType;
}

function readConstant(
  model: TfliteModel,
  tensor: TfliteTensor,
  data: Uint8Array,
  halfWeights: 'widen' | 'keep',
  who: string,
): Tensor {
  const type = typeOf(model, tensor, who);
  if (data.length !== elementCount(tensor.shape) * type.bytes) {
    throw new OnnxLensError(
      'NOT_TFLITE',
      `${model.origin} is damaged: tensor "${tensor.name}" of shape [${tensor.shape.join(', ')}] has ${data.length} bytes of values.`,
    );
  }
  const values = type.view(data.slice().buffer);
  if (type.dataType === DataType.FLOAT16 && halfWeights === 'widen') {
    return {
      dataType: DataType.FLOAT,
      dims: tensor.shape,
      data: Float32Array.from(values as Uint16Array, halfToFloat),
    };
  }
  return { dataType: type.dataType, dims: tensor.shape, data: values };
}

/** Names the outputs as the original does, and leaves out what nothing needs. */
function finish(
  model: TfliteModel,
  graph: BoundedGraph,
  values: ReadonlyMap<number, Value>,
  settings: TranslationSettings,
): ModelProto {
  const lastNode = new OperatorContext(
    {
      index: model.operators.length,
      name: 'OUTPUT',
      isCustom: false,
      version: 1,
      inputs: [],
      outputs: [],
      options: null,
      customOptions: new Uint8Array(),
    },
    graph,
    [],
    [],
    model.origin,
    settings,
  );
  for (const index of new Set(model.outputs)) {
    const tensor = tensorAt(model, index);
    const value = values.get(index);
    if (value === undefined)
      throw new OnnxLensError('NOT_TFLITE', `${model.origin} is damaged: nothing makes its output "${tensor.name}".`);
    const name = graph.fresh(tensor.name === '' ? `output_${index}` : tensor.name);
    graph.node(
      'Identity',
      [lastNode.as(value, asIs(value.shape.length))],
      {},
      { outputs: [name], name: `${name}/Identity` },
    );
    graph.output(name, value.dataType, value.shape);
  }
  const result = graph.toModel({ opset: OPSET });
  if (result.graph !== undefined) tidy(result.graph);
  return result;
}

/** Takes away the Identity before an output where its source may bear the output's name, and every node that feeds no output. */
function tidy(graph: GraphProto): void {
  const makers = new Map(graph.node.flatMap((node) => node.output.map((output) => [output, node] as const)));
  const renamed = new Map<string, string>();
  for (const node of graph.node) {
    const [source] = node.input;
    const [target] = node.output;
    if (node.opType !== 'Identity' || source === undefined || target === undefined) continue;
    const maker = makers.get(source);
    if (maker === undefined || maker.opType === 'Identity' || renamed.has(source)) continue;
    renamed.set(source, target);
  }
  const isDropped = (opType: string, input: string | undefined, output: string | undefined): boolean =>
    opType === 'Identity' && input !== undefined && renamed.get(input) === output;
  graph.node = graph.node.filter((node) => !isDropped(node.opType, node.input[0], node.output[0]));
  for (const node of graph.node) {
    node.input = node.input.map((name) => renamed.get(name) ?? name);
    node.output = node.output.map((name) => renamed.get(name) ?? name);
  }
  const needed = new Set(graph.output.map((output) => output.name));
  for (const node of [...graph.node].reverse()) {
    if (node.output.some((output) => needed.has(output))) for (const input of node.input) needed.add(input);
  }
  graph.node = graph.node.filter((node) => node.output.some((output) => needed.has(output)));
  graph.initializer = graph.initializer.filter((tensor) => needed.has(tensor.name));
}
