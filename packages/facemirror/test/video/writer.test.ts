import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FramePool } from '../../src/frames/pool.js';
import { tagsFor } from '../../src/video/colour.js';
import { chooseEncoder, openEncoder } from '../../src/video/encoder.js';
import { VideoReader } from '../../src/video/reader.js';
import { VideoWriter } from '../../src/video/writer.js';
import { BT601, readClip, sharedVideo, writeClip } from './clips.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-writer-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SETTINGS = { width: 64, height: 64, timeBase: { num: 1, den: 30_000 }, frameRate: 30, colourTags: tagsFor(BT601), quality: 18, threads: 1 };

test('a folder that does not exist is an error that names the file', async () => {
  await expect(writeClip(join(folder, 'none', 'a.mp4'), { width: 64, height: 64, times: [0] })).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining(join(folder, 'none', 'a.mp4')),
  });
});

test.skipIf(!existsSync('/dev/full'))('a full disk is told as one', async () => {
  await expect(writeClip('/dev/full', { width: 64, height: 64, times: [0, 0.1] })).rejects.toMatchObject({ code: 'DISK_FULL' });
});

test('auto takes an encoder that opens; one that is not here is an error that says what to do', async () => {
  const name = await chooseEncoder('auto', SETTINGS);
  (await openEncoder(name, SETTINGS)).freeContext();
  if (process.platform !== 'darwin') {
    await expect(chooseEncoder('videotoolbox', SETTINGS)).rejects.toMatchObject({ code: 'ENCODER_UNAVAILABLE', message: expect.stringContaining('libx264') });
  }
});

const speech = sharedVideo('single_face.mp4');
test.skipIf(speech === null)('a copy of a real video has its frames, times and sound', async () => {
  const path = join(folder, 'copy.mp4');
  const reader = await VideoReader.open(speech!);
  const { info } = reader;
  const pool = new FramePool({ ...info, capacity: 1 });
  const writer = await VideoWriter.open({ ...SETTINGS, ...info, path, encoder: 'libx264', audio: reader.audio });
  reader.audioSink = (packet) => writer.writeAudio(packet);
  const times: number[] = [];
  for (;;) {
    const next = await reader.next(await pool.acquire());
    if (next === null) break;
    times.push(next.time.seconds);
    await writer.write(next.frame, next.time);
    pool.release(next.frame);
  }
  await writer.finish();
  await reader.close();

  const copy = await readClip(path);
  expect(copy.times).toEqual(times);
  expect(copy.info).toMatchObject({ width: 640, height: 360, audio: { codec: 'mp3', mode: 'copy' }, colour: info.colour });
  expect(copy.info.durationSeconds).toBeCloseTo(info.durationSeconds!, 1);
});
