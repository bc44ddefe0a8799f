import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { DataType, GraphBuilder, int64Tensor, saveModel, type ModelProto } from '../../src/index.js';
import { convertToHalf } from '../../src/prepare/half.js';
import { quantizeModel } from '../../src/prepare/quantize.js';
import { optimizeForProvider } from '../../src/rewrite/optimize.js';
import { proveEqual } from '../../src/rewrite/proof.js';
import type { Rewrite } from '../../src/rewrite/rewrite.js';
import { seededTensor } from '../../src/rewrite/seeded-inputs.js';
import { weights } from './patterns.js';

/** A network in the style of style transfer: reflecting borders, HardSwish, an Einsum head. */
function reflecting(): ModelProto {
  const graph = new GraphBuilder('reflecting');
  let x = graph.input('image', DataType.FLOAT, ['batch', 3, 12, 12]);
  let channels = 3;
  for (let layer = 0; layer < 3; layer++) {
    const padded = graph.node('Pad', [x, graph.ints([0, 0, 1, 1, 0, 0, 1, 1])], { mode: 'reflect' });
    x = graph.node('HardSwish', [graph.node('Conv', [padded, weights(graph, [4, channels, 3, 3], layer + 1)])]);
    channels = 4;
  }
  const pooled = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
  graph.node('Einsum', [pooled, weights(graph, [4, 5], 9)], { equation: 'bi,ij->bj' }, { outputs: ['scores'] });
  graph.output('scores', DataType.FLOAT, ['batch', 5]);
  return graph.toModel({ opset: 17 });
}

/** All convolutions and ReLUs: Core ML takes it as it is. */
function plain(): ModelProto {
  const graph = new GraphBuilder('plain');
  const x = graph.input('x', DataType.FLOAT, ['batch', 3, 8, 8]);
  graph.node('Relu', [graph.node('Conv', [x, weights(graph, [4, 3, 3, 3])])], {}, { outputs: ['y'] });
  graph.output('y', DataType.FLOAT, ['batch', 4, 6, 6]);
  return graph.toModel({ opset: 17 });
}

/** Leaves out the multiplication of HardSwish: plausible, and wrong. */
const brokenHardSwish: Rewrite = {
  name: 'broken-hard-swish',
  summary: 'forgets a factor',
  purpose: 'provider',
  apply(node, bench) {
    if (node.opType !== 'HardSwish') return false;
    bench.replace(node, (emit) => emit.node('Relu', [node.input[0] ?? '']));
    return true;
  },
};

describe('optimizing for Core ML', () => {
  it('brings a network of reflecting borders to one partition and proves it', async () => {
    const source = reflecting();
    const result = await optimizeForProvider(source, { ort: '1.21' });
    expect(result.before.partitions.length).toBeGreaterThan(3);
    expect(result.after.partitions).toHaveLength(1);
    expect(result.after.coverage).toBe(100);
    const proof = await proveEqual(source, result.model, { samples: 8, batches: [1, 2, 5] });
    expect(proof.holds).toBe(true);
    expect(result.passes.filter((row) => row.outcome === 'kept').map((row) => row.name)).toEqual(
      expect.arrayContaining(['pad-concat', 'hard-activations', 'einsum']),
    );
  }, 60_000);

  it('counts work by the same shapes before and after, so that a graph of hidden shapes does not look light', async () => {
    // A convolution whose image size ONNX Runtime loses at a computed Pad: as it stands, it seems to cost nothing.
    const graph = new GraphBuilder('hidden');
    const x = graph.input('x', DataType.FLOAT, ['batch', 3, 16, 16]);
    const size = graph.node('Gather', [graph.node('Shape', [x]), graph.constant('i', int64Tensor([], [2]))]);
    const half = graph.node(
      'Cast',
      [graph.node('Div', [graph.node('Cast', [size], { to: 1 }), graph.floats([], [16])])],
      { to: 7 },
    );
    const one = graph.node('Unsqueeze', [half, graph.ints([0])]);
    const padded = graph.node('Pad', [
      x,
      graph.node('Concat', [graph.ints([0, 0]), one, one, graph.ints([0, 0]), one, one], { axis: 0 }),
    ]);
    graph.node('Conv', [padded, weights(graph, [8, 3, 3, 3])], {}, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, ['batch', 8, 16, 16]);
    const result = await optimizeForProvider(graph.toModel({ opset: 17 }));
    expect(result.model.graph!.node.map(({ opType }) => opType)).toEqual(['Conv']);
    expect(result.releases.every(({ after }) => after.partitions === 1 && after.onCpu === 0)).toBe(true);
  }, 60_000);

  it('gives a model that nothing helps back as it was', async () => {
    const source = plain();
    const result = await optimizeForProvider(source, { ort: '1.21' });
    expect(result.isChanged).toBe(false);
    expect(result.model).toBe(source);
  });

  it('says of a rewrite that costs more than it brings that it was dropped', async () => {
    const useless: Rewrite = {
      name: 'useless',
      summary: 'doubles by adding',
      purpose: 'provider',
      apply(node, bench) {
        if (node.opType !== 'Relu') return false;
        bench.replace(node, (emit) =>
          emit.node('Max', [
            node.input[0] ?? '',
            emit.node('Mul', [node.input[0] ?? '', emit.scalar(DataType.FLOAT, 0)]),
          ]),
        );
        return true;
      },
    };
    const result = await optimizeForProvider(plain(), { ort: '1.21', rewrites: [useless] });
    expect(result.passes).toMatchObject([{ name: 'useless', changed: 1, outcome: 'dropped' }]);
    expect(result.passes[0]?.reason).toMatch(/costs more than it brings/);
    expect(result.isChanged).toBe(false);
  });

  it('fixes free dimensions by name, and knows which there are', async () => {
    const result = await optimizeForProvider(plain(), { fix: { batch: 2 }, ort: '1.21' });
    expect(result.after.partitions[0]?.inputs[0]?.shape).toEqual([2, 3, 8, 8]);
    await expect(optimizeForProvider(plain(), { fix: { height: 2 } })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('the proof', () => {
  it('catches a deliberately broken rewrite, and says where the first difference is', async () => {
    const source = reflecting();
    const result = await optimizeForProvider(source, { ort: '1.21', rewrites: [brokenHardSwish] });
    const proof = await proveEqual(source, result.model, { samples: 2 });
    expect(proof.holds).toBe(false);
    expect(proof.outputs[0]).toMatchObject({ name: 'scores', isIdentical: false, isWithin: false });
    expect(proof.outputs[0]?.first).toHaveLength(2);
  });

  it('says of a model that draws random numbers that nothing can be proven', async () => {
    const graph = new GraphBuilder('random');
    const x = graph.input('x', DataType.FLOAT, [4]);
    graph.node('Add', [x, graph.node('RandomNormalLike', [x])], {}, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, [4]);
    const source = graph.toModel({ opset: 17 });
    await expect(proveEqual(source, source, { samples: 1 })).rejects.toMatchObject({
      code: 'PROOF_FAILED',
      message: expect.stringMatching(/other values of "y" each time/),
    });
  });

  /** A graph of given inputs and the one node or nodes that differ between a model and its wrong copy. */
  const small = (
    dims: readonly (number | string)[],
    dataType: DataType,
    build: (graph: GraphBuilder, x: string) => string,
  ): ModelProto => {
    const graph = new GraphBuilder('small');
    const made = build(graph, graph.input('x', dataType, dims));
    graph.output(graph.node('Identity', [made], {}, { outputs: ['y'] }), DataType.FLOAT, []);
    const proto = graph.toModel({ opset: 17 });
    for (const output of proto.graph!.output) output.type = undefined;
    return proto;
  };
  const indicator =
    (opType: string) =>
    (g: GraphBuilder, x: string): string =>
      g.node('Cast', [g.node(opType, [x, g.floats([], [0.5])])], { to: 1 });
  const reshaped =
    (first: number, second: number) =>
    (g: GraphBuilder, x: string): string => {
      const size = (at: number): string => g.node('Slice', [g.node('Shape', [x]), g.ints([at]), g.ints([at + 1])]);
      return g.node('Reshape', [x, g.node('Concat', [g.ints([-1]), size(first), size(second)], { axis: 0 })]);
    };
  const masked =
    (gain: number) =>
    (g: GraphBuilder, x: string): string => {
      const far = g.constant('far', { dataType: DataType.FLOAT, dims: [4], data: Float32Array.of(-1e9, 0, 0, 0) });
      return g.node('Add', [g.node('Mul', [x, g.floats([], [gain])]), far]);
    };
  const counted =
    (extra: number) =>
    (g: GraphBuilder, x: string): string =>
      g.node('Add', [
        g.node('Cast', [g.node('Mul', [x, g.floats([], [1e6])])], { to: 7 }),
        g.constant('extra', int64Tensor([], [extra])),
      ]);
  const wholes =
    (opType: string) =>
    (g: GraphBuilder, x: string): string =>
      g.node(opType, opType === 'Mul' ? [x, x] : [x]);

  it.each([
    [
      'at ties alone',
      small([2, 64], DataType.FLOAT, indicator('Greater')),
      small([2, 64], DataType.FLOAT, indicator('GreaterOrEqual')),
    ],
    [
      'at zero alone',
      small([4], DataType.FLOAT, (g, x) => g.node('Sqrt', [g.node('Mul', [x, x])])),
      small([4], DataType.FLOAT, (g, x) => g.node('Div', [g.node('Mul', [x, x]), g.node('Abs', [x])])),
    ],
    [
      'in a batch alone',
      small(['n', 4], DataType.FLOAT, (g, x) => g.node('ReduceMax', [x], { axes: [1] })),
      small(['n', 4], DataType.FLOAT, (g, x) => g.node('ReduceMax', [x], { axes: [0, 1] })),
    ],
    [
      'where rows are taken for columns',
      small(['n', 'h', 'w'], DataType.FLOAT, reshaped(1, 2)),
      small(['n', 'h', 'w'], DataType.FLOAT, reshaped(2, 1)),
    ],
    [
      'by little beside a value of -1e9',
      small([4], DataType.FLOAT, masked(1)),
      small([4], DataType.FLOAT, masked(1.01)),
    ],
    [
      'by one in whole numbers of millions',
      small([4], DataType.FLOAT, counted(0)),
      small([4], DataType.FLOAT, counted(1)),
    ],
    [
      'for whole numbers beyond 0 and 1',
      small([9], DataType.INT64, wholes('Abs')),
      small([9], DataType.INT64, wholes('Mul')),
    ],
    [
      'for negative numbers alone',
      small([9], DataType.FLOAT, (g, x) => g.node('Abs', [x])),
      small([9], DataType.FLOAT, (g, x) => g.node('Relu', [x])),
    ],
    [
      'for large numbers alone',
      small([9], DataType.FLOAT, (g, x) => g.node('Identity', [x])),
      small([9], DataType.FLOAT, (g, x) => g.node('Clip', [x, g.floats([], [-100]), g.floats([], [100])])),
    ],
  ])('catches a model that differs %s', async (_, source, wrong) => {
    expect((await proveEqual(source, source)).isIdentical).toBe(true);
    expect((await proveEqual(source, wrong)).holds).toBe(false);
  });

  it('says of words that none can be made up', () => {
    expect(() => seededTensor(DataType.STRING, [2], 1)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_MODEL' }));
    expect(() => seededTensor(DataType.FLOAT, [1, 2 ** 20, 2 ** 20], 1)).toThrow(/too large for values to be made up/);
  });

  it('says bit-identical when it is', async () => {
    expect((await proveEqual(plain(), plain(), { samples: 2 })).isIdentical).toBe(true);
  });

  it('counts a NaN or an infinity in one model alone as a difference', async () => {
    const withRoot = (): ModelProto => {
      const graph = new GraphBuilder('root');
      graph.node('Sqrt', [graph.input('x', DataType.FLOAT, [4])], {}, { outputs: ['y'] });
      graph.output('y', DataType.FLOAT, [4]);
      return graph.toModel({ opset: 17 });
    };
    const withAbs = withRoot();
    withAbs.graph!.node[0]!.opType = 'Relu';
    expect(
      (await proveEqual(withRoot(), withAbs, { samples: 1, ranges: { x: { min: -2, max: -1 } } })).outputs[0]?.maxAbs,
    ).toBe(Infinity);
    expect((await proveEqual(withRoot(), withRoot(), { samples: 1 })).isIdentical).toBe(true);
  });
});

describe('smaller numbers', () => {
  it('leaves operators without a 16-bit form, and those that are named, in 32 bits', async () => {
    const graph = new GraphBuilder('range');
    const x = graph.input('x', DataType.FLOAT, [4]);
    const number = (value: number): string => graph.floats([], [value]);
    const steps = graph.node('Range', [number(0), number(1), number(0.25)]);
    // Both are beyond the largest half.
    const two = graph.node('Div', [number(200_000), number(100_000)]);
    const parts = graph.node('Mul', [steps, two]);
    graph.node('Add', [x, parts], {}, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, [4]);
    const source = graph.toModel({ opset: 17 });
    const half = await convertToHalf(source, ['Div']);
    const proof = await proveEqual(source, half, { samples: 2, tolerance: 0.05 });
    expect(proof.holds).toBe(true);
    await expect(convertToHalf(source, ['Conv'])).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('16-bit floats keep inputs and outputs float32 and stay near', async () => {
    const source = reflecting();
    const proof = await proveEqual(source, await convertToHalf(source), { samples: 2, tolerance: 0.05 });
    expect(proof.holds).toBe(true);
    expect(proof.isIdentical).toBe(false);
  });

  it('8-bit QDQ from calibration inputs stays within a tenth of the range', async () => {
    const source = reflecting();
    const range = { min: -1, max: 1 };
    const calibration = [1, 2, 3, 4].map(
      (seed) => new Map([['image', seededTensor(DataType.FLOAT, [1, 3, 12, 12], seed, range)]]),
    );
    const quantized = await quantizeModel(source, calibration);
    expect(quantized.graph!.node.filter((node) => node.opType === 'QuantizeLinear').length).toBeGreaterThan(3);
    const read = new Set(quantized.graph!.node.flatMap((node) => node.input));
    expect(quantized.graph!.initializer.filter(({ name }) => !read.has(name))).toEqual([]);
    const proof = await proveEqual(source, quantized, { samples: 4, ranges: { image: range }, tolerance: 0.1 });
    expect(proof.holds).toBe(true);
    expect(proof.isIdentical).toBe(false);
  });
});

describe('onnx-lens optimize', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-lens-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]): Promise<unknown> =>
    createProgram().parseAsync(['node', 'onnx-lens', 'optimize', ...args]);

  it('writes the model when the proof holds', async () => {
    const [source, target] = [join(folder, 'in.onnx'), join(folder, 'out.onnx')];
    saveModel(reflecting(), source);
    await run(source, '-o', target, '--ort', '1.21', '--verify', '2', '--fix', 'batch=1');
    expect(existsSync(target)).toBe(true);
  }, 60_000);

  it('writes the very file where nothing helps', async () => {
    const [source, target] = [join(folder, 'plain.onnx'), join(folder, 'same.onnx')];
    saveModel(plain(), source);
    await run(source, '-o', target, '--ort', '1.21', '--verify', '1');
    expect(readFileSync(target).equals(readFileSync(source))).toBe(true);
  });

  it('gives back a model whose inputs cannot be made up, when nothing helps it', async () => {
    const [source, target] = [join(folder, 'words.onnx'), join(folder, 'words-same.onnx')];
    const graph = new GraphBuilder('words');
    graph.node('Identity', [graph.input('x', DataType.STRING, ['n'])], {}, { outputs: ['y'] });
    graph.output('y', DataType.STRING, ['n']);
    saveModel(graph.toModel({ opset: 17 }), source);
    await run(source, '-o', target, '--ort', '1.21');
    expect(readFileSync(target).equals(readFileSync(source))).toBe(true);
  });

  it('names in the table what came in the place of a rewrite that was dropped', async () => {
    const graph = new GraphBuilder('threshold');
    const x = graph.input('x', DataType.FLOAT, ['n', 8]);
    const [values = ''] = graph.nodeOutputs('TopK', [x, graph.ints([3])], {}, 2);
    const least = graph.node('Slice', [values, graph.ints([2]), graph.ints([3]), graph.ints([1])]);
    graph.node('Cast', [graph.node('GreaterOrEqual', [x, least])], { to: 1 }, { outputs: ['y'] });
    graph.node('Relu', [values], {}, { outputs: ['z'] });
    graph.output('y', DataType.FLOAT, ['n', 8]);
    graph.output('z', DataType.FLOAT, ['n', 3]);
    const result = await optimizeForProvider(graph.toModel({ opset: 17 }), { ort: '1.21' });
    expect(result.isChanged).toBe(true);
    expect(result.passes.some(({ outcome }) => outcome === 'kept')).toBe(true);
  });

  it('writes nothing when the tolerance is not met', async () => {
    const [source, target] = [join(folder, 'in.onnx'), join(folder, 'refused.onnx')];
    saveModel(reflecting(), source);
    await expect(
      run(source, '-o', target, '--ort', '1.21', '--verify', '2', '--tolerance', '0', '--fp16'),
    ).rejects.toMatchObject({ code: 'PROOF_FAILED' });
    expect(existsSync(target)).toBe(false);
  }, 60_000);
});
