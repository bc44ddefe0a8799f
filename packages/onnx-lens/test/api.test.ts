import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataType, GraphBuilder, saveModel } from '../src/index.js';
import { documentedExports, runExamples } from './documented-examples.js';

const packageFolder = fileURLToPath(new URL('../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-api-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The files that the examples name. */
beforeAll(async () => {
  const graph = new GraphBuilder('example');
  const image = graph.input('image', DataType.FLOAT, ['batch', 3, 8, 8]);
  const weight = graph.floats([4, 3, 3, 3], new Float32Array(108).fill(0.1), 'weight');
  const conv = graph.node('Conv', [image, weight], { pads: [1, 1, 1, 1] }, { name: 'conv' });
  graph.node('Relu', [conv], {}, { name: 'relu', outputs: ['features'] });
  graph.output('features', DataType.FLOAT, ['batch', 4, 8, 8]);
  const model = join(folder, 'model.onnx');
  saveModel(graph.toModel({ opset: 17 }), model);

  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    enableProfiling: true,
    profileFilePrefix: join(folder, 'profile'),
  });
  await session.run({ image: new ort.Tensor('float32', new Float32Array(192), [1, 3, 8, 8]) });
  session.endProfiling();
  await session.release();
  renameSync(
    join(
      folder,
      readdirSync(folder).find((name) => name.startsWith('profile'))!,
    ),
    join(folder, 'profile.json'),
  );

  writeFileSync(
    join(folder, 'ort.log'),
    '[W:onnxruntime:, coreml_execution_provider.cc:107 GetCapability] CoreMLExecutionProvider::GetCapability, number of ' +
      'partitions supported by CoreML: 1 number of nodes in the graph: 2 number of nodes supported by CoreML: 2\n',
  );
  const header = JSON.stringify({ bias: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } });
  const bytes = Buffer.alloc(8 + header.length + 8);
  bytes.writeBigUInt64LE(BigInt(header.length));
  bytes.write(header, 8);
  bytes.writeFloatLE(0.5, 8 + header.length);
  bytes.writeFloatLE(-2, 12 + header.length);
  writeFileSync(join(folder, 'weights.safetensors'), bytes);
  mkdirSync(join(folder, 'photos'));
  const pixels = Uint8Array.from({ length: 192 }, (_, place) => place);
  writeFileSync(join(folder, 'photos', 'a.png'), encode({ width: 8, height: 8, channels: 3, data: pixels }));
  const detector = dirname(createRequire(import.meta.url).resolve('@mediapipe/face_detection/package.json'));
  copyFileSync(join(detector, 'face_detection_short_range.tflite'), join(folder, 'face.tflite'));
});

const exports = await documentedExports(join(packageFolder, 'dist/index.d.ts'));

test('every export is documented', () => {
  expect(exports.filter(({ isDocumented }) => !isDocumented).map(({ name }) => name)).toEqual([]);
});

test('every function, class and constant has an example, which runs and gives what it says', async () => {
  expect(
    exports.filter(({ isValue, examples, name }) => isValue && examples.length === 0 && name !== 'DataType'),
  ).toEqual([]);
  expect(await runExamples(packageFolder, 'onnx-lens', exports, folder)).toEqual([]);
}, 120_000);
