import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AVCOL_TRC_BT709,
  AVMEDIA_TYPE_AUDIO,
  AV_PIX_FMT_BGR0,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV420P10LE,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV422P10LE,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUVJ422P,
  FormatContext,
} from 'node-av';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { rgbWeights } from 'facemirror-core/frames/yuv-colour.js';
import { VideoReader } from '../../src/video/reader.js';
import { copyClip, readClip } from './clips.js';
import { SHARED } from '../shared-folder.js';
import { QUARTER_COLOURS, writeCodedClip } from './coded-clips.js';

const TIMES = [0, 40, 80, 120, 160, 200, 240, 280, 320, 360];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-formats-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** R'G'B' in the middle of each quarter. */
function quarterColours(frame: Frame): number[][] {
  const planes = framePlanes(frame);
  const { width, height, yStride, uvStride } = frame.layout;
  const weights = rgbWeights(frame.colour);
  return [
    [1, 1],
    [3, 1],
    [1, 3],
    [3, 3],
  ].map(([across, down]) => {
    const [column, row] = [Math.floor((width * across!) / 4), Math.floor((height * down!) / 4)];
    const y = weights.y * (planes.y[row * yStride + column]! - weights.yOffset);
    const chroma = (row >> 1) * uvStride + (column >> 1);
    const [u, v] = [planes.u[chroma]! - 128, planes.v[chroma]! - 128];
    return [y + weights.rv * v, y + weights.gu * u + weights.gv * v, y + weights.bu * u];
  });
}

describe('codecs and pixel formats', () => {
  test.each([
    ['libx264', AV_PIX_FMT_YUV444P, 'mp4'],
    ['libx264', AV_PIX_FMT_YUV420P10LE, 'mkv'],
    ['libx265', AV_PIX_FMT_YUV420P, 'mov'],
    ['libvpx-vp9', AV_PIX_FMT_YUV420P, 'webm'],
    ['prores_ks', AV_PIX_FMT_YUV422P10LE, 'mov'],
    ['mjpeg', AV_PIX_FMT_YUVJ422P, 'avi'],
    ['mpeg4', AV_PIX_FMT_YUV420P, 'avi'],
    ['png', AV_PIX_FMT_RGB24, 'mov'],
    ['ffv1', AV_PIX_FMT_BGR0, 'mkv'],
    ['ffv1', AV_PIX_FMT_YUV422P, 'mkv'],
  ])('%s %d in %s: every frame, its time, its colours', async (encoder, pixelFormat, extension) => {
    // Wide chroma is odd where the codec can.
    const [width, height] = [AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE].includes(pixelFormat)
      ? [96, 64]
      : [95, 63];
    const path = join(folder, `${encoder}-${pixelFormat}.${extension}`);
    await writeCodedClip(path, { encoder, pixelFormat, width, height, times: TIMES });
    const reader = await VideoReader.open(path);
    const { info } = reader;
    expect([info.width, info.height]).toEqual([width, height]);
    const pool = new FramePool({ ...info, capacity: 1 });
    const frame = await pool.acquire();
    const times: number[] = [];
    for (let next = await reader.next(frame); next !== null; next = await reader.next(frame))
      times.push(Math.round(next.time.seconds * 1000));
    expect(times).toEqual(TIMES);
    for (const [index, colour] of quarterColours(frame).entries()) {
      colour.forEach((value, channel) =>
        expect(Math.abs(value - QUARTER_COLOURS[index]![channel]!), `${index} ${channel}`).toBeLessThanOrEqual(6),
      );
    }
    expect(reader.warnings).toEqual([]);
    await reader.close();
  });
});

/** Where the sound of a file starts and ends, in seconds. */
async function soundOf(path: string): Promise<{ start: number; end: number }> {
  const format = new FormatContext();
  expect(await format.openInput(path)).toBeGreaterThanOrEqual(0);
  await format.findStreamInfo();
  const stream = format.streams.find((each) => each.codecpar.codecType === AVMEDIA_TYPE_AUDIO)!;
  const seconds = (ticks: bigint): number => (Number(ticks) * stream.timeBase.num) / stream.timeBase.den;
  const found = { start: seconds(stream.startTime), end: seconds(stream.startTime + stream.duration) };
  await format.closeInput();
  return found;
}

describe('sound', () => {
  const video = { encoder: 'libx264', pixelFormat: AV_PIX_FMT_YUV420P, width: 96, height: 64, times: TIMES };

  test.each([
    ['pcm_s16le', 'mkv', 'encode'],
    ['aac', 'mkv', 'copy'],
    ['ac3', 'mkv', 'copy'],
  ] as const)('%s in %s keeps its place beside the pictures (%s)', async (encoder, extension, mode) => {
    const path = join(folder, `sound-${encoder}.${extension}`);
    await writeCodedClip(path, video, { encoder, sampleRate: 48_000, startSeconds: 0.2, seconds: 1 });
    const copy = join(folder, 'sound-copy.mp4');
    const { info, times, warnings } = await copyClip(path, copy);
    expect(info.audio).toMatchObject({ mode });
    expect(times).toHaveLength(TIMES.length);
    const { start, end } = await soundOf(copy);
    // An AAC encoder starts a frame early, and both ends are those of whole frames.
    expect(Math.abs(start - 0.2)).toBeLessThan(0.05);
    expect(Math.abs(end - 1.2)).toBeLessThan(0.05);
    expect(warnings).toEqual([]);
  });

  test('MP3 of a rate that MP4 has no place for is encoded anew', async () => {
    const path = join(folder, 'low.mkv');
    await writeCodedClip(path, video, { encoder: 'libmp3lame', sampleRate: 8000, startSeconds: 0, seconds: 0.5 });
    expect((await copyClip(path, join(folder, 'low-copy.mp4'))).info.audio).toEqual({ codec: 'mp3', mode: 'encode' });
  });
});

test("recordings that were joined byte by byte are one video, of the first one's size, without a jump in its time", async () => {
  const parts: Buffer[] = [];
  for (const [width, height] of [
    [96, 64],
    [64, 96],
    [96, 64],
  ] as const) {
    const path = join(folder, `part-${width}.ts`);
    await writeCodedClip(
      path,
      { encoder: 'libx264', pixelFormat: AV_PIX_FMT_YUV420P, width, height, times: TIMES },
      { encoder: 'aac', sampleRate: 48_000, startSeconds: 0, seconds: 0.4 },
    );
    parts.push(await readFile(path));
  }
  const joined = join(folder, 'joined.ts');
  await writeFile(joined, Buffer.concat(parts));
  const copy = join(folder, 'joined-copy.mp4');
  const { info, times, warnings } = await copyClip(joined, copy);
  expect([info.width, info.height]).toEqual([96, 64]);
  expect(times).toHaveLength(3 * TIMES.length);
  times.slice(1).forEach((time, index) => {
    expect(time - times[index]!).toBeGreaterThan(0);
    expect(time - times[index]!).toBeLessThan(0.1);
  });
  expect(warnings).toEqual([
    expect.stringContaining('clock jumps'),
    expect.stringMatching(/^[12] packets? of sound did not follow/),
    '10 frames had another size than the first, and were scaled to it.',
  ]);
  expect((await readClip(copy)).times).toHaveLength(3 * TIMES.length);
  expect((await soundOf(copy)).end).toBeCloseTo(1.2, 0);
});

test.each(['hlg', 'pq'])('HDR video (%s) becomes SDR, and says so', async (name) => {
  const path = `${SHARED}/field/face/${name}.mov`;
  if (!existsSync(path)) return;
  const { info, times, quarters, warnings } = await readClip(path);
  expect(times).toHaveLength(60);
  expect(info.colour).toEqual({ matrix: 'bt709', range: 'limited' });
  expect(info.colourTags.transfer).toBe(AVCOL_TRC_BT709);
  expect(Math.max(...quarters)).toBeLessThanOrEqual(235);
  expect(warnings).toContainEqual(expect.stringContaining(`HDR (${name.toUpperCase()})`));
});

test.each([
  ['face.png', '89504e470d0a1a0a0000000d'],
  ['face.jpg', 'ffd8ffe000104a4649460001'],
  ['face.heic', '00000018667479706865696300000000'],
])('a photo (%s) is refused as a photo', async (name, start) => {
  const folder = await mkdtemp(join(tmpdir(), 'facemirror-photo-'));
  try {
    await writeFile(join(folder, name), Buffer.from(start, 'hex'));
    await expect(VideoReader.open(join(folder, name))).rejects.toThrow('only videos can be processed');
  } finally {
    await rm(folder, { recursive: true });
  }
});
