import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel } from 'onnx-lens';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_FORMAT, DemoClip } from '../../src/demo/clip.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { ARCHITECTURES } from 'facemirror-core/suites/openface3/architectures/identify.js';
import { randomWeights, type Weights } from 'facemirror-core/suites/openface3/architectures/weights.js';
import { runBatch } from '../../src/batch/batch.js';
import type { RunRecord } from '../../src/results/record.js';
import type { RunSettings } from 'facemirror-core/settings/settings.js';
import { tagsFor } from '../../src/video/colour.js';
import { VideoWriter } from '../../src/video/writer.js';

const FRAMES = 6;
/** Where the smile of the demo comes. */
const FIRST_FRAME = 140;

type Way = Pick<RunSettings, 'workers' | 'batch' | 'isolation'>;

let folder: string;
let clip: string;
const earlierCache = process.env['FACEMIRROR_CACHE'];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facemirror-suites-'));
  clip = join(folder, 'clip.mp4');
  await writeClip(clip);
});
afterAll(() => {
  if (earlierCache === undefined) delete process.env['FACEMIRROR_CACHE'];
  else process.env['FACEMIRROR_CACHE'] = earlierCache;
  rmSync(folder, { recursive: true, force: true });
});

async function writeClip(path: string): Promise<void> {
  const { width, height, colour, framesPerSecond } = DEMO_FORMAT;
  const frame = await new FramePool({ ...DEMO_FORMAT, capacity: 1 }).acquire();
  const demo = new DemoClip();
  const writer = await VideoWriter.open({
    path,
    width,
    height,
    colourTags: tagsFor(colour),
    encoder: 'libx264',
    quality: 18,
    threads: 1,
    timeBase: { num: 1, den: framesPerSecond },
    frameRate: framesPerSecond,
    audio: null,
  });
  for (let index = 0; index < FRAMES; index++) {
    demo.draw(FIRST_FRAME + index, frame);
    await writer.write(frame, { ticks: BigInt(index), durationTicks: 1n, seconds: index / framesPerSecond });
  }
  await writer.finish();
}

interface Outcome {
  readonly record: RunRecord;
  /** Names of the outputs. */
  readonly files: readonly string[];
  /** Text of each table by its name. */
  readonly tables: Readonly<Record<string, string>>;
}

async function run(suite: Pick<RunSettings, 'suite' | 'modelsFolder'>, name: string, way: Way): Promise<Outcome> {
  const out = join(folder, name);
  let record: RunRecord | null = null;
  await runBatch({
    paths: [clip],
    out,
    signal: new AbortController().signal,
    settings: {
      ...suite,
      ...way,
      provider: 'cpu',
      neutral: { kind: 'calmest-second' },
      camera: 'normal',
      measure: 'mirrored',
      face: 'largest',
      detectSide: null,
      iris: false,
      affected: 'auto',
      movements: null,
      landmarks: false,
      outputs: ['videos', 'tables', 'debug'],
      audio: false,
      encoder: 'libx264',
      quality: 40,
      jobs: 1,
      profile: true,
      report: false,
      redacted: false,
      performanceReport: false,
      subject: null,
      visit: null,
      scores: null,
      trace: null,
      allowNoFace: false,
      force: false,
    },
    onEvent: (event) => {
      if (event.kind === 'failed') throw event.error;
      if (event.kind === 'done') record = event.record;
    },
  });
  const files = readdirSync(out).sort();
  const tables = Object.fromEntries(
    files.filter((file) => file.endsWith('.csv')).map((file) => [file, readFileSync(join(out, file), 'utf8')]),
  );
  return { tables, record: record as unknown as RunRecord, files };
}

describe('the suite mediapipe', () => {
  const suite = { suite: 'mediapipe', modelsFolder: null } as const;

  it('gives tables of the same bytes in threads and in processes', { timeout: 120_000 }, async () => {
    const inThread = await run(suite, 'thread', { workers: 1, batch: 1, isolation: 'thread' });
    const inProcess = await run(suite, 'process', { workers: 1, batch: 1, isolation: 'process' });
    expect(Object.keys(inThread.tables)).toHaveLength(7);
    expect(inThread.record.frames).toMatchObject({ read: FRAMES, withFace: FRAMES });
    expect(inProcess.tables).toEqual(inThread.tables);
  });
});

/** With made-up networks: the values mean nothing, all the rest does. */
describe('the suite openface3', () => {
  let suite: Pick<RunSettings, 'suite' | 'modelsFolder'>;

  beforeAll(() => {
    process.env['FACEMIRROR_CACHE'] = join(folder, 'cache');
    suite = { suite: 'openface3', modelsFolder: join(folder, 'models') };
    for (const name of ['retinaface', 'star', 'mtl'] as const)
      saveModel(ARCHITECTURES[name].build(weightsOf(name)), join(folder, 'models', `${name}.onnx`));
  }, 120_000);

  it(
    'gives all outputs, and tables of the same bytes whatever the workers, batches and isolation',
    { timeout: 300_000 },
    async () => {
      const alone = await run(suite, 'alone', { workers: 1, batch: 1, isolation: 'thread' });
      expect(alone.files).toEqual([
        'clip.json',
        'clip_blinks.csv',
        'clip_by_movement.csv',
        'clip_debug.mp4',
        'clip_expression.csv',
        'clip_frames.bin',
        'clip_left_mirrored.csv',
        'clip_left_mirrored.mp4',
        'clip_measures.csv',
        'clip_movements.csv',
        'clip_right_mirrored.csv',
        'clip_right_mirrored.mp4',
        'clip_synkinesis.csv',
      ]);
      expect(alone.record.frames).toMatchObject({ read: FRAMES, withFace: FRAMES });
      // The first detections are two frames apart, as nothing is known yet of how still the head is.
      expect(alone.record.frames.quickSearches).toBe(FRAMES / 2);
      const byFrame = Object.values(alone.tables).filter((table) => table.startsWith('frame'));
      expect(byFrame).toHaveLength(4);
      for (const table of byFrame) expect(table.trim().split('\n')).toHaveLength(FRAMES + 1);
      expect(alone.record.suite.batching).toEqual({
        star: { frames: 1, chosen: 'asked' },
        mtl: { frames: 1, chosen: 'asked' },
      });

      const together = await run(suite, 'together', { workers: 2, batch: 3, isolation: 'thread' });
      expect(together.tables).toEqual(alone.tables);
      // Both mirrored faces and the patient's own, in whatever batches.
      expect(together.record.profile?.models.find(({ model }) => model === 'mtl')?.items).toBe(3 * FRAMES);

      expect((await run(suite, 'many', { workers: 4, batch: 1, isolation: 'thread' })).tables).toEqual(alone.tables);
      expect((await run(suite, 'apart', { workers: 2, batch: 2, isolation: 'process' })).tables).toEqual(alone.tables);
    },
  );

  it('chooses the batch by measuring, once', { timeout: 300_000 }, async () => {
    const first = await run(suite, 'measured', { workers: 1, batch: 'auto', isolation: 'thread' });
    const { star } = first.record.suite.batching ?? {};
    expect(star).toMatchObject({
      chosen: 'measured',
      curve: { points: expect.arrayContaining([expect.objectContaining({ frames: 1 })]) },
    });
    const kept = readdirSync(join(folder, 'cache')).filter((file) => file.endsWith('.batches.json'));
    expect(kept).toHaveLength(2);
    const curves = kept.map((file) => readFileSync(join(folder, 'cache', file), 'utf8'));
    const again = await run(suite, 'again', { workers: 1, batch: 'auto', isolation: 'thread' });
    expect(again.record.suite.batching).toEqual(first.record.suite.batching);
    expect(kept.map((file) => readFileSync(join(folder, 'cache', file), 'utf8'))).toEqual(curves);
    expect(again.tables).toEqual(first.tables);
  });
});

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
