import { FaceMirrorError } from '../errors.js';
import type { FaceObservation } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';
import type { FramePool } from '../frames/pool.js';
import type { Profiler } from '../profile/profiler.js';
import type { FrameTime } from '../video/clock.js';
import type { VideoFrame, VideoReader } from '../video/reader.js';
import { Gate, OrderedQueue } from './ordered-queue.js';

/** The pictures that are made of one frame. A frame may stand in several places; each holds a reference of its own. */
export type Pictures = Readonly<Record<PictureKind, Frame | null>>;
export const PICTURE_KINDS = ['left', 'right', 'debug', 'source'] as const;
export type PictureKind = (typeof PICTURE_KINDS)[number];

/** What the flow does with frames, in the order of the steps. */
export interface FrameSteps<Seen> {
  /** Sees the face. Called once a frame, in order, without waiting for the one before. */
  observe(frame: Frame): Promise<FaceObservation | null>;
  /** Works out what the pictures need. Called in order, one at a time. */
  follow(face: FaceObservation | null): Seen;
  /**
   * Makes the pictures. Called in order, one at a time. Every frame in the answer carries a reference for the flow to
   * release; `frame` itself stays the flow's, so that standing in the answer it must have been retained.
   */
  draw(frame: VideoFrame, seen: Seen): Promise<Pictures>;
  /** Takes notes for the tables, while the pictures are encoded. Called in order, without waiting for the one before. */
  note(frame: VideoFrame, seen: Seen, pictures: Pictures): Promise<void>;
  /** Encodes one picture. Called in order for each kind, the kinds side by side. */
  write(kind: PictureKind, picture: Frame, time: FrameTime): Promise<void>;
  /** A frame is finished. */
  finished(frame: VideoFrame): void;
}

export interface FlowOptions {
  /** Decoded frames under way at a time. */
  readonly framesUnderWay: number;
  /** What taking notes counts as: work of its own, or waiting for networks that report their own work. */
  readonly noteStage: 'action-units' | 'wait';
  readonly profiler: Profiler;
  readonly signal: AbortSignal;
}

/**
 * Brings all frames of a video through the steps, which work side by side on different frames: while one frame is
 * encoded, the next is mirrored, the one after it looked at, and the one after that decoded. What is under way is
 * bounded by the pool, whatever the video's length.
 *
 * Resolves when all is written. Rejects with the first failure after everything under way has come to rest and all
 * frames are back in the pool.
 */
export async function flowFrames<Seen>(reader: VideoReader, pool: FramePool, steps: FrameSteps<Seen>, options: FlowOptions): Promise<void> {
  const { profiler } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const gate = new Gate(options.framesUnderWay);
  const following = new OrderedQueue();
  const drawing = new OrderedQueue();
  const writing = new Map(PICTURE_KINDS.map((kind) => [kind, new OrderedQueue()]));
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | null = null;

  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.abort(error);
  };

  const measured = async <T>(stage: Parameters<Profiler['end']>[0], number: number, lane: string, task: () => Promise<T> | T): Promise<T> => {
    const startedAt = profiler.begin();
    try {
      return await task();
    } finally {
      profiler.end(stage, startedAt, number, lane);
    }
  };

  /** One frame from its decoding to its last encoder. */
  const process = async (frame: VideoFrame): Promise<void> => {
    const decodedAt = profiler.begin();
    let pictures: Pictures | null = null;
    const observed = steps.observe(frame.frame);
    // It is awaited in its turn; until then a failure must not count as unhandled.
    observed.catch(() => undefined);
    try {
      const seen = await following.run(async () => steps.follow(await observed));
      const drawn = await drawing.run(() => steps.draw(frame, seen));
      pictures = drawn;
      const noted = measured(options.noteStage, frame.number, 'units', () => steps.note(frame, seen, drawn));
      const written = PICTURE_KINDS.map((kind) => {
        const picture = drawn[kind];
        if (picture === null) return undefined;
        return writing.get(kind)?.run(() => measured('encode', frame.number, kind, () => steps.write(kind, picture, frame.time)));
      });
      // A picture that one encoder still reads must not go back because another one failed.
      for (const outcome of await Promise.allSettled([noted, ...written])) if (outcome.status === 'rejected') throw outcome.reason;
      steps.finished(frame);
      profiler.frameDone(frame.number, profiler.begin() - decodedAt);
    } finally {
      // When another frame has failed, this one may still be looked at.
      await observed.catch(() => undefined);
      for (const picture of Object.values(pictures ?? {})) if (picture !== null) pool.release(picture);
      pool.release(frame.frame);
      gate.leave();
    }
  };

  try {
    for (let number = 1; !signal.aborted; number++) {
      await gate.enter();
      const target = await pool.acquire(signal);
      const frame = await measured('decode', number, 'decode', () => reader.next(target)).catch((error: unknown) => {
        pool.release(target);
        throw error;
      });
      if (frame === null) {
        pool.release(target);
        break;
      }
      const task = process(frame).catch(fail);
      underWay.add(task);
      void task.finally(() => underWay.delete(task));
    }
  } catch (error) {
    fail(error);
  }
  // Encoders must not be closed under a frame that is being read.
  await Promise.all(underWay);
  if (options.signal.aborted) throw new FaceMirrorError('CANCELLED', 'Stopped; of the video that was being processed nothing was kept.');
  // The closure sets it, which the compiler does not follow.
  const failed = failure as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
}
