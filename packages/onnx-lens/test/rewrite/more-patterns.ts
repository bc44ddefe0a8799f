import { DataType, GraphBuilder, floatAttribute, int64Tensor } from '../../src/index.js';
import { valueInfo } from '../../src/model/builder.js';
import { model, weights, type Pattern } from './patterns.js';

const reshape = (title: string, from: readonly (number | string)[], to: readonly number[]): Pattern => ({
  title: `Reshape with a free batch, ${title}`,
  rewrites: ['batch-reshape'],
  gone: ['Reshape'],
  model: () => model(from, 17, (g, x) => g.node('Reshape', [x, g.ints(to)])),
});

const einsum = (equation: string, ...others: readonly (readonly number[])[]): Pattern => ({
  title: `Einsum ${equation}`,
  rewrites: ['einsum'],
  gone: ['Einsum'],
  tolerance: 1e-5,
  model: () =>
    model(['batch', 3, 4, 5], 17, (g, x) =>
      g.node('Einsum', [x, ...others.map((dims, place) => weights(g, dims, place + 1))], { equation }),
    ),
});

/** Patterns of networks other than those that this tool began with. */
export const MORE_PATTERNS: readonly Pattern[] = [
  reshape('heads of a detector', ['batch', 4, 5, 12], [0, -1, 4]),
  reshape('groups of channels', ['batch', 6, 3, 5], [-1, 2, 3, 3, 5]),
  reshape('groups of channels back', ['batch', 2, 3, 3, 5], [-1, 6, 3, 5]),
  reshape('heads of attention', ['batch', 7, 12], [0, 7, 3, 4]),
  reshape('rows and columns, then parts of both', ['batch', 4, 6], [0, 2, 3, 4]),
  reshape('heads of a large detector', ['batch', 40, 40, 8], [0, -1, 4]),
  reshape('axes of 1', ['batch', 1, 4, 6, 1], [0, 24, 1]),
  {
    title: 'Flatten with a free batch',
    rewrites: ['batch-reshape'],
    gone: ['Flatten'],
    model: () => model(['batch', 3, 4, 5], 17, (g, x) => g.node('Flatten', [x])),
  },
  ...[0, 1].map((transB) => ({
    title: `Flatten and Gemm with a free batch, transB ${transB}`,
    rewrites: ['flatten-conv', 'dead-nodes'],
    gone: ['Flatten', 'Gemm'],
    tolerance: 1e-5,
    model: () =>
      model(['batch', 3, 4, 5], 17, (g, x) =>
        g.node('Gemm', [g.node('Flatten', [x]), weights(g, transB === 1 ? [7, 60] : [60, 7]), weights(g, [7], 2)], {
          transB,
        }),
      ),
  })),
  ...[-1, 1].map((axis) => ({
    title: `Softmax with a free batch along ${axis}`,
    rewrites: ['softmax-forms'],
    gone: ['Softmax'],
    tolerance: 1e-6,
    model: () => model(['batch', 3, 4], 17, (g, x) => g.node('Softmax', [x], { axis })),
  })),
  {
    title: 'weights that are listed as inputs',
    rewrites: ['listed-weights', 'fold-constants'],
    gone: ['Add'],
    model: () => {
      const proto = model([2, 4], 17, (g, x) =>
        g.node('Mul', [x, g.node('Add', [weights(g, [4]), weights(g, [4], 2)])]),
      );
      const listed = proto.graph!.initializer.map((tensor) => valueInfo(tensor.name, DataType.FLOAT, [4]));
      proto.graph!.input.push(...listed);
      return proto;
    },
  },
  ...([1, 2, 4] as const).map((group) => ({
    title: `BatchNormalization behind a ConvTranspose of ${group} groups`,
    rewrites: ['conv-norm'],
    gone: ['BatchNormalization'],
    tolerance: 1e-5,
    model: () =>
      model(['batch', 4, 5, 5], 17, (g, x) => {
        const conv = g.node('ConvTranspose', [x, weights(g, [4, 2, 3, 3])], { group });
        const channels = 2 * group;
        const variance = Array.from({ length: channels }, (_, channel) => 0.5 + channel);
        return g.node('BatchNormalization', [
          conv,
          weights(g, [channels], 2),
          weights(g, [channels], 3),
          weights(g, [channels], 4),
          g.floats([channels], variance),
        ]);
      }),
  })),
  {
    title: 'the shape of a flattening cut by a Slice of opset 9',
    rewrites: ['shape-arithmetic'],
    gone: ['Shape', 'Slice', 'Concat'],
    model: () =>
      model(['batch', 4, 2, 3], 9, (g, x) => {
        const start = g.node('Slice', [g.node('Shape', [x])], { starts: [0], ends: [2], axes: [0] });
        return g.node('Reshape', [x, g.node('Concat', [start, g.ints([-1])], { axis: 0 })]);
      }),
  },
  {
    title: 'If of a known condition',
    rewrites: ['constant-if', 'fold-constants'],
    gone: ['If'],
    model: () =>
      model([2, 4], 17, (g, x) => {
        const branch = (name: string, seed: number): GraphBuilder => {
          const inner = new GraphBuilder(name);
          const sum = inner.node('Add', [x, weights(inner, [4], seed)]);
          inner.node('Abs', [sum], {}, { outputs: [`${name}_out`] });
          inner.output(`${name}_out`, DataType.FLOAT, [2, 4]);
          return inner;
        };
        const rate = g.constant('rate', int64Tensor([], [8000]));
        const condition = g.node('Equal', [rate, g.constant('wanted', int64Tensor([], [16000]))]);
        return g.node('If', [condition], {
          then_branch: branch('yes', 1).toGraph(),
          else_branch: branch('no', 2).toGraph(),
        });
      }),
  },
  ...(
    [
      ['windows to rows', [2, 8, 8, 6], [2, 2, 4, 2, 4, 6], [0, 1, 3, 2, 4, 5], [8, 16, 6]],
      ['axes that all part', [2, 3, 4, 5, 2, 3], [2, 3, 4, 5, 2, 3], [4, 5, 2, 3, 0, 1], [6, 120]],
    ] as const
  ).map(([title, dims, split, perm, end]) => ({
    title: `Transpose of six axes: ${title}`,
    rewrites: ['window-transpose'],
    gone: [],
    model: () =>
      model(dims, 17, (g, x) => {
        const apart = g.node('Reshape', [x, g.ints([...split])]);
        return g.node('Reshape', [g.node('Transpose', [apart], { perm: [...perm] }), g.ints([...end])]);
      }),
  })),
  {
    title: 'Softmax of two classes with a free batch',
    rewrites: ['softmax-forms'],
    gone: ['Softmax', 'Pow'],
    tolerance: 1e-6,
    model: () => model(['batch', 3, 2], 17, (g, x) => g.node('Softmax', [x], { axis: -1 })),
  },
  ...(['Exp', 'Elu', 'Selu', 'Celu', 'Mish'] as const).map((opType) => ({
    title: opType,
    rewrites: ['exponential-forms'],
    gone: [opType],
    tolerance: 1e-5,
    model: () =>
      model(['batch', 40], 18, (g, x) =>
        g.node(
          opType,
          [g.node('Clip', [x, g.floats([], [-90]), g.floats([], [30])])],
          opType === 'Elu' || opType === 'Celu' ? { alpha: floatAttribute(0.7) } : {},
        ),
      ),
  })),
  {
    title: 'Mish as exporters before opset 18 write it',
    rewrites: ['exponential-forms', 'dead-nodes'],
    gone: ['Softplus'],
    tolerance: 1e-5,
    model: () => model(['batch', 40], 13, (g, x) => g.node('Mul', [x, g.node('Tanh', [g.node('Softplus', [x])])])),
  },
  {
    title: 'Expand and Tile of computed values',
    rewrites: ['repeat-forms'],
    gone: ['Expand', 'Tile'],
    model: () =>
      model(['batch', 3, 4, 5], 17, (g, x) => {
        const mean = g.node('ReduceMean', [x], { axes: [2, 3], keepdims: 1 });
        const spread = g.node('Expand', [mean, g.ints([1, 3, 4, 10])]);
        return g.node('Add', [spread, g.node('Tile', [x, g.ints([1, 1, 1, 2])])]);
      }),
  },
  ...[3, 4].map((rank) => ({
    title: `zeros around ${rank === 3 ? 'a sequence' : 'an image'} that no convolution reads`,
    rewrites: ['pad-conv'],
    gone: ['Pad'],
    model: () =>
      model(['batch', 3, 4, 5].slice(0, rank), 17, (g, x) =>
        g.node('Pad', [x, g.ints(rank === 3 ? [0, 0, 2, 0, 0, 1] : [0, 0, 2, 0, 0, 0, 1, 3])]),
      ),
  })),
  {
    title: 'zeros with axes as an input, in front of a Conv',
    rewrites: ['fixed-padding', 'dead-nodes'],
    gone: ['Pad'],
    model: () =>
      model(['batch', 3, 4, 5], 18, (g, x) =>
        g.node('Conv', [g.node('Pad', [x, g.ints([1, 2, 3, 0]), '', g.ints([-1, 2])]), weights(g, [2, 3, 3, 3])], {
          pads: [1, 0, 0, 1],
        }),
      ),
  },
  {
    title: 'padding in front of pools',
    rewrites: ['fixed-padding', 'dead-nodes'],
    gone: ['Pad'],
    model: () =>
      model(['batch', 3, 6, 7], 17, (g, x) => {
        const pads = g.ints([0, 0, 1, 0, 0, 0, 1, 2]);
        const largest = g.node('MaxPool', [g.node('Pad', [x, pads, g.floats([], [-Infinity])])], {
          kernel_shape: [3, 3],
          strides: [2, 2],
        });
        const ofPositive = g.node('MaxPool', [g.node('Pad', [g.node('Relu', [x]), pads])], {
          kernel_shape: [3, 3],
          strides: [2, 2],
        });
        const mean = g.node('AveragePool', [g.node('Pad', [x, pads, g.floats([], [0])])], {
          kernel_shape: [3, 3],
          strides: [2, 2],
        });
        return g.node('Concat', [largest, ofPositive, mean], { axis: 1 });
      }),
  },
  {
    title: 'ConvTranspose with output_padding, and without pads',
    rewrites: ['conv-transpose'],
    gone: [],
    model: () =>
      model(['batch', 3, 4, 5], 17, (g, x) => {
        const larger = g.node('ConvTranspose', [x, weights(g, [3, 2, 3, 3])], {
          strides: [2, 2],
          pads: [1, 1, 1, 1],
          output_padding: [1, 1],
        });
        return g.node('ConvTranspose', [larger, weights(g, [2, 2, 2, 2], 2)], { strides: [2, 2] });
      }),
  },
  {
    title: 'local response normalization',
    rewrites: ['local-response'],
    gone: ['LRN'],
    tolerance: 1e-5,
    model: () =>
      model(['batch', 7, 3, 4], 17, (g, x) =>
        g.node('LRN', [x], {
          size: 5,
          alpha: floatAttribute(0.1),
          beta: floatAttribute(0.75),
          bias: floatAttribute(2),
        }),
      ),
  },
  {
    title: 'Where by a constant mask, infinite and not',
    rewrites: ['compare-select'],
    gone: ['Where'],
    tolerance: 1e-6,
    model: () =>
      model(['batch', 4, 4], 17, (g, x) => {
        const mask = g.constant('mask', {
          dataType: DataType.BOOL,
          dims: [4, 4],
          data: Uint8Array.from({ length: 16 }, (_, at) => Number(at % 4 <= at / 4)),
        });
        const causal = g.node('Softmax', [g.node('Where', [mask, x, g.floats([], [-Infinity])])]);
        return g.node('Add', [causal, g.node('Where', [mask, x, g.node('Mul', [x, x])])]);
      }),
  },
  {
    title: 'a mask that is cast twice',
    rewrites: ['compare-select', 'dead-nodes'],
    gone: ['Greater', 'Cast'],
    model: () =>
      model(['batch', 40], 17, (g, x) =>
        g.node('Cast', [g.node('Cast', [g.node('Greater', [x, g.floats([], [0.25])])], { to: 7 })], { to: 1 }),
      ),
  },
  {
    title: 'a convolution compared with zero, whose weights must not take up the factors',
    rewrites: ['compare-select', 'dead-nodes'],
    gone: ['Greater', 'Less', 'Cast'],
    model: () =>
      model(['batch', 3, 6, 6], 17, (g, x) => {
        const made = g.node('Conv', [x, weights(g, [2, 3, 3, 3])]);
        const compared = (opType: string): string =>
          g.node('Cast', [g.node(opType, [g.node('Mul', [made, g.floats([], [50])]), g.floats([], [0])])], { to: 1 });
        return g.node('Sub', [compared('Greater'), compared('Less')]);
      }),
  },
  {
    title: 'DepthToSpace of a free batch, the channel first',
    rewrites: ['depth-conv'],
    gone: ['DepthToSpace'],
    model: () => model(['batch', 12, 3, 4], 17, (g, x) => g.node('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' })),
  },
  {
    title: 'PRelu of a sequence',
    rewrites: ['elementwise-forms'],
    gone: ['PRelu'],
    model: () => model(['batch', 3, 40], 17, (g, x) => g.node('PRelu', [x, weights(g, [3, 1])])),
  },
  {
    title: 'Slice of all channels of a free batch',
    rewrites: ['identity'],
    gone: ['Slice'],
    model: () => model(['batch', 3, 4], 17, (g, x) => g.node('Slice', [x, g.ints([0]), g.ints([3]), g.ints([1])])),
  },
  einsum('...c,cd->...d', [5, 2]),
  einsum('nchw,ck->nkhw', [3, 2]),
  einsum('nchw,chk->nwk', [3, 4, 2]),
  einsum('nchw,ncwk->nchk', [1, 3, 5, 2]),
  einsum('nchw,nkw->nchk', [1, 6, 5]),
  einsum('nchw,ckw->nhck', [3, 6, 5]),
  einsum('nchw,ck,kd->ndhw', [3, 2], [2, 4]),
  {
    title: 'attention by Einsum',
    rewrites: ['einsum'],
    gone: ['Einsum'],
    tolerance: 1e-4,
    model: () =>
      model(['batch', 4, 2, 3], 17, (g, x) => {
        const scores = g.node('Einsum', [x, x], { equation: 'bqhd,bkhd->bhqk' });
        return g.node('Einsum', [scores, x], { equation: 'bhqk,bkhd->bqhd' });
      }),
  },
];
