import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataType, ensureCompiled, GraphBuilder, serializeModel } from 'onnx-lens';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planWorkers } from '../../src/inference/budget.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';
import { withSessionMemory } from '../../src/models/session-memory.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'facemirror-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * A network of 64 MB of activations an item, and no weights to speak of; its picture of a free size where that is asked
 * for.
 */
async function network(name: string, side: number | string): Promise<ModelSource> {
  const graph = new GraphBuilder(name);
  const wide = graph.node(
    'Conv',
    [
      graph.input('x', DataType.FLOAT, ['batch', 1, side, side]),
      graph.floats([64, 1, 1, 1], new Float32Array(64).fill(1)),
    ],
    { kernel_shape: [1, 1] },
  );
  const sum = graph.node('ReduceSum', [graph.node('Softplus', [wide]), graph.ints([2, 3])], { keepdims: 0 });
  graph.output(graph.node('Identity', [sum], {}, { outputs: ['y'] }), DataType.FLOAT, ['batch', 64]);
  const model = join(folder, `${name}.onnx`);
  writeFileSync(model, serializeModel(graph.toModel({ opset: 17 })));
  return { name, model, compiled: (await ensureCompiled(model, join(folder, `${name}.compiled`))).modelPath };
}

describe('the memory that a session takes', () => {
  it('is measured before it is opened, for the batch that it is given, and kept', async () => {
    const source = await network('wide', 512);
    const [one] = await withSessionMemory([source]);
    const [two] = await withSessionMemory([{ ...source, batch: 2 }]);
    // Two values live at once, 64 MB each.
    expect(one?.memoryBytes).toBeGreaterThan(60e6);
    expect(one?.memoryBytes).toBeLessThan(200e6);
    expect(two?.memoryBytes).toBeGreaterThan(1.5 * one!.memoryBytes!);
    const { sessionBytes } = JSON.parse(readFileSync(join(folder, 'wide.memory.json'), 'utf8')) as {
      sessionBytes: unknown;
    };
    expect(sessionBytes).toEqual({ 1: one?.memoryBytes, 2: two?.memoryBytes });
    expect(await withSessionMemory([source, { ...source, batch: 2 }])).toEqual([one, two]);
  });

  it('decides how many workers are planned', async () => {
    const [source] = await withSessionMemory([await network('wide', 512)]);
    const plan = planWorkers([source!], {
      requested: 2,
      isolation: 'thread',
      usefulWorkers: 2,
      usefulThreads: 1,
      inferenceShare: 1,
    });
    expect(plan.workerBytes).toBeGreaterThan(source!.memoryBytes!);
    expect(plan.workerBytes).toBeLessThan(source!.memoryBytes! + 20e6);
  });

  it('is not guessed where sizes are free, or a network is not compiled for this machine', async () => {
    const free = await network('free', 'side');
    const plain = { name: free.name, model: free.model };
    expect(await withSessionMemory([free, plain])).toEqual([free, plain]);
    expect(await withSessionMemory([free])).toEqual([free]);
  });

  it('is measured anew where what was kept cannot be read', async () => {
    const source = await network('wide', 512);
    writeFileSync(join(folder, 'wide.memory.json'), '{"machine": 1, "sessionBytes": {"1": "much"}}');
    const [again] = await withSessionMemory([source]);
    expect(again?.memoryBytes).toBeGreaterThan(60e6);
  });
});
