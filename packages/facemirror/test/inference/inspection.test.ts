import { DataType, GraphBuilder, serializeModel } from 'onnx-lens';
import { describe, expect, it } from 'vitest';
import { inspectSession } from '../../src/inference/inspection.js';

function model(): GraphBuilder {
  const graph = new GraphBuilder('small');
  graph.input('x', DataType.FLOAT, ['batch', 3]);
  graph.output(graph.node('Relu', ['x'], {}, { outputs: ['y'] }), DataType.FLOAT, ['batch', 3]);
  return graph;
}

describe('what ONNX Runtime says of a network', () => {
  it('is nothing for one that it has nothing to say about; its profile names the provider of each node', async () => {
    const { log, profile } = await inspectSession({
      model: serializeModel(model().toModel({ opset: 17 })),
      provider: 'cpu',
      sizes: { batch: 2 },
    });
    expect(log).toEqual([]);
    expect(profile?.providers).toMatchObject([{ provider: 'CPUExecutionProvider', nodes: 1 }]);
    expect(profile?.operators).toMatchObject([{ opType: 'Relu' }]);
  });

  it('holds its own warnings, here of an initializer that nothing reads', async () => {
    const graph = model();
    graph.floats([3], [1, 2, 3], 'unread');
    const { log } = await inspectSession({
      model: serializeModel(graph.toModel({ opset: 17 })),
      provider: 'cpu',
      sizes: {},
    });
    expect(log.join('\n')).toMatch(/\[W:onnxruntime:.*unread/);
  });

  it('is what was heard of a network that cannot be opened', async () => {
    expect((await inspectSession({ model: new Uint8Array(50), provider: 'cpu', sizes: {} })).profile).toBeNull();
  });
});
