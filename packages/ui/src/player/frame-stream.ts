import { EncodedPacketSink, Input, MATROSKA, MP4, QTFF, UrlSource, VideoSampleSink, WEBM } from 'mediabunny';
import type { InputVideoTrack, VideoSample } from 'mediabunny';

/** More would stall decoders that have only a few surfaces. */
const KEPT_BEFORE = 8;
/** Further ahead than this, the key frame before the wanted frame is likely nearer than where decoding is. */
const AHEAD = 90;

/** Why a video cannot be shown. */
export class UndecodableVideo extends Error {
  override readonly name = 'UndecodableVideo';
}

/**
 * One video as frames by number, decoded exactly (WebCodecs), not sought by time. Frames are counted from 0 in the
 * order in which they are shown. Close it when it is not needed any more.
 */
export class FrameStream {
  readonly #input: Input;
  readonly #sink: VideoSampleSink;
  /** When each frame is shown, in seconds, ascending. */
  readonly timestamps: Float64Array;
  readonly width: number;
  readonly height: number;
  /**
   * The frames before the last one that was asked for, so that stepping back need not decode from the key frame each
   * time.
   */
  readonly #before = new Map<number, VideoSample>();
  #run: { readonly samples: AsyncGenerator<VideoSample, void, unknown>; next: number } | null = null;

  private constructor(
    input: Input,
    track: InputVideoTrack,
    size: { readonly width: number; readonly height: number },
    timestamps: Float64Array,
  ) {
    this.#input = input;
    this.#sink = new VideoSampleSink(track);
    this.timestamps = timestamps;
    this.width = size.width;
    this.height = size.height;
  }

  /**
   * Opens the video at an address, which must answer to requests of byte ranges.
   * @throws UndecodableVideo if this browser has no decoder for it.
   */
  static async open(address: string): Promise<FrameStream> {
    const input = new Input({ source: new UrlSource(address), formats: [MP4, QTFF, MATROSKA, WEBM] });
    try {
      const track = await input.getPrimaryVideoTrack();
      if (track === null) throw new UndecodableVideo(`There is no video in ${address}.`);
      if (!(await track.canDecode()))
        throw new UndecodableVideo(`This browser has no decoder for ${(await track.getCodec()) ?? 'this video'}.`);
      const timestamps: number[] = [];
      for await (const packet of new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: true }))
        timestamps.push(packet.timestamp);
      const size = { width: await track.getDisplayWidth(), height: await track.getDisplayHeight() };
      return new FrameStream(input, track, size, Float64Array.from(timestamps).sort());
    } catch (error) {
      input.dispose();
      throw error;
    }
  }

  get frameCount(): number {
    return this.timestamps.length;
  }

  /**
   * The frame of a number; the caller closes it. Going on to later frames keeps decoding where the last call stopped,
   * anything else begins at the key frame before.
   */
  async frame(number: number): Promise<VideoSample> {
    const kept = this.#before.get(number);
    if (kept !== undefined) return kept.clone();
    const run = await this.#runUpTo(number);
    for (;;) {
      const { value: sample, done } = await run.samples.next();
      if (done === true || sample === undefined) throw new Error(`The video ends before frame ${number}.`);
      const place = run.next++;
      if (place === number) return sample;
      if (number - place <= KEPT_BEFORE) this.#keep(place, sample);
      else sample.close();
    }
  }

  #keep(number: number, sample: VideoSample): void {
    this.#before.set(number, sample);
    for (const [oldest, old] of this.#before) {
      if (this.#before.size <= KEPT_BEFORE) break;
      this.#before.delete(oldest);
      old.close();
    }
  }

  async #runUpTo(
    number: number,
  ): Promise<{ readonly samples: AsyncGenerator<VideoSample, void, unknown>; next: number }> {
    if (this.#run !== null && number >= this.#run.next && number - this.#run.next <= AHEAD) return this.#run;
    await this.#run?.samples.return();
    const timestamp = this.timestamps[number];
    if (timestamp === undefined) throw new Error(`There is no frame ${number}: the video has ${this.frameCount}.`);
    this.#run = { samples: this.#sink.samples(timestamp), next: number };
    return this.#run;
  }

  async close(): Promise<void> {
    await this.#run?.samples.return();
    this.#run = null;
    for (const sample of this.#before.values()) sample.close();
    this.#before.clear();
    this.#input.dispose();
  }
}
