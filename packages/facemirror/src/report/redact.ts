import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { FramesFile } from 'facemirror-core/examination/frames-file.js';
import { MidlineSmoother } from 'facemirror-core/face/midline.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { drawRedacted, REDACTED_COLOUR } from 'facemirror-core/overlay/redacted-picture.js';
import { outputName, OUTPUT_KINDS } from 'facemirror-core/results/output-names.js';
import { makeFolder } from '../files/make-folder.js';
import { unwritable } from '../results/outputs.js';
import { tagsFor } from '../video/colour.js';
import { VideoWriter } from '../video/writer.js';
import { readExamination } from './stored.js';

/** Ticks a second of the redacted video. */
const TICKS = 30_000;
/** What redacted files are called: the video's own name may be a patient's. */
const STEM = 'redacted';
const VIDEO = `${STEM}.mp4`;

/** The folder of a run's redacted files, and the file in it that is written last. */
export function redactedPlace(folder: string, stem: string): { readonly folder: string; readonly video: string } {
  const place = join(folder, `${stem}_redacted`);
  return { folder: place, video: join(place, VIDEO) };
}

/**
 * Writes what may leave a clinic more easily: a video of landmarks and midline on black, which holds no pixel of the face, no
 * sound and no metadata, and the tables under neutral names. Not anonymous: the motion of landmarks can identify a person.
 * @param path of the run's record
 * @returns the files that were written, the video last
 * @throws FaceMirrorError FILE_UNREADABLE, FILE_UNWRITABLE, DISK_FULL, CANCELLED.
 */
export async function redact(path: string, out: string, signal: AbortSignal): Promise<readonly string[]> {
  const { folder, stem, frames } = await readExamination(path);
  await makeFolder(out).catch((error: unknown) => {
    throw unwritable(out, error);
  });
  const written: string[] = [];
  for (const kind of OUTPUT_KINDS.filter((each) => each.endsWith('-table'))) {
    const place = join(out, outputName(STEM, kind));
    try {
      await rm(place, { force: true });
      await copyFile(join(folder, outputName(stem, kind)), place);
      written.push(place);
    } catch (error) {
      // Not every run makes every table.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unwritable(out, error);
    }
  }
  const video = join(out, VIDEO);
  const unfinished = join(out, `.unfinished-${VIDEO}`);
  try {
    await writeRedactedVideo(frames, { path: unfinished, shownPath: video }, signal);
    await rename(unfinished, video);
  } finally {
    await rm(unfinished, { force: true });
  }
  return [...written, video];
}

async function writeRedactedVideo(
  frames: FramesFile,
  place: { readonly path: string; readonly shownPath: string },
  signal: AbortSignal,
): Promise<void> {
  const { width, height, topology } = frames.header;
  const pool = new FramePool({ width, height, colour: REDACTED_COLOUR, capacity: 1 });
  try {
    const frame = await pool.acquire();
    const writer = await VideoWriter.open({
      ...place,
      width,
      height,
      colourTags: tagsFor(REDACTED_COLOUR),
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
        if (signal.aborted) throw new FaceMirrorError('CANCELLED', 'Stopped; no redacted video was written.');
        const landmarks = points === null ? null : { topology, points };
        drawRedacted(frame, landmarks, midlines.next(landmarks));
        const at = BigInt(Math.round(record.timestamp * TICKS));
        const ticks = at > last ? at : last + 1n;
        await writer.write(frame, { ticks, durationTicks: BigInt(TICKS / 30), seconds: record.timestamp });
        last = ticks;
      }
      await writer.finish();
    } finally {
      await writer.discard();
    }
  } finally {
    pool.close();
  }
}
