import { DataType, GraphBuilder } from 'onnx-lens/graph';
import { batchDimension, OPSET, type Architecture, type BuildOptions } from './architecture.js';
import { concatFloats, conv, foldNorm, normLine, readKernel, type ConvOptions, type Kernel } from './layers.js';
import { addActionUnitHead, actionUnitTensors } from './mtl-head.js';
import { spec, type TensorSpec, type Weights } from './weights.js';

/**
 * OpenFace 3.0's multitask network (CMU-MultiComp-Lab/OpenFace-3.0, model/MLT.py and model/AU_model.py): timm's
 * tf_efficientnet_b0_ns without its classifier, then a linear layer and ReLU for each of three tasks.
 *
 * Input `input_face` (batch, 3, 224, 224): RGB, ImageNet mean and deviation. Outputs `emotion` (batch, 8): logits;
 * `gaze` (batch, 2): yaw and pitch, radians; `au` (batch, 8): presence scores of AU 1, 2, 4, 6, 9, 12, 25, 26, 0 … 1.
 */
export const MTL: Architecture = { name: 'mtl', title: 'MTL (EfficientNet-B0)', tensors, build };

const SIZE = 224;
const STEM_CHANNELS = 32;
const FEATURES = 1280;
const EMOTIONS = 8;
const GAZE_ANGLES = 2;
const TASKS = ['emotion', 'gaze', 'au'] as const;
/** timm keeps TensorFlow's epsilon. */
const NORM_EPSILON = 1e-3;

/** EfficientNet-B0 (Tan and Le 2019, table 1): repeats, kernel, stride, expansion, output channels of each stage. */
const STAGES = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;

interface Block {
  readonly name: string;
  readonly kernel: number;
  readonly stride: number;
  readonly input: number;
  readonly wide: number;
  readonly squeezed: number;
  readonly output: number;
}

function blocks(): Block[] {
  const all: Block[] = [];
  let input = STEM_CHANNELS;
  STAGES.forEach(([repeats, kernel, stride, expansion, output], stage) => {
    for (let place = 0; place < repeats; place++) {
      const name = `base_model.blocks.${stage}.${place}`;
      all.push({
        name,
        kernel,
        stride: place === 0 ? stride : 1,
        input,
        wide: input * expansion,
        squeezed: input / 4,
        output,
      });
      input = output;
    }
  });
  return all;
}

/** Names of a block's convolutions and norms: without expansion they are counted from another start. */
function parts({ input, wide }: Block): {
  expand: [string, string] | null;
  depthwise: [string, string];
  project: [string, string];
} {
  return input === wide
    ? { expand: null, depthwise: ['conv_dw', 'bn1'], project: ['conv_pw', 'bn2'] }
    : { expand: ['conv_pw', 'bn1'], depthwise: ['conv_dw', 'bn2'], project: ['conv_pwl', 'bn3'] };
}

function blockTensors(block: Block): TensorSpec[] {
  const { name, kernel, input, wide, squeezed, output } = block;
  const { expand, depthwise, project } = parts(block);
  const convNorm = ([convName, norm]: [string, string], dims: Kernel['dims']): TensorSpec[] => [
    ...spec.conv(`${name}.${convName}`, dims, false),
    ...spec.norm(`${name}.${norm}`, dims[0]),
  ];
  return [
    ...(expand === null ? [] : convNorm(expand, [wide, input, 1, 1])),
    ...convNorm(depthwise, [wide, 1, kernel, kernel]),
    ...spec.conv(`${name}.se.conv_reduce`, [squeezed, wide, 1, 1], true),
    ...spec.conv(`${name}.se.conv_expand`, [wide, squeezed, 1, 1], true),
    ...convNorm(project, [output, wide, 1, 1]),
  ];
}

function tensors(): TensorSpec[] {
  return [
    ...spec.conv('base_model.conv_stem', [STEM_CHANNELS, 3, 3, 3], false),
    ...spec.norm('base_model.bn1', STEM_CHANNELS),
    ...blocks().flatMap(blockTensors),
    ...spec.conv('base_model.conv_head', [FEATURES, 320, 1, 1], false),
    ...spec.norm('base_model.bn2', FEATURES),
    ...TASKS.flatMap((task) => spec.linear(`fc_${task}`, FEATURES, FEATURES)),
    ...spec.linear('emotion_classifier', EMOTIONS, FEATURES),
    ...spec.linear('gaze_regressor', GAZE_ANGLES, FEATURES),
    ...actionUnitTensors(FEATURES),
  ];
}

function build(weights: Weights, options: BuildOptions = {}): ReturnType<Architecture['build']> {
  return new MtlGraph(weights, options).graph.toModel({ opset: OPSET });
}

class MtlGraph {
  readonly graph = new GraphBuilder('mtl_efficientnet_b0');
  readonly #weights: Weights;

  constructor(weights: Weights, options: BuildOptions) {
    this.#weights = weights;
    const { graph } = this;
    const batch = batchDimension(options);
    const image = graph.input('input_face', DataType.FLOAT, [batch, 3, SIZE, SIZE]);
    const [emotion, gaze, actionUnits] = this.#tasks(this.#backbone(image));
    this.#linear('emotion_classifier', emotion, EMOTIONS, 'emotion');
    this.#linear('gaze_regressor', gaze, GAZE_ANGLES, 'gaze');
    addActionUnitHead(graph, weights, { input: actionUnits, features: FEATURES, batch: options.batch, output: 'au' });
    for (const [name, count] of [
      ['emotion', EMOTIONS],
      ['gaze', GAZE_ANGLES],
      ['au', 8],
    ] as const) {
      graph.output(name, DataType.FLOAT, [batch, count]);
    }
  }

  /** The image's features, (batch, features). */
  #backbone(image: string): string {
    const { graph } = this;
    let value = this.#silu(
      'base_model.act1',
      this.#convNorm('base_model.conv_stem', 'base_model.bn1', image, [STEM_CHANNELS, 3, 3, 3], 2, SIZE),
    );
    let size = SIZE / 2;
    for (const block of blocks()) {
      value = this.#block(block, value, size);
      size /= block.stride;
    }
    const head = this.#convNorm('base_model.conv_head', 'base_model.bn2', value, [FEATURES, 320, 1, 1], 1, size);
    const pooled = graph.node(
      'GlobalAveragePool',
      [this.#silu('base_model.act2', head)],
      {},
      { name: 'base_model.pool' },
    );
    return graph.node('Reshape', [pooled, graph.ints([-1, FEATURES], 'features.shape')], {}, { name: 'features' });
  }

  #block(block: Block, input: string, size: number): string {
    const { graph } = this;
    const { name, kernel, stride, wide, squeezed, output } = block;
    const { expand, depthwise, project } = parts(block);
    const convNorm = (
      [convName, norm]: [string, string],
      value: string,
      dims: Kernel['dims'],
      step = 1,
      groups = 1,
    ): string => this.#convNorm(`${name}.${convName}`, `${name}.${norm}`, value, dims, step, size, groups);
    const widened =
      expand === null ? input : this.#silu(`${name}.act1`, convNorm(expand, input, [wide, block.input, 1, 1]));
    const filtered = this.#silu(`${name}.act2`, convNorm(depthwise, widened, [wide, 1, kernel, kernel], stride, wide));
    const gated = this.#squeezeExcite(`${name}.se`, filtered, wide, squeezed);
    const projected = convNorm(project, gated, [output, wide, 1, 1]);
    return stride === 1 && block.input === output
      ? graph.node('Add', [projected, input], {}, { name: `${name}.add` })
      : projected;
  }

  #squeezeExcite(name: string, value: string, wide: number, squeezed: number): string {
    const { graph } = this;
    const kernel = (part: string, dims: Kernel['dims']): Kernel =>
      readKernel(this.#weights, `${name}.${part}`, dims, true);
    const mean = graph.node('GlobalAveragePool', [value], {}, { name: `${name}.mean` });
    const reduced = this.#silu(
      `${name}.act`,
      conv(graph, `${name}.conv_reduce`, mean, kernel('conv_reduce', [squeezed, wide, 1, 1])),
    );
    const expanded = conv(graph, `${name}.conv_expand`, reduced, kernel('conv_expand', [wide, squeezed, 1, 1]));
    const gate = graph.node('Sigmoid', [expanded], {}, { name: `${name}.gate` });
    return graph.node('Mul', [value, gate], {}, { name });
  }

  #convNorm(
    name: string,
    norm: string,
    value: string,
    dims: Kernel['dims'],
    stride: number,
    size: number,
    groups = 1,
  ): string {
    const kernel = foldNorm(readKernel(this.#weights, name, dims, false), normLine(this.#weights, norm, NORM_EPSILON));
    return conv(this.graph, name, value, kernel, { stride, groups, pads: samePads(size, dims[2], stride) });
  }

  #silu(name: string, value: string): string {
    const gate = this.graph.node('Sigmoid', [value], {}, { name: `${name}.sigmoid` });
    return this.graph.node('Mul', [value, gate], {}, { name });
  }

  /** The tasks' linear layers and ReLUs, as one product of matrices. */
  #tasks(features: string): [emotion: string, gaze: string, actionUnits: string] {
    const { graph } = this;
    const stacked = (part: 'weight' | 'bias'): Float32Array =>
      concatFloats(TASKS.map((task) => this.#weights.get(`fc_${task}.${part}`)));
    const weight = graph.floats([TASKS.length * FEATURES, FEATURES], stacked('weight'), 'fc.weight');
    const bias = graph.floats([TASKS.length * FEATURES], stacked('bias'), 'fc.bias');
    const linear = graph.node('Gemm', [features, weight, bias], { transB: 1 }, { name: 'fc' });
    const relu = graph.node('Relu', [linear], {}, { name: 'fc.relu' });
    const sizes = graph.ints([FEATURES, FEATURES, FEATURES], 'fc.sizes');
    const [emotion = '', gaze = '', actionUnits = ''] = graph.nodeOutputs('Split', [relu, sizes], { axis: 1 }, 3, {
      name: 'fc.split',
    });
    return [emotion, gaze, actionUnits];
  }

  #linear(name: string, value: string, count: number, output: string): void {
    const { graph } = this;
    const weight = graph.floats([count, FEATURES], this.#weights.get(`${name}.weight`), `${name}.weight`);
    const bias = graph.floats([count], this.#weights.get(`${name}.bias`), `${name}.bias`);
    graph.node('Gemm', [value, weight, bias], { transB: 1 }, { name, outputs: [output] });
  }
}

/**
 * TensorFlow's "same": as many zeros as ceil(size / stride) places need, the odd one at the end. [top, left, bottom,
 * right].
 */
function samePads(size: number, kernel: number, stride: number): NonNullable<ConvOptions['pads']> {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
  const before = Math.floor(total / 2);
  return [before, before, total - before, total - before];
}
