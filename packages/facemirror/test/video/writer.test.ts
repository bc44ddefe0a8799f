import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tagsFor } from '../../src/video/colour.js';
import { openEncoder, requireEncoder, withEncoder } from '../../src/video/encoder.js';
import { BT601, copyClip, readClip, sharedVideo, writeClip } from './clips.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-writer-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SETTINGS = {
  width: 64,
  height: 64,
  timeBase: { num: 1, den: 30_000 },
  frameRate: 30,
  colourTags: tagsFor(BT601),
  quality: 18,
  threads: 1,
};

test('a folder that does not exist is an error that names the file', async () => {
  await expect(writeClip(join(folder, 'none', 'a.mp4'), { width: 64, height: 64, times: [0] })).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining(join(folder, 'none', 'a.mp4')),
  });
});

test.skipIf(!existsSync('/dev/full'))('a full disk is told as one', async () => {
  await expect(writeClip('/dev/full', { width: 64, height: 64, times: [0, 0.1] })).rejects.toMatchObject({
    code: 'DISK_FULL',
  });
});

test('auto takes an encoder that opens; one that is not here is an error that says what to do', async () => {
  await withEncoder('auto', async (name) => (await openEncoder(name, SETTINGS)).freeContext());
  await requireEncoder('auto');
  if (process.platform !== 'darwin') {
    await expect(requireEncoder('videotoolbox')).rejects.toMatchObject({
      code: 'ENCODER_UNAVAILABLE',
      message: expect.stringContaining('libx264'),
    });
  }
});

describe.each([
  ['single_face.mp4', { frames: 72, width: 640, height: 360, audio: { codec: 'mp3', mode: 'copy' } }],
  ['rotate.mp4', { frames: 45, width: 1080, height: 1920, audio: { codec: 'aac', mode: 'copy' } }],
  ['vfr.mp4', { frames: 63, width: 3026, height: 1386, audio: null }],
] as const)('a copy of %s', (name, { frames, width, height, audio }) => {
  const original = sharedVideo(name);
  test.skipIf(original === null)('has its frames, upright, its times and its sound', async () => {
    const path = join(folder, 'copy.mp4');
    const { info, times } = await copyClip(original!, path);
    const copy = await readClip(path);
    expect(times).toHaveLength(frames);
    expect(copy.times).toHaveLength(frames);
    times.forEach((time, index) => expect(copy.times[index]).toBeCloseTo(time, 6));
    expect(copy.info).toMatchObject({
      width,
      height,
      audio,
      colour: info.colour,
      orientation: { description: 'upright' },
    });
    expect(copy.info.durationSeconds).toBeCloseTo(info.durationSeconds!, 1);
  });
});
