import { expect, it } from 'vitest';
import { GraphBuilder } from '../../src/model/builder.js';
import { TensorProto_DataType as DataType } from '../../src/model/generated/onnx_pb.js';
import { cpuTimeText } from '../../src/report/optimization-text.js';
import { levelOneForm } from '../../src/rewrite/level-one-form.js';
import { optimizeForProvider } from '../../src/rewrite/optimize.js';
import { proveEqual } from '../../src/rewrite/proof.js';

/** A convolution, its normalization and a Dropout without effect. */
function convolution(): ReturnType<GraphBuilder['toModel']> {
  const graph = new GraphBuilder('conv');
  const x = graph.input('x', DataType.FLOAT, [1, 2, 4, 4]);
  const conv = graph.node('Conv', [x, graph.floats([2, 2, 1, 1], [1, 2, 3, 4])], { kernel_shape: [1, 1] });
  const [scale, shift, mean, variance] = [
    [1, 2],
    [0.5, 0],
    [0, 1],
    [1, 4],
  ].map((values) => graph.floats([2], values));
  const norm = graph.node('BatchNormalization', [conv, scale ?? '', shift ?? '', mean ?? '', variance ?? '']);
  const kept = graph.node('Dropout', [norm]);
  graph.output(graph.node('Relu', [kept], {}, { outputs: ['y'] }), DataType.FLOAT, [1, 2, 4, 4]);
  return graph.toModel({ opset: 17 });
}

it('writes what ONNX Runtime folds at level 1 into the file', async () => {
  const model = convolution();
  const form = await levelOneForm(model);
  expect(form?.graph?.node.map(({ opType }) => opType)).toEqual(['Conv', 'Relu']);
  expect(form?.opsetImport).toHaveLength(1);
  expect((await proveEqual(model, form ?? model)).holds).toBe(true);
});

it('does not write out a large constant that nodes make', async () => {
  const graph = new GraphBuilder('made');
  const x = graph.input('x', DataType.FLOAT, [1]);
  const made = graph.node('ConstantOfShape', [graph.ints([64, 1024])]);
  graph.output(graph.node('Add', [x, made], {}, { outputs: ['y'] }), DataType.FLOAT, [64, 1024]);
  expect(await levelOneForm(graph.toModel({ opset: 17 }))).toBeUndefined();
});

it('is part of what optimize does, unless rewrites are named', async () => {
  const names = async (passes?: readonly string[]): Promise<number | undefined> =>
    (await optimizeForProvider(convolution(), passes === undefined ? {} : { passes })).model.graph?.node.length;
  expect(await names()).toBe(2);
  expect(await names(['einsum'])).toBe(4);
});

it('says what rewrites for a provider cost on the CPU, and the way out', () => {
  expect(cpuTimeText({ before: 0.5, after: 1 })).toMatch(/2\.00 times slower[\s\S]*--provider\s+cpu/);
  expect(cpuTimeText({ before: 1, after: 1.05 })).not.toContain('slower');
});
