import { Worker } from 'node:worker_threads';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { Midline } from 'facemirror-core/face/midline.js';
import type { Camera } from 'facemirror-core/face/observation.js';
import type { Frame } from 'facemirror-core/frames/frame.js';
import type { FramePool } from 'facemirror-core/frames/pool.js';
import type { DebugFace } from 'facemirror-core/overlay/debug-overlay.js';
import { Patience } from '../processes/patience.js';
import type { Drawing, DrawingTimes } from 'facemirror-core/flow/drawing.js';

/** The built file, both for this file's own build and when tests run the sources. */
const WORKER_FILE = new URL('../../dist/pipeline/drawing-worker.js', import.meta.url);
/** Megabytes: each of its messages is small and short-lived. */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

/** A drawing takes milliseconds. */
const PATIENCE_MS = 60_000;

/** What the thread is started with: where all the frames lie, and what holds for all of them. */
export interface DrawingSetup extends Pick<Frame, 'memory' | 'layout' | 'colour'> {
  readonly camera: Camera;
}

/** A drawing as it goes to the thread: frames by their offsets. */
export interface DrawingOrder {
  readonly source: number;
  readonly mirrored: { readonly left: number; readonly right: number; readonly midline: Midline } | null;
  readonly debug: { readonly target: number; readonly face: DebugFace | null } | null;
}

export type DrawingReply =
  { readonly kind: 'drawn'; readonly times: DrawingTimes } | { readonly kind: 'failed'; readonly message: string };

interface Waiting {
  readonly resolve: (times: DrawingTimes) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * Draws on a pool's frames in a thread of its own: a main thread that mirrors cannot give the decoder and the encoders
 * their next frames. Close it on every path.
 */
export class DrawingThread {
  readonly #worker: Worker;
  /** Answers come in the order of the orders. */
  readonly #waiting: Waiting[] = [];
  readonly #ended: Promise<void>;
  readonly #patience = new Patience();
  #failure: Error | null = null;

  constructor({ memory, layout, colour }: Pick<FramePool, 'memory' | 'layout' | 'colour'>, camera: Camera) {
    const setup: DrawingSetup = { memory, layout, colour, camera };
    this.#worker = new Worker(WORKER_FILE, { workerData: setup, resourceLimits: HEAP_LIMITS });
    this.#worker.on('message', (reply: DrawingReply) => this.#answer(reply));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#fail(new Error(`it ended with code ${code}`));
        resolve();
      });
    });
  }

  /** Resolves when the pictures are drawn; until then all frames of the drawing must stay unreleased. */
  draw({ source, mirrored, debug }: Drawing): Promise<DrawingTimes> {
    if (this.#failure !== null) return Promise.reject(lost(this.#failure));
    const order: DrawingOrder = {
      source: source.offset,
      mirrored:
        mirrored === null
          ? null
          : { left: mirrored.left.offset, right: mirrored.right.offset, midline: mirrored.midline },
      debug: debug === null ? null : { target: debug.target.offset, face: debug.face },
    };
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(order);
      if (this.#waiting.length === 1) this.#beginToWait();
    });
  }

  /** Ends the thread after what it was given. Safe to call twice. */
  async close(): Promise<void> {
    this.#worker.postMessage('close');
    await this.#ended;
  }

  #beginToWait(): void {
    this.#patience.begin(PATIENCE_MS, () => {
      this.#fail(new Error(`it did not answer for ${PATIENCE_MS / 1000} s`));
      void this.#worker.terminate();
    });
  }

  #answer(reply: DrawingReply): void {
    const waiting = this.#waiting.shift();
    this.#patience.end();
    if (this.#waiting.length > 0) this.#beginToWait();
    if (reply.kind === 'drawn') waiting?.resolve(reply.times);
    else waiting?.reject(new Error(`A frame's pictures could not be drawn: ${reply.message}`));
  }

  #fail(cause: Error): void {
    this.#failure ??= cause;
    this.#patience.end();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(lost(this.#failure));
  }
}

function lost(cause: Error): FaceMirrorError {
  return new FaceMirrorError(
    'WORKER_LOST',
    `The thread that draws the pictures was lost (${cause.message}): run it again, with more free memory if there is little.`,
    { cause },
  );
}
