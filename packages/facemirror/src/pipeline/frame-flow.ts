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
  /** Sees the face. Called once a frame, in order, without waiting for the one before; calls `onTurn` when it begins. */
  observe(frame: Frame, onTurn: () => void): Promise<FaceObservation | null>;
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
  /** What taking notes counts as; null where it only waits for networks, which report their own work. */
  readonly noteStage: 'action-units' | null;
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
  let unobserved = 0;
  let unfollowed = 0;
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

  /** Runs a task when its turn has come, and notes how long that took. */
  const inTurn = <T>(queue: OrderedQueue, name: string, number: number, task: () => Promise<T> | T): Promise<T> => {
    const readyAt = profiler.begin();
    return queue.run(() => {
      profiler.queue(name, queue.waiting, null, profiler.begin() - readyAt, number);
      return task();
    });
  };

  /** Decodes into a free frame. */
  const decode = async (target: Frame, number: number): Promise<VideoFrame | null> => {
    const startedAt = profiler.begin();
    const frame = await reader.next(target);
    if (frame === null) return null;
    const convertedAt = profiler.begin();
    const convertAt = convertedAt - frame.convertMs;
    profiler.span('decode', startedAt, convertAt - startedAt, number, 'decode');
    profiler.span('convert', convertAt, frame.convertMs, number, 'decode');
    return frame;
  };

  /** One frame from its decoding to its last encoder. */
  const process = async (frame: VideoFrame): Promise<void> => {
    const decodedAt = profiler.begin();
    unobserved++;
    let pictures: Pictures | null = null;
    const observed = steps.observe(frame.frame, () => {
      unobserved--;
      profiler.queue('looking for the face', unobserved, null, profiler.begin() - decodedAt, frame.number);
    });
    let observedAt = decodedAt;
    // It is awaited in its turn; until then a failure must not count as unhandled.
    const onObserved = (): void => {
      observedAt = profiler.begin();
      unfollowed++;
    };
    observed.then(onObserved, () => undefined);
    try {
      const seen = await following.run(async () => {
        const face = await observed;
        unfollowed--;
        profiler.queue('frames before in order', unfollowed, null, profiler.begin() - observedAt, frame.number);
        return steps.follow(face);
      });
      const drawn = await inTurn(drawing, 'drawing', frame.number, () => steps.draw(frame, seen));
      pictures = drawn;
      const note = (): Promise<void> => steps.note(frame, seen, drawn);
      const noted = options.noteStage === null ? note() : measured(options.noteStage, frame.number, 'units', note);
      const written = PICTURE_KINDS.map((kind) => {
        const picture = drawn[kind];
        const encoder = writing.get(kind);
        if (picture === null || encoder === undefined) return undefined;
        const lane = `encode ${kind}`;
        return inTurn(encoder, lane, frame.number, () => measured('encode', frame.number, lane, () => steps.write(kind, picture, frame.time)));
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
      const readyAt = profiler.begin();
      await gate.enter();
      const target = await pool.acquire(signal);
      profiler.queue('frames under way', gate.inside, options.framesUnderWay, profiler.begin() - readyAt, number);
      const frame = await decode(target, number).catch((error: unknown) => {
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
