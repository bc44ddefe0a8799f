import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { MidlineSmoother } from 'facemirror-core/face/midline.js';
import { framePlanes } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { drawDebugOverlay } from 'facemirror-core/overlay/debug-overlay.js';
import { outputName, OUTPUT_KINDS } from 'facemirror-core/results/output-names.js';
import { makeFolder } from '../files/make-folder.js';
import { tagsFor } from '../video/colour.js';
import { VideoWriter } from '../video/writer.js';
import { readExamination } from './stored.js';

/** Ticks a second of the redacted video. */
const TICKS = 30_000;
const COLOUR = { matrix: 'bt709', range: 'limited' } as const;
/** What redacted files are called: the video's own name may be a patient's. */
const STEM = 'redacted';

/**
 * Writes what may leave a clinic more easily: a video of landmarks and midline on black, which holds no pixel of the face, no
 * sound and no metadata, and the tables under neutral names. Not anonymous: the motion of landmarks can identify a person.
 * @param path of the run's record
 * @returns the files that were written
 * @throws FaceMirrorError FILE_UNREADABLE, FILE_UNWRITABLE, DISK_FULL, CANCELLED.
 */
export async function redact(path: string, out: string, signal: AbortSignal): Promise<readonly string[]> {
  const { folder, stem, frames } = await readExamination(path);
  await makeFolder(out);
  const { width, height, topology } = frames.header;
  const video = join(out, `${STEM}.mp4`);
  const pool = new FramePool({ width, height, colour: COLOUR, capacity: 1 });
  const frame = await pool.acquire();
  const planes = framePlanes(frame);
  const writer = await VideoWriter.open({
    path: video,
    width,
    height,
    colourTags: tagsFor(COLOUR),
    encoder: 'libx264',
    quality: 18,
    threads: 1,
    timeBase: { num: 1, den: TICKS },
    frameRate: null,
    audio: null,
  });
  try {
    const midlines = new MidlineSmoother();
    let last = -1n;
    for (const { record, landmarks: points } of frames.frames()) {
      if (signal.aborted) throw new FaceMirrorError('CANCELLED', 'Stopped; the redacted video is not complete.');
      planes.y.fill(16);
      planes.u.fill(128);
      planes.v.fill(128);
      const landmarks = points === null ? null : { topology, points };
      const midline = midlines.next(landmarks);
      drawDebugOverlay(frame, landmarks === null ? null : { midline, angles: null, landmarks });
      const at = BigInt(Math.round(record.timestamp * TICKS));
      const ticks = at > last ? at : last + 1n;
      await writer.write(frame, { ticks, durationTicks: BigInt(TICKS / 30), seconds: record.timestamp });
      last = ticks;
    }
    await writer.finish();
  } finally {
    await writer.discard();
    pool.close();
  }
  const written = [video];
  for (const kind of OUTPUT_KINDS.filter((each) => each.endsWith('-table'))) {
    const place = join(out, outputName(STEM, kind));
    const isThere = await copyFile(join(folder, outputName(stem, kind)), place).then(
      () => true,
      () => false,
    );
    if (isThere) written.push(place);
  }
  return written;
}
