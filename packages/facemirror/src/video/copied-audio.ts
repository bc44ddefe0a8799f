import { AV_NOPTS_VALUE, CodecParameters, avGetCodecName, type Packet, type Stream } from 'node-av';
import type { AudioTrack } from './audio-track.js';
import { ticksOf, type TimeBase } from 'facemirror-core/flow/frame-clock.js';
import { expectSuccess } from './ffmpeg.js';
import { PacketOrder } from './packet-order.js';

/** Sound whose packets go into the outputs as they are. */
export class CopiedAudio implements AudioTrack {
  readonly codec: string;
  readonly mode = 'copy';
  readonly parameters: CodecParameters;
  readonly timeBase: TimeBase;
  readonly #order: PacketOrder;
  readonly #shift: bigint;

  constructor(stream: Stream, shiftSeconds: number) {
    this.codec = avGetCodecName(stream.codecpar.codecId) ?? 'unknown';
    this.parameters = new CodecParameters();
    this.parameters.alloc();
    expectSuccess(stream.codecpar.copy(this.parameters), 'avcodec_parameters_copy');
    // The tag of another container may mean nothing in MP4; 0 lets the muxer choose its own.
    this.parameters.codecTag = 0;
    const { num, den } = stream.timeBase;
    this.timeBase = { num, den };
    this.#shift = ticksOf(shiftSeconds, this.timeBase);
    this.#order = new PacketOrder(this.timeBase);
  }

  get dropped(): number {
    return this.#order.dropped;
  }

  convert(packet: Packet | null): Promise<Packet[]> {
    const copy = packet?.clone() ?? null;
    if (copy === null) return Promise.resolve([]);
    // Sound has no order of its own beside the file's, so that both times are the same.
    const stamp = copy.pts === AV_NOPTS_VALUE ? copy.dts : copy.pts;
    copy.pts = copy.dts = stamp === AV_NOPTS_VALUE ? this.#order.next : stamp - this.#shift;
    if (this.#order.takes(copy)) return Promise.resolve([copy]);
    copy.free();
    return Promise.resolve([]);
  }

  close(): void {
    this.parameters.free();
  }
}
