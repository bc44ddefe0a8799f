import type { Packet } from 'node-av';
import { LONGEST_GAP_SECONDS, ticksOf, type TimeBase } from 'facemirror-core/flow/frame-clock.js';

/** Sees to it that packets follow one another as MP4 needs it. */
export class PacketOrder {
  dropped = 0;
  /** Where the next packet is expected, in ticks. */
  next = 0n;
  #last: bigint | null = null;
  readonly #longestGap: bigint;

  constructor(timeBase: TimeBase) {
    this.#longestGap = ticksOf(LONGEST_GAP_SECONDS, timeBase);
  }

  /** Whether a packet goes into the file; one that does not is counted. */
  takes({ pts, duration }: Packet): boolean {
    const gap = pts - (this.#last ?? 0n);
    const isAfter = this.#last === null ? gap >= -this.#longestGap : gap > 0n;
    if (!isAfter || gap > this.#longestGap) {
      this.dropped++;
      return false;
    }
    this.#last = pts;
    this.next = pts + duration;
    return true;
  }
}
