import { describe, expect, it } from 'vitest';
import { DataType, GraphBuilder, analyseCoverage, type ModelProto } from '../../src/index.js';

function net(size: number | string): ModelProto {
  const graph = new GraphBuilder('net');
  const x = graph.input('x', DataType.FLOAT, [1, 2, size, 8]);
  const conv = graph.node('Conv', [x, graph.floats([2, 2, 3, 3], new Float32Array(36))]);
  const clip = graph.node('Clip', [conv, graph.floats([], [0]), graph.floats([], [6])]);
  const erf = graph.node('Erf', [clip]);
  const odd = graph.node('Clip', [erf, graph.floats([], [0]), graph.floats([], [5])]);
  graph.node('Reshape', [odd, graph.ints([1, -1])], {}, { outputs: ['y'] });
  graph.output('y', DataType.FLOAT, [1, undefined]);
  return graph.toModel({ opset: 17 });
}

const rules = async (provider: 'nnapi' | 'webnn', model: ModelProto): Promise<string[]> =>
  (await analyseCoverage(model, { provider, assumeOptimized: true })).perNode.map(
    ({ reason }) => reason?.rule ?? 'yes',
  );

describe('providers whose rules are unchecked', () => {
  it('NNAPI takes Clip as Relu6 alone, and gives a lone Reshape back', async () => {
    expect(await rules('nnapi', net(8))).toEqual(['yes', 'yes', 'op-type', 'clip.limits', 'partition.dropped']);
  });

  it('WebNN takes more', async () => {
    expect(await rules('webnn', net(8))).toEqual(['yes', 'yes', 'yes', 'yes', 'yes']);
  });

  it.each(['nnapi', 'webnn'] as const)(
    '%s needs static shapes, and says that its rules are unchecked',
    async (name) => {
      const result = await analyseCoverage(net('h'), { provider: name, assumeOptimized: true });
      expect(result.supported).toBe(0);
      expect(result.perNode[0]?.reason?.rule).toBe('input-shape.dynamic');
      expect(result.rules.statement).toContain('not checked against the provider itself');
      expect(
        (await analyseCoverage(net('h'), { provider: name, assumeOptimized: true, fix: { h: 8 } })).supported,
      ).toBeGreaterThan(1);
    },
  );

  it('NNAPI takes nothing after NonMaxSuppression', async () => {
    const graph = new GraphBuilder('boxes');
    const boxes = graph.input('boxes', DataType.FLOAT, [1, 4, 4]);
    const scores = graph.node('Sigmoid', [graph.input('scores', DataType.FLOAT, [1, 1, 4])]);
    const found = graph.node('NonMaxSuppression', [boxes, scores, graph.ints([2])]);
    const cast = graph.node('Cast', [found], { to: DataType.FLOAT });
    graph.node('Abs', [cast], {}, { outputs: ['y'] });
    graph.output('y', DataType.FLOAT, [undefined, 3]);
    expect(await rules('nnapi', graph.toModel({ opset: 17 }))).toEqual([
      'yes',
      'partition.stop',
      'partition.stop',
      'partition.stop',
    ]);
  });
});
