import { DataType, floatAttribute, GraphBuilder } from 'onnx-lens/graph';
import { FaceMirrorError } from '../../../errors.js';
import { batchDimension, OPSET, type Architecture, type BuildOptions } from './architecture.js';
import {
  conv,
  doubleSize,
  foldNorm,
  NEAREST,
  normLine,
  readKernel,
  stackKernels,
  type ConvOptions,
  type Kernel,
} from './layers.js';
import { spec, type TensorSpec, type Weights } from './weights.js';

/**
 * RetinaFace (Deng et al., arXiv:1905.00641) on MobileNet-0.25, as in biubug6/Pytorch_Retinaface (models/net.py and
 * models/retinaface.py, `cfg_mnet`).
 *
 * Input `input` (batch, 3, height, width): BGR 0-255 minus (104, 117, 123). Outputs, for every prior (two a cell of the
 * grids of stride 8, 16 and 32, in this order, row by row): `loc` (batch, priors, 4), `conf` (batch, priors, 2: no
 * face, face; softmax), `landms` (batch, priors, 10).
 */
export const RETINAFACE: Architecture = { name: 'retinaface', title: 'RetinaFace MobileNet-0.25', tensors, build };

/** Blocks of a depthwise and a pointwise convolution: input and output channels and the depthwise one's stride. */
const STAGES = [
  [
    [8, 16, 1],
    [16, 32, 2],
    [32, 32, 1],
    [32, 64, 2],
    [64, 64, 1],
  ],
  [
    [64, 128, 2],
    [128, 128, 1],
    [128, 128, 1],
    [128, 128, 1],
    [128, 128, 1],
    [128, 128, 1],
  ],
  [
    [128, 256, 2],
    [256, 256, 1],
  ],
] as const;
const STEM_CHANNELS = 8;
const FEATURES = 64;
const LEVEL_CHANNELS = [64, 128, 256] as const;
const LEVELS = [1, 2, 3] as const;
/** Leaky ReLU's slope; the file's, not the paper's. */
const SLOPE = floatAttribute(0.1);
const ANCHORS = 2;
/** What a head predicts for each anchor. */
const HEADS = [
  { name: 'BboxHead', output: 'loc', values: 4 },
  { name: 'ClassHead', output: 'conf', values: 2 },
  { name: 'LandmarkHead', output: 'landms', values: 10 },
] as const;

function blockNames(): { name: string; input: number; output: number; stride: number }[] {
  return STAGES.flatMap((blocks, stage) =>
    // The first stage's place 0 is the stem.
    blocks.map(([input, output, stride], place) => ({
      name: `body.stage${stage + 1}.${stage === 0 ? place + 1 : place}`,
      input,
      output,
      stride,
    })),
  );
}

/** The context module's convolutions: name, input and output channels. */
const CONTEXT = [
  ['conv3X3', FEATURES, 32],
  ['conv5X5_1', FEATURES, 16],
  ['conv5X5_2', 16, 16],
  ['conv7X7_2', 16, 16],
  ['conv7x7_3', 16, 16],
] as const;

function tensors(): TensorSpec[] {
  const convNorm = (name: string, dims: Kernel['dims'], at = 0): TensorSpec[] => [
    ...spec.conv(`${name}.${at}`, dims, false),
    ...spec.norm(`${name}.${at + 1}`, dims[0]),
  ];
  return [
    ...convNorm('body.stage1.0', [STEM_CHANNELS, 3, 3, 3]),
    ...blockNames().flatMap(({ name, input, output }) => [
      ...convNorm(name, [input, 1, 3, 3]),
      ...convNorm(name, [output, input, 1, 1], 3),
    ]),
    ...LEVELS.flatMap((level, place) => convNorm(`fpn.output${level}`, [FEATURES, LEVEL_CHANNELS[place] ?? 0, 1, 1])),
    ...[1, 2].flatMap((level) => convNorm(`fpn.merge${level}`, [FEATURES, FEATURES, 3, 3])),
    ...LEVELS.flatMap((level) =>
      CONTEXT.flatMap(([name, input, output]) => convNorm(`ssh${level}.${name}`, [output, input, 3, 3])),
    ),
    ...HEADS.flatMap(({ name, values }) =>
      LEVELS.flatMap((_, place) => spec.conv(`${name}.${place}.conv1x1`, [ANCHORS * values, FEATURES, 1, 1], true)),
    ),
  ];
}

function build(weights: Weights, options: BuildOptions = {}): ReturnType<Architecture['build']> {
  const net = new RetinaFaceGraph(weights, options);
  return net.graph.toModel({ opset: OPSET });
}

class RetinaFaceGraph {
  readonly graph = new GraphBuilder('retinaface_mobilenet025');
  readonly #weights: Weights;
  readonly #options: BuildOptions;

  constructor(weights: Weights, options: BuildOptions) {
    this.#weights = weights;
    this.#options = options;
    this.#checkSize();
    const { graph } = this;
    const input = graph.input('input', DataType.FLOAT, [
      batchDimension(options),
      3,
      options.height ?? 'height',
      options.width ?? 'width',
    ]);
    const features = this.#pyramid(this.#backbone(input)).map((feature, place) =>
      this.#context(`ssh${place + 1}`, feature),
    );
    this.#heads(features);
  }

  #checkSize(): void {
    const { height, width } = this.#options;
    const isBoth = (height === undefined) === (width === undefined);
    const areCounts = [height, width].every((size) => size === undefined || (Number.isInteger(size) && size >= 32));
    if (!isBoth || !areCounts) {
      throw new FaceMirrorError(
        'USAGE',
        'Give RetinaFace both a height and a width of at least 32 pixels, or neither.',
      );
    }
  }

  /** Convolution, batch norm and, unless `isLinear`, leaky ReLU. `at`: the convolution's place in its module. */
  #convNorm(
    name: string,
    input: string,
    dims: Kernel['dims'],
    options: ConvOptions & { at?: number; isLinear?: boolean } = {},
  ): string {
    const at = options.at ?? 0;
    const kernel = foldNorm(
      readKernel(this.#weights, `${name}.${at}`, dims, false),
      normLine(this.#weights, `${name}.${at + 1}`),
    );
    const value = conv(this.graph, `${name}.${at}`, input, kernel, options);
    return options.isLinear === true
      ? value
      : this.graph.node('LeakyRelu', [value], { alpha: SLOPE }, { name: `${name}.${at + 2}` });
  }

  /** The outputs of the three stages. */
  #backbone(input: string): string[] {
    let value = this.#convNorm('body.stage1.0', input, [STEM_CHANNELS, 3, 3, 3], { stride: 2 });
    const stages: string[] = [];
    for (const block of blockNames()) {
      const wide = this.#convNorm(block.name, value, [block.input, 1, 3, 3], {
        stride: block.stride,
        groups: block.input,
      });
      value = this.#convNorm(block.name, wide, [block.output, block.input, 1, 1], { at: 3 });
      stages[Number(block.name.charAt('body.stage'.length)) - 1] = value;
    }
    return stages;
  }

  #pyramid(stages: readonly string[]): [string, string, string] {
    const [fine = '', middle = '', coarse = ''] = stages.map((stage, place) =>
      this.#convNorm(`fpn.output${place + 1}`, stage, [FEATURES, LEVEL_CHANNELS[place] ?? 0, 1, 1]),
    );
    const merged = this.#merge(2, middle, coarse);
    return [this.#merge(1, fine, merged), merged, coarse];
  }

  #merge(level: 1 | 2, fine: string, coarse: string): string {
    const sum = this.graph.node('Add', [fine, this.#enlarge(level, coarse)], {}, { name: `fpn.add${level}` });
    return this.#convNorm(`fpn.merge${level}`, sum, [FEATURES, FEATURES, 3, 3]);
  }

  /** The coarser level at the finer one's size: twice its own, unless a fixed size does not divide so. */
  #enlarge(level: 1 | 2, coarse: string): string {
    const { height, width } = this.#options;
    const name = `fpn.enlarge${level}`;
    const stride = 4 * 2 ** level;
    const isDouble = [height, width].every(
      (size) => size === undefined || cells(size, stride) === 2 * cells(size, 2 * stride),
    );
    if (isDouble || height === undefined || width === undefined) return doubleSize(this.graph, name, coarse);
    const { batch } = this.#options;
    if (batch === undefined) {
      throw new FaceMirrorError(
        'USAGE',
        `RetinaFace of ${width} by ${height} pixels needs a fixed batch; with a free one, give multiples of 32.`,
      );
    }
    const sizes = this.graph.ints([batch, FEATURES, cells(height, stride), cells(width, stride)], `${name}.sizes`);
    return this.graph.node('Resize', [coarse, '', '', sizes], NEAREST, { name });
  }

  /** The context module "SSH": views of three widths, side by side. */
  #context(name: string, feature: string): string {
    const at = (part: string): string => `${name}.${part}`;
    const near = this.#convNorm(at('conv3X3'), feature, [32, FEATURES, 3, 3], { isLinear: true });
    const shared = this.#convNorm(at('conv5X5_1'), feature, [16, FEATURES, 3, 3]);
    const middle = this.#convNorm(at('conv5X5_2'), shared, [16, 16, 3, 3], { isLinear: true });
    const farther = this.#convNorm(at('conv7X7_2'), shared, [16, 16, 3, 3]);
    const far = this.#convNorm(at('conv7x7_3'), farther, [16, 16, 3, 3], { isLinear: true });
    const all = this.graph.node('Concat', [near, middle, far], { axis: 1 }, { name: at('concat') });
    return this.graph.node('Relu', [all], {}, { name: at('relu') });
  }

  /**
   * The original runs nine 1x1 convolutions, rearranges each output, joins the levels and takes the softmax of the
   * scores. Here a level's three heads are one convolution, rearranged once, and the softmax of two is the sigmoid of
   * their difference, which the convolution gives. Nothing comes after the joining, whose output may be longer than
   * Core ML takes as an input (16384).
   */
  #heads(features: readonly string[]): void {
    const { graph } = this;
    const { batch } = this.#options;
    const levels = features.map((feature, place) =>
      this.#levelRows(feature, `heads.${place}`, this.#headKernel(place)),
    );
    const priors = this.#priors();
    HEADS.forEach(({ output, values }, head) => {
      const rows = levels.map((level) => level[head] ?? '');
      graph.node('Concat', rows, { axis: 1 }, { name: `heads.${output}`, outputs: [output] });
      graph.output(output, DataType.FLOAT, [batch ?? 'batch', priors, values]);
    });
  }

  /** A level's outputs as rows, one for each prior: those of the cells of a grid row by row, two a cell. */
  #levelRows(feature: string, name: string, kernel: Kernel): string[] {
    const { graph } = this;
    const values = conv(graph, name, feature, kernel);
    const last = graph.node('Transpose', [values], { perm: [0, 2, 3, 1] }, { name: `${name}.last` });
    const sizes = graph.ints(
      HEADS.map((head) => ANCHORS * head.values),
      `${name}.sizes`,
    );
    const parts = graph.nodeOutputs('Split', [last, sizes], { axis: 3 }, HEADS.length, { name: `${name}.split` });
    return HEADS.map((head, place) => {
      const part = parts[place] ?? '';
      const value = head.name === 'ClassHead' ? graph.node('Sigmoid', [part], {}, { name: `${name}.sigmoid` }) : part;
      const shape = graph.ints([this.#options.batch ?? 0, -1, head.values], `${name}.${head.output}.shape`);
      return graph.node('Reshape', [value, shape], {}, { name: `${name}.${head.output}` });
    });
  }

  #headKernel(place: number): Kernel {
    const read = (head: (typeof HEADS)[number]): Kernel =>
      readKernel(this.#weights, `${head.name}.${place}.conv1x1`, [ANCHORS * head.values, FEATURES, 1, 1], true);
    const [box, score, points] = HEADS;
    return stackKernels([read(box), againstOther(read(score)), read(points)]);
  }

  #priors(): number | string {
    const { height, width } = this.#options;
    if (height === undefined || width === undefined) return 'priors';
    return [8, 16, 32].reduce((sum, stride) => sum + ANCHORS * cells(height, stride) * cells(width, stride), 0);
  }
}

/** Cells that a grid of that stride has along a side. */
function cells(size: number, stride: number): number {
  return Math.ceil(size / stride);
}

/** For channels in pairs, the kernel that gives each less the other one of its pair. */
function againstOther(kernel: Kernel): Kernel {
  const length = kernel.weight.length / kernel.dims[0];
  const other = (channel: number): number => channel ^ 1;
  return {
    dims: kernel.dims,
    weight: kernel.weight.map(
      (value, place) => value - (kernel.weight[other(Math.floor(place / length)) * length + (place % length)] ?? 0),
    ),
    bias: kernel.bias.map((value, channel) => value - (kernel.bias[other(channel)] ?? 0)),
  };
}
