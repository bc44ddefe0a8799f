import { OnnxLensError } from '../../errors.js';
import type { GraphProto, ModelProto } from '../../model/generated/onnx_pb.js';
import { BlockedLayout } from './blocked-layout.js';
import { BoundedGraph } from './bounded-graph.js';
import { dataTypeOf } from './constants.js';
import { computedValue, type TranslationSettings } from './context.js';
import { Importer } from './importer.js';
import { readTflite, tensorAt, type TfliteModel } from './schema.js';
import { asIs, channelsSecond, permuteShape } from './value.js';

/** How to import a TensorFlow Lite model. */
export interface TfliteImportOptions {
  /**
   * Half-float weights: `widen` (default) makes them float32; `keep` leaves them, to be widened when the model is
   * opened.
   */
  readonly halfWeights?: 'widen' | 'keep';
  /**
   * Order of image inputs (rank 4). `original` (default) keeps batch, height, width, channels; `channels-second` makes
   * it batch, channels, height, width and saves the Transpose at the graph's start.
   */
  readonly imageInputs?: 'original' | 'channels-second';
  /**
   * PRELU with a slope a channel: `operator` (default) makes it PRelu; `convolutions` 1x1 depthwise convolutions, a
   * Relu and an Add. ONNX Runtime's blocked layout for the CPU has no PRelu, which it must leave and enter again for
   * each; accelerators take PRelu as it is.
   */
  readonly prelu?: 'operator' | 'convolutions';
  /**
   * A PAD that puts as many channels of zeros behind those of an image, as residual nets do before an ADD: `operator`
   * (default) makes it Pad; `convolution` a 1x1 depthwise convolution by 0 and a Concat, for the same reason. It is
   * left a Pad where the image is not in the blocked layout anyway.
   */
  readonly channelZeros?: 'operator' | 'convolution';
  /**
   * Is told, in a sentence each, in what the import differs from the original: quantized models are not equal bit by
   * bit.
   */
  readonly onNote?: (note: string) => void;
}

const OPSET = 17;
/** The first opset whose QuantizeLinear knows 16 bits, and the IR version that came with it. */
const OPSET_16_BIT = { opset: 21, irVersion: 10 };

/**
 * {@link importTflite} for bytes at hand; `origin` is how messages call them.
 *
 * @example
 * const model = convertTflite(readFileSync('face.tflite'), 'face.tflite', { imageInputs: 'channels-second' });
 * model.graph?.input.length; // 1
 */
export function convertTflite(bytes: Uint8Array, origin: string, options: TfliteImportOptions = {}): ModelProto {
  const model = readTflite(bytes, origin);
  const graph = new BoundedGraph(model.description === '' ? 'tflite' : model.description, origin, bytes.length);
  const is16Bit = model.tensors.some(({ type, quantization }) => /^U?INT16$/.test(type) && quantization !== null);
  const versions = is16Bit ? OPSET_16_BIT : { opset: OPSET };
  const settings: TranslationSettings = {
    prelu: options.prelu ?? 'operator',
    channelZeros: options.channelZeros ?? 'operator',
    blocked: new BlockedLayout(),
    opset: versions.opset,
  };
  const importer = new Importer(model, graph, settings, options.halfWeights ?? 'widen');
  declareInputs(model, graph, importer, options.imageInputs ?? 'original');
  for (const operator of model.operators) importer.translate(operator);
  for (const note of importer.notes()) options.onNote?.(note);
  return finish(model, graph, importer, versions);
}

function declareInputs(
  model: TfliteModel,
  graph: BoundedGraph,
  importer: Importer,
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
    importer.take(index, computedValue(tensor.name, tensor.shape, dataType, { name, permutation }));
  }
}

/** Names the outputs as the original does, and leaves out what nothing needs. */
function finish(
  model: TfliteModel,
  graph: BoundedGraph,
  importer: Importer,
  versions: { readonly opset: number; readonly irVersion?: number },
): ModelProto {
  const lastNode = importer.contextFor('OUTPUT');
  for (const index of new Set(model.outputs)) {
    const tensor = tensorAt(model, index);
    const value = importer.stored(index);
    if (value === null)
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
  const result = graph.toModel(versions);
  if (result.graph !== undefined) tidy(result.graph);
  return result;
}

/**
 * Takes away the Identity before an output where its source may bear the output's name, and every node that feeds no
 * output.
 */
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
