import { AVFMT_TS_DISCONT, AVSEEK_FLAG_BACKWARD, AV_NOPTS_VALUE, type Frame as AVFrame, type Packet } from 'node-av';
import type { FrameSource, SourceFrame } from 'facemirror-core/flow/frame-source.js';
import type { Frame } from 'facemirror-core/frames/frame.js';
import { usableCores } from '../machine/usable-cores.js';
import { counted } from '../wording.js';
import { openAudio } from './audio.js';
import type { AudioTrack } from './audio-track.js';
import { FrameClock, ticksOf, type FrameTime } from 'facemirror-core/flow/frame-clock.js';
import { Decoder } from './decoder.js';
import { openDemuxer, truncated, type Demuxer } from './demuxer.js';
import { RefinedPictures } from './refined-pictures.js';
import { UprightConverter } from './upright.js';
import { squareSize } from 'facemirror-core/frames/square-size.js';
import { describeVideo, frameRateOf, type VideoInfo } from './video-info.js';

/** Takes sound packets on their way; they are the reader's and gone when the promise resolves. */
export type AudioSink = (packet: Packet) => Promise<void>;

/** Sound that comes before the first picture and has to wait for the outputs to be opened, in bytes. */
const MAXIMUM_EARLY_AUDIO_BYTES = 64 * 1024 * 1024;
/** How to read. */
export interface ReaderOptions {
  /** Leave the sound alone. Default false. */
  readonly noAudio?: boolean;
  /** Decoder threads. Default: half the processor's. */
  readonly threads?: number;
}

/**
 * Reads a video once, from its first frame to its last, into frames of a pool. One call of `next` at a time. Close it
 * on every path.
 */
export class VideoReader implements FrameSource {
  readonly info: VideoInfo;
  /** The sound on its way to the outputs, or null. */
  readonly audio: AudioTrack | null;
  /** Set it before the first `next`; without it the sound is dropped. */
  audioSink: AudioSink | null = null;
  readonly #demuxer: Demuxer;
  readonly #decoder: Decoder;
  readonly #pictures: RefinedPictures;
  readonly #converter: UprightConverter;
  readonly #clock: FrameClock;
  /** The decoder's picture from `open`, until `next` has taken it. */
  #first: AVFrame | null;
  readonly #earlyAudio: Packet[];
  #frames = 0;
  /** Of the last picture; after a jump pictures up to it come again, and are passed over. */
  #lastPts: bigint | null = null;
  #passedUntil: bigint | null = null;
  /** Frames whose size is not the first one's. */
  #otherSizes = 0;
  readonly #audioIsLost: boolean;
  #underWay: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(opened: {
    demuxer: Demuxer;
    decoder: Decoder;
    pictures: RefinedPictures;
    first: AVFrame;
    earlyAudio: Packet[];
    audio: AudioTrack | null;
    audioIsLost: boolean;
    clock: FrameClock;
    info: VideoInfo;
    converter: UprightConverter;
  }) {
    this.info = opened.info;
    this.audio = opened.audio;
    this.#demuxer = opened.demuxer;
    this.#decoder = opened.decoder;
    this.#pictures = opened.pictures;
    this.#converter = opened.converter;
    this.#audioIsLost = opened.audioIsLost;
    this.#clock = opened.clock;
    this.#first = opened.first;
    this.#earlyAudio = opened.earlyAudio;
  }

  /**
   * Opens a video and decodes its first frame, which says more than the file's header.
   * @throws FaceMirrorError FILE_UNREADABLE, NOT_A_VIDEO, VIDEO_DAMAGED.
   */
  static async open(path: string, options: ReaderOptions = {}): Promise<VideoReader> {
    const demuxer = await openDemuxer(path);
    const decoder = new Decoder(demuxer, path);
    const earlyAudio: Packet[] = [];
    let audio: AudioTrack | null = null;
    let pictures: RefinedPictures | null = null;
    try {
      await decoder.open(options.threads ?? Math.max(1, Math.min(8, Math.floor(usableCores() / 2))));
      const hasAudio = demuxer.audio !== null && options.noAudio !== true;
      const onEarlyAudio = (packet: Packet): Promise<void> => {
        if (hasAudio) keepEarly(packet, earlyAudio, path);
        return Promise.resolve();
      };
      const coded = await decoder.next(onEarlyAudio);
      if (coded === null) throw truncated(path, 'not one of its pictures can be decoded');
      pictures = new RefinedPictures(decoder, coded, demuxer.video.timeBase);
      const first = await pictures.next(onEarlyAudio);
      if (first === null) throw truncated(path, 'not one of its pictures can be decoded');
      const clock = new FrameClock(demuxer.video.timeBase, demuxer.startSeconds, frameRateOf(demuxer));
      audio = hasAudio && demuxer.audio !== null ? await openAudio(demuxer.audio, demuxer.startSeconds ?? 0) : null;
      const info = describeVideo(path, demuxer, first, clock.timeBase, audio);
      const square = squareSize(info.codedWidth, info.codedHeight, info.pixelAspect);
      const converter = new UprightConverter(square.width, square.height, info.orientation);
      return new VideoReader({
        demuxer,
        decoder,
        pictures,
        first,
        earlyAudio,
        audio,
        audioIsLost: hasAudio && audio === null,
        clock,
        info,
        converter,
      });
    } catch (error) {
      audio?.close();
      pictures?.close();
      for (const packet of earlyAudio) packet.free();
      decoder.close();
      await demuxer.format.closeInput();
      throw error;
    }
  }

  /** Sentences for the user on what was found in the file so far. */
  get warnings(): readonly string[] {
    const warnings = [...this.#demuxer.warnings, ...this.#decoder.warnings(), ...this.#pictures.warnings];
    if (this.#demuxer.time.isMended)
      warnings.push("The file's clock jumps; what follows a jump was placed right after what comes before it.");
    if (this.#audioIsLost) warnings.push('The sound is in a form that cannot be read; it was left out.');
    if (this.audio !== null && this.audio.dropped > 0)
      warnings.push(
        `${counted(this.audio.dropped, 'packet')} of sound did not follow those before them, and were left out.`,
      );
    if (this.#clock.repaired > 0)
      warnings.push(
        `${counted(this.#clock.repaired, 'frame')} had no time stamp, or one that does not follow the frame before; each was placed just after it.`,
      );
    if (this.#otherSizes > 0)
      warnings.push(`${counted(this.#otherSizes, 'frame')} had another size than the first, and were scaled to it.`);
    return warnings;
  }

  /**
   * Decodes the next frame into `target`, a frame of the size and colour that `info` says.
   * @returns null at the end of the video, with nothing written to `target`.
   * @throws FaceMirrorError VIDEO_DAMAGED when the file breaks off.
   */
  next(target: Frame): Promise<SourceFrame | null> {
    return this.find(target, () => true);
  }

  /**
   * Decodes frames up to the next one that is wanted, into `target`; the others are not converted, which spares half their time.
   * Otherwise like `next`.
   * @param isWanted is told each frame's time and its number, counted from 1; the number is NaN after a jump.
   */
  find(target: Frame, isWanted: (time: FrameTime, number: number) => boolean): Promise<SourceFrame | null> {
    if (this.#closed) return Promise.reject(new Error('VideoReader was asked for a frame after close.'));
    const result = this.#next(target, isWanted);
    this.#underWay = result.catch(() => undefined);
    return result;
  }

  /**
   * Goes on at the last key frame before a time, if that lies ahead. Frames that were given out do not come again.
   * @returns false where this file cannot be read but from its start: nothing has changed then.
   */
  async jump(seconds: number): Promise<boolean> {
    const { format, video, startSeconds } = this.#demuxer;
    const isContinuous = ((format.iformat?.flags ?? 0) & AVFMT_TS_DISCONT) === 0;
    if (!this.#pictures.isPlain || !isContinuous || startSeconds === null || this.#lastPts === null) return false;
    const at = ticksOf(startSeconds + seconds, video.timeBase);
    if ((await format.seekFrame(video.index, at, AVSEEK_FLAG_BACKWARD)) < 0) return false;
    this.#decoder.flush();
    this.#passedUntil = this.#lastPts;
    this.#frames = NaN;
    return true;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#underWay;
    for (const packet of this.#earlyAudio.splice(0)) packet.free();
    this.#converter.close();
    this.audio?.close();
    this.#pictures.close();
    this.#decoder.close();
    await this.#demuxer.format.closeInput();
  }

  async #next(target: Frame, isWanted: (time: FrameTime, number: number) => boolean): Promise<SourceFrame | null> {
    for (const packet of this.#earlyAudio.splice(0)) {
      await this.#passAudio(packet);
      packet.free();
    }
    for (;;) {
      const picture = this.#first ?? (await this.#pictures.next((packet) => this.#passAudio(packet)));
      this.#first = null;
      if (picture === null) {
        await this.#passAudio(null);
        return null;
      }
      const stamp = stampOf(picture);
      if (this.#passedUntil !== null && (stamp.pts === null || stamp.pts <= this.#passedUntil)) {
        picture.unref();
        continue;
      }
      this.#passedUntil = null;
      this.#lastPts = stamp.pts;
      const time = this.#clock.next(stamp);
      if (picture.width !== this.info.codedWidth || picture.height !== this.info.codedHeight) this.#otherSizes++;
      const number = ++this.#frames;
      if (!isWanted(time, number)) {
        picture.unref();
        continue;
      }
      const decodedAt = performance.now();
      await this.#converter.convert(picture, target);
      const convertMs = performance.now() - decodedAt;
      picture.unref();
      return { frame: target, number, time, convertMs };
    }
  }

  async #passAudio(packet: Packet | null): Promise<void> {
    if (this.audio === null || this.audioSink === null) return;
    const made = await this.audio.convert(packet);
    try {
      for (const each of made) await this.audioSink(each);
    } finally {
      for (const each of made) each.free();
    }
  }
}

/**
 * What a video is, without reading more than its first frame.
 *
 * @example
 * const { width, height, codec } = await probeVideo('patient.mp4');
 * codec; // 'h264'
 */
export async function probeVideo(path: string): Promise<VideoInfo> {
  const reader = await VideoReader.open(path);
  try {
    return reader.info;
  } finally {
    await reader.close();
  }
}

function keepEarly(packet: Packet, kept: Packet[], path: string): void {
  const copy = packet.clone();
  if (copy === null) return;
  kept.push(copy);
  if (kept.reduce((sum, each) => sum + each.size, 0) > MAXIMUM_EARLY_AUDIO_BYTES)
    throw truncated(path, 'its sound goes on and on before the first picture');
}

function stampOf(picture: AVFrame): { pts: bigint | null; duration: bigint } {
  const pts = picture.bestEffortTimestamp;
  return { pts: pts === AV_NOPTS_VALUE ? null : pts, duration: picture.duration };
}
