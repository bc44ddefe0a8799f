import { FaceMirrorError } from '../errors.js';
import type { FaceObservation } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';
import type { FramePool } from '../frames/pool.js';
import type { Profiler } from '../profile/profiler.js';
import type { FrameTime } from './frame-clock.js';
import type { FrameSource, SourceFrame } from './frame-source.js';
import { Gate, OrderedQueue } from './ordered-queue.js';

/** The pictures that are made of one frame. A frame may be in several places; each holds its own reference. */
export type Pictures = Readonly<Record<PictureKind, Frame | null>>;
export const PICTURE_KINDS = ['left', 'right', 'debug', 'source'] as const;
export type PictureKind = (typeof PICTURE_KINDS)[number];

/** What the flow does with frames, in the order of the steps. */
export interface FrameSteps<Seen> {
  /**
   * Sees the face. Called once a frame, in order, without waiting for the one before; calls `onTurn` when it begins.
   */
  observe(frame: Frame, onTurn: () => void): Promise<FaceObservation | null>;
  /** Works out what the pictures need. Called in order, one at a time. */
  follow(frame: SourceFrame, face: FaceObservation | null): Seen;
  /**
   * Makes the pictures. Called in order, one at a time. Every frame in the answer carries a reference for the flow to
   * release; `frame` itself stays the flow's, so that standing in the answer it must have been retained.
   */
  draw(frame: SourceFrame, seen: Seen): Promise<Pictures>;
  /**
   * Takes notes for the tables, while the pictures are encoded. Called in order, without waiting for the one before.
   */
  note(frame: SourceFrame, seen: Seen, pictures: Pictures): Promise<void>;
  /** Encodes one picture. Called in order for each kind, the kinds side by side. */
  write(kind: PictureKind, picture: Frame, time: FrameTime): Promise<void>;
  /** A frame is finished. */
  finished(frame: SourceFrame): void;
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
export function flowFrames<Seen>(
  reader: FrameSource,
  pool: FramePool,
  steps: FrameSteps<Seen>,
  options: FlowOptions,
): Promise<void> {
  return new FrameFlow(reader, pool, steps, options).run();
}

/** The way of all frames of one video. Runs once. */
class FrameFlow<Seen> {
  readonly #reader: FrameSource;
  readonly #pool: FramePool;
  readonly #steps: FrameSteps<Seen>;
  readonly #options: FlowOptions;
  readonly #profiler: Profiler;
  readonly #stop = new AbortController();
  readonly #gate: Gate;
  readonly #following = new OrderedQueue();
  readonly #drawing = new OrderedQueue();
  readonly #writing: Readonly<Record<PictureKind, OrderedQueue>> = {
    left: new OrderedQueue(),
    right: new OrderedQueue(),
    debug: new OrderedQueue(),
    source: new OrderedQueue(),
  };
  #unobserved = 0;
  #unfollowed = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(reader: FrameSource, pool: FramePool, steps: FrameSteps<Seen>, options: FlowOptions) {
    this.#reader = reader;
    this.#pool = pool;
    this.#steps = steps;
    this.#options = options;
    this.#profiler = options.profiler;
    this.#gate = new Gate(options.framesUnderWay);
  }

  async run(): Promise<void> {
    const signal = AbortSignal.any([this.#options.signal, this.#stop.signal]);
    const underWay = new Set<Promise<void>>();
    try {
      for (let number = 1; !signal.aborted; number++) {
        const frame = await this.#next(number, signal);
        if (frame === null) break;
        const task = this.#process(frame).catch((error: unknown) => this.#fail(error));
        underWay.add(task);
        void task.finally(() => underWay.delete(task));
      }
    } catch (error) {
      this.#fail(error);
    }
    // Encoders must not be closed under a frame that is being read.
    await Promise.all(underWay);
    if (this.#options.signal.aborted)
      throw new FaceMirrorError('CANCELLED', 'Stopped; of the video that was being processed nothing was kept.');
    if (this.#failure !== null) throw this.#failure.error;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop.abort(error);
  }

  /** The next frame, decoded when there is room for one more; null when the video has ended. */
  async #next(number: number, signal: AbortSignal): Promise<SourceFrame | null> {
    const readyAt = this.#profiler.begin();
    await this.#gate.enter();
    const target = await this.#pool.acquire(signal);
    this.#profiler.queue(
      'frames under way',
      this.#gate.inside,
      this.#options.framesUnderWay,
      this.#profiler.begin() - readyAt,
      number,
    );
    let frame: SourceFrame | null = null;
    try {
      frame = await this.#decode(target, number);
    } finally {
      if (frame === null) this.#pool.release(target);
    }
    return frame;
  }

  async #decode(target: Frame, number: number): Promise<SourceFrame | null> {
    const startedAt = this.#profiler.begin();
    const frame = await this.#reader.next(target);
    if (frame === null) return null;
    const convertAt = this.#profiler.begin() - frame.convertMs;
    this.#profiler.span('decode', startedAt, convertAt - startedAt, number, 'decode');
    this.#profiler.span('convert', convertAt, frame.convertMs, number, 'decode');
    return frame;
  }

  /** One frame from its decoding to its last encoder. */
  async #process(frame: SourceFrame): Promise<void> {
    const decodedAt = this.#profiler.begin();
    const { observed, followed } = this.#observe(frame, decodedAt);
    let pictures: Pictures | null = null;
    try {
      const seen = await followed;
      pictures = await this.#inTurn(this.#drawing, 'drawing', frame.number, () => this.#steps.draw(frame, seen));
      await this.#finish(frame, seen, pictures);
      this.#profiler.frameDone(frame.number, this.#profiler.begin() - decodedAt);
    } finally {
      // When another frame has failed, this one may still be looked at.
      await observed.catch(() => undefined);
      for (const picture of Object.values(pictures ?? {})) if (picture !== null) this.#pool.release(picture);
      this.#pool.release(frame.frame);
      this.#gate.leave();
    }
  }

  /** Looks for the face at once, and follows it when all frames before have been followed. */
  #observe(frame: SourceFrame, decodedAt: number): { observed: Promise<unknown>; followed: Promise<Seen> } {
    this.#unobserved++;
    const observed = this.#steps.observe(frame.frame, () => {
      this.#unobserved--;
      this.#profiler.queue(
        'looking for the face',
        this.#unobserved,
        null,
        this.#profiler.begin() - decodedAt,
        frame.number,
      );
    });
    let observedAt = decodedAt;
    const onObserved = (): void => {
      observedAt = this.#profiler.begin();
      this.#unfollowed++;
    };
    // It is awaited in its turn; until then a failure must not count as unhandled.
    observed.then(onObserved, () => undefined);
    const followed = this.#following.run(async () => {
      const face = await observed;
      this.#unfollowed--;
      this.#profiler.queue(
        'frames before in order',
        this.#unfollowed,
        null,
        this.#profiler.begin() - observedAt,
        frame.number,
      );
      return this.#steps.follow(frame, face);
    });
    return { observed, followed };
  }

  /** Takes the notes and encodes the pictures, side by side. */
  async #finish(frame: SourceFrame, seen: Seen, pictures: Pictures): Promise<void> {
    const { noteStage } = this.#options;
    const note = (): Promise<void> => this.#steps.note(frame, seen, pictures);
    const noted = noteStage === null ? note() : this.#measured(noteStage, frame.number, 'units', note);
    const written = PICTURE_KINDS.map((kind) => {
      const picture = pictures[kind];
      if (picture === null) return undefined;
      const lane = `encode ${kind}`;
      const write = (): Promise<void> => this.#steps.write(kind, picture, frame.time);
      return this.#inTurn(this.#writing[kind], lane, frame.number, () =>
        this.#measured('encode', frame.number, lane, write),
      );
    });
    // A picture that one encoder still reads must not go back because another one failed.
    for (const outcome of await Promise.allSettled([noted, ...written]))
      if (outcome.status === 'rejected') throw outcome.reason;
    this.#steps.finished(frame);
  }

  async #measured<T>(
    stage: Parameters<Profiler['end']>[0],
    number: number,
    lane: string,
    task: () => Promise<T> | T,
  ): Promise<T> {
    const startedAt = this.#profiler.begin();
    try {
      return await task();
    } finally {
      this.#profiler.end(stage, startedAt, number, lane);
    }
  }

  /** Runs a task when its turn has come, and notes how long that took. */
  #inTurn<T>(queue: OrderedQueue, name: string, number: number, task: () => Promise<T> | T): Promise<T> {
    const readyAt = this.#profiler.begin();
    return queue.run(() => {
      this.#profiler.queue(name, queue.waiting, null, this.#profiler.begin() - readyAt, number);
      return task();
    });
  }
}
