import { DataType, floatAttribute, GraphBuilder, int64Tensor, type ModelProto } from '../../src/index.js';

/**
 * A small graph of one input "x" and one output "y", for which an independent evaluator of Core ML programs gave
 * numbers.
 */
export interface GoldenCase {
  readonly shape: readonly number[];
  readonly build: (graph: GraphBuilder, x: string) => string;
}

/** Values that are the same everywhere: a wave between -1 and 1. */
export function wave(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, at) => Math.sin(1.7 * at + 0.3));
}

const weights = (graph: GraphBuilder, ...dims: readonly number[]): string =>
  graph.floats(
    dims,
    wave(dims.reduce((a, b) => a * b, 1)).map((each) => each / 2),
  );

/** One graph for each matter in which a writer and a reader could share a misunderstanding. */
export const GOLDEN_CASES: Readonly<Record<string, GoldenCase>> = {
  'convolution with uneven pads, strides, dilations and groups': {
    shape: [1, 4, 7, 9],
    build: (graph, x) =>
      graph.node('Conv', [x, weights(graph, 6, 2, 3, 2), weights(graph, 6)], {
        pads: [2, 0, 1, 3],
        strides: [2, 1],
        dilations: [1, 2],
        group: 2,
      }),
  },
  'transposed convolution with output padding': {
    shape: [1, 3, 4, 5],
    build: (graph, x) =>
      graph.node('ConvTranspose', [x, weights(graph, 3, 2, 3, 3)], {
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        output_padding: [1, 1],
      }),
  },
  'average pooling without the padding': {
    shape: [1, 2, 6, 7],
    build: (graph, x) => graph.node('AveragePool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  },
  'average pooling with the padding, rounded up': {
    shape: [1, 2, 6, 7],
    build: (graph, x) =>
      graph.node('AveragePool', [x], {
        kernel_shape: [3, 2],
        strides: [2, 2],
        pads: [1, 0, 0, 1],
        ceil_mode: 1,
        count_include_pad: 1,
      }),
  },
  'maxima, rounded up': {
    shape: [1, 2, 6, 7],
    build: (graph, x) => graph.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  },
  'linear resize at pixel centres': {
    shape: [1, 2, 3, 5],
    build: (graph, x) =>
      graph.node('Resize', [x, '', '', graph.ints([1, 2, 7, 8])], {
        mode: 'linear',
        coordinate_transformation_mode: 'half_pixel',
      }),
  },
  'linear resize with aligned corners': {
    shape: [1, 2, 3, 5],
    build: (graph, x) =>
      graph.node('Resize', [x, '', '', graph.ints([1, 2, 7, 8])], {
        mode: 'linear',
        coordinate_transformation_mode: 'align_corners',
      }),
  },
  'nearest resize by no whole number': {
    shape: [1, 2, 3, 5],
    build: (graph, x) => graph.node('Resize', [x, '', '', graph.ints([1, 2, 7, 8])], { mode: 'nearest' }),
  },
  'cubic resize': {
    shape: [1, 1, 4, 5],
    build: (graph, x) => graph.node('Resize', [x, '', graph.floats([4], [1, 1, 2, 2])], { mode: 'cubic' }),
  },
  'layer normalization': {
    shape: [2, 3, 8],
    build: (graph, x) =>
      graph.node('LayerNormalization', [x, weights(graph, 8), weights(graph, 8)], { epsilon: floatAttribute(1e-6) }),
  },
  'batch normalization': {
    shape: [1, 3, 2, 2],
    build: (graph, x) =>
      graph.node('BatchNormalization', [
        x,
        weights(graph, 3),
        weights(graph, 3),
        weights(graph, 3),
        graph.floats([3], [0.5, 1, 2]),
      ]),
  },
  'a slice backwards': {
    shape: [3, 6],
    build: (graph, x) =>
      graph.node('Slice', [x, graph.ints([5]), graph.ints([-100]), graph.ints([1]), graph.ints([-2])]),
  },
  'mirrored padding on other axes than the last': {
    shape: [3, 4, 2, 2],
    build: (graph, x) => graph.node('Pad', [x, graph.ints([0, 1, 0, 0, 0, 2, 1, 0])], { mode: 'reflect' }),
  },
  'indices from the end': {
    shape: [4, 3],
    build: (graph, x) =>
      graph.node('Gather', [x, graph.constant('indices', int64Tensor([3], [-1, 0, -3]))], { axis: 0 }),
  },
  'channels to pixels, columns first': {
    shape: [1, 8, 2, 3],
    build: (graph, x) => graph.node('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' }),
  },
  'channels to pixels, depth first': {
    shape: [1, 8, 2, 3],
    build: (graph, x) => graph.node('DepthToSpace', [x], { blocksize: 2, mode: 'DCR' }),
  },
  'slopes of channels, gates and steps': {
    shape: [1, 3, 2, 4],
    build: (graph, x) => {
      const sloped = graph.node('PRelu', [x, graph.floats([3, 1, 1], [0.1, 0.2, -0.3])]);
      const gated = graph.node('Mul', [sloped, graph.node('Sigmoid', [sloped])]);
      return graph.node('Add', [graph.node('HardSwish', [x]), graph.node('Softplus', [gated])]);
    },
  },
  'quotients near zero and logarithms': {
    shape: [2, 5],
    build: (graph, x) => {
      const size = graph.node('Clip', [graph.node('ReduceL2', [x], { axes: [1] }), graph.floats([], [1e-12])]);
      return graph.node('Log', [graph.node('Reciprocal', [graph.node('Add', [size, graph.floats([], [3])])])]);
    },
  },
  'a recurrent layer of both directions with peepholes': {
    shape: [4, 2, 3],
    build: (graph, x) => {
      const inputs = [weights(graph, 2, 20, 3), weights(graph, 2, 20, 5), weights(graph, 2, 40), ''];
      const states = [weights(graph, 2, 2, 5), weights(graph, 2, 2, 5), weights(graph, 2, 15)];
      return graph.node('LSTM', [x, ...inputs, ...states], { hidden_size: 5, direction: 'bidirectional' });
    },
  },
  'an Einstein sum': {
    shape: [2, 3, 4],
    build: (graph, x) => graph.node('Einsum', [x, weights(graph, 5, 4, 3)], { equation: 'bij,kji->bk' }),
  },
  'more axes than Core ML takes, between reshapes': {
    shape: [1, 4, 4, 6],
    build: (graph, x) => {
      const windows = graph.node('Reshape', [x, graph.ints([1, 2, 2, 2, 2, 6])]);
      return graph.node('Reshape', [
        graph.node('Transpose', [windows], { perm: [0, 1, 3, 2, 4, 5] }),
        graph.ints([4, 4, 6]),
      ]);
    },
  },
};

/** Cases that are evaluated in half floats as well, where every operation rounds. */
export const HALF_CASES = [
  'convolution with uneven pads, strides, dilations and groups',
  'average pooling with the padding, rounded up',
  'linear resize at pixel centres',
  'layer normalization',
  'slopes of channels, gates and steps',
  'quotients near zero and logarithms',
] as const;

/** The model of a case. */
export function goldenModel({ shape, build }: GoldenCase): ModelProto {
  const graph = new GraphBuilder('golden');
  const made = build(graph, graph.input('x', DataType.FLOAT, shape));
  graph.output(graph.node('Identity', [made], {}, { outputs: ['y'] }), DataType.FLOAT, []);
  const model = graph.toModel({ opset: 17 });
  // The shape is left to inference.
  for (const output of model.graph?.output ?? [])
    if (output.type?.value.case === 'tensorType') delete output.type.value.value.shape;
  return model;
}
