import {
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_CODEC_ID_AAC,
  AV_NOPTS_VALUE,
  AV_SAMPLE_FMT_FLTP,
  Codec,
  CodecContext,
  CodecParameters,
  Frame as AVFrame,
  Packet,
  Rational,
  avChannelLayoutDefault,
  avGetCodecName,
  type Stream,
} from 'node-av';
import type { AudioTrack } from './audio-track.js';
import { ticksOf, type TimeBase } from 'facemirror-core/flow/frame-clock.js';
import { expectSuccess } from './ffmpeg.js';
import { PacketOrder } from './packet-order.js';
import { Resampler } from './resampler.js';

const AAC_BITS_A_SECOND_AND_CHANNEL = 80_000n;
/** Shorter gaps are filled with silence. */
const LONGEST_SILENCE_SECONDS = 10;
const AAC_SAMPLE_RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000];

/** Sound that MP4 does not hold as it is: decoded, and encoded as AAC. */
export class EncodedAudio implements AudioTrack {
  readonly codec: string;
  readonly mode = 'encode';
  readonly parameters: CodecParameters;
  readonly timeBase: TimeBase;
  readonly #decoder: CodecContext;
  readonly #encoder: CodecContext;
  readonly #decoded = new AVFrame();
  readonly #resampled = new AVFrame();
  readonly #stream: Stream;
  readonly #order: PacketOrder;
  readonly #shift: bigint;
  #resampler: Resampler | null = null;
  /** Where the next decoded sound is expected, in ticks of the stream. */
  #next: bigint | null = null;

  private constructor(stream: Stream, decoder: CodecContext, encoder: CodecContext, shiftSeconds: number) {
    this.codec = avGetCodecName(stream.codecpar.codecId) ?? 'unknown';
    this.#stream = stream;
    this.#decoder = decoder;
    this.#encoder = encoder;
    this.#decoded.alloc();
    this.#resampled.alloc();
    this.parameters = new CodecParameters();
    this.parameters.alloc();
    expectSuccess(this.parameters.fromContext(encoder), 'avcodec_parameters_from_context');
    this.timeBase = { num: 1, den: encoder.sampleRate };
    this.#order = new PacketOrder(this.timeBase);
    this.#shift = ticksOf(shiftSeconds, this.timeBase);
  }

  get dropped(): number {
    return this.#order.dropped;
  }

  /** Null where FFmpeg cannot decode it, or encode what it decodes to. */
  static async open(stream: Stream, decoderCodec: Codec, shiftSeconds: number): Promise<EncodedAudio | null> {
    const decoder = new CodecContext();
    decoder.allocContext3(decoderCodec);
    const encoderCodec = Codec.findEncoder(AV_CODEC_ID_AAC);
    const encoder = new CodecContext();
    encoder.allocContext3(encoderCodec);
    expectSuccess(decoder.parametersToContext(stream.codecpar), 'avcodec_parameters_to_context');
    decoder.pktTimebase = stream.timeBase;
    const channels = Math.min(stream.codecpar.channelLayout.nbChannels, 8);
    encoder.sampleFormat = AV_SAMPLE_FMT_FLTP;
    encoder.sampleRate = AAC_SAMPLE_RATES.find((rate) => rate <= stream.codecpar.sampleRate) ?? 8000;
    encoder.channelLayout = avChannelLayoutDefault(channels === 7 ? 6 : channels);
    encoder.bitRate = AAC_BITS_A_SECOND_AND_CHANNEL * BigInt(channels);
    encoder.timeBase = new Rational(1, encoder.sampleRate);
    encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    const opened = (await decoder.open2(decoderCodec)) >= 0 && (await encoder.open2(encoderCodec)) >= 0;
    if (opened) return new EncodedAudio(stream, decoder, encoder, shiftSeconds);
    decoder.freeContext();
    encoder.freeContext();
    return null;
  }

  async convert(packet: Packet | null): Promise<Packet[]> {
    const made: Packet[] = [];
    // A packet of sound that does not decode is a gap, no reason to lose the video.
    await this.#decoder.sendPacket(packet);
    while ((await this.#decoder.receiveFrame(this.#decoded)) >= 0) {
      if (this.#isAfterBreak(this.#decoded)) await this.#endResampler(made);
      await this.#resample(this.#decoded, made);
      this.#decoded.unref();
    }
    if (packet === null) {
      await this.#endResampler(made);
      await this.#encode(null, made);
    }
    return made;
  }

  close(): void {
    this.#resampler?.close();
    this.#decoder.freeContext();
    this.#encoder.freeContext();
    this.#decoded.free();
    this.#resampled.free();
    this.parameters.free();
  }

  /**
   * Whether the sound before this is too far away to be joined to it by silence, which takes memory for all its length.
   */
  #isAfterBreak(frame: AVFrame): boolean {
    if (frame.pts === AV_NOPTS_VALUE) return false;
    const { timeBase } = this.#stream;
    const gap = this.#next === null ? 0n : frame.pts - this.#next;
    this.#next = frame.pts + ticksOf(frame.nbSamples / frame.sampleRate, timeBase);
    const longest = ticksOf(LONGEST_SILENCE_SECONDS, timeBase);
    return gap > longest || gap < -longest;
  }

  async #endResampler(made: Packet[]): Promise<void> {
    await this.#resample(null, made);
    this.#resampler?.close();
    this.#resampler = null;
  }

  async #resample(frame: AVFrame | null, made: Packet[]): Promise<void> {
    if (frame !== null) this.#resampler ??= new Resampler(frame, this.#stream.timeBase, this.#encoder);
    if (this.#resampler === null) return;
    if (!(await this.#resampler.send(frame))) return;
    while (await this.#resampler.receive(this.#resampled)) {
      await this.#encode(this.#resampled, made);
      this.#resampled.unref();
    }
  }

  async #encode(frame: AVFrame | null, made: Packet[]): Promise<void> {
    if (frame !== null && frame.pts !== AV_NOPTS_VALUE) frame.pts -= this.#shift;
    expectSuccess(await this.#encoder.sendFrame(frame), 'avcodec_send_frame (AAC)');
    for (;;) {
      const packet = new Packet();
      packet.alloc();
      const code = await this.#encoder.receivePacket(packet);
      if (code < 0) {
        packet.free();
        if (code !== AVERROR_EAGAIN && code !== AVERROR_EOF) expectSuccess(code, 'avcodec_receive_packet (AAC)');
        return;
      }
      if (this.#order.takes(packet)) made.push(packet);
      else packet.free();
    }
  }
}
