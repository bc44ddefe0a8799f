import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { Drawer, Drawing, DrawingTimes } from 'facemirror-core/flow/drawing.js';
import type { DrawingSetup, FromDrawingWorker, ToDrawingWorker } from './drawing-messages.js';

interface Waiting {
  readonly resolve: (times: DrawingTimes) => void;
  readonly reject: (reason: Error) => void;
}

/** Draws on a pool's frames in a thread of its own. Close it on every path. */
export class DrawingThread implements Drawer {
  readonly #worker: Worker;
  /** Answers come in the order of the orders. */
  readonly #waiting: Waiting[] = [];
  #failure: Error | null = null;

  constructor(setup: DrawingSetup) {
    this.#worker = new Worker(new URL('./drawing-worker.ts', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }: MessageEvent<FromDrawingWorker>) => {
      const waiting = this.#waiting.shift();
      if (data.kind === 'drawn') waiting?.resolve(data.times);
      else waiting?.reject(new Error(`A frame's pictures could not be drawn: ${data.message}`));
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(
        new FaceMirrorError(
          'WORKER_LOST',
          `The thread that draws the pictures was lost (${event.message}): reload the page and run it again.`,
        ),
      );
    };
    this.#send({ kind: 'setup', setup });
  }

  draw({ source, mirrored, debug }: Drawing): Promise<DrawingTimes> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#send({
        kind: 'draw',
        source: source.offset,
        mirrored: mirrored && { ...mirrored, left: mirrored.left.offset, right: mirrored.right.offset },
        debug: debug && { ...debug, target: debug.target.offset },
      });
    });
  }

  /** Ends the thread. Safe to call twice. */
  close(): void {
    this.#fail(new FaceMirrorError('CANCELLED', 'The drawing thread was closed while it was still asked for.'));
    this.#worker.terminate();
  }

  #send(message: ToDrawingWorker): void {
    this.#worker.postMessage(message);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
  }
}
