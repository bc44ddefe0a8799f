import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processVideo } from '../../src/index.js';
import { writeDemoPart } from '../video/demo-part.js';

let folder: string;
let video: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-test-'));
  video = join(folder, 'clip.mp4');
  await writeDemoPart(video, { first: 0, frames: 20 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('processVideo', () => {
  it('needs nothing but a folder, and knows what is done already', async () => {
    const out = join(folder, 'results');
    const first = await processVideo(video, { out });
    expect(first.isNew).toBe(true);
    expect(first.record.frames.withFace).toBeGreaterThan(0);
    expect(first.files.some((file) => file.endsWith('_measures.csv'))).toBe(true);
    expect(first.files.at(-1)).toMatch(/\.json$/);

    const again = await processVideo(video, { out });
    expect(again).toEqual({
      record: JSON.parse(JSON.stringify(first.record)) as unknown,
      files: first.files,
      isNew: false,
    });
  });

  it('refuses a setting that does not fit, by its name', async () => {
    const refused = processVideo(video, { out: folder, quality: 99 });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE', setting: 'quality' });
  });
});
