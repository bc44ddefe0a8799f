import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DataType,
  GraphBuilder,
  compileModel,
  ensureCompiled,
  int64Tensor,
  loadCompiled,
  loadModel,
  measureBatchCurve,
  saveModel,
  serializeModel,
  withSession,
} from '../../src/index.js';
import { kneeOf } from '../../src/prepare/batch-curve.js';
import { seededTensor } from '../../src/rewrite/seeded-inputs.js';
import { weights } from '../rewrite/patterns.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-lens-test-'));
  saveModel(network(1), join(folder, 'model.onnx'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function network(seed: number) {
  const graph = new GraphBuilder('network');
  const x = graph.input('x', DataType.FLOAT, ['batch', 8, 10, 10]);
  const features = graph.node('Relu', [graph.node('Conv', [x, weights(graph, [16, 8, 3, 3], seed)])]);
  const pooled = graph.node('Flatten', [graph.node('GlobalAveragePool', [features])]);
  graph.node('Gemm', [pooled, weights(graph, [16, 64], seed + 1)], {}, { outputs: ['y'] });
  graph.output('y', DataType.FLOAT, ['batch', 64]);
  return graph.toModel({ opset: 17 });
}

/** As PyTorch exports a flattening: the shape is computed in each run, though only the batch is not known before. */
function withComputedShape(end = 'Relu') {
  const graph = new GraphBuilder('network');
  const x = graph.input('x', DataType.FLOAT, ['batch', 8, 10, 10]);
  const features = graph.node('Conv', [x, weights(graph, [16, 8, 3, 3], 1)]);
  const shape = graph.node('Shape', [features]);
  const size = (at: number): string => graph.node('Gather', [shape, graph.ints([at])], { axis: 0 });
  const flat = graph.node('Reshape', [
    features,
    graph.node('Concat', [size(0), graph.node('Mul', [size(1), graph.node('Mul', [size(2), size(3)])])], { axis: 0 }),
  ]);
  graph.node(end, [flat], {}, { outputs: ['y'] });
  graph.output('y', DataType.FLOAT, ['batch', 'flat']);
  return graph.toModel({ opset: 17 });
}

describe('a compiled model', () => {
  it('computes what the model computes, to the bit', async () => {
    const source = join(folder, 'model.onnx');
    const { modelPath } = await compileModel(source, join(folder, 'compiled'));
    const feeds = new Map([['x', seededTensor(DataType.FLOAT, [2, 8, 10, 10], 1)]]);
    const plain = await withSession(source, { threads: 1 }, (session) => session.run(feeds));
    const compiled = await withSession(modelPath, { optimization: 'disabled', threads: 1 }, (session) =>
      session.run(feeds),
    );
    expect(compiled.get('y')).toEqual(plain.get('y'));
  });

  it('has every weight where the widest vectors may be read, however long the weights before it are', async () => {
    const graph = new GraphBuilder('odd');
    const x = graph.input('x', DataType.FLOAT, [2, 261]);
    const odd = graph.node('Mul', [graph.node('Add', [x, weights(graph, [261], 1)]), weights(graph, [261], 2)]);
    graph.node(
      'MatMul',
      [graph.node('MatMul', [odd, weights(graph, [261, 33], 3)]), weights(graph, [33, 257], 4)],
      {},
      { outputs: ['y'] },
    );
    graph.output('y', DataType.FLOAT, [2, 257]);
    const source = join(folder, 'odd.onnx');
    saveModel(graph.toModel({ opset: 17 }), source);
    const { modelPath } = await compileModel(source, join(folder, 'compiled'));
    const places = loadModel(modelPath).graph!.initializer.flatMap(({ externalData }) =>
      externalData.flatMap(({ key, value }) =>
        key === 'offset'
          ? [Number(value)]
          : key.startsWith('prepacked')
            ? value
                .split('|')
                .slice(1)
                .map((blob) => Number(blob.split(';')[0]))
            : [],
      ),
    );
    expect(places.length).toBeGreaterThan(4);
    expect(places.filter((place) => place % 64 !== 0)).toEqual([]);
    const feeds = new Map([['x', seededTensor(DataType.FLOAT, [2, 261], 1)]]);
    const plain = await withSession(source, { threads: 1 }, (session) => session.run(feeds));
    const compiled = await withSession(modelPath, { optimization: 'disabled', threads: 1 }, (session) =>
      session.run(feeds),
    );
    expect(compiled.get('y')).toEqual(plain.get('y'));
  });

  it('is simplified before, where it gives the same outputs to the last bit', async () => {
    const source = join(folder, 'computed.onnx');
    saveModel(withComputedShape(), source);
    const nodes = (path: string): number => loadModel(path).graph?.node.length ?? 0;
    const simple = await compileModel(source, join(folder, 'simple'));
    const asItWas = await compileModel(source, join(folder, 'as-it-was'), { simplify: false });
    expect(simple.manifest.simplification).toMatchObject({
      kind: 'simplified',
      rewrites: expect.arrayContaining(['shape-arithmetic']),
    });
    expect(asItWas.manifest.simplification).toBeNull();
    expect(nodes(simple.modelPath)).toBeLessThan(nodes(asItWas.modelPath));
    const feeds = new Map([['x', seededTensor(DataType.FLOAT, [3, 8, 10, 10], 1)]]);
    const run = (path: string) =>
      withSession(path, { optimization: 'disabled', threads: 1 }, (session) => session.run(feeds));
    expect((await run(simple.modelPath)).get('y')).toEqual((await run(asItWas.modelPath)).get('y'));
    expect(() => loadCompiled(source, join(folder, 'simple'), { simplify: false })).toThrow(/another graph/);
    expect(readdirSync(join(folder, 'simple')).sort()).toEqual(['manifest.json', 'model.onnx', 'weights.bin']);
  });

  it('stays as it was where equality cannot be shown, and says why', async () => {
    const source = join(folder, 'random.onnx');
    saveModel(withComputedShape('RandomNormalLike'), source);
    const { manifest } = await compileModel(source, join(folder, 'compiled'));
    expect(manifest.simplification).toMatchObject({ kind: 'as it was', reason: expect.stringContaining('random') });
  });

  it('with weights in the branches of an If opens and runs, its weights inside', async () => {
    const graph = new GraphBuilder('outer');
    const x = graph.input('x', DataType.FLOAT, [4, 600]);
    const rate = graph.input('rate', DataType.INT64, []);
    const branch = (name: string, seed: number): GraphBuilder => {
      const inner = new GraphBuilder(name);
      inner.node('MatMul', [x, weights(inner, [600, 600], seed)], {}, { outputs: [`${name}_out`] });
      inner.output(`${name}_out`, DataType.FLOAT, [4, 600]);
      return inner;
    };
    const condition = graph.node('Equal', [rate, graph.constant('r', int64Tensor([], [16000]))]);
    graph.node(
      'If',
      [condition],
      { then_branch: branch('yes', 1).toGraph(), else_branch: branch('no', 2).toGraph() },
      { outputs: ['y'] },
    );
    graph.output('y', DataType.FLOAT, [4, 600]);
    const source = join(folder, 'branches.onnx');
    saveModel(graph.toModel({ opset: 17 }), source);
    const { modelPath, rebuilt } = await ensureCompiled(source, join(folder, 'compiled'));
    expect(rebuilt).not.toBeNull();
    expect(readdirSync(join(folder, 'compiled')).sort()).toEqual(['manifest.json', 'model.onnx']);
    const feeds = new Map([
      ['x', seededTensor(DataType.FLOAT, [4, 600], 1)],
      ['rate', int64Tensor([], [16000])],
    ]);
    const run = (path: string, optimization: 'all' | 'disabled') =>
      withSession(path, { optimization, threads: 1 }, (session) => session.run(feeds));
    expect((await run(modelPath, 'disabled')).get('y')).toEqual((await run(source, 'all')).get('y'));
  });

  it('is refused where a dimension is to be fixed that the model does not have', async () => {
    await expect(
      compileModel(join(folder, 'model.onnx'), join(folder, 'compiled'), { fix: { height: 8 } }),
    ).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('is used as it is when it fits, and leaves no half-made folders', async () => {
    const source = join(folder, 'model.onnx');
    const target = join(folder, 'compiled');
    expect((await ensureCompiled(source, target)).rebuilt).toMatch(/no readable manifest/);
    expect((await ensureCompiled(source, target)).rebuilt).toBeNull();
    expect(readdirSync(folder).sort()).toEqual(['compiled', 'model.onnx']);
  });

  it.each([
    [
      'the model has changed',
      (target: string) => {
        saveModel(network(5), join(target, '..', 'model.onnx'));
      },
      /another source/,
    ],
    [
      'ONNX Runtime is another',
      (target: string) => {
        edit(target, { ort: '1.0.0' });
      },
      /another ONNX Runtime/,
    ],
    [
      'the processor is another',
      (target: string) => {
        edit(target, { machine: { platform: process.platform, arch: process.arch, cpu: '', features: 'x' } });
      },
      /another processor/,
    ],
    [
      'a file is cut off',
      (target: string) => {
        truncateSync(join(target, 'model.onnx'), 10);
      },
      /another size/,
    ],
    [
      'a byte of its weights has flipped',
      (target: string) => {
        flipByte(join(target, 'weights.bin'));
      },
      /is damaged/,
    ],
    [
      'the manifest names other files',
      (target: string) => {
        edit(target, { files: { '../secret': 1 } });
      },
      /another version/,
    ],
  ])('is refused and made again when %s', async (_, spoil, message) => {
    const source = join(folder, 'model.onnx');
    const target = join(folder, 'compiled');
    await compileModel(source, target);
    spoil(target);
    expect(() => loadCompiled(source, target)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_MISMATCH', message: expect.stringMatching(message) }),
    );
    expect((await ensureCompiled(source, target)).rebuilt).toMatch(message);
    expect(loadCompiled(source, target).manifest.version).toBe(6);
  });

  it('that was copied elsewhere is read whole once, and then known', async () => {
    const source = join(folder, 'model.onnx');
    await compileModel(source, join(folder, 'compiled'));
    cpSync(join(folder, 'compiled'), join(folder, 'copy'), { recursive: true });
    const first = loadCompiled(source, join(folder, 'copy')).manifest.stamps;
    expect(first).not.toEqual(loadCompiled(source, join(folder, 'compiled')).manifest.stamps);
    expect(JSON.parse(readFileSync(join(folder, 'copy', 'manifest.json'), 'utf8'))).toMatchObject({ stamps: first });
  });

  it('of other shapes or another provider is another', async () => {
    const source = join(folder, 'model.onnx');
    const target = join(folder, 'compiled');
    await compileModel(source, target, { fix: { batch: 2 } });
    expect(() => loadCompiled(source, target)).toThrow(/another shapes/);
    expect(loadCompiled(source, target, { fix: { batch: 2 } }).manifest.fix).toEqual({ batch: 2 });
    expect(() => loadCompiled(source, target, { fix: { batch: 2 }, provider: 'coreml' })).toThrow(/another provider/);
  });

  it('is not made of what is no model', async () => {
    writeFileSync(join(folder, 'text.onnx'), 'hello');
    await expect(compileModel(join(folder, 'text.onnx'), join(folder, 'compiled'))).rejects.toMatchObject({
      code: 'RUNTIME_REFUSED',
    });
    await expect(compileModel(join(folder, 'none.onnx'), join(folder, 'compiled'))).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
    expect(readdirSync(folder)).not.toContain('compiled');
  });
});

function edit(target: string, changes: object): void {
  const path = join(target, 'manifest.json');
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...changes }));
}

describe('the batch curve', () => {
  it('measures batches until they stop paying, for each thread count', async () => {
    const curves = await measureBatchCurve(serializeModel(network(1)), { threads: [1, 2], largest: 4, runs: 1 });
    expect(curves.map((curve) => curve.threads)).toEqual([1, 2]);
    for (const { points, knee } of curves) {
      expect(points.map((point) => point.batch)).toEqual([1, 2, 4].slice(0, points.length));
      expect(points.map((point) => point.batch)).toContain(knee);
      expect(points.every((point) => point.msPerItem > 0)).toBe(true);
    }
  });

  it('has its knee at the smallest batch that is nearly as fast as the best', () => {
    const point = (batch: number, msPerItem: number) => ({ threads: 1, batch, msPerItem, memoryBytes: 0 });
    expect(kneeOf([point(1, 10), point(2, 7), point(4, 5.1), point(8, 5), point(16, 5.2)])).toBe(4);
    expect(kneeOf([point(1, 5), point(2, 5), point(4, 5)])).toBe(1);
  });

  it('says that a fixed batch has none', async () => {
    const graph = new GraphBuilder('fixed');
    graph.node('Relu', [graph.input('x', DataType.FLOAT, [1, 4])], {}, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, [1, 4]);
    await expect(measureBatchCurve(serializeModel(graph.toModel({ opset: 17 })))).rejects.toMatchObject({
      code: 'UNSUPPORTED_MODEL',
    });
  });
});

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = ~(bytes[bytes.length >> 1] ?? 0);
  writeFileSync(path, bytes);
}
