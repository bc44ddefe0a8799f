import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataType, GraphBuilder, saveModel } from 'onnx-lens';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameFiles } from '../../src/performance/performance.js';
import { RunProfiler } from '../../src/performance/measure/profiler.js';
import { facemirror } from './program.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facemirror-report-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The record of a run, as far as a report needs it. */
function writeRecord(): string {
  const profiler = new RunProfiler();
  for (let frame = 1; frame <= 60; frame++) {
    profiler.end('landmarks', profiler.begin() - 4, frame);
    profiler.end('encode', profiler.begin() - 12, frame);
    profiler.frameDone(frame, 20);
  }
  const path = join(folder, 'visit.json');
  const record = {
    program: { name: 'Face Mirror', version: '3.0.0' },
    finishedAt: '2026-11-22T20:00:00.000Z',
    input: { file: 'visit.mp4', sha256: '00' },
    machine: { platform: 'linux-x64', cpu: 'a CPU', cores: 2, memoryBytes: 8e9, node: 'v20.19.0' },
    suite: { name: 'mediapipe', title: 'MediaPipe', models: [], provider: 'cpu', workers: 1, isolation: 'thread' },
    output: { width: 640, height: 360, encoder: 'libx264', files: ['a.mp4', 'b.mp4', 'c.mp4'] },
    profile: profiler.finish(),
    performance: null,
  };
  writeFileSync(path, JSON.stringify(record));
  return path;
}

describe('facemirror performance', () => {
  it('writes the report of a run from its record, with any model in its table', async () => {
    const graph = new GraphBuilder('small');
    graph.input('x', DataType.FLOAT, [1, 3, 8, 8]);
    graph.output(graph.node('Relu', ['x'], {}, { outputs: ['y'] }), DataType.FLOAT, [1, 3, 8, 8]);
    saveModel(graph.toModel({ opset: 17 }), join(folder, 'small.onnx'));
    const { code, stdout } = await facemirror([
      'performance',
      writeRecord(),
      '--md',
      '-',
      '--model',
      join(folder, 'small.onnx'),
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('# Performance analysis: visit.mp4');
    expect(stdout).toMatch(/\| small \| Core ML \(MLProgram\) \| 100\.0 % \| 0\.0 % \| 1 \|/);
    expect(stdout).toContain('The bottleneck is encode: 75.');
  });

  it('names models that are called like one another by more than that', () => {
    expect(nameFiles(['a/mtl.onnx', 'b/mtl.onnx', 'c/MTL.ONNX', 'star.onnx'], ['mtl']).map(({ name }) => name)).toEqual(
      ['mtl.onnx', 'mtl (2)', 'MTL', 'star'],
    );
  });

  it('says in one sentence that a record is damaged, wherever it is', async () => {
    const path = writeRecord();
    const whole = JSON.parse(readFileSync(path, 'utf8')) as { profile: { stages: { stage: unknown }[] } };
    whole.profile.stages[0]!.stage = [];
    writeFileSync(path, JSON.stringify(whole));
    expect(await facemirror(['performance', path])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^.*visit\.json holds measurements that no report can be made of.*\n$/),
    });
  });

  it('says in one sentence that a file is no record, or no model', async () => {
    const other = join(folder, 'other.json');
    writeFileSync(other, '{}');
    const noRecord = await facemirror(['performance', other]);
    expect(noRecord).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^.*other\.json is not the record of a run.*\n$/),
    });
    const noModel = await facemirror(['performance', writeRecord(), '--model', other]);
    expect(noModel).toMatchObject({ code: 1, stderr: expect.stringMatching(/^.*other\.json.*\n$/) });
  });
});
