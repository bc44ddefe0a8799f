import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { DataType, exportCoreMl, GraphBuilder, parseModel, writePackage, type ModelProto } from '../../src/index.js';
import { readPackage } from '../../src/export/coreml/read/reader.js';
import { fileOf } from '../../src/export/coreml/prove.js';
import { MODEL_PATH, WEIGHTS_PATH } from '../../src/export/coreml/package.js';
import { SHARED } from '../shared-folder.js';

const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** y = relu(conv(x)), 8x8 pictures of three channels. */
function smallNet(layout: 'planar' | 'interleaved' = 'planar'): ModelProto {
  const graph = new GraphBuilder('small');
  const x = graph.input('image:0', DataType.FLOAT, layout === 'planar' ? [1, 3, 8, 8] : [1, 8, 8, 3]);
  const planar = layout === 'planar' ? x : graph.node('Transpose', [x], { perm: [0, 3, 1, 2] });
  const weight = graph.floats(
    [4, 3, 3, 3],
    Array.from({ length: 108 }, (_, at) => Math.sin(at)),
  );
  const conv = graph.node('Conv', [planar, weight], { pads: [1, 1, 1, 1] });
  const pooled = graph.node('GlobalAveragePool', [graph.node('Relu', [conv])]);
  graph.output(
    graph.node('Softmax', [graph.node('Flatten', [pooled])], {}, { outputs: ['2160'] }),
    DataType.FLOAT,
    [1, 4],
  );
  return graph.toModel({ opset: 17 });
}

describe('a Core ML package', () => {
  it('computes what the model does, and says how names changed', async () => {
    const { encoded, functions } = await exportCoreMl(smallNet());
    expect(functions[0]?.proof.holds).toBe(true);
    const [main] = encoded.functions;
    expect(main?.inputs.map(({ name, onnxName }) => [name, onnxName])).toEqual([['image_0', 'image:0']]);
    expect(main?.outputs.map(({ name, onnxName }) => [name, onnxName])).toEqual([['var_2160', '2160']]);
    const { model } = readPackage(fileOf(encoded, MODEL_PATH), fileOf(encoded, WEIGHTS_PATH));
    expect(model.description?.metadata?.userDefined).toMatchObject({ 'onnx_name.image_0': 'image:0' });
  });

  it('has the same bytes whenever it is made', async () => {
    const [once, again] = [await exportCoreMl(smallNet()), await exportCoreMl(smallNet())];
    for (const path of once.encoded.files.keys())
      expect(fileOf(once.encoded, path)).toEqual(fileOf(again.encoded, path));
  });

  it('takes pictures: leading transposes go away, and preprocessing is within the tolerance', async () => {
    const image = { mean: [10, 20, 30], std: [50, 60, 70], order: 'bgr' as const };
    const { encoded, functions } = await exportCoreMl(smallNet('interleaved'), { images: { 'image:0': image } });
    expect(functions[0]?.proof.holds).toBe(true);
    expect(functions[0]?.operations).not.toHaveProperty('transpose');
    expect(encoded.functions[0]?.inputs[0]).toMatchObject({ kind: 'image', colours: 'bgr', shape: [1, 3, 8, 8] });
  });

  it('is a classifier with labels', async () => {
    const { encoded } = await exportCoreMl(smallNet(), { labels: ['a', 'b', 'c', 'd'] });
    const { model } = readPackage(fileOf(encoded, MODEL_PATH), fileOf(encoded, WEIGHTS_PATH));
    expect(model.description?.predictedFeatureName).toBe('classLabel');
    expect(model.description?.output.map(({ name }) => name)).toEqual(['classLabel', 'classLabel_probs']);
    await expect(exportCoreMl(smallNet(), { labels: ['a', 'b'] })).rejects.toThrow(/No output has one float32 value/);
  });

  it('is written whole, and replaced only when asked', async () => {
    const { encoded } = await exportCoreMl(smallNet());
    const path = join(folder, 'Small.mlpackage');
    writePackage(path, encoded);
    expect(() => writePackage(path, encoded)).toThrow(/exists already/);
    writePackage(path, encoded, true);
    expect(readdirSync(folder)).toEqual(['Small.mlpackage']);
    expect(readFileSync(join(path, WEIGHTS_PATH)).length).toBeGreaterThan(64);
  });

  it('keeps an epsilon of 1e-12 and a factor of 8.5e37 out of halves', async () => {
    const graph = new GraphBuilder('sharp');
    const x = graph.input('x', DataType.FLOAT, [1, 16]);
    const norm = graph.node('ReduceL2', [x], { axes: [1], keepdims: 1 });
    const kept = graph.node('Clip', [norm, graph.floats([], [1e-12])]);
    graph.output(graph.node('Div', [x, kept], {}, { outputs: ['unit'] }), DataType.FLOAT, [1, 16]);
    const above = graph.node('Mul', [x, graph.floats([], [8.5e37])]);
    graph.output(
      graph.node('Clip', [above, graph.floats([], [0]), graph.floats([], [1])], {}, { outputs: ['sign'] }),
      DataType.FLOAT,
      [1, 16],
    );
    const { functions } = await exportCoreMl(graph.toModel({ opset: 13 }), { half: true, asIs: true });
    expect(functions[0]?.error?.every(({ isFinite, max }) => isFinite && max < 0.01)).toBe(true);
    expect(functions[0]?.inFloat.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(['clip', 'real_div', 'mul']),
    );
  });
});

const exported = join(SHARED, 'models', 'exported');
describe.skipIf(!existsSync(exported))('the exported networks (skipped where the shared models are absent)', () => {
  it.each([['retinaface', { batch_size: 1, height: 320, width: 320 }]] as const)(
    '%s becomes a package that computes the same',
    async (name, fix) => {
      const model = parseModel(brotliDecompressSync(readFileSync(join(exported, `${name}_as_exported.onnx.br`))), name);
      const { functions } = await exportCoreMl(model, { fix, samples: 2 });
      expect(functions[0]?.proof.isIdentical).toBe(true);
    },
    300_000,
  );
});
