import { DataType, GraphBuilder, serializeModel } from 'onnx-lens';
import { describe, expect, it } from 'vitest';
import { captureSessionLog } from '../../src/inference/session-log.js';

function model(): GraphBuilder {
  const graph = new GraphBuilder('small');
  graph.input('x', DataType.FLOAT, [2]);
  graph.output(graph.node('Relu', ['x'], {}, { outputs: ['y'] }), DataType.FLOAT, [2]);
  return graph;
}

describe('the log of a session', () => {
  it('is empty for a model that ONNX Runtime has nothing to say about', async () => {
    const bytes = serializeModel(model().toModel({ opset: 17 }));
    expect(await captureSessionLog({ name: 'small', model: bytes }, 'cpu')).toEqual([]);
  });

  it("holds ONNX Runtime's own warnings, here of an initializer that nothing reads", async () => {
    const graph = model();
    graph.floats([3], [1, 2, 3], 'unread');
    const lines = await captureSessionLog({ name: 'small', model: serializeModel(graph.toModel({ opset: 17 })) }, 'cpu');
    expect(lines.join('\n')).toMatch(/\[W:onnxruntime:.*unread/);
  });
});
