import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedExports, runExamples } from '../../onnx-lens/test/documented-examples.js';
import { writeDemoPart } from './video/demo-part.js';

const packageFolder = fileURLToPath(new URL('../', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-api-'));
  await writeDemoPart(join(folder, 'patient.mp4'), { first: 0, frames: 10 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const exports = await documentedExports(join(packageFolder, 'dist/index.d.ts'));

test('every export is documented', () => {
  expect(exports.filter(({ isDocumented }) => !isDocumented).map(({ name }) => name)).toEqual([]);
});

test('every function, class and constant has an example, which runs and gives what it says', async () => {
  expect(exports.filter(({ isValue, examples }) => isValue && examples.length === 0).map(({ name }) => name)).toEqual(
    [],
  );
  expect(await runExamples(packageFolder, 'facemirror', exports, folder)).toEqual([]);
}, 120_000);
