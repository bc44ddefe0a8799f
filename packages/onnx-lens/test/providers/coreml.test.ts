import { describe, expect, it } from 'vitest';
import {
  DataType,
  GraphBuilder,
  analyseCoverage,
  floatTensor,
  int64Tensor,
  type CoreMlFormat,
  type Dimension,
  type ModelProto,
  type OrtVersion,
} from '../../src/index.js';

/**
 * Verdicts of ONNX Runtime 1.21's own provider on the same graphs: 'yes', or the rule that this project names for its
 * no.
 */
interface Case {
  readonly title: string;
  readonly model: ModelProto;
  readonly neuralnetwork: string;
  readonly mlprogram: string;
  readonly ort?: OrtVersion;
}

type Attributes = Parameters<GraphBuilder['node']>[2];

/** A graph of one node; inputs are shapes (values that are fed) or functions that add a constant. */
function one(
  opType: string,
  inputs: readonly (readonly Dimension[] | ((graph: GraphBuilder) => string))[],
  attributes: Attributes = {},
  { opset = 17, type = DataType.FLOAT, outputs = 1 } = {},
): ModelProto {
  const graph = new GraphBuilder('one');
  const names = inputs.map((input, place) =>
    typeof input === 'function' ? input(graph) : graph.input(`x${place}`, type, input),
  );
  const made = graph.nodeOutputs(opType, names, attributes, outputs);
  const model = graph.toModel({ opset });
  model.graph!.output.push(
    ...made.map((name) => ({ $typeName: 'onnx.ValueInfoProto' as const, name, docString: '', metadataProps: [] })),
  );
  return model;
}

const floats =
  (dims: readonly number[], value = 1) =>
  (graph: GraphBuilder): string =>
    graph.constant('c', floatTensor(dims, new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(value)));
const list =
  (...values: readonly number[]) =>
  (graph: GraphBuilder): string =>
    graph.constant('c', floatTensor([values.length], values));
const ints =
  (...values: readonly number[]) =>
  (graph: GraphBuilder): string =>
    graph.ints(values);
const scalar =
  (value: number) =>
  (graph: GraphBuilder): string =>
    graph.constant('c', int64Tensor([], [value]));
const none = (): string => '';

const image = [1, 4, 8, 8] as const;
const upscale = { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' };

const CASES: readonly Case[] = [
  { title: 'Relu', model: one('Relu', [image]), neuralnetwork: 'yes', mlprogram: 'yes' },
  {
    title: 'Relu of float16',
    model: one('Relu', [image], {}, { type: DataType.FLOAT16 }),
    neuralnetwork: 'input-type',
    mlprogram: 'yes',
  },
  {
    title: 'an operator without a builder',
    model: one('Floor', [image]),
    neuralnetwork: 'op-type',
    mlprogram: 'op-type',
  },
  {
    title: 'a dimension beyond 16384',
    model: one('Relu', [[1, 16385]]),
    neuralnetwork: 'input-shape.too-large',
    mlprogram: 'input-shape.too-large',
  },
  {
    title: 'a dimension beyond 16384, 1.23',
    model: one('Relu', [[1, 16385]]),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
    ort: '1.23',
  },
  {
    title: 'six dimensions',
    model: one('Relu', [[1, 1, 1, 1, 1, 2]]),
    neuralnetwork: 'input-shape.rank',
    mlprogram: 'input-shape.rank',
  },
  {
    title: 'an operator newer than opset 21',
    model: one('MaxPool', [image], { kernel_shape: [2, 2] }, { opset: 22 }),
    neuralnetwork: 'opset',
    mlprogram: 'opset',
  },
  {
    title: 'an operator of opset 22 in 1.23',
    model: one('MaxPool', [image], { kernel_shape: [2, 2] }, { opset: 22 }),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
    ort: '1.23',
  },
  { title: 'Erf', model: one('Erf', [image]), neuralnetwork: 'format', mlprogram: 'yes' },
  { title: 'Exp', model: one('Exp', [image]), neuralnetwork: 'op-type', mlprogram: 'op-type' },
  { title: 'Exp in 1.24', model: one('Exp', [image]), neuralnetwork: 'format', mlprogram: 'yes', ort: '1.24' },
  { title: 'Max', model: one('Max', [image, image]), neuralnetwork: 'format', mlprogram: 'yes' },
  {
    title: 'Pow of two types',
    model: one('Pow', [image, ints(2)]),
    neuralnetwork: 'pow.types',
    mlprogram: 'pow.types',
  },
  {
    title: 'PRelu per channel',
    model: one('PRelu', [image, floats([4, 1, 1])]),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
  },
  {
    title: 'PRelu along the width',
    model: one('PRelu', [image, floats([8])]),
    neuralnetwork: 'prelu.slope',
    mlprogram: 'prelu.slope',
  },
  {
    title: 'Softmax of a free shape',
    model: one('Softmax', [['n', 4]]),
    neuralnetwork: 'input-shape.dynamic',
    mlprogram: 'input-shape.dynamic',
  },
  {
    title: 'Softmax of a free shape, 1.23',
    model: one('Softmax', [['n', 4]]),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
    ort: '1.23',
  },
  { title: 'Conv', model: one('Conv', [image, floats([2, 4, 3, 3])]), neuralnetwork: 'yes', mlprogram: 'yes' },
  {
    title: 'Conv with a computed weight',
    model: one('Conv', [image, [2, 4, 3, 3]]),
    neuralnetwork: 'conv.weight',
    mlprogram: 'yes',
  },
  {
    title: 'Conv in three dimensions',
    model: one('Conv', [[1, 1, 4, 4, 4], floats([1, 1, 2, 2, 2])]),
    neuralnetwork: 'conv.rank',
    mlprogram: 'conv.rank',
  },
  {
    title: 'ConvTranspose',
    model: one('ConvTranspose', [image, floats([4, 2, 2, 2])], { pads: [0, 0, 0, 0], strides: [2, 2] }),
    neuralnetwork: 'format',
    mlprogram: 'yes',
  },
  {
    title: 'ConvTranspose without pads',
    model: one('ConvTranspose', [image, floats([4, 2, 2, 2])]),
    neuralnetwork: 'format',
    mlprogram: 'crash.convtranspose-pads',
  },
  {
    title: 'AveragePool with ceil_mode',
    model: one('AveragePool', [image], { kernel_shape: [2, 2], ceil_mode: 1 }),
    neuralnetwork: 'pool.ceil-mode',
    mlprogram: 'yes',
  },
  {
    title: 'MaxPool with indices',
    model: one('MaxPool', [image], { kernel_shape: [2, 2] }, { outputs: 2 }),
    neuralnetwork: 'pool.indices',
    mlprogram: 'pool.indices',
  },
  { title: 'ReduceMean', model: one('ReduceMean', [image], { axes: [2, 3] }), neuralnetwork: 'yes', mlprogram: 'yes' },
  { title: 'ReduceMax', model: one('ReduceMax', [image], { axes: [2, 3] }), neuralnetwork: 'format', mlprogram: 'yes' },
  {
    title: 'ReduceSum with computed axes',
    model: one('ReduceMean', [image, (graph) => graph.input('axes', DataType.INT64, [1])], {}, { opset: 18 }),
    neuralnetwork: 'reduce.axes',
    mlprogram: 'reduce.axes',
  },
  {
    title: 'InstanceNormalization',
    model: one('InstanceNormalization', [image, floats([4]), floats([4])]),
    neuralnetwork: 'format',
    mlprogram: 'yes',
  },
  {
    title: 'BatchNormalization of three dimensions',
    model: one('BatchNormalization', [[1, 4, 8], floats([4]), floats([4]), floats([4]), floats([4])]),
    neuralnetwork: 'batchnorm.rank',
    mlprogram: 'batchnorm.rank',
  },
  { title: 'LRN', model: one('LRN', [image], { size: 3 }), neuralnetwork: 'yes', mlprogram: 'format' },
  {
    title: 'MatMul of matrices',
    model: one('MatMul', [[2, 3], floats([3, 4])]),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
  },
  {
    title: 'MatMul of computed matrices',
    model: one('MatMul', [
      [2, 3],
      [3, 4],
    ]),
    neuralnetwork: 'matmul.constant',
    mlprogram: 'yes',
  },
  {
    title: 'MatMul of a vector',
    model: one('MatMul', [[3], floats([3, 4])]),
    neuralnetwork: 'matmul.rank',
    mlprogram: 'matmul.vector',
  },
  {
    title: 'Gemm with transA',
    model: one('Gemm', [[3, 2], floats([3, 4])], { transA: 1 }),
    neuralnetwork: 'gemm.attributes',
    mlprogram: 'gemm.attributes',
  },
  {
    title: 'Resize by two',
    model: one('Resize', [image, none, list(1, 1, 2, 2)], upscale),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
  },
  {
    title: 'Resize by a half',
    model: one('Resize', [image, none, list(1, 1, 0.5, 0.5)], { mode: 'linear' }),
    neuralnetwork: 'resize.downsampling',
    mlprogram: 'yes',
  },
  {
    title: 'Resize with round_prefer_floor',
    model: one('Resize', [image, none, list(1, 1, 2, 2)], { mode: 'nearest' }),
    neuralnetwork: 'resize.nearest-mode',
    mlprogram: 'resize.nearest-mode',
  },
  {
    title: 'Resize with half_pixel',
    model: one('Resize', [image, none, list(1, 1, 2, 2)], { mode: 'linear' }),
    neuralnetwork: 'resize.coordinate-mode',
    mlprogram: 'yes',
  },
  {
    title: 'Resize of the channels',
    model: one('Resize', [image, none, list(1, 2, 2, 2)], upscale),
    neuralnetwork: 'resize.axes',
    mlprogram: 'resize.axes',
  },
  {
    title: 'DepthToSpace, CRD',
    model: one('DepthToSpace', [image], { blocksize: 2, mode: 'CRD' }),
    neuralnetwork: 'depthtospace.mode',
    mlprogram: 'yes',
  },
  { title: 'GridSample', model: one('GridSample', [image, [1, 2, 2, 2]]), neuralnetwork: 'format', mlprogram: 'yes' },
  { title: 'Shape', model: one('Shape', [image]), neuralnetwork: 'yes', mlprogram: 'yes' },
  {
    title: 'Shape of some dimensions',
    model: one('Shape', [image], { start: 1, end: 3 }),
    neuralnetwork: 'shape.slice',
    mlprogram: 'yes',
  },
  {
    title: 'Shape out of range',
    model: one('Shape', [image], { start: 0, end: 4 }),
    neuralnetwork: 'shape.slice',
    mlprogram: 'crash.shape-slice',
  },
  { title: 'Reshape', model: one('Reshape', [image, ints(1, -1)]), neuralnetwork: 'yes', mlprogram: 'yes' },
  {
    title: 'Reshape of a free shape',
    model: one('Reshape', [['n', 4], ints(-1, 2, 2)]),
    neuralnetwork: 'input-shape.dynamic',
    mlprogram: 'input-shape.dynamic',
  },
  { title: 'Unsqueeze', model: one('Unsqueeze', [[2, 3], ints(0)]), neuralnetwork: 'format', mlprogram: 'yes' },
  {
    title: 'Unsqueeze to six dimensions',
    model: one('Unsqueeze', [[1, 1, 1, 1, 2], ints(0)]),
    neuralnetwork: 'format',
    mlprogram: 'unsqueeze.rank',
  },
  { title: 'Flatten', model: one('Flatten', [image]), neuralnetwork: 'yes', mlprogram: 'format' },
  { title: 'Slice', model: one('Slice', [image, ints(0), ints(2), ints(1)]), neuralnetwork: 'yes', mlprogram: 'yes' },
  {
    title: 'Slice of nothing',
    model: one('Slice', [image, ints(3), ints(3), ints(1)]),
    neuralnetwork: 'slice.empty',
    mlprogram: 'slice.empty',
  },
  { title: 'Gather', model: one('Gather', [[4, 3], ints(0, 2)]), neuralnetwork: 'yes', mlprogram: 'format' },
  {
    title: 'Gather, 1.22',
    model: one('Gather', [[4, 3], ints(0, 2)]),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
    ort: '1.22',
  },
  {
    title: 'Gather by a scalar',
    model: one('Gather', [[4, 3], scalar(0)]),
    neuralnetwork: 'gather.scalar',
    mlprogram: 'format',
  },
  {
    title: 'Gather by a scalar, 1.30',
    model: one('Gather', [[4, 3], scalar(0)]),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
    ort: '1.30',
  },
  {
    title: 'Split',
    model: one('Split', [image, ints(1, 3)], { axis: 1 }, { outputs: 2 }),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
  },
  {
    title: 'Split before opset 13',
    model: one('Split', [image], { axis: 1, split: [1, 3] }, { opset: 11, outputs: 2 }),
    neuralnetwork: 'opset',
    mlprogram: 'opset',
  },
  {
    title: 'Split before opset 13, 1.27',
    model: one('Split', [image], { axis: 1, split: [1, 3] }, { opset: 11, outputs: 2 }),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
    ort: '1.27',
  },
  {
    title: 'Concat of channels',
    model: one('Concat', [image, image], { axis: 1 }),
    neuralnetwork: 'yes',
    mlprogram: 'yes',
  },
  {
    title: 'Concat of rows',
    model: one('Concat', [image, image], { axis: 2 }),
    neuralnetwork: 'concat.axis',
    mlprogram: 'yes',
  },
  {
    title: 'Pad',
    model: one('Pad', [image, ints(0, 0, 1, 1, 0, 0, 1, 1), floats([])]),
    neuralnetwork: 'yes',
    mlprogram: 'format',
  },
  {
    title: 'Pad without a value',
    model: one('Pad', [image, ints(0, 0, 1, 1, 0, 0, 1, 1)]),
    neuralnetwork: 'pad.value',
    mlprogram: 'format',
  },
  {
    title: 'Pad by reflection, 1.26',
    model: one('Pad', [image, ints(0, 0, 1, 1, 0, 0, 1, 1)], { mode: 'reflect' }),
    neuralnetwork: 'pad.mode',
    mlprogram: 'yes',
    ort: '1.26',
  },
  { title: 'Clip', model: one('Clip', [image, floats([], 0), floats([], 6)]), neuralnetwork: 'yes', mlprogram: 'yes' },
  {
    title: 'Clip to one value',
    model: one('Clip', [image, floats([], 1), floats([], 1)]),
    neuralnetwork: 'clip.equal',
    mlprogram: 'clip.equal',
  },
  {
    title: 'Cast that comes first',
    model: one('Cast', [image], { to: 7 }),
    neuralnetwork: 'cast.types',
    mlprogram: 'cast.first',
  },
  {
    title: 'Cast that comes first, 1.26',
    model: one('Cast', [image], { to: 7 }),
    neuralnetwork: 'cast.types',
    mlprogram: 'cast.first',
    ort: '1.26',
  },
  {
    title: 'Cast that comes first, 1.27',
    model: one('Cast', [image], { to: 7 }),
    neuralnetwork: 'cast.types',
    mlprogram: 'yes',
    ort: '1.27',
  },
  {
    title: 'Cast of int64 that comes first, 1.27',
    model: one('Cast', [image], { to: 6 }, { type: DataType.INT64 }),
    neuralnetwork: 'cast.first',
    mlprogram: 'yes',
    ort: '1.27',
  },
  ...(['1.22', '1.23'] as const).map((ort) => ({
    title: `Shape of int64, ${ort}`,
    model: one('Shape', [image], {}, { type: DataType.INT64 }),
    neuralnetwork: 'input-type',
    mlprogram: ort === '1.22' ? 'input-type' : 'yes',
    ort,
  })),
  ...(['1.23', '1.24', '1.27'] as const).map((ort) => ({
    title: `Clip of int64 with limits, ${ort}`,
    model: one('Clip', [image, scalar(0), scalar(6)], {}, { type: DataType.INT64 }),
    neuralnetwork: 'input-type',
    mlprogram: ort === '1.23' ? 'input-type' : 'clip.type',
    ort,
  })),
  {
    title: 'Clip of int64 without limits, 1.24',
    model: one('Clip', [image], {}, { type: DataType.INT64 }),
    neuralnetwork: 'input-type',
    mlprogram: 'yes',
    ort: '1.24',
  },
  ...(['constant', 'reflect'] as const).flatMap((mode) =>
    (['1.25', '1.26', '1.32'] as const).map((ort) => ({
      title: `Pad of int64, ${mode}, ${ort}`,
      model: one('Pad', [image, ints(0, 0, 1, 1, 0, 0, 1, 1)], { mode }, { type: DataType.INT64, opset: 18 }),
      neuralnetwork: 'input-type',
      mlprogram: ort === '1.25' ? 'format' : 'input-type',
      ort,
    })),
  ),
  ...(['1.21', '1.22', '1.23', '1.24', '1.32'] as const).map((ort) => ({
    title: `Add of float16, ${ort}`,
    model: one('Add', [image, image], {}, { type: DataType.FLOAT16 }),
    neuralnetwork: 'input-type',
    mlprogram: ort === '1.22' || ort === '1.23' ? 'input-type' : 'yes',
    ort,
  })),
];

async function verdict(model: ModelProto, format: CoreMlFormat, ort: OrtVersion): Promise<string> {
  const result = await analyseCoverage(model, { format, ort, assumeOptimized: true, compareVariants: false });
  const [node] = result.perNode;
  // A lone node that moves data only is taken, and then given back with its group.
  return node === undefined
    ? 'no node'
    : node.supported || node.reason?.rule === 'partition.dropped'
      ? 'yes'
      : (node.reason?.rule ?? 'no reason');
}

describe('the Core ML provider', () => {
  for (const { title, model, neuralnetwork, mlprogram, ort = '1.21' } of CASES) {
    it(`judges ${title}: ${neuralnetwork} in NeuralNetwork, ${mlprogram} in ML Program`, async () => {
      expect({
        neuralnetwork: await verdict(model, 'neuralnetwork', ort),
        mlprogram: await verdict(model, 'mlprogram', ort),
      }).toEqual({ neuralnetwork, mlprogram });
    });
  }

  it('takes only static shapes when asked to', async () => {
    const model = one('Relu', [['n', 4]]);
    const asked = await analyseCoverage(model, { staticShapesOnly: true, compareVariants: false });
    expect([asked.supported, asked.perNode[0]?.reason?.rule]).toEqual([0, 'input-shape.dynamic']);
    expect((await analyseCoverage(model, { compareVariants: false })).supported).toBe(1);
  });

  it('gives back a group that only moves data from 1.27 on', async () => {
    const model = one('Transpose', [image], { perm: [0, 2, 3, 1] });
    const options = { assumeOptimized: true, compareVariants: false } as const;
    expect((await analyseCoverage(model, { ...options, ort: '1.26' })).partitions).toHaveLength(1);
    const newer = await analyseCoverage(model, { ...options, ort: '1.27' });
    expect([newer.partitions.length, newer.supported, newer.perNode[0]?.reason?.rule]).toEqual([
      0,
      0,
      'partition.dropped',
    ]);
  });

  it('says that a dropped group was dropped, not that its Cast comes first', async () => {
    const model = one('Cast', [image], { to: 7 });
    const options = { assumeOptimized: true, compareVariants: false, format: 'mlprogram', ort: '1.27' } as const;
    const { supported, perNode } = await analyseCoverage(model, options);
    expect([supported, perNode[0]?.reason?.rule]).toEqual([0, 'partition.dropped']);
  });

  it('says how sure it is of float16 in 1.22 and 1.23', async () => {
    const statement = async (ort: string): Promise<string> =>
      (await analyseCoverage(one('Relu', [image]), { ort, compareVariants: false })).rules.statement;
    expect(await statement('1.22')).toContain('COREML_ENABLE_MLPROGRAM');
    expect(await statement('1.24')).not.toContain('COREML_ENABLE_MLPROGRAM');
  });

  it('judges an unknown newer release by the newest rules, and says so', async () => {
    const options = { compareVariants: false } as const;
    const newer = await analyseCoverage(one('Relu', [image]), { ...options, ort: '1.99.3' });
    expect(newer.target.ort).toBe('1.32');
    expect(newer.notes[0]).toContain('1.99.3 is newer than the rules');
    const latest = await analyseCoverage(one('Relu', [image]), { ...options, ort: 'latest' });
    expect([latest.target.ort, latest.notes.length]).toEqual(['1.32', 0]);
    await expect(analyseCoverage(one('Relu', [image]), { ...options, ort: '1.20' })).rejects.toThrow(
      'choose one of 1.21',
    );
    await expect(analyseCoverage(one('Relu', [image]), { ...options, ort: 'nightly' })).rejects.toThrow(
      'not a release',
    );
  });

  it('foretells that a negative dimension makes the provider throw', async () => {
    const graph = new GraphBuilder('negative');
    const pooled = graph.node('MaxPool', [graph.input('x', DataType.FLOAT, [1, 3, 4, 4])], { kernel_shape: [7, 7] });
    graph.output(graph.node('Relu', [pooled]), DataType.FLOAT, [1, 3, -2, -2]);
    const { perNode, notes } = await analyseCoverage(graph.toModel({ opset: 17 }), { compareVariants: false });
    expect(perNode.map(({ reason }) => reason?.rule)).toContain('crash.negative-dimension');
    expect(notes.some((note) => note.includes('would fail at Relu'))).toBe(true);
  });

  it('foretells it for the result of a pooling that nothing else reads, too', async () => {
    const graph = new GraphBuilder('negative');
    const x = graph.input('x', DataType.FLOAT, [1, 3, 4, 4]);
    graph.node('AveragePool', [x], { kernel_shape: [7, 7] }, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, [1, 3, undefined, undefined]);
    for (const format of ['mlprogram', 'neuralnetwork'] as const) {
      const { perNode, notes } = await analyseCoverage(graph.toModel({ opset: 17 }), {
        format,
        assumeOptimized: true,
        compareVariants: false,
      });
      expect(perNode.map(({ supported }) => supported)).toEqual([true]);
      expect(notes.join('\n')).toContain('would fail after partitioning: the output "y" of AveragePool');
    }
  });

  it('names a crash in the notes', async () => {
    const model = one('ConvTranspose', [image, floats([4, 2, 2, 2])]);
    const { notes } = await analyseCoverage(model, { format: 'mlprogram', ort: '1.21', compareVariants: false });
    expect(notes.some((note) => note.includes('would fail at ConvTranspose'))).toBe(true);
  });
});
