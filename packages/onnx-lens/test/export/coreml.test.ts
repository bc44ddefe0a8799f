import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import {
  DataType,
  exportCoreMl,
  floatTensor,
  GraphBuilder,
  parseModel,
  serializeModel,
  withSession,
  writePackage,
  type ModelProto,
} from '../../src/index.js';
import { readPackage } from '../../src/export/coreml/read/reader.js';
import { fileOf, functionsOf, restoreAs } from '../../src/export/coreml/prove.js';
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

/** Near 2000 halves are whole numbers: the addition and subtraction lose what the rest of the net would keep. */
function farNet(): ModelProto {
  const graph = new GraphBuilder('far');
  const x = graph.input('x', DataType.FLOAT, [1, 64]);
  const wave = graph.node('Sin', [graph.node('Tanh', [x])]);
  const shifted = graph.node('Add', [wave, graph.floats([], [2000])]);
  const back = graph.node('Sub', [shifted, graph.floats([], [2000])]);
  const last = graph.node('Sigmoid', [graph.node('Relu', [graph.node('Tanh', [back])])]);
  graph.output(graph.node('Mul', [last, graph.floats([], [3])], {}, { outputs: ['y'] }), DataType.FLOAT, [1, 64]);
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

  it('prepares pictures by hand-worked numbers: mean and deviation in the order of the network', async () => {
    const graph = new GraphBuilder('plain');
    const picture = graph.input('picture', DataType.FLOAT, [1, 3, 1, 2]);
    graph.output(graph.node('Identity', [picture], {}, { outputs: ['seen'] }), DataType.FLOAT, [1, 3, 1, 2]);
    const images = { picture: { mean: [104, 117, 123], std: [2, 4, 8], order: 'bgr' as const } };
    const { encoded } = await exportCoreMl(graph.toModel({ opset: 17 }), { images });
    const { model } = readPackage(fileOf(encoded, MODEL_PATH), fileOf(encoded, WEIGHTS_PATH));
    const type = model.description?.input[0]?.type?.Type;
    // Core ML turns any picture into this order before the program sees it: 30 is BGR.
    expect(type?.case === 'imageType' && [type.value.colorSpace, type.value.width, type.value.height]).toEqual([
      30,
      2n,
      1n,
    ]);
    const [read] = functionsOf(encoded);
    if (read === undefined) throw new Error('the package holds no function');
    // Two pixels: (blue 110, green 117, red 255) and (blue 0, green 255, red 123), each less its mean, over its deviation.
    const pixels = floatTensor([1, 3, 1, 2], Float32Array.from([110, 0, 117, 255, 255, 123]));
    const restored = serializeModel(restoreAs(graph.toModel({ opset: 17 }), encoded, read));
    const { data } = await withSession(restored, {}, async (session) => {
      const seen = (await session.run(new Map([['picture', pixels]]))).get('seen');
      return seen ?? pixels;
    });
    expect([...data]).toEqual([3, -52, 0, 34.5, 16.5, 0]);
  });

  it('is a classifier with labels', async () => {
    const { encoded } = await exportCoreMl(smallNet(), { labels: ['a', 'b', 'c', 'd'] });
    const { model } = readPackage(fileOf(encoded, MODEL_PATH), fileOf(encoded, WEIGHTS_PATH));
    expect(model.description?.predictedFeatureName).toBe('classLabel');
    expect(model.description?.output.map(({ name }) => name)).toEqual(['classLabel', 'classLabel_probs']);
    await expect(exportCoreMl(smallNet(), { labels: ['a', 'b'] })).rejects.toThrow(/No output has one float32 value/);
  });

  it('keeps what halves spoil in float32 until the error holds, and says why', async () => {
    const options = { half: true, asIs: true, ranges: { x: { min: 0, max: 1 } }, samples: 2 };
    const { functions, warnings } = await exportCoreMl(farNet(), options);
    const [main] = functions;
    expect(main?.error?.[0]?.max).toBeLessThan(0.05);
    expect(main?.inFloat.map(({ operation }) => operation).toSorted()).toEqual(['add', 'sub']);
    expect(main?.inFloat[0]?.reason).toMatch(/alone in halves causes \d+.* times the error that is allowed/);
    expect(warnings.join()).not.toMatch(/stay in float32/);
    // Nothing needs to stay where more is allowed.
    const loose = await exportCoreMl(farNet(), { ...options, tolerance: 2 });
    expect(loose.functions[0]?.inFloat).toEqual([]);
    expect(loose.functions[0]?.error?.[0]?.max).toBeGreaterThan(0.05);
  });

  it('refuses halves that no choice brings within the tolerance, and says by how much', async () => {
    const options = { half: true, asIs: true, ranges: { x: { min: 0, max: 1 } }, samples: 2, tolerance: 1e-9 };
    await expect(exportCoreMl(farNet(), options)).rejects.toMatchObject({
      code: 'PROOF_FAILED',
      message: expect.stringMatching(
        /"y" differs by up to 0\.\d+ .*--tolerance 1e-9.*no choice of operations.*--calibration/,
      ) as string,
    });
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
