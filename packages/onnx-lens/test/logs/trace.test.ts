import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OnnxLensError } from '../../src/errors.js';
import { parseTrace } from '../../src/logs/trace.js';
import { TensorProto_DataType as DataType } from '../../src/model/generated/onnx_pb.js';
import { GraphBuilder } from '../../src/model/builder.js';
import { serializeModel } from '../../src/model/serialize.js';

const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a profile that ONNX Runtime itself wrote', () => {
  const RUNS = 3;
  let text = '';
  beforeAll(async () => {
    const graph = new GraphBuilder('traced');
    const x = graph.input('x', DataType.FLOAT, [1, 64, 64]);
    const squared = graph.node('MatMul', [x, x], {}, { name: 'square' });
    graph.output(graph.node('Relu', [squared], {}, { name: 'say "relu"\\now' }), DataType.FLOAT, [1, 64, 64]);
    const session = await ort.InferenceSession.create(serializeModel(graph.toModel({ opset: 17 })), {
      graphOptimizationLevel: 'disabled',
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    for (let run = 0; run < RUNS; run++)
      await session.run({ x: new ort.Tensor('float32', new Float32Array(64 * 64), [1, 64, 64]) });
    session.endProfiling();
    await session.release();
    text = readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8');
  });

  test('every node once a run, on the CPU, and shares that add up', () => {
    const trace = parseTrace(text);
    expect(trace.complete).toBe(true);
    expect(trace.unreadable).toBe(0);
    expect(trace.runsMs).toHaveLength(RUNS);
    expect(trace.nodes.map(({ opType, calls }) => [opType, calls]).sort()).toEqual([
      ['MatMul', RUNS],
      ['Relu', RUNS],
    ]);
    expect(trace.nodes.map(({ name }) => name).sort()).toEqual(['say "relu"\\now', 'square']);
    expect(trace.providers).toMatchObject([{ provider: 'CPUExecutionProvider', nodes: 2, calls: 2 * RUNS }]);
    expect(trace.providers[0]!.share).toBeCloseTo(1, 9);
    expect(trace.nodesMs + trace.betweenNodesMs!).toBeCloseTo(
      trace.runsMs.reduce((a, b) => a + b, 0),
      6,
    );
  });

  test('cut off anywhere, it is read as far as it goes', () => {
    const lines = text.split('\n').length;
    for (const part of [0.4, 0.6, 0.8, 0.97]) {
      const cut = parseTrace(text.slice(0, Math.floor(text.length * part)));
      expect(cut.complete).toBe(false);
      expect(cut.unreadable).toBe(0);
      expect(cut.events).toBeLessThan(lines);
      expect(cut.betweenNodesMs).toBeNull();
    }
  });
});

const node = (name: string, ts: number, dur: number, args: object, tid = 1): object => ({
  cat: 'Node',
  pid: 1,
  tid,
  ts,
  dur,
  ph: 'X',
  name: `${name}_kernel_time`,
  args,
});
const cpu = { provider: 'CPUExecutionProvider' };

test("a loop's own time is without its body's", () => {
  const events = [
    { cat: 'Session', pid: 1, tid: 1, ts: 0, dur: 1000, name: 'model_run', args: {} },
    node('body', 10, 300, { ...cpu, op_name: 'Conv' }),
    node('body', 400, 300, { ...cpu, op_name: 'Conv' }),
    node('loop', 5, 800, { ...cpu, op_name: 'Loop' }),
    node('after', 810, 100, { provider: 'CoreMLExecutionProvider', op_name: 'CoreML_0' }),
  ];
  const trace = parseTrace(JSON.stringify(events));
  expect(trace.nodes.map(({ name, ms, calls }) => [name, ms, calls])).toEqual([
    ['body', 0.6, 2],
    ['loop', 0.2, 1],
    ['after', 0.1, 1],
  ]);
  expect(trace.providers.map(({ provider, ms }) => [provider, Number(ms.toFixed(6))])).toEqual([
    ['CPUExecutionProvider', 0.8],
    ['CoreMLExecutionProvider', 0.1],
  ]);
  expect(trace.betweenNodesMs).toBeCloseTo(0.1, 9);
});

test("fences of old versions and the device's own kernels are not counted as nodes", () => {
  const events = [
    { cat: 'Node', pid: 1, tid: 1, ts: 0, dur: 5, name: 'c_fence_before', args: { op_name: 'Conv' } },
    node('c', 5, 20, { op_name: 'Conv', provider: 'CUDAExecutionProvider' }),
    { cat: 'Kernel', pid: 1, tid: 9, ts: 6, dur: 700, name: 'void gemm<float>(int)', args: {} },
  ];
  const trace = parseTrace(JSON.stringify({ traceEvents: events }));
  expect(trace.nodes).toMatchObject([{ name: 'c', ms: 0.02 }]);
  expect(trace.deviceMs).toBe(0.7);
});

test.each([
  ['', 'empty'],
  ['hello', 'text'],
  ['[{"name": "x", "ph": "X", "ts": 1, "dur": 2, "cat": "browser"}]', "another program's trace"],
  ['null', 'null'],
  ['[{"cat":"Node","name":"a_kernel_time","ts":0,"dur":"x"}]', 'no times'],
])('what is no profile is refused: %s (%s)', (text) => {
  expect(() => parseTrace(text, 'x.json')).toThrow(OnnxLensError);
  expect(() => parseTrace(text, 'x.json')).toThrow(/x\.json is not a profile/);
});

test('processes and threads that are neither numbers nor words are read over', () => {
  const odd = { ...node('conv', 0, 10, { ...cpu, op_name: 'Conv' }), pid: { toString: 1, valueOf: 1 } };
  expect(parseTrace(JSON.stringify([odd])).nodes).toMatchObject([{ name: 'conv', ms: 0.01 }]);
});
