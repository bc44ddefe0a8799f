import { DataType, GraphBuilder } from 'onnx-lens/graph';
import { batchDimension, OPSET, type Architecture, type BuildOptions } from './architecture.js';
import {
  conv,
  doubleSize,
  foldNorm,
  inputChannels,
  joinKernels,
  normLine,
  readKernel,
  stackKernels,
  type Kernel,
} from './layers.js';
import { convolve, coordinateMaps, splitMaps, STAR_EDGES, STAR_POINTS } from './star-geometry.js';
import { CHANNELS, LEVELS, STACKS, starTensors } from './star-tensors.js';
import type { Weights } from './weights.js';

/**
 * STAR's landmark network (Zhou et al., CVPR 2023): StackedHGNetV1 for WFLW with 4 stacks of 4 levels, 256 channels,
 * CoordConv, edge and point attention maps, as in ZhenglinZhou/STAR (lib/backbone/stackedHGNetV1.py).
 *
 * Input `input_image` (batch, 3, 256, 256): BGR, x / 255 * 2 - 1. Output `landmarks` (batch, 98, 2): x and y in -1 … 1,
 * from the first pixel's centre to the last one's. With all outputs, for each stack 1 … 4: `landmarks_stackK`,
 * `pointmaps_stackK` (batch, 98, 64, 64), `edgemaps_stackK` (batch, 9, 64, 64) and `heatmaps_stackK` (batch, 98, 64,
 * 64).
 */
export const STAR: Architecture = {
  name: 'star',
  title: 'STAR (StackedHGNetV1, WFLW-98)',
  tensors: starTensors,
  build,
};

const SIZE = 256;
const GRID = 64;
/** A heat map's value from which the boundary's coordinates are told to the next stack. */
const BOUNDARY = 0.05;
/** Guard against an empty heat map; the original's. */
const SMALLEST_SUM = 1e-6;

function build(weights: Weights, options: BuildOptions = {}): ReturnType<Architecture['build']> {
  return new StarGraph(weights, options).graph.toModel({ opset: OPSET });
}

/** What a stack hands on. */
interface Stack {
  readonly feature: string;
  /** After instance norm and ReLU. */
  readonly heatmaps: string;
}

class StarGraph {
  readonly graph = new GraphBuilder('star_landmark_98');
  readonly #weights: Weights;
  readonly #batch: number | string;
  readonly #hasAllOutputs: boolean;
  /** Shared by the stacks: 1 and 0 for each heat map. */
  readonly #ones: string;
  readonly #zeros: string;

  constructor(weights: Weights, options: BuildOptions) {
    this.#weights = weights;
    this.#batch = batchDimension(options);
    this.#hasAllOutputs = options.outputs === 'all';
    const { graph } = this;
    this.#ones = graph.floats([STAR_POINTS], new Float32Array(STAR_POINTS).fill(1), 'ones');
    this.#zeros = graph.floats([STAR_POINTS], new Float32Array(STAR_POINTS), 'zeros');
    const image = graph.input('input_image', DataType.FLOAT, [this.#batch, 3, SIZE, SIZE]);
    this.#stacks(this.#stem(image));
  }

  #stacks(stem: string): void {
    let value = stem;
    let before: Stack | null = null;
    for (let stack = 0; stack < STACKS; stack++) {
      const made = this.#stack(stack, value, before);
      const isLast = stack === STACKS - 1;
      if (isLast || this.#hasAllOutputs) this.#landmarks(stack, made, isLast);
      if (!isLast) value = this.#merge(stack, value, made);
      before = made;
    }
  }

  #stem(image: string): string {
    const { graph } = this;
    // CoordConv adds three channels that are the same for every image: what the kernel makes of them is a constant.
    const kernel = foldNorm(
      readKernel(this.#weights, 'pre.0.conv', [64, 6, 7, 7], true),
      normLine(this.#weights, 'pre.0.bn'),
    );
    const ofImage = conv(
      graph,
      'pre.0.conv',
      image,
      { ...inputChannels(kernel, 0, 3), bias: new Float32Array(64) },
      { stride: 2 },
    );
    const half = SIZE / 2;
    const coordinates = graph.floats(
      [1, 64, half, half],
      convolve(coordinateMaps(SIZE), SIZE, inputChannels(kernel, 3, 6), 2),
      'pre.0.coordinates',
    );
    const sum = graph.node('Add', [ofImage, coordinates], {}, { name: 'pre.0.add' });
    const first = this.#block('pre.1', this.#relu('pre.0', sum), 64, 128);
    const pooled = this.#pool('pre.2', first);
    return this.#block('pre.4', this.#block('pre.3', pooled, 128, 128), 128, CHANNELS);
  }

  #stack(stack: number, value: string, before: Stack | null): Stack {
    const { graph } = this;
    const hourglass = this.#hourglass(`hgs.${stack}`, this.#coordinates(stack, value, before), LEVELS);
    const block = this.#block(`features.${stack}.0`, hourglass, CHANNELS, CHANNELS);
    const kernel = foldNorm(
      this.#pointwise(`features.${stack}.1`, CHANNELS, CHANNELS),
      normLine(this.#weights, `features.${stack}.1.bn`),
    );
    const feature = this.#relu(`features.${stack}.1`, conv(graph, `features.${stack}.1.conv`, block, kernel));
    const heat = conv(
      graph,
      `out_heatmaps.${stack}`,
      feature,
      this.#pointwise(`out_heatmaps.${stack}`, STAR_POINTS, CHANNELS),
    );
    const normal = graph.node(
      'InstanceNormalization',
      [heat, this.#ones, this.#zeros],
      { epsilon: 1e-5 },
      { name: `heatmap_norm.${stack}` },
    );
    return { feature, heatmaps: this.#relu(`heatmap_relu.${stack}`, normal) };
  }

  /**
   * CoordConv: what its 1x1 kernel makes of the features, plus what it makes of the coordinates. The coordinates are
   * constants in the first stack; later ones also get them where the last heat map of the stack before is above a
   * threshold.
   */
  #coordinates(stack: number, value: string, before: Stack | null): string {
    const { graph } = this;
    const name = `hgs.${stack}.coordconv`;
    const kernel = this.#pointwise(name, CHANNELS, CHANNELS + (before === null ? 3 : 5));
    const ofFeatures = { ...inputChannels(kernel, 0, CHANNELS), bias: new Float32Array(CHANNELS) };
    const features = conv(graph, `${name}.features`, value, ofFeatures);
    const ofCoordinates = inputChannels(kernel, CHANNELS, kernel.dims[1]);
    const coordinates =
      before === null
        ? graph.floats(
            [1, CHANNELS, GRID, GRID],
            convolve(coordinateMaps(GRID), GRID, ofCoordinates, 1),
            `${name}.coordinates`,
          )
        : conv(graph, `${name}.coordinates`, this.#boundaryCoordinates(name, before), ofCoordinates);
    return graph.node('Add', [features, coordinates], {}, { name: `${name}.add` });
  }

  /**
   * The five coordinate maps (down, across, radius; down and across on the boundary, 0 elsewhere) of each item of the
   * batch.
   *
   * `value > threshold` is had without comparing: (value - threshold), exact in floating point close to 0, is raised by
   * powers of two and clipped to 0 … 1. The smallest step above 0.05 is 2^-28, so twice 2^14 makes it 1; in two steps
   * because 2^28 is beyond float16. The threshold of the first three maps is -1, below every value, so they are
   * constants.
   */
  #boundaryCoordinates(name: string, before: Stack): string {
    const { graph } = this;
    const raise = 2 ** 14;
    const last = graph.node(
      'Slice',
      [
        before.heatmaps,
        graph.ints([STAR_POINTS - 1], 'slice.from'),
        graph.ints([STAR_POINTS], 'slice.to'),
        graph.ints([1], 'slice.axis'),
      ],
      {},
      { name: `${name}.boundary` },
    );
    const thresholds = [-1, -1, -1, BOUNDARY, BOUNDARY].map(Math.fround);
    const kernel: Kernel = {
      dims: [5, 1, 1, 1],
      weight: new Float32Array(5).fill(raise),
      bias: Float32Array.from(thresholds, (threshold) => -threshold * raise),
    };
    const once = this.#clip(`${name}.above`, conv(graph, `${name}.less`, last, kernel), 0, 1);
    const again = graph.node('Mul', [once, graph.floats([], [raise], `${name}.raise`)], {}, { name: `${name}.again` });
    const [down, across, radius] = splitMaps(coordinateMaps(GRID));
    const maps = graph.floats([1, 5, GRID, GRID], [...down, ...across, ...radius, ...down, ...across], `${name}.maps`);
    return graph.node('Mul', [this.#clip(`${name}.mask`, again, 0, 1), maps], {}, { name: `${name}.masked` });
  }

  /** Pre-activation residual block of three convolutions. */
  #block(name: string, value: string, input: number, output: number): string {
    const { graph } = this;
    const middle = output / 2;
    const { scale, shift } = normLine(this.#weights, `${name}.bn1`);
    // Not to be folded: the value goes on as it is, too. A batch norm of mean 0 and variance 1 is Core ML's and the
    // CPU's fastest form.
    const normal = graph.node(
      'BatchNormalization',
      [
        value,
        graph.floats([input], scale, `${name}.bn1.scale`),
        graph.floats([input], shift, `${name}.bn1.shift`),
        this.#constant(input, 0),
        this.#constant(input, 1),
      ],
      { epsilon: 1e-45 },
      { name: `${name}.bn1` },
    );
    const kernel = (part: string, dims: Kernel['dims']): Kernel =>
      readKernel(this.#weights, `${name}.${part}.conv`, dims, true);
    const narrow = foldNorm(kernel('conv1', [middle, input, 1, 1]), normLine(this.#weights, `${name}.bn2`));
    const wide = foldNorm(kernel('conv2', [middle, middle, 3, 3]), normLine(this.#weights, `${name}.bn3`));
    const first = this.#relu(
      `${name}.relu2`,
      conv(graph, `${name}.conv1`, this.#relu(`${name}.relu1`, normal), narrow),
    );
    const second = this.#relu(`${name}.relu3`, conv(graph, `${name}.conv2`, first, wide));
    const third = conv(graph, `${name}.conv3`, second, kernel('conv3', [output, middle, 1, 1]));
    const skip =
      input === output ? value : conv(graph, `${name}.skip_layer`, value, kernel('skip_layer', [output, input, 1, 1]));
    return graph.node('Add', [third, skip], {}, { name: `${name}.add` });
  }

  #hourglass(name: string, value: string, level: number): string {
    const block = (part: string, from: string): string => this.#block(`${name}.${part}`, from, CHANNELS, CHANNELS);
    const upper = block('up1', value);
    const low1 = block('low1', this.#pool(`${name}.pool1`, value));
    const low2 = level > 1 ? this.#hourglass(`${name}.low2`, low1, level - 1) : block('low2', low1);
    const lower = doubleSize(this.graph, `${name}.up2`, block('low3', low2));
    return this.graph.node('Add', [upper, lower], {}, { name: `${name}.add` });
  }

  /** Point attention (98) and edge attention (9), one after another, before the sigmoid. */
  #attentionKernel(stack: number): Kernel {
    return stackKernels([
      this.#pointwise(`out_pointmaps.${stack}`, STAR_POINTS, CHANNELS),
      this.#pointwise(`out_edgemaps.${stack}`, STAR_EDGES, CHANNELS),
    ]);
  }

  /** What the next stack starts from: the features so far and all that this stack found. */
  #merge(stack: number, value: string, { feature, heatmaps }: Stack): string {
    const { graph } = this;
    const logits = this.#attentionKernel(stack);
    const attention = graph.node(
      'Sigmoid',
      [conv(graph, `out_attention.${stack}`, feature, logits)],
      {},
      { name: `attention.${stack}` },
    );
    const kernel = (what: string, inputs: number): Kernel =>
      this.#pointwise(`merge_${what}.${stack}`, CHANNELS, inputs);
    const ofAttention = joinKernels([kernel('pointmaps', STAR_POINTS), kernel('edgemaps', STAR_EDGES)]);
    const parts = [
      conv(graph, `merge_features.${stack}`, feature, kernel('features', CHANNELS)),
      conv(graph, `merge_heatmaps.${stack}`, heatmaps, kernel('heatmaps', STAR_POINTS)),
      conv(graph, `merge_attention.${stack}`, attention, ofAttention),
    ];
    return parts.reduce(
      (sum, part, place) => graph.node('Add', [sum, part], {}, { name: `merge.${stack}.${place}` }),
      value,
    );
  }

  /**
   * Heat maps times their attention, and the centre of mass of each: sums over all pixels as one product of matrices.
   */
  #landmarks(stack: number, { feature, heatmaps }: Stack, isLast: boolean): void {
    const { graph } = this;
    const name = `decode.${stack}`;
    const attention = this.#fineSigmoid(`${name}.attention`, feature, this.#attentionKernel(stack));
    const sizes = graph.ints([STAR_POINTS, STAR_EDGES], `${name}.sizes`);
    const [points = '', edges = ''] = graph.nodeOutputs('Split', [attention, sizes], { axis: 1 }, 2, {
      name: `${name}.split`,
    });
    const membership: Kernel = {
      dims: [STAR_POINTS, STAR_EDGES, 1, 1],
      weight: this.#weights.get('e2h_transform.weight'),
      bias: this.#weights.get('e2h_transform.bias'),
    };
    const ofEdges = conv(graph, `${name}.e2h_transform`, edges, membership);
    const mask = graph.node('Mul', [ofEdges, points], {}, { name: `${name}.mask` });
    const fused = graph.node('Mul', [mask, heatmaps], {}, { name: `${name}.fused` });
    const flat = graph.node('Reshape', [fused, this.#flatShape(name)], {}, { name: `${name}.flat` });
    const [down, across] = splitMaps(coordinateMaps(GRID));
    const columns = Float32Array.from(
      { length: 3 * GRID * GRID },
      (_, place) => [across, down][place % 3]?.[Math.floor(place / 3)] ?? 1,
    );
    const sums = graph.node(
      'MatMul',
      [flat, graph.floats([GRID * GRID, 3], columns, `${name}.columns`)],
      {},
      { name: `${name}.sums` },
    );
    const cut = graph.ints([2, 1], `${name}.cut`);
    const [moments = '', mass = ''] = graph.nodeOutputs('Split', [sums, cut], { axis: 2 }, 2, {
      name: `${name}.moments`,
    });
    const output = this.#hasAllOutputs ? `landmarks_stack${stack + 1}` : 'landmarks';
    graph.node(
      'Div',
      [moments, this.#clip(`${name}.mass`, mass, SMALLEST_SUM)],
      {},
      { name: `${name}.divide`, outputs: [output] },
    );
    this.#declare(output, [STAR_POINTS, 2]);
    if (!this.#hasAllOutputs) return;
    const maps = {
      pointmaps: [points, STAR_POINTS],
      edgemaps: [edges, STAR_EDGES],
      heatmaps: [fused, STAR_POINTS],
    } as const;
    for (const [what, [value, channels]] of Object.entries(maps)) {
      const named = graph.node(
        'Identity',
        [value],
        {},
        { name: `${name}.${what}`, outputs: [`${what}_stack${stack + 1}`] },
      );
      this.#declare(named, [channels, GRID, GRID]);
    }
    if (isLast) {
      graph.node('Identity', [output], {}, { name: `${name}.last`, outputs: ['landmarks'] });
      this.#declare('landmarks', [STAR_POINTS, 2]);
    }
  }

  /**
   * The sigmoid of a convolution, also where it is next to nothing. ONNX Runtime's Sigmoid is right to some 3e-8 and
   * ends at 1.5e-8; a landmark whose attention is that low all over would be pulled to the middle of the picture. An
   * eighth of the logit is in the range where the sigmoid is good: its odds to the eighth power are those that are
   * sought.
   */
  #fineSigmoid(name: string, feature: string, kernel: Kernel): string {
    const { graph } = this;
    const one = graph.floats([], [1], `${name}.one`);
    const op = (opType: string, inputs: readonly string[], part: string): string =>
      graph.node(opType, inputs, {}, { name: `${name}.${part}` });
    const eighth = {
      ...kernel,
      weight: kernel.weight.map((value) => value / 8),
      bias: kernel.bias.map((value) => value / 8),
    };
    const bounded = this.#clip(`${name}.bounded`, conv(graph, `${name}.logits`, feature, eighth), -5, 5);
    const share = op('Sigmoid', [bounded], 'share');
    let odds = op('Div', [share, op('Sub', [one, share], 'rest')], 'odds');
    for (const power of [2, 4, 8]) odds = op('Mul', [odds, odds], `odds${power}`);
    return op('Div', [odds, op('Add', [one, odds], 'whole')], 'sigmoid');
  }

  #flatShape(name: string): string {
    const batch = typeof this.#batch === 'number' ? this.#batch : -1;
    return this.graph.ints([batch, STAR_POINTS, GRID * GRID], `${name}.shape`);
  }

  #declare(output: string, dims: readonly number[]): void {
    this.graph.output(output, DataType.FLOAT, [this.#batch, ...dims]);
  }

  #pointwise(name: string, output: number, input: number): Kernel {
    return readKernel(this.#weights, `${name}.conv`, [output, input, 1, 1], true);
  }

  #relu(name: string, value: string): string {
    return this.graph.node('Relu', [value], {}, { name });
  }

  #pool(name: string, value: string): string {
    return this.graph.node('MaxPool', [value], { kernel_shape: [2, 2], strides: [2, 2] }, { name });
  }

  #clip(name: string, value: string, low: number, high?: number): string {
    const limits = [low, ...(high === undefined ? [] : [high])].map((limit) =>
      this.graph.floats([], [limit], `${name}.limit`),
    );
    return this.graph.node('Clip', [value, ...limits], {}, { name });
  }

  readonly #constants = new Map<string, string>();

  #constant(count: number, value: number): string {
    const key = `constant_${value}_${count}`;
    const known = this.#constants.get(key) ?? this.graph.floats([count], new Float32Array(count).fill(value), key);
    this.#constants.set(key, known);
    return known;
  }
}
