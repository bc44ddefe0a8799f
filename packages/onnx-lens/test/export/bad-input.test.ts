import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import {
  DataType,
  exportCoreMl,
  GraphBuilder,
  saveModel,
  serializeModel,
  writePackage,
  type ModelProto,
} from '../../src/index.js';
import { MODEL_PATH, WEIGHTS_PATH } from '../../src/export/coreml/package.js';
import { readPackage } from '../../src/export/coreml/read/reader.js';

const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-bad-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = fileURLToPath(new URL('../../bin/onnx-lens.js', import.meta.url));

function modelOf(build: (graph: GraphBuilder) => void): ModelProto {
  const graph = new GraphBuilder('bad');
  build(graph);
  return graph.toModel({ opset: 17 });
}

const doubled = (dims: readonly (number | string)[], type = DataType.FLOAT): ModelProto =>
  modelOf((graph) => {
    const x = graph.input('x', type, dims);
    graph.output(graph.node('Add', [x, x], {}, { outputs: ['y'] }), type, dims);
  });

describe('awkward models', () => {
  it('gives names that collide after renaming a number, and tells the map', async () => {
    const model = modelOf((graph) => {
      const [a, b] = [graph.input('in:0', DataType.FLOAT, [2]), graph.input('in_0', DataType.FLOAT, [2])];
      graph.output(graph.node('Sub', [a, b], {}, { outputs: ['in/0'] }), DataType.FLOAT, [2]);
    });
    const { encoded, functions } = await exportCoreMl(model);
    expect(encoded.functions[0]?.inputs.map(({ name }) => name)).toEqual(['in_0', 'in_0_1']);
    expect(encoded.functions[0]?.outputs.map(({ name }) => name)).toEqual(['in_0_2']);
    expect(functions[0]?.proof.holds).toBe(true);
  });

  it('copies an output that is an input', async () => {
    const model = modelOf((graph) => {
      const x = graph.input('x', DataType.FLOAT, [3]);
      graph.output(graph.node('Neg', [x], {}, { outputs: ['y'] }), DataType.FLOAT, [3]);
      graph.output(graph.node('Identity', [x], {}, { outputs: ['same'] }), DataType.FLOAT, [3]);
    });
    const { functions } = await exportCoreMl(model, { asIs: true });
    expect(functions[0]?.proof.holds).toBe(true);
    expect(functions[0]?.operations).toHaveProperty('identity');
  });

  it('makes scalars arrays of one, and int64 int32', async () => {
    const { encoded, functions } = await exportCoreMl(doubled([], DataType.INT64));
    expect(encoded.functions[0]?.inputs[0]).toMatchObject({ type: 'int32', shape: [1] });
    expect(functions[0]?.proof.isIdentical).toBe(true);
  });

  it('says which sizes are free, and how to fix them', async () => {
    await expect(exportCoreMl(doubled(['batch', 3]))).rejects.toThrow(/leaves sizes free \(batch\).*--fix batch=1/);
    const { functions } = await exportCoreMl(doubled(['batch', 3]), { fix: { batch: 2 } });
    expect(functions[0]?.proof.isIdentical).toBe(true);
  });

  it('refuses empty tensors and operators without a form with a sentence', async () => {
    await expect(exportCoreMl(doubled([0, 3]))).rejects.toThrow(/is empty/);
    const model = modelOf((graph) => {
      const x = graph.input('x', DataType.FLOAT, [4]);
      graph.output(graph.node('NonZero', [x], {}, { outputs: ['y'] }), DataType.INT64, [1, 'n']);
    });
    await expect(exportCoreMl(model)).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATOR' });
    await expect(exportCoreMl(model)).rejects.toThrow(/NonZero.*depends on the values/);
  });

  it('needs iOS 18 for several sizes and iOS 16 for 8-bit weights', async () => {
    const sizes = [1, 2].map((batch) => ({ name: `batch_${batch}`, fix: { batch } }));
    await expect(exportCoreMl(doubled(['batch', 3]), { sizes })).rejects.toThrow(/--ios 18/);
    await expect(exportCoreMl(doubled([2, 3]), { ios: 15, int8Weights: true })).rejects.toThrow(/--ios 16/);
    const { encoded } = await exportCoreMl(doubled(['batch', 3]), { sizes, ios: 18 });
    expect(encoded.functions.map(({ name }) => name)).toEqual(['batch_1', 'batch_2']);
  });

  it('leaves what is at the output alone', async () => {
    const { encoded } = await exportCoreMl(doubled([2]));
    const place = join(folder, 'mine.mlpackage');
    mkdirSync(place);
    writeFileSync(join(place, 'thesis.txt'), 'years of work');
    expect(() => writePackage(place, encoded, true)).toThrow(/is no package/);
    expect(readdirSync(place)).toEqual(['thesis.txt']);
  });
});

describe('onnx-lens export', () => {
  it('writes a package and refuses to replace it unless told', () => {
    const [model, out] = [join(folder, 'model.onnx'), join(folder, 'Model.mlpackage')];
    saveModel(doubled([2]), model);
    expect(execFileSync(process.execPath, [program, 'export', model, '-o', out], { encoding: 'utf8' })).toMatch(
      /bit-identical/,
    );
    expect(existsSync(join(out, 'Manifest.json'))).toBe(true);
    const again = spawnSync(process.execPath, [program, 'export', model, '-o', out], { encoding: 'utf8' });
    expect([again.status, again.stderr]).toEqual([1, expect.stringMatching(/exists already; give --force/)]);
    expect(spawnSync(process.execPath, [program, 'export', model, '-o', out, '--force']).status).toBe(0);
    expect(spawnSync(process.execPath, [program, 'export', model, '-o', 'x.onnx'], { encoding: 'utf8' }).status).toBe(
      2,
    );
  });

  it('takes labels, metadata and sizes of pictures', () => {
    const graph = new GraphBuilder('classes');
    const x = graph.input('picture', DataType.FLOAT, [1, 3, 'h', 'w']);
    const pooled = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
    graph.output(graph.node('Softmax', [pooled], {}, { outputs: ['classes'] }), DataType.FLOAT, [1, 3]);
    const [model, labels] = [join(folder, 'classes.onnx'), join(folder, 'labels.txt')];
    saveModel(graph.toModel({ opset: 17 }), model);
    writeFileSync(labels, 'cat\r\ndog\n\nbird\n');
    const run = (name: string, ...flags: string[]) =>
      spawnSync(
        process.execPath,
        [program, 'export', model, '-o', join(folder, name), '--image', 'picture', ...flags],
        {
          encoding: 'utf8',
        },
      );
    const sizes = ['--input-sizes', '48x32,64x64', '--ios', '18'];
    const whole = run(
      'Classes.mlpackage',
      ...sizes,
      '--labels',
      labels,
      '--metadata',
      'author=Ann, Bob,license=MIT,own=1',
    );
    expect([whole.status, whole.stderr]).toEqual([0, '']);
    const { model: written, functions } = readPackage(
      readFileSync(join(folder, 'Classes.mlpackage', MODEL_PATH)),
      readFileSync(join(folder, 'Classes.mlpackage', WEIGHTS_PATH)),
    );
    expect(functions.map(({ inputs }) => inputs[0]?.shape)).toEqual([
      [1, 3, 32, 48],
      [1, 3, 64, 64],
    ]);
    expect(written.description?.metadata).toMatchObject({ author: 'Ann, Bob', license: 'MIT' });
    expect(written.description?.metadata?.userDefined).toMatchObject({ own: '1' });
    expect(JSON.stringify(written.description?.functions.map(({ output }) => output.map(({ name }) => name)))).toBe(
      JSON.stringify(Array(2).fill(['classLabel', 'classLabel_probs'])),
    );
    writeFileSync(labels, 'cat\ndog\n');
    expect(run('Few.mlpackage', '--input-sizes', '32x32', '--labels', labels).stderr).toMatch(/each of the 2 labels/);
    expect(run('Odd.mlpackage', '--input-sizes', '32by32').stderr).toMatch(/is not width x height/);
    expect(run('Odd.mlpackage', '--metadata', 'nothing').stderr).toMatch(/is not key=value/);
  });

  it('says that a file was cut off', () => {
    const cut = join(folder, 'cut.onnx');
    writeFileSync(cut, serializeModel(doubled([2])).subarray(0, 40));
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, 'export', cut, '-o', join(folder, 'Cut.mlpackage')],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([1, expect.stringMatching(/cut off/)]);
    expect(existsSync(join(folder, 'Cut.mlpackage'))).toBe(false);
  });
});
