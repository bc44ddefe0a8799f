/** A fraction; the unit of time stamps, in seconds. */
export interface TimeBase {
  readonly num: number;
  readonly den: number;
}

/** A length of time in ticks of a time base, rounded. */
export function ticksOf(seconds: number, { num, den }: TimeBase): bigint {
  return BigInt(Math.round((seconds * den) / num));
}

/** When a frame is shown. */
export interface FrameTime {
  /** In ticks of the output's time base, from the file's start; strictly increasing from frame to frame. */
  readonly ticks: bigint;
  /** How long it is shown, in ticks; as long as a mean frame when the file does not say. */
  readonly durationTicks: bigint;
  /** Seconds from the file's start. */
  readonly seconds: number;
}

/** What a decoder says about one frame; null for a time stamp that is missing. */
export interface FrameStamp {
  readonly pts: bigint | null;
  readonly duration: bigint;
}

/** Ticks a second that MP4 files have at least, so that a time stamp can be moved by less than a frame. */
const LEAST_TICKS_A_SECOND = 10_000;
/** And what MP4 counts them in at most, so that the longest gap fits the 31 bits that FFmpeg has for it. */
const LARGEST_DENOMINATOR = 1_000_000;
/** A longer gap in a recording is damage, not a pause. */
export const LONGEST_GAP_SECONDS = 1800;

/**
 * Gives every decoded frame its time in the outputs: the file's own time stamps exactly, shifted so that the file
 * starts at 0. Time stamps that are missing, do not increase or leap by more than half an hour (damaged files, broken
 * cameras) are set just after the frame before them, and counted. Clocks finer than a microsecond are rounded to it.
 */
export class FrameClock {
  /** Of the times that `next` gives. */
  readonly timeBase: TimeBase;
  /** Time stamps that had to be made up. */
  repaired = 0;
  readonly #stream: TimeBase;
  readonly #factor: bigint | null;
  readonly #longestGap: bigint;
  readonly #startTicks: bigint | null;
  readonly #frameTicks: bigint;
  #last: { ticks: bigint; durationTicks: bigint } | null = null;
  #offset: bigint | null = null;

  /**
   * @param stream time base of the file's time stamps.
   * @param startSeconds where the file starts; null to start it at its first frame.
   * @param frameRate frames a second, for frames that have neither a time stamp nor a duration.
   */
  constructor(stream: TimeBase, startSeconds: number | null, frameRate: number | null) {
    this.#stream = stream;
    let factor = 1;
    while ((stream.den * factor) / stream.num < LEAST_TICKS_A_SECOND) factor *= 2;
    const isTooFine = stream.den * factor > LARGEST_DENOMINATOR;
    this.#factor = isTooFine ? null : BigInt(factor);
    this.timeBase = isTooFine ? { num: 1, den: LARGEST_DENOMINATOR } : { num: stream.num, den: stream.den * factor };
    this.#longestGap = ticksOf(LONGEST_GAP_SECONDS, this.timeBase);
    this.#startTicks = startSeconds === null ? null : ticksOf(startSeconds, this.timeBase);
    this.#frameTicks = ticksOf(
      Math.min(LONGEST_GAP_SECONDS, 1 / (frameRate !== null && frameRate > 0 ? frameRate : 30)),
      this.timeBase,
    );
  }

  next(stamp: FrameStamp): FrameTime {
    const told = this.#scaled(stamp.duration);
    const durationTicks = told > 0n && told <= this.#longestGap ? told : this.#frameTicks;
    const ticks = this.#place(stamp.pts === null ? null : this.#scaled(stamp.pts));
    this.#last = { ticks, durationTicks };
    return { ticks, durationTicks, seconds: this.secondsOf(ticks) };
  }

  secondsOf(ticks: bigint): number {
    return (Number(ticks) * this.timeBase.num) / this.timeBase.den;
  }

  #place(absolute: bigint | null): bigint {
    if (absolute === null) {
      this.repaired++;
      return this.#afterLast();
    }
    this.#offset ??= this.#startOf(absolute);
    const ticks = absolute - this.#offset;
    if (this.#last === null) return ticks;
    if (ticks <= this.#last.ticks) {
      this.repaired++;
      return this.#last.ticks + 1n;
    }
    if (ticks - this.#last.ticks <= this.#longestGap) return ticks;
    this.repaired++;
    const placed = this.#afterLast();
    this.#offset = absolute - placed;
    return placed;
  }

  /** The file's start, unless the first frame is so far from it that one of the two is wrong. */
  #startOf(first: bigint): bigint {
    const start = this.#startTicks ?? first;
    const gap = first - start;
    return gap > this.#longestGap || gap < -this.#longestGap ? first : start;
  }

  /** Ticks of the file's clock in ticks of ours. */
  #scaled(ticks: bigint): bigint {
    if (this.#factor !== null) return ticks * this.#factor;
    const parts = BigInt(this.#stream.den);
    return (ticks * BigInt(this.#stream.num) * BigInt(LARGEST_DENOMINATOR) + parts / 2n) / parts;
  }

  #afterLast(): bigint {
    if (this.#last === null) return 0n;
    return this.#last.ticks + this.#last.durationTicks;
  }
}
