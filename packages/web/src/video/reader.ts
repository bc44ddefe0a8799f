import {
  ALL_FORMATS,
  BlobSource,
  EncodedPacketSink,
  Input,
  VideoSampleSink,
  type EncodedPacket,
  type InputAudioTrack,
  type InputVideoTrack,
  type VideoSample,
} from 'mediabunny';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { FrameClock } from 'facemirror-core/flow/frame-clock.js';
import type { FrameSource, SourceFrame } from 'facemirror-core/flow/frame-source.js';
import type { Frame } from 'facemirror-core/frames/frame.js';
import { squareSize } from 'facemirror-core/frames/square-size.js';
import { damaged, notAVideo, undecodable } from './unfit.js';
import { UprightConverter } from './upright.js';
import { colourOf, tagsOf, type VideoInfo } from './video-info.js';

/** Takes sound packets on their way, with their times from the file's start in seconds. */
export type SoundSink = (packet: EncodedPacket, seconds: number) => Promise<void>;

/** Packets that are looked at for the mean rate of frames. */
const RATE_PACKETS = 120;

/** Reads a video once, from its first frame to its last, into frames of a pool. Close it on every path. */
export class VideoReader implements FrameSource {
  readonly info: VideoInfo;
  /** The sound's track, where there is one that is wanted. */
  readonly sound: InputAudioTrack | null;
  /** Set it before the first `next`; without it the sound is dropped. */
  soundSink: SoundSink | null = null;
  readonly #input: Input;
  readonly #samples: AsyncGenerator<VideoSample, void, unknown>;
  readonly #packets: AsyncGenerator<EncodedPacket, void, unknown> | null;
  readonly #clock: FrameClock;
  readonly #converter: UprightConverter;
  readonly #startSeconds: number;
  #first: VideoSample | null;
  #waiting: EncodedPacket | null = null;
  #frames = 0;
  #otherSizes = 0;
  #cutOff: string | null = null;

  private constructor(opened: {
    input: Input;
    info: VideoInfo;
    sound: InputAudioTrack | null;
    samples: AsyncGenerator<VideoSample, void, unknown>;
    first: VideoSample;
    clock: FrameClock;
    converter: UprightConverter;
    startSeconds: number;
  }) {
    this.info = opened.info;
    this.sound = opened.sound;
    this.#input = opened.input;
    this.#samples = opened.samples;
    this.#first = opened.first;
    this.#clock = opened.clock;
    this.#converter = opened.converter;
    this.#startSeconds = opened.startSeconds;
    this.#packets = opened.sound === null ? null : new EncodedPacketSink(opened.sound).packets();
  }

  /**
   * Opens a video and decodes its first frame.
   * @throws FaceMirrorError NOT_A_VIDEO, CODEC_UNAVAILABLE, VIDEO_DAMAGED.
   */
  static async open(file: Blob, name: string, options: { readonly noAudio: boolean }): Promise<VideoReader> {
    const input = new Input({ source: new BlobSource(file), formats: ALL_FORMATS });
    let samples: AsyncGenerator<VideoSample, void, unknown> | null = null;
    let first: VideoSample | null = null;
    try {
      const track = await videoTrackOf(input, name);
      const sound = options.noAudio ? null : await input.getPrimaryAudioTrack();
      samples = new VideoSampleSink(track).samples();
      first = await firstOf(samples, name);
      const startSeconds = await startOf(track, sound);
      const rate = (await track.computePacketStats(RATE_PACKETS)).averagePacketRate;
      const frameRate = Number.isFinite(rate) && rate > 0 ? rate : null;
      const resolution = Math.round(await track.getTimeResolution());
      const clock = new FrameClock({ num: 1, den: resolution }, startSeconds, frameRate);
      const { info, converter } = await describe(input, track, first, { name, clock, frameRate, sound });
      return new VideoReader({ input, info, sound, samples, first, clock, converter, startSeconds });
    } catch (error) {
      first?.close();
      await samples?.return();
      input.dispose();
      throw error instanceof FaceMirrorError ? error : damaged(name, messageOf(error), error);
    }
  }

  /** Sentences for the user on what was found in the file so far. */
  get warnings(): readonly string[] {
    const warnings: string[] = [];
    if (this.#cutOff !== null)
      warnings.push(
        `${this.info.name} could be decoded up to frame ${this.#frames} only (${this.#cutOff}): what comes after it is missing from the results.`,
      );
    if (this.#clock.repaired > 0)
      warnings.push(`${this.#clock.repaired} time stamps were missing or wrong, and were made up.`);
    if (this.#otherSizes > 0)
      warnings.push(`${this.#otherSizes} frames had another size, and were scaled to the first one's.`);
    return warnings;
  }

  async next(target: Frame): Promise<SourceFrame | null> {
    const sample = await this.#nextSample();
    if (sample === null) {
      await this.#passSound(Infinity);
      return null;
    }
    try {
      const startedAt = performance.now();
      const resolution = this.#resolution;
      const time = this.#clock.next({
        pts: BigInt(Math.round(sample.timestamp * resolution)),
        duration: BigInt(Math.round(sample.duration * resolution)),
      });
      const { codedWidth, codedHeight } = this.info;
      if (sample.visibleRect.width !== codedWidth || sample.visibleRect.height !== codedHeight) this.#otherSizes++;
      await this.#converter.convert(sample, target);
      const convertMs = performance.now() - startedAt;
      await this.#passSound(time.seconds);
      this.#frames++;
      return { frame: target, number: this.#frames, time, convertMs };
    } finally {
      sample.close();
    }
  }

  /** Gives everything back. Safe to call twice. */
  async close(): Promise<void> {
    this.#first?.close();
    this.#first = null;
    await this.#samples.return().catch(() => undefined);
    await this.#packets?.return().catch(() => undefined);
    this.#input.dispose();
  }

  get #resolution(): number {
    return this.info.streamResolution;
  }

  async #nextSample(): Promise<VideoSample | null> {
    const first = this.#first;
    if (first !== null) {
      this.#first = null;
      return first;
    }
    if (this.#cutOff !== null) return null;
    try {
      const { value, done } = await this.#samples.next();
      return done === true || value === undefined ? null : value;
    } catch (error) {
      // What was decoded before stays good.
      this.#cutOff = messageOf(error);
      return null;
    }
  }

  /** Hands on the sound up to a time, so that it lies beside its pictures in the outputs. */
  async #passSound(seconds: number): Promise<void> {
    if (this.soundSink === null || this.#packets === null) return;
    for (;;) {
      const packet = this.#waiting ?? (await nextPacket(this.#packets));
      this.#waiting = packet;
      if (packet === null) return;
      const at = packet.timestamp - this.#startSeconds;
      if (at > seconds) return;
      this.#waiting = null;
      if (at + packet.duration > 0) await this.soundSink(packet, Math.max(0, at));
    }
  }
}

async function nextPacket(packets: AsyncGenerator<EncodedPacket, void, unknown>): Promise<EncodedPacket | null> {
  const { value, done } = await packets.next();
  return done === true || value === undefined ? null : value;
}

async function videoTrackOf(input: Input, name: string): Promise<InputVideoTrack> {
  if (!(await input.canRead())) throw notAVideo(name);
  const track = await input.getPrimaryVideoTrack();
  if (track === null) throw notAVideo(name);
  if (!(await track.canDecode()))
    throw undecodable(name, await track.getCodec(), await track.getCodecParameterString());
  return track;
}

async function firstOf(samples: AsyncGenerator<VideoSample, void, unknown>, name: string): Promise<VideoSample> {
  const { value, done } = await samples.next();
  if (done === true || value === undefined) throw damaged(name, 'not one of its pictures can be decoded');
  return value;
}

/** Sound that begins before 0 is what its decoder needs to warm up; it does not move the pictures. */
async function startOf(track: InputVideoTrack, sound: InputAudioTrack | null): Promise<number> {
  const picture = await track.getFirstTimestamp();
  return sound === null ? picture : Math.min(picture, Math.max(0, await sound.getFirstTimestamp()));
}

async function describe(
  input: Input,
  track: InputVideoTrack,
  first: VideoSample,
  given: {
    readonly name: string;
    readonly clock: FrameClock;
    readonly frameRate: number | null;
    readonly sound: InputAudioTrack | null;
  },
): Promise<{ readonly info: VideoInfo; readonly converter: UprightConverter }> {
  const { name, clock, frameRate, sound } = given;
  const { width: codedWidth, height: codedHeight } = first.visibleRect;
  const aspect = await track.getPixelAspectRatio();
  const pixelAspect = aspect.den > 0 && aspect.num > 0 ? aspect.num / aspect.den : 1;
  const square = squareSize(codedWidth, codedHeight, pixelAspect);
  const turn = { rotation: first.rotation, flip: first.flip };
  const swapsSides = turn.rotation % 180 !== 0;
  const isHdr = await track.hasHighDynamicRange();
  // What the file says: a decoded picture's own tags are the browser's guess where the file is silent.
  const tags = await track.getColorSpace();
  const isYuv = first.format !== null && !/^(RGB|BGR)/.test(first.format);
  const colourSpace: VideoColorSpaceInit =
    isHdr || !isYuv ? { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', fullRange: false } : tags;
  const colour = colourOf(colourSpace, codedWidth, codedHeight);
  const durationSeconds = await input.getDurationFromMetadata();
  return {
    converter: new UprightConverter({ squareWidth: square.width, squareHeight: square.height, turn, isHdr }),
    info: {
      name,
      container: (await input.getFormat()).name,
      codec: (await track.getCodec()) ?? 'unknown',
      pixelFormat: first.format ?? 'unknown',
      codedWidth,
      codedHeight,
      width: swapsSides ? square.height : square.width,
      height: swapsSides ? square.width : square.height,
      pixelAspect,
      turn,
      frameRate,
      durationSeconds,
      expectedFrames:
        frameRate !== null && durationSeconds !== null ? Math.max(1, Math.round(frameRate * durationSeconds)) : null,
      streamResolution: Math.round(await track.getTimeResolution()),
      timeBase: clock.timeBase,
      colour,
      colourSpace: colourSpace.matrix == null ? tagsOf(colour) : colourSpace,
      audio: sound === null ? null : { codec: (await sound.getCodec()) ?? 'unknown' },
    },
  };
}
