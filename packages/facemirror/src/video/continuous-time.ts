import { AV_NOPTS_VALUE, type Packet, type Stream } from 'node-av';

/** From one packet to the next, in containers whose clock may start anew at any place (broadcasts): what is a break. */
const BROADCAST_BREAK = { forwardSeconds: 10, backwardSeconds: 0.1 };
/** The same in containers with one clock, where only damage looks like this. MP4 keeps time steps as 32-bit numbers. */
const FILE_BREAK = { forwardSeconds: 3600, backwardSeconds: 10 };

/**
 * One line of time for the packets of a file. Recordings that were joined byte by byte, and broadcasts, have a clock that
 * jumps; sound and picture jump together. From a jump on, all time stamps are moved so that the first packet after it
 * follows the one before it, which is what the ffmpeg program does (fftools/ffmpeg_demux.c, ts_discontinuity_process).
 */
export class ContinuousTime {
  /** Jumps that were closed. */
  breaks = 0;
  readonly #secondsATick: ReadonlyMap<number, number>;
  readonly #limits: { readonly forwardSeconds: number; readonly backwardSeconds: number };
  /** By stream: where its last packet was, and where the next is expected. */
  readonly #last = new Map<number, { readonly seconds: number; readonly next: number }>();
  #offsetSeconds = 0;

  /**
   * @param streams those whose packets are used; others are left alone.
   * @param isBroadcast whether the container's clock may start anew.
   */
  constructor(streams: readonly Stream[], isBroadcast: boolean) {
    this.#secondsATick = new Map(streams.map(({ index, timeBase }) => [index, timeBase.num / timeBase.den]));
    this.#limits = isBroadcast ? BROADCAST_BREAK : FILE_BREAK;
  }

  /** Moves a packet's time stamps to where they belong. To be called with every packet, in the file's order. */
  mend(packet: Packet): void {
    const tick = this.#secondsATick.get(packet.streamIndex);
    if (tick === undefined) return;
    // Only these run forwards in every file; times of display go back and forth.
    const read = packet.dts === AV_NOPTS_VALUE ? null : Number(packet.dts) * tick;
    if (read !== null) this.#follow(packet.streamIndex, read);
    const shift = BigInt(Math.round(this.#offsetSeconds / tick));
    if (packet.pts !== AV_NOPTS_VALUE) packet.pts += shift;
    if (packet.dts !== AV_NOPTS_VALUE) packet.dts += shift;
    if (read === null) return;
    const seconds = read + this.#offsetSeconds;
    this.#last.set(packet.streamIndex, { seconds, next: seconds + Number(packet.duration) * tick });
  }

  #follow(stream: number, read: number): void {
    const last = this.#last.get(stream);
    if (last === undefined) return;
    const seconds = read + this.#offsetSeconds;
    if (seconds - last.next <= this.#limits.forwardSeconds && last.seconds - seconds <= this.#limits.backwardSeconds) return;
    this.#offsetSeconds += last.next - seconds;
    this.breaks++;
  }
}
