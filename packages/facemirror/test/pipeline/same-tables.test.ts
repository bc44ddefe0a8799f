import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel } from 'onnx-lens';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEMO_FORMAT, DemoClip } from '../../src/demo/clip.js';
import { FramePool } from '../../src/frames/pool.js';
import type { Isolation } from '../../src/inference/options.js';
import type { SuiteName } from '../../src/models/suite.js';
import { ARCHITECTURES } from '../../src/models/architectures/identify.js';
import { randomWeights, type Weights } from '../../src/models/architectures/weights.js';
import { runBatch } from '../../src/pipeline/batch.js';
import type { BatchEvent } from '../../src/pipeline/events.js';
import { tagsFor } from '../../src/video/colour.js';
import { VideoWriter } from '../../src/video/writer.js';

const FRAMES = 4;
const WAYS: readonly { readonly workers: number; readonly isolation: Isolation }[] = [
  { workers: 1, isolation: 'thread' },
  { workers: 2, isolation: 'thread' },
  { workers: 4, isolation: 'thread' },
  { workers: 2, isolation: 'process' },
];

let folder: string;
let clip: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-same-'));
  clip = join(folder, 'patient.mp4');
  const { width, height, colour, framesPerSecond } = DEMO_FORMAT;
  const frame = await new FramePool({ ...DEMO_FORMAT, capacity: 1 }).acquire();
  const demo = new DemoClip();
  const writer = await VideoWriter.open({
    path: clip, width, height, colourTags: tagsFor(colour), encoder: 'libx264', quality: 18, threads: 1, timeBase: { num: 1, den: framesPerSecond }, frameRate: framesPerSecond, audio: null,
  });
  for (let index = 0; index < FRAMES; index++) {
    demo.draw(140 + index, frame);
    await writer.write(frame, { ticks: BigInt(index), durationTicks: 1n, seconds: index / framesPerSecond });
  }
  await writer.finish();
});
afterAll(() => rm(folder, { recursive: true }));

/** Random weights, but for RetinaFace's heads: it sees a face wherever it has a prior, of the prior's size. */
function weightsOf(name: keyof typeof ARCHITECTURES): Weights {
  const random = randomWeights(ARCHITECTURES[name].tensors(), 1);
  if (name !== 'retinaface') return random;
  return {
    get: (tensor) => {
      const values = random.get(tensor);
      if (!tensor.includes('Head')) return values;
      const isClassBias = tensor.includes('ClassHead') && tensor.endsWith('bias');
      return Float32Array.from(values, (_, place) => (isClassBias ? (place % 2 === 0 ? -5 : 5) : 0));
    },
  };
}

async function tablesOf(suite: SuiteName, modelsFolder: string | null, way: (typeof WAYS)[number]): Promise<string[]> {
  const events: BatchEvent[] = [];
  const { done } = await runBatch({
    paths: [clip],
    out: join(folder, 'out'),
    settings: {
      suite, modelsFolder, ...way, provider: 'cpu', neutral: { kind: 'calmest-second' }, camera: 'normal', face: 'largest', detectSide: null, iris: false, debugVideo: false,
      audio: false, encoder: 'libx264', quality: 40, batch: 1, jobs: 1, profile: true, report: false, trace: null, allowNoFace: false, force: true,
    },
    signal: new AbortController().signal,
    onEvent: (event) => void events.push(event),
  });
  expect(done).toEqual([clip]);
  const finished = events.find((event) => event.kind === 'done');
  const tables = (finished?.files ?? []).filter((file) => file.endsWith('.csv')).toSorted();
  return Promise.all(tables.map(async (file) => createHash('sha256').update(await readFile(file)).digest('hex')));
}

test('the tables of the default suite have the same bytes whoever runs its networks', { timeout: 120_000 }, async () => {
  const [first, ...others] = [await tablesOf('mediapipe', null, { workers: 1, isolation: 'thread' }), await tablesOf('mediapipe', null, { workers: 1, isolation: 'process' })];
  expect(first).toHaveLength(3);
  for (const other of others) expect(other).toEqual(first);
});

test('the tables of openface3 have the same bytes with 1, 2 and 4 workers, in threads and processes', { timeout: 240_000 }, async () => {
  for (const name of ['retinaface', 'star', 'mtl'] as const) saveModel(ARCHITECTURES[name].build(weightsOf(name)), join(folder, `${name}.onnx`));
  const before = process.env['FACEMIRROR_CACHE'];
  process.env['FACEMIRROR_CACHE'] = join(folder, 'cache');
  try {
    const all: string[][] = [];
    for (const way of WAYS) all.push(await tablesOf('openface3', folder, way));
    expect(all[0]).toHaveLength(4);
    expect(all).toEqual(WAYS.map(() => all[0]));
  } finally {
    if (before === undefined) delete process.env['FACEMIRROR_CACHE'];
    else process.env['FACEMIRROR_CACHE'] = before;
  }
});
