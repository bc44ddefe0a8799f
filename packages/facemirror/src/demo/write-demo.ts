import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { tagsFor } from '../video/colour.js';
import { DEFAULT_QUALITY } from 'facemirror-core/settings/encoders.js';
import { VideoWriter } from '../video/writer.js';
import { DEMO_FORMAT, DemoClip } from './clip.js';
import { demoTruth } from './truth.js';

/**
 * Writes the demo clip and, beside it, what it truly shows: `demo.mp4` and `demo_truth.json`.
 * @throws FaceMirrorError FILE_UNWRITABLE, DISK_FULL, CANCELLED.
 */
export async function writeDemo(
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly video: string; readonly truth: string }> {
  const { width, height, colour, frames, framesPerSecond } = DEMO_FORMAT;
  const video = join(folder, 'demo.mp4');
  const truth = join(folder, 'demo_truth.json');
  const unfinished = join(folder, `.demo-${process.pid}.mp4`);
  const clip = new DemoClip();
  const pool = new FramePool({ width, height, colour, capacity: 1 });
  const frame = await pool.acquire();
  const writer = await VideoWriter.open({
    path: unfinished,
    width,
    height,
    colourTags: tagsFor(colour),
    encoder: 'libx264',
    quality: DEFAULT_QUALITY,
    threads: 1,
    timeBase: { num: 1, den: framesPerSecond },
    frameRate: framesPerSecond,
    audio: null,
    faststart: true,
  });
  try {
    for (let index = 0; index < frames; index++) {
      if (signal.aborted) throw new FaceMirrorError('CANCELLED', 'Stopped before the demo clip was made.');
      clip.draw(index, frame);
      await writer.write(frame, { ticks: BigInt(index), durationTicks: 1n, seconds: index / framesPerSecond });
    }
    await writer.finish();
    await rename(unfinished, video);
    await writeFile(truth, `${JSON.stringify(demoTruth(), null, 2)}\n`);
    return { video, truth };
  } finally {
    await writer.discard();
    await rm(unfinished, { force: true });
  }
}
