import { describe, expect, it } from 'vitest';
import { DataType, GraphBuilder, analyseCoverage, type ModelProto } from '../../src/index.js';
import { readSource } from '../../src/coverage/read-source.js';
import { withoutMadeWeights } from '../../src/coverage/made-weights.js';

/** A Gemm whose weight a node makes out of its shape, behind `relay`. */
function madeWeight(rows: number, columns: number, relay: 'none' | 'Transpose'): ModelProto {
  const graph = new GraphBuilder('made');
  const x = graph.input('x', DataType.FLOAT, [1, rows]);
  const shape = graph.ints(relay === 'none' ? [rows, columns] : [columns, rows]);
  let weight = graph.node('ConstantOfShape', [shape]);
  if (relay === 'Transpose') weight = graph.node('Transpose', [weight], { perm: [1, 0] });
  const y = graph.node('Relu', [graph.node('MatMul', [x, weight])]);
  graph.output(y, DataType.FLOAT, [1, columns]);
  return graph.toModel({ opset: 17 });
}

describe('weights that nodes make', () => {
  for (const relay of ['none', 'Transpose'] as const) {
    it(`count as constants of the graph without being made, relay ${relay}`, async () => {
      const { source, remove } = await withoutMadeWeights(readSource(madeWeight(4096, 4096, relay)));
      expect(source.model.graph?.node.map(({ opType }) => opType)).toEqual(['MatMul', 'Relu']);
      remove();
      const result = await analyseCoverage(madeWeight(4096, 4096, relay), { ort: '1.21', compareVariants: false });
      expect(result.perNode.map(({ opType, reason }) => [opType, reason])).toEqual([
        ['MatMul', null],
        ['Relu', null],
      ]);
      expect(result.work.weightBytesOnProvider).toBe(4096 * 4096 * 4);
    });
  }

  it('are left to ONNX Runtime where they are small', async () => {
    const original = readSource(madeWeight(16, 16, 'none'));
    const { source } = await withoutMadeWeights(original);
    expect(source).toBe(original);
  });

  it('are left alone where the graph returns them', async () => {
    const graph = new GraphBuilder('returned');
    const made = graph.node('ConstantOfShape', [graph.ints([1024, 1024])]);
    graph.output(made, DataType.FLOAT, [1024, 1024]);
    const original = readSource(graph.toModel({ opset: 17 }));
    expect((await withoutMadeWeights(original)).source).toBe(original);
  });
});
