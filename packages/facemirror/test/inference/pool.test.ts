import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DataType, GraphBuilder, saveModel, serializeModel } from 'onnx-lens';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ISOLATIONS } from 'facemirror-core/inference/options.js';
import type { InferenceOptions } from 'facemirror-core/inference/options.js';
import { InferencePool } from '../../src/inference/pool.js';
import type { RunRequest } from 'facemirror-core/inference/request.js';

const SIDE = 192;

/**
 * A chain of matrix products that takes some ten milliseconds or, of a thousand, half a second, so that a worker can be
 * caught at work.
 */
function slowModel(products = 40): Uint8Array {
  const graph = new GraphBuilder('slow');
  let value = graph.input('x', DataType.FLOAT, [SIDE, SIDE]);
  const identity = graph.floats(
    [SIDE, SIDE],
    Float32Array.from({ length: SIDE * SIDE }, (_, place) => (place % (SIDE + 1) === 0 ? 1 : 0)),
  );
  for (let step = 0; step < products; step++) value = graph.node('MatMul', [value, identity]);
  graph.output(graph.node('Relu', [value], {}, { outputs: ['y'] }), DataType.FLOAT, [SIDE, SIDE]);
  return serializeModel(graph.toModel({ opset: 17 }));
}

function request(value: number): RunRequest {
  return {
    model: 'slow',
    inputs: { x: { kind: 'values', dims: [SIDE, SIDE], data: new Float32Array(SIDE * SIDE).fill(value) } },
  };
}

let pool: InferencePool | null = null;
afterEach(async () => {
  await pool?.close();
  pool = null;
});

async function open(options: InferenceOptions): Promise<InferencePool> {
  pool = await InferencePool.open([{ name: 'slow', model: slowModel() }], options);
  return pool;
}

describe.each(ISOLATIONS)('networks in a %s', (isolation) => {
  it('answer each run with its own result, whoever computes it', async () => {
    const opened = await open({ isolation, workers: 2 });
    const results = await Promise.all([1, 2, 3, 4, 5].map((value) => opened.run(request(value))));
    expect(results.map((result) => result['y']!.data[77])).toEqual([1, 2, 3, 4, 5]);
  });

  it('refuse a file that is no model, naming it', async () => {
    const broken = InferencePool.open([{ name: 'broken', model: new Uint8Array(100) }], { isolation });
    await expect(broken).rejects.toMatchObject({ code: 'MODEL_CORRUPT', message: expect.stringContaining('"broken"') });
  });

  it('report what opening took', async () => {
    const opened: string[] = [];
    await open({
      isolation,
      workers: 2,
      profiler: { model: () => undefined, modelOpened: (name) => opened.push(name) },
    });
    expect(opened).toEqual(['slow']);
  });

  it('give the values of every size where sizes are free, which are fixed when a run of them comes', async () => {
    const graph = new GraphBuilder('free');
    const sum = graph.node(
      'ReduceSum',
      [graph.input('x', DataType.FLOAT, ['batch', 3, 'height', 'width']), graph.ints([2, 3])],
      { keepdims: 0 },
    );
    graph.output(graph.node('Identity', [sum], {}, { outputs: ['y'] }), DataType.FLOAT, ['batch', 3]);
    const opened: string[] = [];
    pool = await InferencePool.open([{ name: 'free', model: serializeModel(graph.toModel({ opset: 17 })) }], {
      isolation,
      profiler: { model: () => undefined, modelOpened: (name) => opened.push(name) },
    });
    // Nothing is open as long as no size is known.
    expect(opened).toEqual([]);
    for (let round = 0; round < 2; round++) {
      // More sizes than stay open.
      for (let side = 1; side <= 8; side++) {
        const x = {
          kind: 'values',
          dims: [1, 3, side, 2 * side],
          data: new Float32Array(6 * side * side).fill(1),
        } as const;
        const { y } = await pool.run({ model: 'free', inputs: { x } });
        expect([...y!.data]).toEqual([2 * side * side, 2 * side * side, 2 * side * side]);
      }
    }
    expect(opened).toEqual(['free']);
  });

  it('are open and have run once from the start, where nothing but the batch is free', async () => {
    const graph = new GraphBuilder('items');
    graph.output(
      graph.node('Relu', [graph.input('x', DataType.FLOAT, ['batch', 3])], {}, { outputs: ['y'] }),
      DataType.FLOAT,
      ['batch', 3],
    );
    const opened: string[] = [];
    pool = await InferencePool.open([{ name: 'items', model: serializeModel(graph.toModel({ opset: 17 })) }], {
      isolation,
      profiler: { model: () => undefined, modelOpened: (name) => opened.push(name) },
    });
    expect(opened).toEqual(['items']);
    for (const batch of [1, 2]) {
      const x = {
        kind: 'values',
        dims: [batch, 3],
        data: Float32Array.from({ length: 3 * batch }, (_, place) => place - 1),
      } as const;
      const { y } = await pool.run({ model: 'items', inputs: { x } });
      expect(y).toEqual({ dims: [batch, 3], data: x.data.map((value) => Math.max(0, value)) });
    }
  });

  it('tell what memory their workers took', async () => {
    const one = await open({ isolation });
    expect(one.memory).toEqual({ allBytes: expect.any(Number), furtherBytes: null });
    expect(one.memory.allBytes).toBeGreaterThan(0);
    await one.close();
    const { allBytes, furtherBytes } = (await open({ isolation, workers: 3 })).memory;
    expect(furtherBytes).toBeGreaterThan(isolation === 'process' ? 20e6 : 0);
    expect(allBytes).toBeGreaterThanOrEqual(2 * furtherBytes!);
  });

  it('end with a sentence for runs that are asked for after closing', async () => {
    const opened = await open({ isolation });
    await opened.close();
    await expect(opened.run(request(1))).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('a worker that is killed in the middle of a run', () => {
  it.each([1, 2])('costs nothing but time, as another takes its place: one of %i', async (workers) => {
    const notices: string[] = [];
    const opened = await open({ isolation: 'process', workers, onNotice: (sentence) => notices.push(sentence) });
    const runs = [1, 2, 3, 4, 5, 6].map((value) => opened.run(request(value)));
    process.kill(opened.processIds[0]!, 'SIGKILL');
    const results = await Promise.all(runs);
    expect(results.map((result) => result['y']!.data[0])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(notices).toEqual([expect.stringMatching(/^Worker 1 was lost .*SIGKILL.*another is started in its place/)]);
    expect(opened.workers).toBe(workers);
  });

  it('is replaced twice; then the run goes on with those that are left, and fails with a sentence when none is', async () => {
    const notices: string[] = [];
    const opened = await open({ isolation: 'process', workers: 2, onNotice: (sentence) => notices.push(sentence) });
    for (const left of [2, 2, 1, 0]) {
      const gone = opened.processIds[0]!;
      process.kill(gone, 'SIGKILL');
      await vi.waitUntil(() => !opened.processIds.includes(gone));
      expect(opened.workers).toBe(left);
    }
    expect(notices).toEqual([
      expect.stringContaining('in its place'),
      expect.stringContaining('in its place'),
      expect.stringContaining('goes on with 1'),
    ]);
    await expect(opened.run(request(1))).rejects.toMatchObject({
      code: 'WORKER_LOST',
      message: expect.stringContaining('last worker'),
    });
  });
});

describe('a run that two workers are lost with', () => {
  // Threads are given up inside ONNX Runtime here, and come back.
  it.each(ISOLATIONS)(
    'is not tried a third time, and fails with a sentence instead of hanging: %s',
    async (isolation) => {
      pool = await InferencePool.open([{ name: 'slow', model: slowModel(1000) }], { isolation, patienceMs: 20 });
      await expect(pool.run(request(1))).rejects.toMatchObject({
        code: 'WORKER_LOST',
        message: expect.stringMatching(/Two workers were lost in the same run of the model "slow"/),
      });
    },
  );
});

describe('a thread that is stuck inside ONNX Runtime', () => {
  it.skipIf(process.platform === 'win32')('does not keep the program from ending', async () => {
    const [rows, side] = [8000, 1024];
    const graph = new GraphBuilder('endless');
    let value = graph.input('x', DataType.FLOAT, ['rows', side]);
    const weights = graph.floats([side, side], new Float32Array(side * side));
    for (let step = 0; step < 200; step++) value = graph.node('MatMul', [value, weights]);
    graph.output(graph.node('Relu', [value], {}, { outputs: ['y'] }), DataType.FLOAT, ['rows', side]);
    const folder = mkdtempSync(join(tmpdir(), 'facemirror-test-'));
    try {
      saveModel(graph.toModel({ opset: 17 }), join(folder, 'endless.onnx'));
      const program = `
        const { InferencePool } = await import(${JSON.stringify(new URL('../../dist/inference/pool.js', import.meta.url).href)});
        const pool = await InferencePool.open([{ name: 'endless', model: ${JSON.stringify(join(folder, 'endless.onnx'))} }], { patienceMs: 100 });
        const x = { kind: 'values', dims: [${rows}, ${side}], data: new Float32Array(${rows * side}) };
        await pool.run({ model: 'endless', inputs: { x } }).catch((error) => console.log(error.code));
        await pool.close();`;
      writeFileSync(join(folder, 'program.mjs'), program);
      const ended = await promisify(execFile)(process.execPath, [join(folder, 'program.mjs')]).catch(
        (error: unknown) => error,
      );
      // Without the kill, it would wait for minutes, and then be aborted.
      expect(ended).toMatchObject({ stdout: 'WORKER_LOST\n', signal: 'SIGKILL' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a worker that is stopped', () => {
  it('is given up when it takes much longer than it ever did, and another takes its place', async () => {
    const notices: string[] = [];
    const opened = await open({ isolation: 'process', onNotice: (sentence) => notices.push(sentence) });
    for (let run = 0; run < 3; run++) await opened.run(request(run));
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      process.kill(opened.processIds[0]!, 'SIGSTOP');
      const run = opened.run(request(7));
      await Promise.resolve();
      vi.advanceTimersByTime(29_000);
      expect(notices).toEqual([]);
      vi.advanceTimersByTime(1000);
      expect(notices).toEqual([expect.stringMatching(/did not answer for 30 s.*in its place/)]);
      expect((await run)['y']!.data[0]).toBe(7);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a network that does not open on an accelerator', () => {
  it('is not called corrupt: another provider may take it', async () => {
    const opening = InferencePool.open([{ name: 'broken', model: new Uint8Array(100) }], {
      providers: { broken: 'webgpu' },
      isolation: 'process',
    });
    await expect(opening).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: expect.stringMatching(/"broken".*webgpu.*`provider` cpu/),
    });
  });
});

describe('a pool that is stopped', () => {
  it.each(ISOLATIONS)('ends its opening with a sentence, and leaves no worker: %s', async (isolation) => {
    const stop = new AbortController();
    const opening = open({ isolation, workers: 2, signal: stop.signal });
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('ends the run under way and drops those that wait', async () => {
    const stop = new AbortController();
    const opened = await open({ signal: stop.signal });
    const runs = [1, 2, 3].map((value) => opened.run(request(value)));
    // They are handed out when all has been asked for.
    await Promise.resolve();
    stop.abort();
    const outcomes = await Promise.allSettled(runs);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: { code: 'CANCELLED' } });
    await expect(opened.run(request(4))).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
