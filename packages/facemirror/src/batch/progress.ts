import type { BatchEvent } from './events.js';

const INTERVAL_MS = 200;
/** Weight of the newest interval in the running frame rate. */
const SMOOTHING = 0.15;

/** Counts finished frames and says, a few times a second, how fast it goes and how long it will take. */
export class ProgressMeter {
  readonly #path: string;
  readonly #expectedFrames: number | null;
  readonly #tell: (event: BatchEvent) => void;
  #frames = 0;
  #framesPerSecond = 0;
  #toldAt = performance.now();
  #toldFrames = 0;

  constructor(path: string, expectedFrames: number | null, tell: (event: BatchEvent) => void) {
    this.#path = path;
    this.#expectedFrames = expectedFrames;
    this.#tell = tell;
  }

  frameDone(): void {
    this.#frames++;
    const now = performance.now();
    const elapsed = now - this.#toldAt;
    if (elapsed < INTERVAL_MS) return;
    const rate = ((this.#frames - this.#toldFrames) * 1000) / elapsed;
    this.#framesPerSecond =
      this.#framesPerSecond === 0 ? rate : this.#framesPerSecond + SMOOTHING * (rate - this.#framesPerSecond);
    this.#toldAt = now;
    this.#toldFrames = this.#frames;
    this.#report();
  }

  #report(): void {
    // An estimated length may be too short; never say less than was done.
    const expectedFrames = this.#expectedFrames === null ? null : Math.max(this.#expectedFrames, this.#frames);
    const secondsLeft =
      expectedFrames === null || this.#framesPerSecond === 0
        ? null
        : (expectedFrames - this.#frames) / this.#framesPerSecond;
    this.#tell({
      kind: 'progress',
      path: this.#path,
      frames: this.#frames,
      expectedFrames,
      framesPerSecond: this.#framesPerSecond,
      secondsLeft,
    });
  }
}
