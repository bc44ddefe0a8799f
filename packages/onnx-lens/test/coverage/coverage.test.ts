import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DataType,
  GraphBuilder,
  analyseCoverage,
  serializeModel,
  type CoverageOptions,
  type ModelProto,
} from '../../src/index.js';
import { SHARED } from '../shared-folder.js';

const NEURALNETWORK: CoverageOptions = {
  format: 'neuralnetwork',
  ort: '1.21',
  assumeOptimized: true,
  compareVariants: false,
};

/**
 * A graph over values of one shape; a step is [operator, names of inputs, name of output]. Floor is left to the CPU.
 */
function graphOf(
  inputs: readonly string[],
  steps: readonly (readonly [string, readonly string[], string])[],
  outputs: readonly string[],
): ModelProto {
  const graph = new GraphBuilder('steps');
  for (const name of inputs) graph.input(name, DataType.FLOAT, [1, 4]);
  for (const [opType, from, to] of steps) graph.node(opType, from, {}, { outputs: [to] });
  for (const name of outputs) graph.output(name, DataType.FLOAT, [1, 4]);
  return graph.toModel({ opset: 17 });
}

const groupsOf = async (model: ModelProto): Promise<(readonly number[])[]> =>
  (await analyseCoverage(model, NEURALNETWORK)).partitions.map(({ nodes }) => nodes);

describe('graphs of all kinds', () => {
  it('may leave out outputs of one node and inputs of another', async () => {
    const graph = new GraphBuilder('recurrent');
    const x = graph.input('x', DataType.FLOAT, [5, 2, 4]);
    const weights = (dims: readonly number[]): string =>
      graph.floats(dims, new Array<number>(dims.reduce((a, b) => a * b)).fill(0.1));
    graph.node(
      'LSTM',
      [x, weights([1, 32, 4]), weights([1, 32, 8])],
      { hidden_size: 8 },
      { outputs: ['', 'last', ''] },
    );
    graph.node('Slice', ['last', graph.ints([0]), graph.ints([1]), '', graph.ints([1])], {}, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, [1, 2, 8]);
    // Before 1.24 computed shapes were not followed, which is asked for in another way.
    const result = await analyseCoverage(graph.toModel({ opset: 17 }), { ort: '1.21', format: 'mlprogram' });
    expect(result.perNode.map(({ opType, supported }) => [opType, supported])).toContainEqual(['LSTM', false]);
  });
});

describe('partitions', () => {
  it('are cut where an unsupported node stands between', async () => {
    const model = graphOf(
      ['x'],
      [
        ['Relu', ['x'], 'a'],
        ['Floor', ['a'], 'b'],
        ['Relu', ['b'], 'c'],
      ],
      ['c'],
    );
    expect(await groupsOf(model)).toEqual([[0], [2]]);
  });

  it('join branches that do not depend on the unsupported node', async () => {
    const model = graphOf(
      ['x'],
      [
        ['Relu', ['x'], 'a'],
        ['Floor', ['a'], 'b'],
        ['Tanh', ['a'], 'c'],
        ['Relu', ['c'], 'd'],
        ['Add', ['b', 'd'], 'y'],
      ],
      ['y'],
    );
    expect(await groupsOf(model)).toEqual([[0, 2, 3], [4]]);
  });

  it('take ready nodes in the order of the topological sort, deepest root first', async () => {
    const model = graphOf(
      ['x', 'z'],
      [
        ['Relu', ['x'], 'a'],
        ['Tanh', ['z'], 'b'],
        ['Sigmoid', ['a'], 'c'],
        ['Add', ['b', 'c'], 'y'],
      ],
      ['y'],
    );
    // Backwards from Add, its producers are left first to last by what the stack holds on top: Sigmoid's branch, then
    // Tanh.
    expect(await groupsOf(model)).toEqual([[0, 1, 2, 3]]);
  });

  it('do not swallow an unsupported node that feeds from outside', async () => {
    const model = graphOf(
      ['x', 'z'],
      [
        ['Floor', ['z'], 'f'],
        ['Relu', ['x'], 'a'],
        ['Add', ['a', 'f'], 'y'],
      ],
      ['y'],
    );
    expect(await groupsOf(model)).toEqual([[1, 2]]);
  });

  it('tell what crosses their edges, in bytes', async () => {
    const model = graphOf(
      ['x'],
      [
        ['Relu', ['x'], 'a'],
        ['Floor', ['a'], 'b'],
        ['Relu', ['b'], 'c'],
      ],
      ['c'],
    );
    const { partitions } = await analyseCoverage(model, NEURALNETWORK);
    expect(partitions[0]).toMatchObject({
      inputs: [{ name: 'x', type: 'float', shape: [1, 4], bytes: 16 }],
      outputs: [{ name: 'a', bytes: 16 }],
      boundaryBytes: 32,
    });
  });
});

describe('a coverage result', () => {
  it('ranks causes by the partitions that each alone costs', async () => {
    const model = graphOf(
      ['x'],
      [
        ['Relu', ['x'], 'a'],
        ['Floor', ['a'], 'b'],
        ['Relu', ['b'], 'c'],
        ['Floor', ['c'], 'd'],
        ['Relu', ['d'], 'e'],
        ['Abs', ['e'], 'y'],
      ],
      ['y'],
    );
    const { causes } = await analyseCoverage(model, NEURALNETWORK);
    expect(
      causes.map(({ opTypes, nodes, partitionsWithout, partitionsSaved }) => ({
        opTypes,
        nodes,
        partitionsWithout,
        partitionsSaved,
      })),
    ).toEqual([
      { opTypes: ['Floor'], nodes: [1, 3], partitionsWithout: 1, partitionsSaved: 2 },
      { opTypes: ['Abs'], nodes: [5], partitionsWithout: 3, partitionsSaved: 0 },
    ]);
  });

  it('counts multiply-accumulates and weights on each side', async () => {
    const graph = new GraphBuilder('work');
    const x = graph.input('x', DataType.FLOAT, [2, 3]);
    const h = graph.node('MatMul', [x, graph.floats([3, 5], new Float32Array(15))]);
    const floor = graph.node('Floor', [h]);
    graph.output(
      graph.node('MatMul', [floor, graph.input('w', DataType.FLOAT, [5, 7])], {}, { outputs: ['y'] }),
      DataType.FLOAT,
      [2, 7],
    );
    const { work } = await analyseCoverage(graph.toModel({ opset: 17 }), NEURALNETWORK);
    expect(work).toEqual({
      macsOnProvider: 2 * 3 * 5,
      macsOnCpu: 2 * 5 * 7,
      weightBytesOnProvider: 60,
      weightBytesOnCpu: 0,
    });
  });

  it('leaves Constant nodes out of the count and the indices', async () => {
    const graph = new GraphBuilder('constants');
    const x = graph.input('x', DataType.FLOAT, [1, 4]);
    const c = graph.node('Constant', [], { value_floats: { float: [1, 2, 3, 4] } });
    graph.output(graph.node('Add', [x, c], {}, { outputs: ['y'] }), DataType.FLOAT, [1, 4]);
    const result = await analyseCoverage(graph.toModel({ opset: 17 }), NEURALNETWORK);
    expect([result.nodes, result.perNode.map(({ index, opType }) => [index, opType])]).toEqual([1, [[0, 'Add']]]);
  });

  it('fixes free dimensions by name, and compares all four settings', async () => {
    const graph = new GraphBuilder('free');
    const x = graph.input('x', DataType.FLOAT, ['batch', 4]);
    graph.output(graph.node('Softmax', [x], {}, { outputs: ['y'] }), DataType.FLOAT, ['batch', 4]);
    const model = graph.toModel({ opset: 17 });
    const free = await analyseCoverage(model, { ort: '1.21' });
    expect(free.variants.map(({ format, fixedShapes, supported }) => [format, fixedShapes, supported])).toEqual([
      ['neuralnetwork', false, 0],
      ['neuralnetwork', true, 1],
      ['mlprogram', false, 0],
      ['mlprogram', true, 1],
    ]);
    expect((await analyseCoverage(model, { ort: '1.21', fix: { batch: 2 }, compareVariants: false })).supported).toBe(
      1,
    );
    await expect(analyseCoverage(model, { fix: { height: 2 } })).rejects.toThrow(
      /no free dimension "height" to fix: it has batch/,
    );
  });

  it('notes subgraphs, which the provider does not visit', async () => {
    const branch = (name: string) => {
      const graph = new GraphBuilder(name);
      graph.output(graph.node('Relu', ['x'], {}, { outputs: [`${name}_y`] }), DataType.FLOAT, [1, 4]);
      return graph.toGraph();
    };
    const graph = new GraphBuilder('control');
    graph.input('x', DataType.FLOAT, [1, 4]);
    const yes = graph.input('yes', DataType.BOOL, []);
    graph.output(
      graph.node('If', [yes], { then_branch: branch('a'), else_branch: branch('b') }, { outputs: ['y'] }),
      DataType.FLOAT,
      [1, 4],
    );
    const result = await analyseCoverage(graph.toModel({ opset: 17 }), { compareVariants: false });
    expect([result.nodes, result.supported]).toEqual([1, 0]);
    expect(result.notes.join(' ')).toContain('2 nodes inside the subgraphs');
  });

  it('does not take weights in other files before 1.23', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lens-test-'));
    try {
      const graph = new GraphBuilder('external');
      graph.output(
        graph.node(
          'Mul',
          [graph.input('x', DataType.FLOAT, [4]), graph.floats([4], [1, 2, 3, 4], 'w')],
          {},
          { outputs: ['y'] },
        ),
        DataType.FLOAT,
        [4],
      );
      const model = graph.toModel({ opset: 17 });
      const weight = model.graph!.initializer[0]!;
      writeFileSync(join(folder, 'w.bin'), weight.rawData);
      weight.rawData = new Uint8Array();
      weight.dataLocation = 1;
      weight.externalData = [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: 'w.bin' }];
      const path = join(folder, 'model.onnx');
      writeFileSync(path, serializeModel(model));
      const older = await analyseCoverage(path, { ort: '1.21', compareVariants: false });
      expect(older.perNode[0]?.reason?.rule).toBe('external-weights');
      expect((await analyseCoverage(path, { ort: '1.30', compareVariants: false })).supported).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses what is no sound model, each in one sentence', async () => {
    const cyclic = graphOf(
      ['x'],
      [
        ['Add', ['x', 'b'], 'a'],
        ['Relu', ['a'], 'b'],
      ],
      ['b'],
    );
    const missing = graphOf(['x'], [['Add', ['x', 'nowhere'], 'a']], ['a']);
    const unknown = new GraphBuilder('unknown');
    unknown.output(
      unknown.node('Thing', [unknown.input('x', DataType.FLOAT, [1])], {}, { domain: 'example.org', outputs: ['y'] }),
      DataType.FLOAT,
      [1],
    );
    const codes = await Promise.all(
      [cyclic, missing, unknown.toModel({ opset: 17, domains: { 'example.org': 1 } }), '/nowhere.onnx'].map((model) =>
        analyseCoverage(model).then(
          () => 'taken',
          (error: unknown) => (error as { code: string; message: string }).code,
        ),
      ),
    );
    expect(codes).toEqual(['GRAPH_CYCLE', 'VALUE_MISSING', 'RUNTIME_REFUSED', 'FILE_UNREADABLE']);
  });
});

const exported = join(SHARED, 'models/exported');

describe.skipIf(!existsSync(exported))("the seed's models (skipped without the exported files)", () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lens-seed-'));
    for (const name of ['mtl', 'retinaface', 'star']) {
      const bytes = brotliDecompressSync(readFileSync(join(exported, `${name}_as_exported.onnx.br`)));
      writeFileSync(join(folder, `${name}.onnx`), bytes);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['mtl', 514, 358, 28, 'HIGH'],
    ['retinaface', 144, 117, 3, 'LOW'],
    ['star', 855, 706, 18, 'MEDIUM'],
  ] as const)('%s: %i nodes, %i on Core ML, %i partitions, %s', async (name, nodes, supported, partitions, impact) => {
    for (const ort of ['1.21', '1.22', '1.23'] as const) {
      const result = await analyseCoverage(join(folder, `${name}.onnx`), {
        format: 'neuralnetwork',
        ort,
        compareVariants: false,
      });
      expect([result.nodes, result.supported, result.partitions.length, result.impact]).toEqual([
        nodes,
        supported,
        partitions,
        impact,
      ]);
    }
  });
});
