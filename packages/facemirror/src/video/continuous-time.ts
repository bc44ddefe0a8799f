import { AV_NOPTS_VALUE, type Packet, type Stream } from 'node-av';
import { LONGEST_GAP_SECONDS } from 'facemirror-core/flow/frame-clock.js';

/**
 * From one packet to the next, in containers whose clock may start again at any place (broadcasts): what is a break.
 */
const BROADCAST_BREAK = { forwardSeconds: 10, backwardSeconds: 0.1 };
/** The same in containers with one clock, where only damage looks like this. */
const FILE_BREAK = { forwardSeconds: LONGEST_GAP_SECONDS, backwardSeconds: 10 };

/** Where a stream has come to. */
interface Place {
  /** Which of the offsets holds for it. */
  readonly epoch: number;
  /** Of its last packet, on the one line of time. */
  readonly seconds: number;
  /** Where its next packet is expected. */
  readonly next: number;
}

/**
 * One line of time for the packets of a file. Recordings that were joined byte by byte, and broadcasts, have a clock
 * that jumps. From a jump on, all time stamps are moved so that the first packet after it follows the one before it,
 * which is what the ffmpeg program does too (fftools/ffmpeg_demux.c, ts_discontinuity_process). Sound and picture come
 * to a jump one after the other and are moved by the same, so that they stay together.
 */
export class ContinuousTime {
  readonly #secondsATick: ReadonlyMap<number, number>;
  readonly #limits: { readonly forwardSeconds: number; readonly backwardSeconds: number };
  /** What is added to times: at first, and after each jump. */
  readonly #offsets = [0];
  readonly #places = new Map<number, Place>();

  /**
   * @param streams those whose packets are used; others are left alone.
   * @param isBroadcast whether the container's clock may start again.
   */
  constructor(streams: readonly Stream[], isBroadcast: boolean) {
    this.#secondsATick = new Map(streams.map(({ index, timeBase }) => [index, timeBase.num / timeBase.den]));
    this.#limits = isBroadcast ? BROADCAST_BREAK : FILE_BREAK;
  }

  /** Whether there were jumps. */
  get isMended(): boolean {
    return this.#offsets.length > 1;
  }

  /** Moves a packet's time stamps to where they belong. To be called with every packet, in the file's order. */
  mend(packet: Packet): void {
    const tick = this.#secondsATick.get(packet.streamIndex);
    if (tick === undefined) return;
    const place = this.#places.get(packet.streamIndex);
    // Only decoding times run forwards in every file; times of display go back and forth.
    const read = packet.dts === AV_NOPTS_VALUE ? null : Number(packet.dts) * tick;
    const epoch =
      read === null || place === undefined ? (place?.epoch ?? this.#offsets.length - 1) : this.#epochOf(read, place);
    const offset = this.#offsets[epoch] ?? 0;
    const shift = BigInt(Math.round(offset / tick));
    if (packet.pts !== AV_NOPTS_VALUE) packet.pts += shift;
    if (packet.dts !== AV_NOPTS_VALUE) packet.dts += shift;
    if (read === null) return;
    const seconds = read + offset;
    // Some containers do not say how long a frame lasts: as long as the one before, then.
    const lasts =
      packet.duration > 0n ? Number(packet.duration) * tick : Math.max(0, seconds - (place?.seconds ?? seconds));
    this.#places.set(packet.streamIndex, { epoch, seconds, next: seconds + lasts });
  }

  /** The first offset from the stream's own on with which the packet follows; a new one where none fits. */
  #epochOf(read: number, { epoch, seconds, next }: Place): number {
    const { forwardSeconds, backwardSeconds } = this.#limits;
    for (let each = epoch; each < this.#offsets.length; each++) {
      const at = read + (this.#offsets[each] ?? 0);
      if (at - next <= forwardSeconds && seconds - at <= backwardSeconds) return each;
    }
    return this.#offsets.push(next - read) - 1;
  }
}
