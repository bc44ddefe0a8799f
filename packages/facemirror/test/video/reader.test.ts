import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AV_PIX_FMT_RGB24, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P } from 'node-av';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { probeVideo } from '../../src/video/reader.js';
import { QUARTERS, readClip, sharedVideo, writeClip } from './clips.js';
import { writeCodedClip } from './coded-clips.js';

const UNEVEN_TIMES = [0, 0.5, 0.5333, 0.6, 1.4, 1.43, 2];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-video-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of an MP4 with the bytes after a box's name, at an offset, replaced. */
async function patched(source: string, box: string, offset: number, values: readonly number[]): Promise<string> {
  const bytes = Buffer.from(await readFile(source));
  const at = bytes.indexOf(box, 0, 'latin1') + 4 + offset;
  values.forEach((value, index) => bytes.writeInt32BE(value, at + 4 * index));
  const path = join(folder, `patched-${Math.random()}.mp4`);
  await writeFile(path, bytes);
  return path;
}

test('a clip of uneven frame times is read with those times, and its pixels', async () => {
  const path = join(folder, 'vfr.mp4');
  await writeClip(path, { width: 96, height: 64, times: UNEVEN_TIMES });
  const { info, times, quarters, warnings } = await readClip(path);
  expect(info).toMatchObject({
    width: 96,
    height: 64,
    codec: 'h264',
    expectedFrames: 7,
    colour: { matrix: 'bt601', range: 'limited' },
  });
  expect(times).toHaveLength(UNEVEN_TIMES.length);
  times.forEach((time, index) => expect(time).toBeCloseTo(UNEVEN_TIMES[index]!, 4));
  quarters.forEach((luma, index) => expect(Math.abs(luma - QUARTERS[index]!)).toBeLessThanOrEqual(2));
  expect(warnings).toEqual([]);
});

test('a full-range BT.709 clip keeps its colours and says so', async () => {
  const path = join(folder, 'full.mp4');
  await writeClip(path, { width: 64, height: 64, times: [0], colour: { matrix: 'bt709', range: 'full' } });
  const { info, quarters } = await readClip(path);
  expect(info.colour).toEqual({ matrix: 'bt709', range: 'full' });
  quarters.forEach((luma, index) => expect(Math.abs(luma - QUARTERS[index]!)).toBeLessThanOrEqual(2));
});

test('an odd size is written as the next even one, with the edge repeated', async () => {
  const path = join(folder, 'odd.mp4');
  await writeClip(path, { width: 75, height: 51, times: [0, 0.1] });
  const { info, quarters } = await readClip(path);
  expect([info.width, info.height]).toEqual([76, 52]);
  quarters.forEach((luma, index) => expect(Math.abs(luma - QUARTERS[index]!)).toBeLessThanOrEqual(2));
});

describe('the display matrix (ISO/IEC 14496-12)', () => {
  // a b c d of the matrix, and where the quarters 0 1 / 2 3 of the coded picture are then seen.
  test.each([
    ['turned by 90 degrees clockwise', [0, 1, -1, 0], [2, 0, 3, 1]],
    ['turned by 180 degrees', [-1, 0, 0, -1], [3, 2, 1, 0]],
    ['turned by 90 degrees anticlockwise', [0, -1, 1, 0], [1, 3, 0, 2]],
    ['mirrored left to right', [-1, 0, 0, 1], [1, 0, 3, 2]],
    ['mirrored top to bottom', [1, 0, 0, -1], [2, 3, 0, 1]],
    ['mirrored about its diagonal', [0, 1, 1, 0], [0, 2, 1, 3]],
    ['mirrored about its other diagonal', [0, -1, -1, 0], [3, 1, 2, 0]],
  ] as const)('%s', async (description, [a, b, c, d], places) => {
    const source = join(folder, 'matrix.mp4');
    await writeClip(source, { width: 96, height: 64, times: [0, 0.1] });
    const one = 0x10000;
    const path = await patched(source, 'tkhd', 40, [a * one, b * one, 0, c * one, d * one, 0, 0, 0, 0x40000000]);
    const { info, quarters, times } = await readClip(path);
    expect(info.orientation.description).toBe(description);
    expect([info.width, info.height]).toEqual(a === 0 ? [64, 96] : [96, 64]);
    expect(times).toHaveLength(2);
    quarters.forEach((luma, index) => expect(Math.abs(luma - QUARTERS[places[index]!])).toBeLessThanOrEqual(2));
  });
});

test('pixels that are not square are made square', async () => {
  const source = join(folder, 'square.mp4');
  await writeClip(source, { width: 96, height: 64, times: [0] });
  const wide = await readClip(await patched(source, 'pasp', 0, [4, 3]));
  expect([wide.info.width, wide.info.height]).toEqual([128, 64]);
  wide.quarters.forEach((luma, index) => expect(Math.abs(luma - QUARTERS[index]!)).toBeLessThanOrEqual(2));
  const high = await readClip(await patched(source, 'pasp', 0, [1, 2]));
  expect([high.info.width, high.info.height]).toEqual([96, 128]);
});

describe('files that are no whole video', () => {
  async function codeOf(path: string): Promise<string> {
    const error: unknown = await readClip(path).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(FaceMirrorError);
    expect((error as Error).message).toContain(path);
    return (error as FaceMirrorError).code;
  }

  test('text, nothing, a playlist, a folder, and no file at all', async () => {
    const text = join(folder, 'text.mp4');
    await writeFile(text, 'This is not a video.\n'.repeat(100));
    expect(await codeOf(text)).toBe('NOT_A_VIDEO');
    const empty = join(folder, 'empty.mp4');
    await writeFile(empty, '');
    expect(await codeOf(empty)).toBe('NOT_A_VIDEO');
    const playlist = join(folder, 'playlist.mp4');
    await writeFile(
      playlist,
      `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${join(folder, 'vfr.mp4')}\n#EXT-X-ENDLIST\n`,
    );
    expect(await codeOf(playlist)).toBe('NOT_A_VIDEO');
    expect(await codeOf(folder)).toBe('FILE_UNREADABLE');
    expect(await codeOf(join(folder, 'none.mp4'))).toBe('FILE_UNREADABLE');
  });

  test('an MP4 whose end was cut off, with its index in front or behind', async () => {
    const source = join(folder, 'whole.mp4');
    await writeClip(source, { width: 320, height: 240, times: Array.from({ length: 60 }, (_, index) => index / 30) });
    const bytes = await readFile(source);
    const cut = join(folder, 'cut.mp4');
    await writeFile(cut, bytes.subarray(0, bytes.length / 2));
    expect(await codeOf(cut)).toBe('VIDEO_DAMAGED');
    const real = sharedVideo('single_face.mp4');
    if (real === null) return;
    const front = await readFile(real);
    for (const share of [0.3, 0.6, 0.9]) {
      await writeFile(cut, front.subarray(0, Math.floor(front.length * share)));
      expect(await codeOf(cut)).toBe('VIDEO_DAMAGED');
    }
  });

  test.each([
    ['mkv', 'libx264'],
    ['webm', 'libvpx'],
    ['avi', 'mjpeg'],
    ['mov', 'png'],
  ])('a %s that was cut off anywhere, between two frames too', async (extension, encoder) => {
    const source = join(folder, `whole.${extension}`);
    const pixelFormat =
      encoder === 'mjpeg' ? AV_PIX_FMT_YUVJ420P : encoder === 'png' ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUV420P;
    await writeCodedClip(source, {
      encoder,
      pixelFormat,
      width: 160,
      height: 120,
      times: Array.from({ length: 20 }, (_, index) => 40 * index),
    });
    expect((await readClip(source)).times).toHaveLength(20);
    const bytes = await readFile(source);
    for (let tenth = 1; tenth < 10; tenth++) {
      const cut = join(folder, `cut.${extension}`);
      await writeFile(cut, bytes.subarray(0, (bytes.length * tenth) / 10));
      expect(['NOT_A_VIDEO', 'VIDEO_DAMAGED'], `${tenth} tenths`).toContain(await codeOf(cut));
    }
  });
});

describe('real videos', () => {
  const rotated = sharedVideo('rotate.mp4');
  test.skipIf(rotated === null)('a phone video is 1080 by 1920 upright', async () => {
    expect(await probeVideo(rotated!)).toMatchObject({
      width: 1080,
      height: 1920,
      codedWidth: 1920,
      codedHeight: 1080,
      audio: { codec: 'aac', mode: 'copy' },
    });
  });

  const hevc = sharedVideo('hevc.mp4');
  test.skipIf(hevc === null)('an H.265 video has all its frames', async () => {
    const { times } = await readClip(hevc!);
    expect(times).toHaveLength(300);
    expect(times[299]).toBeCloseTo(299 / 30, 6);
  });
});
