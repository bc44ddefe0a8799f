import { existsSync } from 'node:fs';
import { framePlanes, type Colour, type Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { tagsFor } from '../../src/video/colour.js';
import { VideoReader } from '../../src/video/reader.js';
import { VideoWriter } from '../../src/video/writer.js';
import { SHARED } from '../shared-folder.js';

/** A real video of the shared media folder, or null where that folder is absent: such tests skip. */
export function sharedVideo(name: string): string | null {
  const path = `${SHARED}/media/${name}`;
  return existsSync(path) ? path : null;
}

export const BT601: Colour = { matrix: 'bt601', range: 'limited' };
const TICKS_A_SECOND = 30_000;

/** Luma of a synthetic clip's four quarters: top left, top right, bottom left, bottom right. */
export const QUARTERS = [40, 100, 160, 220] as const;

function paint(frame: Frame, shade: number): void {
  const { y, u, v } = framePlanes(frame);
  const { width, height, yStride } = frame.layout;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const quarter = (row * 2 >= height ? 2 : 0) + (column * 2 >= width ? 1 : 0);
      y[row * yStride + column] = QUARTERS[quarter]! + shade;
    }
  }
  u.fill(128);
  v.fill(128);
}

/** Writes a clip of four grey quarters, a frame for each time (in seconds). */
export async function writeClip(
  path: string,
  options: { width: number; height: number; times: readonly number[]; colour?: Colour },
): Promise<void> {
  const { width, height, times, colour = BT601 } = options;
  const pool = new FramePool({ width, height, colour, capacity: 1 });
  const writer = await VideoWriter.open({
    path,
    width,
    height,
    timeBase: { num: 1, den: TICKS_A_SECOND },
    frameRate: 30,
    colourTags: tagsFor(colour),
    encoder: 'libx264',
    quality: 10,
    threads: 1,
    audio: null,
  });
  for (const [index, seconds] of times.entries()) {
    const frame = await pool.acquire();
    paint(frame, index % 4);
    await writer.write(frame, { ticks: BigInt(Math.round(seconds * TICKS_A_SECOND)), durationTicks: 1000n, seconds });
    pool.release(frame);
  }
  await writer.finish();
}

/** Reads a whole video: its times, and the luma at the middle of each quarter of its first frame. */
export async function readClip(
  path: string,
): Promise<{ info: VideoReader['info']; times: number[]; quarters: number[]; warnings: readonly string[] }> {
  const reader = await VideoReader.open(path);
  const { width, height, colour } = reader.info;
  const pool = new FramePool({ width, height, colour, capacity: 1 });
  const times: number[] = [];
  let quarters: number[] = [];
  try {
    for (;;) {
      const next = await reader.next(await pool.acquire());
      if (next === null) return { info: reader.info, times, quarters, warnings: reader.warnings };
      if (next.number === 1) quarters = quarterLuma(next.frame);
      times.push(next.time.seconds);
      pool.release(next.frame);
    }
  } finally {
    await reader.close();
  }
}

/**
 * Copies a video by our own reader and writer, sound and all. @returns the times of its frames, and what the reader
 * says.
 */
export async function copyClip(
  from: string,
  to: string,
): Promise<{ info: VideoReader['info']; times: number[]; warnings: readonly string[] }> {
  const reader = await VideoReader.open(from);
  const { info } = reader;
  try {
    const pool = new FramePool({ ...info, capacity: 1 });
    const writer = await VideoWriter.open({
      ...info,
      path: to,
      encoder: 'libx264',
      quality: 18,
      threads: 1,
      audio: reader.audio,
    });
    reader.audioSink = (packet) => writer.writeAudio(packet);
    const times: number[] = [];
    for (
      let next = await reader.next(await pool.acquire());
      next !== null;
      next = await reader.next(await pool.acquire())
    ) {
      times.push(next.time.seconds);
      await writer.write(next.frame, next.time);
      pool.release(next.frame);
    }
    await writer.finish();
    return { info, times, warnings: [...reader.warnings, ...writer.warnings] };
  } finally {
    await reader.close();
  }
}

function quarterLuma(frame: Frame): number[] {
  const { y } = framePlanes(frame);
  const { width, height, yStride } = frame.layout;
  return [
    [1, 1],
    [3, 1],
    [1, 3],
    [3, 3],
  ].map(([across, down]) => y[Math.floor((height * down!) / 4) * yStride + Math.floor((width * across!) / 4)]!);
}
