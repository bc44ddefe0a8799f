import {
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_AC3,
  AV_CODEC_ID_ALAC,
  AV_CODEC_ID_EAC3,
  AV_CODEC_ID_FLAC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_NOPTS_VALUE,
  AV_SAMPLE_FMT_FLTP,
  Codec,
  CodecContext,
  CodecParameters,
  Filter,
  FilterGraph,
  Frame as AVFrame,
  Packet,
  Rational,
  avChannelLayoutDefault,
  avChannelLayoutDescribe,
  avGetCodecName,
  avGetSampleFmtName,
  avRescaleQ,
  type AVCodecID,
  type AVSampleFormat,
  type FilterContext,
  type Stream,
} from 'node-av';
import { LONGEST_GAP_SECONDS, type TimeBase } from './clock.js';
import { expectSuccess } from './ffmpeg.js';

/** Sound codecs that an MP4 file holds as they are. */
const COPIED: readonly AVCodecID[] = [AV_CODEC_ID_AAC, AV_CODEC_ID_MP3, AV_CODEC_ID_AC3, AV_CODEC_ID_EAC3, AV_CODEC_ID_ALAC, AV_CODEC_ID_OPUS, AV_CODEC_ID_FLAC];
const AAC_BITS_A_SECOND_AND_CHANNEL = 80_000n;
/** MP3 at lower rates (MPEG-2.5 but for 16 kHz) has no place in MP4. */
const LEAST_MP3_RATE = 16_000;
/** Codecs whose packets mean nothing without what the container says beside them. */
const NEED_HEADER: readonly AVCodecID[] = [AV_CODEC_ID_ALAC, AV_CODEC_ID_OPUS, AV_CODEC_ID_FLAC];
/** Shorter gaps are filled with silence when the sound is encoded. */
const LONGEST_SILENCE_SECONDS = 10;
const AAC_SAMPLE_RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000];

/** The sound of a file on its way into the outputs. */
export interface AudioTrack {
  readonly codec: string;
  /** `copy`: the packets of the file; `encode`: decoded and encoded as AAC, once for all outputs. */
  readonly mode: 'copy' | 'encode';
  /** What an output's sound stream is to be set up with. */
  readonly parameters: CodecParameters;
  readonly timeBase: TimeBase;
  /** Packets that were left out because their time stamps do not follow those before them. */
  readonly dropped: number;
  /** Takes a packet of the file's sound (null at the end), gives the packets for the outputs, which the caller frees. */
  convert(packet: Packet | null): Promise<Packet[]>;
  close(): void;
}

/**
 * The track for a sound stream, or null when it can neither be copied nor decoded.
 * @param shiftSeconds is taken off every time stamp, so that sound and picture stay together.
 */
export async function openAudio(stream: Stream, shiftSeconds: number): Promise<AudioTrack | null> {
  if (canBeCopied(stream.codecpar)) return new CopiedAudio(stream, shiftSeconds);
  const decoder = Codec.findDecoder(stream.codecpar.codecId);
  return decoder === null || stream.codecpar.channelLayout.nbChannels === 0 ? null : EncodedAudio.open(stream, decoder, shiftSeconds);
}

function canBeCopied({ codecId, sampleRate, extradataSize }: CodecParameters): boolean {
  if (!COPIED.includes(codecId) || sampleRate <= 0) return false;
  if (codecId === AV_CODEC_ID_MP3 && sampleRate < LEAST_MP3_RATE) return false;
  return extradataSize > 0 || !NEED_HEADER.includes(codecId);
}

/** Sees to it that packets follow one another as MP4 needs it. */
class PacketOrder {
  dropped = 0;
  /** Where the next packet is expected, in ticks. */
  next = 0n;
  #last: bigint | null = null;
  readonly #longestGap: bigint;

  constructor(timeBase: TimeBase) {
    this.#longestGap = ticks(LONGEST_GAP_SECONDS, timeBase);
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

function ticks(seconds: number, timeBase: TimeBase): bigint {
  return BigInt(Math.round((seconds * timeBase.den) / timeBase.num));
}

class CopiedAudio implements AudioTrack {
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
    this.#shift = ticks(shiftSeconds, this.timeBase);
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

class EncodedAudio implements AudioTrack {
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
    this.#shift = ticks(shiftSeconds, this.timeBase);
  }

  get dropped(): number {
    return this.#order.dropped;
  }

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

  /** Whether the sound before this is too far away to be joined to it by silence, which takes memory for all its length. */
  #isAfterBreak(frame: AVFrame): boolean {
    if (frame.pts === AV_NOPTS_VALUE) return false;
    const { timeBase } = this.#stream;
    const gap = this.#next === null ? 0n : frame.pts - this.#next;
    this.#next = frame.pts + ticks(frame.nbSamples / frame.sampleRate, timeBase);
    const longest = ticks(LONGEST_SILENCE_SECONDS, timeBase);
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

/** Brings sound into the encoder's rate, sample format and frame size. */
class Resampler {
  readonly #graph = new FilterGraph();
  readonly #source: FilterContext;
  readonly #sink: FilterContext;
  readonly #sinkTimeBase: Rational;
  readonly #target: Rational;

  constructor(first: AVFrame, timeBase: Rational, encoder: CodecContext) {
    this.#graph.alloc();
    this.#target = encoder.timeBase;
    const source = [
      `time_base=${timeBase.num}/${timeBase.den}`,
      `sample_rate=${first.sampleRate}`,
      `sample_fmt=${avGetSampleFmtName(first.format as AVSampleFormat) ?? 'fltp'}`,
      `channel_layout=${layoutName(first)}`,
    ].join(':');
    const layout = avChannelLayoutDescribe(encoder.channelLayout) ?? 'stereo';
    const steps: [string, string | null][] = [
      // async=1 fills gaps in the time stamps with silence, so that sound and picture do not drift apart. The last samples
      // are padded, because the encoder takes no short frame but at its end.
      ['aresample', 'async=1'],
      ['aformat', `sample_fmts=fltp:sample_rates=${encoder.sampleRate}:channel_layouts=${layout}`],
      ['asetnsamples', `nb_out_samples=${encoder.frameSize > 0 ? encoder.frameSize : 1024}:pad=1`],
      ['abuffersink', null],
    ];
    this.#source = this.#add('abuffer', source);
    let end = this.#source;
    for (const [name, args] of steps) {
      const next = this.#add(name, args);
      expectSuccess(end.link(0, next, 0), 'avfilter_link');
      end = next;
    }
    this.#sink = end;
    expectSuccess(this.#graph.configSync(), 'avfilter_graph_config (sound)');
    this.#sinkTimeBase = this.#sink.buffersinkGetTimeBase();
  }

  /** False when the sound changed in a way that cannot be followed; it is left out from there on. */
  async send(frame: AVFrame | null): Promise<boolean> {
    return (await this.#source.buffersrcAddFrame(frame)) >= 0;
  }

  async receive(frame: AVFrame): Promise<boolean> {
    if ((await this.#sink.buffersinkGetFrame(frame)) < 0) return false;
    if (frame.pts !== AV_NOPTS_VALUE) frame.pts = avRescaleQ(frame.pts, this.#sinkTimeBase, this.#target);
    return true;
  }

  close(): void {
    this.#graph.free();
  }

  #add(name: string, args: string | null): FilterContext {
    const filter = Filter.getByName(name);
    const context = filter === null ? null : this.#graph.createFilter(filter, name, args);
    if (context === null) throw new Error(`FFmpeg has no filter "${name}".`);
    return context;
  }
}

function layoutName(frame: AVFrame): string {
  const { channelLayout } = frame;
  const known = channelLayout.mask === 0n ? avChannelLayoutDefault(frame.channels) : channelLayout;
  return avChannelLayoutDescribe(known) ?? `${frame.channels}c`;
}
