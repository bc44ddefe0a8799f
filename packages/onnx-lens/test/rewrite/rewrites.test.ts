import { describe, expect, it } from 'vitest';
import { DataType, GraphBuilder, int64Tensor, type ModelProto } from '../../src/index.js';
import { rewriteToFixedPoint } from '../../src/rewrite/engine.js';
import { removeDead } from '../../src/rewrite/passes/dead-nodes.js';
import { proveEqual } from '../../src/rewrite/proof.js';
import { REWRITES, selectRewrites } from '../../src/rewrite/registry.js';
import { Workbench } from '../../src/rewrite/workbench.js';
import { MORE_PATTERNS } from './more-patterns.js';
import { PATTERNS, model, weights } from './patterns.js';

const ALL_PATTERNS = [...PATTERNS, ...MORE_PATTERNS];

async function rewritten(source: ModelProto, names: readonly string[]): Promise<{ model: ModelProto; places: number }> {
  const bench = await Workbench.open(source);
  const counts = await rewriteToFixedPoint(bench, selectRewrites(names), removeDead);
  return { model: bench.model, places: [...counts.values()].reduce((a, b) => a + b, 0) };
}

const operators = (source: ModelProto): string[] => source.graph!.node.map((node) => node.opType);

describe.each(ALL_PATTERNS)('$title', ({ rewrites, gone, model: make, tolerance = 0 }) => {
  it(`is rewritten by ${rewrites.join(', ')} to a graph that computes the same`, async () => {
    const source = make();
    const { model: result, places } = await rewritten(source, rewrites);
    expect(places).toBeGreaterThan(0);
    // The pattern's own Neg stands behind every pattern but Neg's.
    expect(operators(result).filter((opType) => gone.includes(opType) && !(opType === 'Neg'))).toEqual([]);
    const proof = await proveEqual(source, result, { samples: 5, batches: [1, 3], tolerance });
    expect(proof.outputs.filter((output) => !output.isWithin)).toEqual([]);
    expect(proof.holds).toBe(true);
  });

  it('gives the same with all rewrites at once', async () => {
    const source = make();
    const { model: result } = await rewritten(source, []);
    const proof = await proveEqual(source, result, {
      samples: 3,
      batches: [1, 3],
      tolerance: Math.max(tolerance, 1e-5),
    });
    expect(proof.outputs.filter((output) => !output.isWithin)).toEqual([]);
  });
});

describe('rewrites keep their hands off', () => {
  it('values that a subgraph reads, and names of graph outputs', async () => {
    const graph = new GraphBuilder('outer');
    const x = graph.input('x', DataType.FLOAT, [2, 3]);
    const same = graph.node('Identity', [x], {}, { outputs: ['captured'] });
    const branch = (name: string, opType: string): GraphBuilder => {
      const inner = new GraphBuilder(name);
      inner.node(opType, [same], {}, { outputs: [`${name}_out`] });
      inner.output(`${name}_out`, DataType.FLOAT, [2, 3]);
      return inner;
    };
    const condition = graph.node('Greater', [graph.node('ReduceMax', [x], { keepdims: 0 }), graph.floats([], [0])]);
    graph.node(
      'If',
      [condition],
      { then_branch: branch('yes', 'Relu').toGraph(), else_branch: branch('no', 'Neg').toGraph() },
      { outputs: ['y'] },
    );
    graph.node('Identity', [x], {}, { outputs: ['copy'] });
    graph.output('y', DataType.FLOAT, [2, 3]);
    graph.output('copy', DataType.FLOAT, [2, 3]);
    const source = graph.toModel({ opset: 17 });
    const { model: result } = await rewritten(source, []);
    expect(result.graph!.output.map((output) => output.name)).toEqual(['y', 'copy']);
    expect((await proveEqual(source, result, { samples: 4 })).isIdentical).toBe(true);
  });

  it('Where with an infinite branch, which a product would turn into NaN', async () => {
    const source = model([2, 4], 17, (g, x) =>
      g.node('Softmax', [g.node('Where', [g.node('Greater', [x, g.floats([], [0])]), x, g.floats([], [-Infinity])])]),
    );
    const { model: result } = await rewritten(source, ['compare-select']);
    expect(operators(result)).toContain('Where');
  });

  it('comparisons of whole numbers, whose difference could overflow', async () => {
    const source = model([2, 4], 17, (g, x) =>
      g.node('Cast', [g.node('Greater', [g.node('Cast', [x], { to: 7 }), g.constant('i', int64Tensor([], [0]))])], {
        to: 1,
      }),
    );
    expect((await rewritten(source, ['compare-select'])).places).toBe(0);
  });

  it('float16 models stay float16', async () => {
    const source = model([2, 4], 17, (g, x) => g.node('HardSwish', [x]), DataType.FLOAT16);
    const { model: result } = await rewritten(source, ['hard-activations']);
    expect(result.graph!.initializer.every((tensor) => (tensor.dataType as DataType) === DataType.FLOAT16)).toBe(true);
    const proof = await proveEqual(source, result, { samples: 2, tolerance: 5e-3 });
    expect(proof.holds).toBe(true);
  });

  it('models of an opset whose element-wise operators do not broadcast', async () => {
    const graph = new GraphBuilder('old');
    const x = graph.input('x', DataType.FLOAT, [2, 4]);
    graph.node('Neg', [graph.node('Abs', [x])], {}, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, [2, 4]);
    expect((await rewritten(graph.toModel({ opset: 6, irVersion: 3 }), [])).places).toBe(0);
  });

  it('models of an unknown operator, an opset that cannot be raised', async () => {
    const source = model([2, 4], 9, (g, x) => g.node('Scan', [x], {}, { domain: 'unknown.domain' }));
    await expect(rewritten(source, [])).rejects.toMatchObject({ code: 'RUNTIME_REFUSED' });
  });
});

describe('e^x', () => {
  it('written as Pow is as exact as Exp down to e^-80: the rounding of e is not raised to the power', async () => {
    const source = model([2, 400], 17, (g, x) =>
      g.node('Exp', [g.node('Clip', [x, g.floats([], [-80]), g.floats([], [0])])]),
    );
    const { model: result } = await rewritten(source, ['exponential-forms']);
    expect(operators(result)).not.toContain('Exp');
    const proof = await proveEqual(source, result, { samples: 4, ranges: { x: { min: -80, max: 0 } } });
    expect(Math.max(...proof.outputs.map(({ maxRel }) => maxRel))).toBeLessThan(5e-7);
  });
});

describe('the registry', () => {
  it('has a pattern test for every rewrite', () => {
    const tested = new Set(ALL_PATTERNS.flatMap((pattern) => pattern.rewrites));
    expect(REWRITES.map((rewrite) => rewrite.name).filter((name) => !tested.has(name))).toEqual([]);
  });

  it('takes names, leaves out names, and knows no others', () => {
    expect(selectRewrites(['einsum']).map((each) => each.name)).toEqual(['einsum']);
    expect(selectRewrites(['-einsum']).map((each) => each.name)).not.toContain('einsum');
    expect(() => selectRewrites(['einsums'])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('weights', () => {
  it('of a Gather are not cut to pieces: an embedding stays one', async () => {
    const graph = new GraphBuilder('embedding');
    const x = graph.input('x', DataType.INT64, ['n']);
    graph.node('Gather', [weights(graph, [10, 4]), x], {}, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, ['n', 4]);
    expect((await rewritten(graph.toModel({ opset: 17 }), [])).places).toBe(0);
  });
});
