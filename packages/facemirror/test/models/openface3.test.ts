import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serializeModel } from 'onnx-lens';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARCHITECTURES } from '../../src/models/architectures/identify.js';
import { randomWeights } from '../../src/models/architectures/weights.js';
import { runBatch } from '../../src/pipeline/batch.js';
import type { RunRecord } from '../../src/pipeline/record.js';
import type { RunSettings } from '../../src/pipeline/settings.js';
import { VideoWriter } from '../../src/video/writer.js';
import { tagsFor } from '../../src/video/colour.js';
import { readPicture } from '../pictures.js';

const SHARED = process.env['FACEMIRROR_SHARED'] ?? fileURLToPath(new URL('../../../../../shared', import.meta.url));
const WEIGHTS = join(SHARED, 'models/mobilenet0.25_Final.pth');
const FRAMES = 6;

let folder: string;
const earlier = process.env['FACEMIRROR_CACHE'];

/** RetinaFace with its real weights, the other two with made-up ones: the values mean nothing, all the rest does. */
beforeAll(async () => {
  if (!existsSync(WEIGHTS)) return;
  folder = mkdtempSync(join(tmpdir(), 'facemirror-openface3-'));
  process.env['FACEMIRROR_CACHE'] = join(folder, 'cache');
  copyFileSync(WEIGHTS, join(folder, 'a-checkpoint.pth'));
  for (const name of ['star', 'mtl'] as const) {
    const architecture = ARCHITECTURES[name];
    writeFileSync(join(folder, `${name}.onnx`), serializeModel(architecture.build(randomWeights(architecture.tensors(), 1))));
  }
  const { frame, width, height } = await readPicture(new URL('../../assets/astronaut.png', import.meta.url));
  const writer = await VideoWriter.open({
    path: join(folder, 'clip.mp4'), width, height, timeBase: { num: 1, den: 30 }, frameRate: 30, colourTags: tagsFor(frame.colour),
    encoder: 'libx264', quality: 20, threads: 1, audio: null,
  });
  for (let index = 0; index < FRAMES; index++) await writer.write(frame, { ticks: BigInt(index), durationTicks: 1n, seconds: index / 30 });
  await writer.finish();
}, 300_000);
afterAll(() => {
  if (earlier === undefined) delete process.env['FACEMIRROR_CACHE'];
  else process.env['FACEMIRROR_CACHE'] = earlier;
  if (existsSync(WEIGHTS)) rmSync(folder, { recursive: true, force: true });
});

async function run(name: string, settings: Pick<RunSettings, 'workers' | 'batch' | 'isolation'>): Promise<{ tables: Record<string, string>; record: RunRecord; files: string[] }> {
  const out = join(folder, name);
  let record: RunRecord | null = null;
  await runBatch({
    paths: [join(folder, 'clip.mp4')], out, signal: new AbortController().signal,
    settings: {
      suite: 'openface3', provider: 'cpu', modelsFolder: folder, neutral: { kind: 'calmest-second' }, camera: 'normal', face: 'largest', detectSide: null, iris: false,
      debugVideo: true, audio: true, encoder: 'libx264', quality: 30, report: false, trace: null, allowNoFace: false, force: false, jobs: 1, profile: true, ...settings,
    },
    onEvent: (event) => {
      if (event.kind === 'failed') throw event.error;
      if (event.kind === 'done') record = event.record;
    },
  });
  const files = readdirSync(out).sort();
  const tables = Object.fromEntries(files.filter((file) => file.endsWith('.csv')).map((file) => [file, readFileSync(join(out, file), 'utf8')]));
  return { tables, record: record as unknown as RunRecord, files };
}

describe.skipIf(!existsSync(WEIGHTS))('the suite openface3 (needs the shared folder)', () => {
  it('gives all outputs, and tables of the same bytes whatever the workers, batches and isolation', async () => {
    const alone = await run('alone', { workers: 1, batch: 1, isolation: 'thread' });
    expect(alone.files).toEqual([
      'clip.json', 'clip_debug.mp4', 'clip_expression.csv', 'clip_left_mirrored.csv', 'clip_left_mirrored.mp4', 'clip_measures.csv', 'clip_right_mirrored.csv', 'clip_right_mirrored.mp4',
    ]);
    expect(alone.record.frames).toMatchObject({ read: FRAMES, withFace: FRAMES });
    // The first detections are two frames apart, as nothing is known yet of how still the head is.
    expect(alone.record.frames.quickSearches).toBe(FRAMES / 2);
    for (const table of ['left_mirrored', 'right_mirrored', 'expression']) expect(alone.tables[`clip_${table}.csv`]?.trim().split('\n')).toHaveLength(FRAMES + 1);
    expect(alone.record.suite.batching).toEqual({ star: { frames: 1, chosen: 'asked' }, mtl: { frames: 1, chosen: 'asked' } });

    const together = await run('together', { workers: 2, batch: 3, isolation: 'thread' });
    expect(together.tables).toEqual(alone.tables);
    const items = together.record.profile?.models.find(({ model }) => model === 'mtl');
    expect(items?.items).toBe(3 * FRAMES);

    const apart = await run('apart', { workers: 2, batch: 2, isolation: 'process' });
    expect(apart.tables).toEqual(alone.tables);
  }, 300_000);

  it('chooses the batch by measuring, once', async () => {
    const first = await run('measured', { workers: 1, batch: 'auto', isolation: 'thread' });
    const { star } = first.record.suite.batching ?? {};
    expect(star).toMatchObject({ chosen: 'measured', curve: { points: expect.arrayContaining([expect.objectContaining({ frames: 1 })]) } });
    const kept = readdirSync(join(folder, 'cache')).filter((file) => file.endsWith('.batches.json'));
    expect(kept).toHaveLength(2);
    const curves = kept.map((file) => readFileSync(join(folder, 'cache', file), 'utf8'));
    const again = await run('again', { workers: 1, batch: 'auto', isolation: 'thread' });
    expect(again.record.suite.batching).toEqual(first.record.suite.batching);
    expect(kept.map((file) => readFileSync(join(folder, 'cache', file), 'utf8'))).toEqual(curves);
    expect(again.tables).toEqual(first.tables);
  }, 300_000);
});
