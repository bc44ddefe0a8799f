import { DataType, GraphBuilder, serializeModel } from 'onnx-lens';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Crop } from 'facemirror-core/frames/crop.js';
import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { ISOLATIONS } from 'facemirror-core/inference/options.js';
import { InferencePool } from '../../src/inference/pool.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';

const SIDE = 8;

/** Gives each item's mean. */
function meanModel(batch: number | string): Uint8Array {
  const graph = new GraphBuilder('mean');
  const image = graph.input('image', DataType.FLOAT, [batch, 3, SIDE, SIDE]);
  graph.output(
    graph.node('ReduceMean', [image], { axes: [1, 2, 3], keepdims: 0 }, { outputs: ['mean'] }),
    DataType.FLOAT,
    [batch],
  );
  return serializeModel(graph.toModel({ opset: 17 }));
}

const crop: Crop = {
  toSource: { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 },
  width: SIDE,
  height: SIDE,
  layout: 'NCHW',
  channels: 'RGB',
  scale: [1, 1, 1],
  offset: [0, 0, 0],
  border: 'clamp',
  sampling: 'bilinear',
};

const COUNT = 7;
let pool: FramePool;
let frames: Frame[];
beforeAll(async () => {
  pool = new FramePool({ width: SIDE, height: SIDE, colour: { matrix: 'bt709', range: 'full' }, capacity: COUNT });
  frames = await pool.acquireMany(COUNT);
  frames.forEach((frame, place) => {
    const { y, u, v } = framePlanes(frame);
    y.fill(10 * (place + 1));
    u.fill(128);
    v.fill(128);
  });
});
afterAll(() => pool.close());

let networks: InferencePool | null = null;
afterEach(() => networks?.close());

/** The means of all frames, asked for in one go, and how many items each run held. */
async function means(
  source: Partial<ModelSource>,
  isolation: 'thread' | 'process',
): Promise<{ values: number[]; items: number[] }> {
  const items: number[] = [];
  const opened = await InferencePool.open([{ name: 'mean', model: meanModel('batch'), ...source }], {
    isolation,
    profiler: { model: (_, call) => items.push(call.items), modelOpened: () => undefined },
  });
  networks = opened;
  const results = await Promise.all(
    frames.map((frame) =>
      opened.run({ model: 'mean', inputs: { image: { kind: 'crops', crops: [{ frame, crop }] } } }),
    ),
  );
  return { values: results.map((result) => result['mean']?.data[0] ?? NaN), items };
}

describe.each(ISOLATIONS)('single items for a network in a %s', (isolation) => {
  const expected = Array.from({ length: COUNT }, (_, place) => 10 * (place + 1));

  it('get their own rows of the batches in which they were run, none of them filled up', async () => {
    const { values, items } = await means({ batch: 3 }, isolation);
    expect(values.map(Math.round)).toEqual(expected);
    expect(items).toEqual([3, 3, 1]);
  });

  it('get them from a graph whose batch is fixed, too', async () => {
    const { values, items } = await means({ model: meanModel(4), batch: 4, batchIsFixed: true }, isolation);
    expect(values.map(Math.round)).toEqual(expected);
    expect(items).toEqual([4, 3]);
  });
});
