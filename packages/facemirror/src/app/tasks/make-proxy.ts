import { rename, rm } from 'node:fs/promises';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { tagsFor } from '../../video/colour.js';
import { withEncoder } from '../../video/encoder.js';
import { VideoReader } from '../../video/reader.js';
import { VideoWriter } from '../../video/writer.js';

/** Worse than the results' own quality: it is only looked at. */
const QUALITY = 23;

/** Makes an H.264 copy of a video, with the same frames at the same times; whole or not at all. */
export async function makeProxy(source: string, path: string): Promise<void> {
  const unfinished = `${path}.part`;
  const reader = await VideoReader.open(source, { noAudio: true });
  try {
    const { width, height, colour, frameRate, timeBase } = reader.info;
    const pool = new FramePool({ width, height, colour, capacity: 1 });
    const frame = await pool.acquire();
    const writer = await withEncoder('auto', (encoder) =>
      VideoWriter.open({
        path: unfinished,
        width,
        height,
        colourTags: tagsFor(colour),
        encoder,
        quality: QUALITY,
        threads: 0,
        timeBase,
        frameRate,
        audio: null,
        faststart: true,
      }),
    );
    try {
      for (let next = await reader.next(frame); next !== null; next = await reader.next(frame))
        await writer.write(frame, next.time);
      await writer.finish();
      await rename(unfinished, path);
    } finally {
      await writer.discard();
    }
  } finally {
    await reader.close();
    await rm(unfinished, { force: true });
  }
}
