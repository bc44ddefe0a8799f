import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { Colour, Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { tagsFor } from '../video/colour.js';
import { DEFAULT_QUALITY } from 'facemirror-core/settings/encoders.js';
import { VideoWriter } from '../video/writer.js';
import { DEMO_FORMAT, DemoClip } from './clip.js';
import { astronaut } from './exam/astronaut.js';
import { EXAM_FORMAT, ExamClip } from './exam/exam-clip.js';
import type { ExamPortrait } from './exam/exam-face.js';
import type { ExamVariant } from './exam/exam-timeline.js';
import { examTruth } from './exam/exam-truth.js';
import { demoTruth } from './truth.js';

/** A clip that is drawn frame by frame. */
interface DrawnClip {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly colour: Colour;
  readonly framesPerSecond: number;
  readonly frames: number;
  draw(index: number, frame: Frame): void;
  /** What it truly shows. */
  readonly truth: unknown;
}

/** Paths of a clip and of what it truly shows. */
export interface WrittenClip {
  readonly video: string;
  readonly truth: string;
}

/**
 * Writes the demo clip and, beside it, what it truly shows: `demo.mp4` and `demo_truth.json`.
 * @throws FaceMirrorError FILE_UNWRITABLE, DISK_FULL, CANCELLED.
 */
export function writeDemo(folder: string, signal: AbortSignal): Promise<WrittenClip> {
  const clip = new DemoClip();
  const draw = (index: number, frame: Frame): void => clip.draw(index, frame);
  return writeClip(folder, { name: 'demo', ...DEMO_FORMAT, draw, truth: demoTruth() }, signal);
}

/** What an exam clip shows, and how. */
export interface ExamDemoOptions {
  readonly variant: ExamVariant;
  /** Default: 30. */
  readonly framesPerSecond?: number;
  /** Default: the demo's own. */
  readonly portrait?: ExamPortrait;
}

/**
 * Writes a scripted examination and what it truly shows: `exam.mp4` and `exam_truth.json`.
 * @throws FaceMirrorError FILE_UNWRITABLE, DISK_FULL, CANCELLED.
 */
export function writeExam(folder: string, options: ExamDemoOptions, signal: AbortSignal): Promise<WrittenClip> {
  const { variant, framesPerSecond = 30, portrait = astronaut() } = options;
  const clip = new ExamClip({ portrait, variant, framesPerSecond });
  const draw = (index: number, frame: Frame): void => clip.draw(index, frame);
  const { frames } = clip;
  const truth = examTruth({ variant, framesPerSecond, frames });
  return writeClip(folder, { name: 'exam', ...EXAM_FORMAT, framesPerSecond, frames, draw, truth }, signal);
}

async function writeClip(folder: string, clip: DrawnClip, signal: AbortSignal): Promise<WrittenClip> {
  const { name, width, height, colour, frames, framesPerSecond } = clip;
  const video = join(folder, `${name}.mp4`);
  const truth = join(folder, `${name}_truth.json`);
  const unfinished = join(folder, `.${name}-${process.pid}.mp4`);
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
      if (signal.aborted) throw new FaceMirrorError('CANCELLED', `Stopped before the ${name} clip was made.`);
      clip.draw(index, frame);
      await writer.write(frame, { ticks: BigInt(index), durationTicks: 1n, seconds: index / framesPerSecond });
    }
    await writer.finish();
    await rename(unfinished, video);
    await writeFile(truth, `${JSON.stringify(clip.truth, null, 2)}\n`);
    return { video, truth };
  } finally {
    await writer.discard();
    await rm(unfinished, { force: true });
    pool.close();
  }
}
