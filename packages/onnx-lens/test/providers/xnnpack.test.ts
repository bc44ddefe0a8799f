import { describe, expect, it } from 'vitest';
import { DataType, GraphBuilder, analyseCoverage } from '../../src/index.js';

describe('the XNNPACK provider', () => {
  it('takes a convolution with the activation after it, and leaves what it has no kernel for', async () => {
    const graph = new GraphBuilder('net');
    const x = graph.input('x', DataType.FLOAT, ['n', 2, 8, 8]);
    const conv = graph.node('Conv', [x, graph.floats([2, 2, 3, 3], new Float32Array(36))]);
    const relu = graph.node('Relu', [conv]);
    const floor = graph.node('Floor', [relu]);
    graph.output(graph.node('Relu', [floor], {}, { outputs: ['y'] }), DataType.FLOAT, ['n', 2, 6, 6]);
    const result = await analyseCoverage(graph.toModel({ opset: 17 }), { provider: 'xnnpack' });
    expect(result.perNode.map(({ reason }) => reason?.rule ?? 'yes')).toEqual([
      'yes',
      'yes',
      'op-type',
      'fusion.before',
    ]);
    expect([result.target.format, result.variants, result.partitions.length]).toEqual([null, [], 1]);
  });

  it('needs the image size before the first run', async () => {
    const graph = new GraphBuilder('pool');
    const x = graph.input('x', DataType.FLOAT, [1, 2, 'h', 8]);
    graph.output(graph.node('MaxPool', [x], { kernel_shape: [2, 2] }, { outputs: ['y'] }), DataType.FLOAT, [
      1,
      2,
      undefined,
      7,
    ]);
    const model = graph.toModel({ opset: 17 });
    expect((await analyseCoverage(model, { provider: 'xnnpack' })).perNode[0]?.reason?.rule).toBe(
      'input-shape.dynamic',
    );
    expect((await analyseCoverage(model, { provider: 'xnnpack', fix: { h: 8 } })).supported).toBe(1);
  });

  it('has no formats', async () => {
    const graph = new GraphBuilder('one');
    graph.output(
      graph.node('Relu', [graph.input('x', DataType.FLOAT, [1])], {}, { outputs: ['y'] }),
      DataType.FLOAT,
      [1],
    );
    await expect(
      analyseCoverage(graph.toModel({ opset: 17 }), { provider: 'xnnpack', format: 'mlprogram' }),
    ).rejects.toThrow(/Only Core ML has formats/);
  });
});
