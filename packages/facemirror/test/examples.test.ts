import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DataType, GraphBuilder, saveModel } from 'onnx-lens';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeDemoPart } from './video/demo-part.js';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-examples-'));
  await writeDemoPart(join(folder, 'patient.mp4'), { first: 0, frames: 15 });
  const graph = new GraphBuilder('example');
  const x = graph.input('x', DataType.FLOAT, [1, 4]);
  const same = graph.node('Identity', [x]);
  graph.output(graph.node('Relu', [same], {}, { outputs: ['y'] }), DataType.FLOAT, [1, 4]);
  saveModel(graph.toModel({ opset: 17 }), join(folder, 'model.onnx'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(examples, name), ...args], { cwd: folder });
  return stdout;
}

test('process-video.js processes a video, and examine-again.js measures it again', async () => {
  expect(await run('process-video.js', 'patient.mp4', 'results')).toContain('15 frames with a face');
  expect(await run('process-video.js', 'patient.mp4', 'results')).toContain('Already there');
  expect(await run('examine-again.js', 'results/patient_frames.bin', 'left')).toContain('movements');
}, 60_000);

test('many-videos.js tells its progress and the sum', async () => {
  const told = await run('many-videos.js', 'visits', 'patient.mp4');
  expect(told).toContain('1 of 1: patient.mp4');
  expect(told).toContain('1 processed, 0 already there, 0 failed');
}, 60_000);

test('coverage.js and optimize.js read and rewrite a model', async () => {
  expect(await run('coverage.js', 'model.onnx')).toMatch(/^\d of \d nodes in \d partitions?/m);
  expect(await run('optimize.js', 'model.onnx', 'better.onnx')).toContain('computes the same');
  expect(existsSync(join(folder, 'better.onnx'))).toBe(true);
}, 60_000);
