import { DataType, GraphBuilder, floatTensor, int64Tensor, type ModelProto } from '../../src/index.js';
import { float } from '../../src/model/attributes.js';
import { makeTensorProto } from '../../src/model/tensors.js';
import { randomNumbers } from '../../src/random.js';

/** A small model with a pattern, the rewrites to apply to it, and the operators that must be gone after. */
export interface Pattern {
  readonly title: string;
  readonly rewrites: readonly string[];
  readonly gone: readonly string[];
  readonly model: () => ModelProto;
  /** When rounding may differ. */
  readonly tolerance?: number;
}

type Dims = readonly (number | string)[];

/** One float input `x`, one output `y` that `build` makes. */
export function model(
  dims: Dims,
  opset: number,
  build: (graph: GraphBuilder, x: string) => string,
  dataType = DataType.FLOAT,
): ModelProto {
  const graph = new GraphBuilder('pattern');
  const x = graph.input('x', dataType, dims);
  const made = build(graph, x);
  graph.node('Relu', [graph.node('Neg', [made])], {}, { outputs: ['y'] });
  graph.node('Sigmoid', [made], {}, { outputs: ['z'] });
  const any = undefined;
  graph.output('y', dataType, []);
  graph.output('z', dataType, []);
  const proto = graph.toModel({ opset });
  // The ranks of the outputs are for ONNX Runtime to find.
  for (const output of proto.graph!.output) output.type = any;
  return proto;
}

export function weights(graph: GraphBuilder, dims: readonly number[], seed = 1): string {
  const random = randomNumbers(seed);
  const count = dims.reduce((a, b) => a * b, 1);
  return graph.constant(
    'w',
    floatTensor(
      dims,
      Float32Array.from({ length: count }, () => random() * 2 - 1),
    ),
  );
}

const scalarOf = (graph: GraphBuilder, value: number): string => graph.floats([], [value]);

export const PATTERNS: readonly Pattern[] = [
  {
    title: 'shape chains with a free batch',
    rewrites: ['shape-arithmetic', 'fold-constants'],
    gone: ['Shape', 'Gather', 'Concat'],
    model: () =>
      model(['batch', 4, 6], 17, (g, x) => {
        const shape = g.node('Shape', [x]);
        const last = g.node('Gather', [shape, g.constant('i', int64Tensor([], [2]))]);
        const half = g.node('Div', [last, g.constant('two', int64Tensor([], [2]))]);
        const first = g.node('Gather', [shape, g.constant('zero', int64Tensor([], [0]))]);
        const un = (v: string): string => g.node('Unsqueeze', [v, g.ints([0])]);
        return g.node('Reshape', [x, g.node('Concat', [un(first), g.ints([8]), un(half)], { axis: 0 })]);
      }),
  },
  {
    title: 'position maps repeated for a free batch',
    rewrites: ['shape-arithmetic', 'late-repeat', 'batch-maps'],
    gone: ['Tile', 'Expand', 'Shape'],
    model: () =>
      model(['batch', 3, 4, 5], 17, (g, x) => {
        const batch = g.node('Unsqueeze', [
          g.node('Gather', [g.node('Shape', [x]), g.constant('zero', int64Tensor([], [0]))]),
          g.ints([0]),
        ]);
        const tiled = g.node('Tile', [
          weights(g, [1, 2, 4, 5]),
          g.node('Concat', [batch, g.ints([1, 1, 1])], { axis: 0 }),
        ]);
        const flat = g.node('Expand', [weights(g, [1, 3], 2), g.node('Concat', [batch, g.ints([3])], { axis: 0 })]);
        const joined = g.node('Concat', [x, tiled], { axis: 1 });
        return g.node('Concat', [g.node('ReduceMean', [joined], { axes: [2, 3], keepdims: 0 }), flat], { axis: 1 });
      }),
  },
  ...(['CRD', 'DCR'] as const).map((mode) => ({
    title: `pixel shuffle written out, ${mode}`,
    rewrites: ['pixel-shuffle'],
    gone: ['Reshape', 'Transpose'],
    model: () =>
      model(['batch', 8, 3, 5], 17, (g, x) => {
        const six = g.node('Reshape', [x, g.ints([0, 2, 2, 2, 3, 5])]);
        return g.node('Reshape', [
          g.node('Transpose', [six], { perm: mode === 'CRD' ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2] }),
          g.ints([0, 2, 6, 10]),
        ]);
      }),
  })),
  ...(['nearest', 'linear'] as const).map((mode) => ({
    title: `enlarging to sizes that are computed for a free batch, ${mode}`,
    rewrites: ['shape-arithmetic', 'resize-forms'],
    gone: ['Shape', 'Concat', 'Slice'],
    model: () =>
      model(['batch', 3, 4, 5], 17, (g, x) => {
        const batch = g.node('Slice', [g.node('Shape', [x]), g.ints([0]), g.ints([2]), g.ints([0])]);
        return g.node('Resize', [x, '', '', g.node('Concat', [batch, g.ints([8, 15])], { axis: 0 })], { mode });
      }),
  })),
  {
    title: 'TensorFlow "same" padding computed at run time',
    rewrites: ['shape-arithmetic', 'fold-constants', 'fixed-padding'],
    gone: ['Shape', 'Pad', 'Ceil', 'Cast'],
    model: () =>
      model(['batch', 2, 9, 12], 17, (g, x) => {
        const shape = g.node('Shape', [x]);
        const total = (axis: number): string => {
          const size = g.node('Cast', [g.node('Gather', [shape, g.constant('i', int64Tensor([], [axis]))])], { to: 1 });
          const steps = g.node('Ceil', [g.node('Div', [size, scalarOf(g, 2)])]);
          const need = g.node('Add', [
            g.node('Mul', [g.node('Sub', [steps, scalarOf(g, 1)]), scalarOf(g, 2)]),
            scalarOf(g, 3),
          ]);
          return g.node('Clip', [g.node('Sub', [need, size]), scalarOf(g, 0)]);
        };
        const pads = [2, 3].map((axis) => {
          const all = total(axis);
          const before = g.node('Cast', [g.node('Floor', [g.node('Div', [all, scalarOf(g, 2)])])], { to: 7 });
          const after = g.node('Sub', [g.node('Cast', [all], { to: 7 }), before]);
          return [before, after].map((each) => g.node('Unsqueeze', [each, g.ints([0])]));
        });
        const order = [g.ints([0, 0]), pads[0]![0]!, pads[1]![0]!, g.ints([0, 0]), pads[0]![1]!, pads[1]![1]!];
        const padded = g.node('Pad', [x, g.node('Concat', order, { axis: 0 })]);
        return g.node('Conv', [padded, weights(g, [3, 2, 3, 3])], { strides: [2, 2], kernel_shape: [3, 3] });
      }),
  },
  {
    title: 'auto_pad SAME_LOWER of an odd size',
    rewrites: ['fixed-padding'],
    gone: [],
    model: () =>
      model(['batch', 2, 7, 10], 17, (g, x) =>
        g.node('Conv', [x, weights(g, [3, 2, 3, 2])], { auto_pad: 'SAME_LOWER', strides: [2, 3] }),
      ),
  },
  ...(['reflect', 'edge'] as const).map((mode): Pattern => ({
    title: `${mode} padding`,
    rewrites: ['pad-concat'],
    gone: ['Pad'],
    model: () =>
      model(['batch', 2, 5, 6], 17, (g, x) => g.node('Pad', [x, g.ints([0, 0, 1, 3, 0, 0, 2, 0])], { mode })),
  })),
  {
    title: 'padded channels, as BlazeFace has them',
    rewrites: ['pad-concat'],
    gone: ['Pad'],
    model: () =>
      model([1, 3, 4, 4], 17, (g, x) => g.node('Pad', [x, g.ints([0, 1, 0, 0, 0, 2, 0, 0]), scalarOf(g, 0.25)])),
  },
  ...[
    ['b i j, b j k -> b i k', [2, 3, 4], [2, 4, 5]],
    ['bhid,bhjd->bhij', [2, 2, 3, 4], [2, 2, 5, 4]],
    ['ij,kj->ik', [3, 4], [5, 4]],
    ['bij,bi->bj', [2, 3, 4], [2, 3]],
    ['i,j->ij', [3], [4]],
    ['bijc,ic->bjc', [2, 3, 4, 5], [3, 5]],
    ['abc,cd->bd', [2, 3, 4], [4, 5]],
    ['ij,jk', [3, 4], [4, 5]],
    ['ij,ij->', [3, 4], [3, 4]],
  ].map(([equation, a, b]): Pattern => ({
    title: `Einsum ${String(equation)}`,
    rewrites: ['einsum'],
    gone: ['Einsum'],
    tolerance: 1e-5,
    model: () =>
      model(a as number[], 17, (g, x) =>
        g.node('Einsum', [x, weights(g, b as number[])], { equation: equation as string }),
      ),
  })),
  {
    title: 'a TopK threshold with ties',
    rewrites: ['topk-threshold'],
    gone: ['TopK', 'GreaterOrEqual', 'Gather'],
    model: () =>
      model(['batch', 3, 8], 17, (g, x) => {
        // Rounding to halves makes many ties.
        const tied = g.node('Mul', [g.node('Round', [g.node('Mul', [x, scalarOf(g, 2)])]), scalarOf(g, 0.5)]);
        const [values = ''] = g.nodeOutputs('TopK', [tied, g.ints([4])], { axis: -1 }, 2);
        const last = g.node('Gather', [values, g.constant('i', int64Tensor([], [-1]))], { axis: 2 });
        const chosen = g.node('GreaterOrEqual', [tied, g.node('Unsqueeze', [last, g.ints([2])])]);
        return g.node('Cast', [chosen], { to: 1 });
      }),
  },
  {
    title: 'the smallest three, mirrored',
    rewrites: ['topk-threshold'],
    gone: ['TopK', 'Greater'],
    model: () =>
      model(['batch', 8, 3], 17, (g, x) => {
        const [values = ''] = g.nodeOutputs('TopK', [x, g.ints([3])], { axis: 1, largest: 0 }, 2);
        const last = g.node('Slice', [values, g.ints([2]), g.ints([3]), g.ints([1])]);
        return g.node('Cast', [g.node('Greater', [x, last])], { to: 1 });
      }),
  },
  ...(['Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual', 'Equal'] as const).flatMap((compare): Pattern[] => [
    {
      title: `${compare} to a number`,
      rewrites: ['compare-select'],
      gone: [compare, 'Cast'],
      model: () =>
        model(['batch', 40], 17, (g, x) => {
          const tied = g.node('Mul', [g.node('Round', [g.node('Mul', [x, scalarOf(g, 4)])]), scalarOf(g, 0.25)]);
          return g.node('Cast', [g.node(compare, [tied, scalarOf(g, 0.25)])], { to: 1 });
        }),
    },
  ]),
  {
    title: 'Where on two comparisons',
    rewrites: ['compare-select'],
    gone: ['Where', 'And', 'Not', 'Greater', 'Less'],
    model: () =>
      model(['batch', 5], 17, (g, x) => {
        const inside = g.node('And', [
          g.node('Greater', [x, scalarOf(g, -0.5)]),
          g.node('Not', [g.node('Less', [scalarOf(g, 0.5), x])]),
        ]);
        return g.node('Where', [inside, g.node('Sigmoid', [x]), weights(g, [1, 5])]);
      }),
  },
  {
    title: 'Expand in front of a division',
    rewrites: ['broadcast', 'dead-nodes'],
    gone: ['Expand', 'Shape'],
    model: () =>
      model(['batch', 4, 6], 17, (g, x) => {
        const norm = g.node('ReduceMax', [x], { axes: [-1], keepdims: 1 });
        return g.node('Div', [
          x,
          g.node('Expand', [g.node('Add', [g.node('Mul', [norm, norm]), scalarOf(g, 1)]), g.node('Shape', [x])]),
        ]);
      }),
  },
  {
    title: 'position maps repeated for a free batch (CoordConv)',
    rewrites: ['shape-arithmetic', 'fold-constants', 'late-repeat', 'concat-conv', 'dead-nodes'],
    gone: ['Tile', 'Shape', 'ReduceMax', 'Sqrt'],
    tolerance: 1e-5,
    model: () =>
      model(['batch', 2, 6, 6], 17, (g, x) => {
        const batch = g.node('Gather', [g.node('Shape', [x]), g.ints([0])]);
        const times = g.node('Concat', [batch, g.ints([1, 1, 1])], { axis: 0 });
        const map = g.node('Tile', [weights(g, [1, 1, 6, 6], 5), times]);
        const radius = g.node('Sqrt', [g.node('Mul', [map, map])]);
        const unit = g.node('Div', [radius, g.node('ReduceMax', [radius], { keepdims: 0 })]);
        return g.node('Conv', [g.node('Concat', [x, map, unit], { axis: 1 }), weights(g, [3, 4, 3, 3])], {
          pads: [1, 1, 1, 1],
        });
      }),
  },
  ...(['ReduceL2', 'ReduceL1', 'ReduceSumSquare'] as const).map((opType): Pattern => ({
    title: opType,
    rewrites: ['reduce-forms'],
    gone: [opType],
    tolerance: 1e-5,
    model: () => model(['batch', 4, 6], 17, (g, x) => g.node(opType, [x], { axes: [-1], keepdims: 1 })),
  })),
  ...[2, 0.5, -1, -0.5].map((power): Pattern => ({
    title: `Pow by ${power}`,
    rewrites: ['power-forms'],
    gone: ['Pow'],
    tolerance: 1e-5,
    model: () =>
      model(['batch', 4], 17, (g, x) =>
        g.node('Pow', [g.node('Add', [g.node('Mul', [x, x]), scalarOf(g, 0.1)]), scalarOf(g, power)]),
      ),
  })),
  ...(['Neg', 'Abs', 'Softsign'] as const).map((opType): Pattern => ({
    tolerance: 1e-6,
    title: opType,
    rewrites: ['elementwise-forms'],
    gone: [opType],
    model: () => model(['batch', 4], 17, (g, x) => g.node(opType, [x])),
  })),
  ...(['Min', 'Max', 'Sum', 'Mean'] as const).map((opType): Pattern => ({
    title: `${opType} of three`,
    rewrites: ['elementwise-forms'],
    gone: opType === 'Max' ? [] : [opType],
    tolerance: 1e-5,
    model: () => model(['batch', 4], 17, (g, x) => g.node(opType, [x, g.node('Mul', [x, x]), weights(g, [1, 4])])),
  })),
  {
    title: 'InstanceNormalization',
    rewrites: ['instance-norm'],
    gone: ['InstanceNormalization'],
    tolerance: 1e-4,
    model: () =>
      model(['batch', 3, 5, 4], 17, (g, x) =>
        g.node('InstanceNormalization', [x, weights(g, [3], 1), weights(g, [3], 2)], { epsilon: float(1e-3) }),
      ),
  },
  {
    title: 'BatchNormalization of rank 3',
    rewrites: ['batch-norm'],
    gone: ['BatchNormalization'],
    tolerance: 1e-5,
    model: () =>
      model(['batch', 3, 5], 17, (g, x) =>
        g.node('BatchNormalization', [
          x,
          weights(g, [3], 1),
          weights(g, [3], 2),
          weights(g, [3], 3),
          g.floats([3], [0.5, 1, 2]),
        ]),
      ),
  },
  {
    title: 'HardSwish and HardSigmoid as MobileNetV3 has them',
    rewrites: ['hard-activations'],
    gone: ['HardSwish', 'HardSigmoid'],
    tolerance: 1e-5,
    model: () =>
      model(['batch', 4], 17, (g, x) => g.node('HardSigmoid', [g.node('HardSwish', [x])], { alpha: 0.17, beta: 0.5 })),
  },
  {
    title: 'Gather of a scalar, a run and scattered indices',
    rewrites: ['gather-slice'],
    gone: ['Gather'],
    model: () =>
      model(['batch', 6, 4], 17, (g, x) => {
        const taken = g.node('Gather', [x, g.ints([4, 5, 0, -2])], { axis: 1 });
        return g.node(
          'Gather',
          [g.node('Gather', [taken, g.ints([1, 2])], { axis: 1 }), g.constant('i', int64Tensor([], [-1]))],
          { axis: 2 },
        );
      }),
  },
  {
    title: 'Slice with a free batch',
    rewrites: ['slice-split'],
    gone: ['Slice'],
    model: () => model(['batch', 6, 4], 17, (g, x) => g.node('Slice', [x, g.ints([-5]), g.ints([4]), g.ints([1])])),
  },
  {
    title: 'Flatten after a global pool, free batch',
    rewrites: ['reshape-forms', 'dead-nodes'],
    gone: ['Flatten', 'GlobalAveragePool'],
    tolerance: 1e-5,
    model: () => model(['batch', 6, 4, 4], 17, (g, x) => g.node('Flatten', [g.node('GlobalAveragePool', [x])])),
  },
  {
    title: 'Squeeze, Unsqueeze and Flatten of fixed shapes',
    rewrites: ['reshape-forms'],
    gone: ['Flatten', 'Squeeze', 'Unsqueeze'],
    model: () =>
      model([2, 1, 6, 4], 17, (g, x) =>
        g.node('Flatten', [g.node('Unsqueeze', [g.node('Squeeze', [x, g.ints([1])]), g.ints([0, 3])])], { axis: 2 }),
      ),
  },
  ...[
    ['asymmetric', 'floor'],
    ['half_pixel', 'round_prefer_floor'],
    ['half_pixel', 'round_prefer_ceil'],
    ['pytorch_half_pixel', 'round_prefer_floor'],
  ].flatMap(([transformation = '', rounding = '']): Pattern[] =>
    [2, 3, 5].map((factor) => ({
      title: `nearest Resize by ${factor}, ${transformation}, ${rounding}`,
      rewrites: ['resize-forms'],
      gone: [],
      model: () =>
        model([2, 3, 4, 5], 17, (g, x) =>
          g.node('Resize', [x, '', '', g.ints([2, 3, 4 * factor, 5 * factor])], {
            mode: 'nearest',
            coordinate_transformation_mode: transformation,
            nearest_mode: rounding,
          }),
        ),
    })),
  ),
  {
    title: 'Softmax behind a Concat too long for Core ML',
    rewrites: ['softmax-concat'],
    gone: [],
    model: () =>
      model([1, 16000, 2], 17, (g, x) =>
        g.node(
          'Softmax',
          [g.node('Concat', [x, g.node('Slice', [x, g.ints([0]), g.ints([900]), g.ints([1])])], { axis: 1 })],
          { axis: -1 },
        ),
      ),
  },
  {
    title: 'Gemm with factors, and MatMul with a vector',
    rewrites: ['gemm-forms'],
    gone: ['Gemm'],
    tolerance: 1e-4,
    model: () =>
      model([4, 6], 17, (g, x) => {
        const product = g.node('Gemm', [x, weights(g, [4, 5]), weights(g, [5], 2)], {
          transA: 1,
          alpha: float(0.5),
          beta: float(2),
        });
        return g.node('MatMul', [product, weights(g, [5], 3)]);
      }),
  },
  {
    title: 'opset 9: Split, Upsample, Clip, Pad, Softmax of several axes, Squeeze, Slice',
    rewrites: ['raise-opset'],
    gone: ['Upsample', 'Dropout'],
    model: () =>
      model([2, 4, 3, 3], 9, (g, x) => {
        const [a = '', b = ''] = g.nodeOutputs('Split', [x], { axis: 1, split: [1, 3] }, 2);
        const up = g.node('Upsample', [b, g.floats([4], [1, 1, 2, 2])], { mode: 'nearest' });
        const clipped = g.node('Clip', [g.node('Dropout', [up])], { min: float(-0.5), max: float(0.5) });
        const soft = g.node('Softmax', [
          g.node('Pad', [clipped], { pads: [0, 0, 1, 0, 0, 0, 0, 1], value: float(0.25) }),
        ]);
        const sliced = g.node('Slice', [soft], { starts: [1, 0], ends: [3, 3], axes: [1, 3] });
        const flat = g.node('Squeeze', [g.node('Unsqueeze', [sliced], { axes: [0] })], { axes: [0] });
        return g.node('Mul', [flat, g.node('ReduceSum', [a], { axes: [1, 2, 3], keepdims: 1 })]);
      }),
  },
  {
    title: 'a pre-opset-13 Split where the opset stays',
    rewrites: ['slice-split'],
    gone: ['Split'],
    model: () =>
      model(['batch', 6], 11, (g, x) => {
        const [a = '', b = ''] = g.nodeOutputs('Split', [x], { axis: 1, split: [2, 4] }, 2);
        return g.node('Concat', [b, a], { axis: 1 });
      }),
  },
  {
    title: 'EyeLike, ConstantOfShape, Range and Tile of constants',
    rewrites: ['fold-constants'],
    gone: ['EyeLike', 'ConstantOfShape', 'Range', 'Tile', 'Expand'],
    model: () =>
      model(['batch', 4, 4], 17, (g, x) => {
        const ones = g.node('ConstantOfShape', [g.ints([4, 4])], {
          value: makeTensorProto('one', floatTensor([1], [1])),
        });
        const row = g.node('Range', [scalarOf(g, 0), scalarOf(g, 4), scalarOf(g, 1)]);
        const tiled = g.node('Tile', [row, g.ints([1])]);
        const eye = g.node('EyeLike', [ones], { k: 1 });
        return g.node('Add', [x, g.node('Expand', [g.node('Add', [eye, tiled]), g.ints([1, 4, 4])])]);
      }),
  },
  {
    title: 'nodes that give back what they get, and twins',
    rewrites: ['identity', 'duplicate-nodes', 'dead-nodes'],
    gone: ['Identity', 'Dropout', 'Tile'],
    model: () =>
      model(['batch', 4], 17, (g, x) => {
        const same = g.node('Tile', [g.node('Dropout', [g.node('Identity', [x])]), g.ints([1, 1])]);
        return g.node('Add', [g.node('Tanh', [same]), g.node('Tanh', [x])]);
      }),
  },
];
