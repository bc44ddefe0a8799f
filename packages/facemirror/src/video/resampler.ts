import {
  AV_NOPTS_VALUE,
  avChannelLayoutDefault,
  avChannelLayoutDescribe,
  avGetSampleFmtName,
  avRescaleQ,
  type AVSampleFormat,
  type CodecContext,
  type Frame as AVFrame,
  type Rational,
} from 'node-av';
import { FilterChain, type FilterStep } from './filter-chain.js';

/** Brings sound into the encoder's rate, sample format and frame size. */
export class Resampler {
  readonly #chain: FilterChain;
  readonly #sinkTimeBase: Rational;
  readonly #target: Rational;

  constructor(first: AVFrame, timeBase: Rational, encoder: CodecContext) {
    this.#target = encoder.timeBase;
    const source = [
      `time_base=${timeBase.num}/${timeBase.den}`,
      `sample_rate=${first.sampleRate}`,
      `sample_fmt=${avGetSampleFmtName(first.format as AVSampleFormat) ?? 'fltp'}`,
      `channel_layout=${layoutName(first)}`,
    ].join(':');
    const layout = avChannelLayoutDescribe(encoder.channelLayout) ?? 'stereo';
    const steps: FilterStep[] = [
      // async=1 fills gaps in the time stamps with silence, so that sound and picture do not drift apart. The last
      // samples are padded, because the encoder takes no short frame but at its end.
      ['aresample', 'async=1'],
      ['aformat', `sample_fmts=fltp:sample_rates=${encoder.sampleRate}:channel_layouts=${layout}`],
      ['asetnsamples', `nb_out_samples=${encoder.frameSize > 0 ? encoder.frameSize : 1024}:pad=1`],
    ];
    this.#chain = new FilterChain(['abuffer', source], steps, ['abuffersink', null]);
    this.#sinkTimeBase = this.#chain.sink.buffersinkGetTimeBase();
  }

  /** False when the sound changed in a way that cannot be followed; it is left out from there on. */
  async send(frame: AVFrame | null): Promise<boolean> {
    return (await this.#chain.source.buffersrcAddFrame(frame)) >= 0;
  }

  async receive(frame: AVFrame): Promise<boolean> {
    if ((await this.#chain.sink.buffersinkGetFrame(frame)) < 0) return false;
    if (frame.pts !== AV_NOPTS_VALUE) frame.pts = avRescaleQ(frame.pts, this.#sinkTimeBase, this.#target);
    return true;
  }

  close(): void {
    this.#chain.close();
  }
}

function layoutName(frame: AVFrame): string {
  const { channelLayout } = frame;
  const known = channelLayout.mask === 0n ? avChannelLayoutDefault(frame.channels) : channelLayout;
  return avChannelLayoutDescribe(known) ?? `${frame.channels}c`;
}
