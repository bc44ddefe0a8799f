import { DataType, GraphBuilder } from 'onnx-lens/graph';
import { batchDimension, OPSET, type Architecture, type BuildOptions } from './architecture.js';
import {
  conv,
  foldNorm,
  inputChannels,
  joinKernels,
  normLine,
  readKernel,
  stackKernels,
  type Kernel,
} from './layers.js';
import { convolve, coordinateMaps, splitMaps, STAR_EDGES, STAR_POINTS } from './star-geometry.js';
import { StarLayers } from './star-layers.js';
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
  readonly #layers: StarLayers;
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
    this.#layers = new StarLayers(graph, weights);
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
    const first = this.#layers.block('pre.1', this.#layers.relu('pre.0', sum), 64, 128);
    const pooled = this.#layers.pool('pre.2', first);
    return this.#layers.block('pre.4', this.#layers.block('pre.3', pooled, 128, 128), 128, CHANNELS);
  }

  #stack(stack: number, value: string, before: Stack | null): Stack {
    const { graph } = this;
    const hourglass = this.#layers.hourglass(`hgs.${stack}`, this.#coordinates(stack, value, before), LEVELS);
    const block = this.#layers.block(`features.${stack}.0`, hourglass, CHANNELS, CHANNELS);
    const kernel = foldNorm(
      this.#layers.pointwise(`features.${stack}.1`, CHANNELS, CHANNELS),
      normLine(this.#weights, `features.${stack}.1.bn`),
    );
    const feature = this.#layers.relu(`features.${stack}.1`, conv(graph, `features.${stack}.1.conv`, block, kernel));
    const heat = conv(
      graph,
      `out_heatmaps.${stack}`,
      feature,
      this.#layers.pointwise(`out_heatmaps.${stack}`, STAR_POINTS, CHANNELS),
    );
    const normal = graph.node(
      'InstanceNormalization',
      [heat, this.#ones, this.#zeros],
      { epsilon: 1e-5 },
      { name: `heatmap_norm.${stack}` },
    );
    return { feature, heatmaps: this.#layers.relu(`heatmap_relu.${stack}`, normal) };
  }

  /**
   * CoordConv: what its 1x1 kernel makes of the features, plus what it makes of the coordinates. The coordinates are
   * constants in the first stack; later ones also get them where the last heat map of the stack before is above a
   * threshold.
   */
  #coordinates(stack: number, value: string, before: Stack | null): string {
    const { graph } = this;
    const name = `hgs.${stack}.coordconv`;
    const kernel = this.#layers.pointwise(name, CHANNELS, CHANNELS + (before === null ? 3 : 5));
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
   * `value > threshold` without comparing: (value - threshold), exact in floating point close to 0, is raised by
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
    const once = this.#layers.clip(`${name}.above`, conv(graph, `${name}.less`, last, kernel), 0, 1);
    const again = graph.node('Mul', [once, graph.floats([], [raise], `${name}.raise`)], {}, { name: `${name}.again` });
    const [down, across, radius] = splitMaps(coordinateMaps(GRID));
    const maps = graph.floats([1, 5, GRID, GRID], [...down, ...across, ...radius, ...down, ...across], `${name}.maps`);
    return graph.node('Mul', [this.#layers.clip(`${name}.mask`, again, 0, 1), maps], {}, { name: `${name}.masked` });
  }

  /** Point attention (98) and edge attention (9), one after another, before the sigmoid. */
  #attentionKernel(stack: number): Kernel {
    return stackKernels([
      this.#layers.pointwise(`out_pointmaps.${stack}`, STAR_POINTS, CHANNELS),
      this.#layers.pointwise(`out_edgemaps.${stack}`, STAR_EDGES, CHANNELS),
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
      this.#layers.pointwise(`merge_${what}.${stack}`, CHANNELS, inputs);
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
    const attention = this.#layers.fineSigmoid(`${name}.attention`, feature, this.#attentionKernel(stack));
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
      [moments, this.#layers.clip(`${name}.mass`, mass, SMALLEST_SUM)],
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

  #flatShape(name: string): string {
    const batch = typeof this.#batch === 'number' ? this.#batch : -1;
    return this.graph.ints([batch, STAR_POINTS, GRID * GRID], `${name}.shape`);
  }

  #declare(output: string, dims: readonly number[]): void {
    this.graph.output(output, DataType.FLOAT, [this.#batch, ...dims]);
  }
}
