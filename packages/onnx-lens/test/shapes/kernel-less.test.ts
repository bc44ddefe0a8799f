import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DataType, GraphBuilder, analyseCoverage, floatTensor, saveModel, type ModelProto } from '../../src/index.js';
import { inferKernelLess } from '../../src/shapes/kernel-less.js';
import { onnxLens } from '../cli/run.js';

/** Definitions of 2017, for which ONNX Runtime has schemas but no CPU kernels any more. */
function oldModel(): ModelProto {
  const graph = new GraphBuilder('old');
  const x = graph.input('x', DataType.FLOAT, [1, 3, 8, 8]);
  const pooled = graph.node('AveragePool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  const flat = graph.node('Flatten', [pooled], { axis: 1 });
  const weight = graph.constant('w', floatTensor([10, 48], new Array<number>(480).fill(1)));
  const bias = graph.constant('b', floatTensor([10], new Array<number>(10).fill(1)));
  const dense = graph.node('Gemm', [flat, weight, bias], { transB: 1, broadcast: 1 });
  graph.output(graph.node('Relu', [dense]), DataType.FLOAT, [1, 10]);
  return graph.toModel({ opset: 6 });
}

describe('operators without a CPU kernel', () => {
  it('get their shapes from stand-ins', async () => {
    const model = oldModel();
    const names = (model.graph?.node ?? [])
      .filter(({ opType }) => opType !== 'Constant')
      .map(({ output }) => output[0] ?? '');
    const { types, operators } = await inferKernelLess(model, {});
    expect(names.map((name) => types.get(name)?.shape)).toEqual([
      [1, 3, 4, 4],
      [1, 48],
      [1, 10],
      [1, 10],
    ]);
    expect(operators.toSorted()).toEqual(['AveragePool-1', 'Gemm-6']);
  });

  it('are judged by the rules, with a note that level 1 was not applied', async () => {
    const { perNode, notes } = await analyseCoverage(oldModel(), { ort: '1.21', compareVariants: false });
    expect(perNode.map(({ opType }) => opType)).toEqual(['AveragePool', 'Flatten', 'Gemm', 'Relu']);
    expect(notes.some((note) => note.startsWith('Level 1 was not applied'))).toBe(true);
  });

  it('leave optimize without a proof: it says that ONNX Runtime cannot run the model, and writes nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-old-'));
    try {
      const [from, to] = [join(folder, 'old.onnx'), join(folder, 'new.onnx')];
      saveModel(oldModel(), from);
      const { status, stderr } = onnxLens(['optimize', from, '-o', to]);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/AveragePool.*newer opset/)]);
      expect(existsSync(to)).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
