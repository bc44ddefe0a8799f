const SHORTEST = 1;
const LONGEST = 8;
const FIRST = 2;
/** Yaws that are looked at, and how many there must be. */
const WINDOW = 5;
const FEWEST = 3;
/** Degrees of deviation at which a head counts as wholly unstable, and the stability that is asked for. */
const RESTLESS_DEGREES = 5;
const STABLE = 0.7;

/**
 * After how many frames the face is detected anew: 1 to 8, one more after each detection that finds the head stable, one
 * less after each that does not. Stable means 1 - deviation(last yaws) / 5 degrees >= 0.7, as in Face Mirror 2.
 */
export class DetectionInterval {
  #frames = FIRST;
  readonly #yaws: number[] = [];

  /** Frames from one detection to the next. */
  get frames(): number {
    return this.#frames;
  }

  /** Takes in the yaw of one more frame, in degrees. */
  observe(yaw: number): void {
    this.#yaws.push(yaw);
    if (this.#yaws.length > WINDOW) this.#yaws.shift();
  }

  /** Reconsiders the interval; to be called when a detection is due. */
  adapt(): void {
    if (this.#yaws.length < FEWEST) return;
    const mean = this.#yaws.reduce((sum, yaw) => sum + yaw, 0) / this.#yaws.length;
    const deviation = Math.sqrt(this.#yaws.reduce((sum, yaw) => sum + (yaw - mean) ** 2, 0) / this.#yaws.length);
    const isStable = 1 - deviation / RESTLESS_DEGREES >= STABLE;
    this.#frames = isStable ? Math.min(LONGEST, this.#frames + 1) : Math.max(SHORTEST, this.#frames - 1);
  }
}
