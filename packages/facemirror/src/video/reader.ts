import {
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AV_FRAME_DATA_DISPLAYMATRIX,
  AV_FRAME_FLAG_CORRUPT,
  AV_NOPTS_VALUE,
  AV_PKT_DATA_DISPLAYMATRIX,
  AV_PKT_FLAG_CORRUPT,
  CodecContext,
  Frame as AVFrame,
  Packet,
  avGetCodecName,
  avGetPixFmtName,
  type AVPixelFormat,
} from 'node-av';
import { FaceMirrorError } from '../errors.js';
import type { Colour, Frame } from '../frames/frame.js';
import { usableCores } from '../machine/usable-cores.js';
import { counted } from '../wording.js';
import { openAudio, type AudioTrack } from './audio.js';
import { FrameClock, type FrameTime, type TimeBase } from './clock.js';
import { colourOf, colourTags, type ColourTags } from './colour.js';
import { openDemuxer, readPacket, truncated, type Demuxer } from './demuxer.js';
import { reasonOf } from './ffmpeg.js';
import { orientationOf, type Orientation } from './orientation.js';
import { UprightConverter } from './upright.js';

/** What a video is, as its file and its first frame say. */
export interface VideoInfo {
  readonly path: string;
  readonly container: string;
  readonly codec: string;
  readonly pixelFormat: string;
  /** Size of the pictures as they are coded. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** Size of the upright picture with square pixels. */
  readonly width: number;
  readonly height: number;
  /** Width of a coded pixel over its height. */
  readonly pixelAspect: number;
  readonly orientation: Orientation;
  /** Mean frames a second, null when the file does not say. */
  readonly frameRate: number | null;
  readonly durationSeconds: number | null;
  /** Frames that the file claims to hold; an estimate from its length where it does not count them; null when unknown. */
  readonly expectedFrames: number | null;
  /** Of the times of all frames. */
  readonly timeBase: TimeBase;
  readonly colour: Colour;
  readonly colourTags: ColourTags;
  readonly audio: { readonly codec: string; readonly mode: 'copy' | 'encode' } | null;
}

/** A frame of the pool that holds a picture of the video. */
export interface VideoFrame {
  readonly frame: Frame;
  /** The first is 1. */
  readonly number: number;
  readonly time: FrameTime;
}

/** Takes sound packets on their way; they are the reader's and gone when the promise resolves. */
export type AudioSink = (packet: Packet) => Promise<void>;

/** Sound that comes before the first picture and has to wait for the outputs to be opened, in bytes. */
const MAXIMUM_EARLY_AUDIO_BYTES = 64 * 1024 * 1024;
/** Pixels are never this far from square; such a value is a mistake in the file. */
const MAXIMUM_PIXEL_ASPECT = 8;

export interface ReaderOptions {
  /** Leave the sound alone. Default false. */
  readonly noAudio?: boolean;
  /** Decoder threads. Default: half the processor's. */
  readonly threads?: number;
}

/**
 * Reads a video once, from its first frame to its last, into frames of a pool. One call of `next` at a time. Close it on
 * every path.
 */
export class VideoReader {
  readonly info: VideoInfo;
  /** The sound on its way to the outputs, or null. */
  readonly audio: AudioTrack | null;
  /** Set it before the first `next`; without it the sound is dropped. */
  audioSink: AudioSink | null = null;
  readonly #demuxer: Demuxer;
  readonly #decoder: Decoder;
  readonly #converter: UprightConverter;
  readonly #clock: FrameClock;
  /** The decoder's picture from `open`, until `next` has taken it. */
  #first: AVFrame | null;
  readonly #earlyAudio: Packet[];
  #frames = 0;
  /** Frames whose size is not the first one's. */
  #otherSizes = 0;
  readonly #audioIsLost: boolean;
  #underWay: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(opened: { demuxer: Demuxer; decoder: Decoder; first: AVFrame; earlyAudio: Packet[]; audio: AudioTrack | null; audioIsLost: boolean; clock: FrameClock; info: VideoInfo; converter: UprightConverter }) {
    this.info = opened.info;
    this.audio = opened.audio;
    this.#demuxer = opened.demuxer;
    this.#decoder = opened.decoder;
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
    try {
      await decoder.open(options.threads ?? Math.max(1, Math.min(8, Math.floor(usableCores() / 2))));
      const hasAudio = demuxer.audio !== null && options.noAudio !== true;
      const first = await decoder.next((packet) => {
        if (hasAudio) keepEarly(packet, earlyAudio, path);
        return Promise.resolve();
      });
      if (first === null) throw truncated(path, 'not one of its pictures can be decoded');
      const clock = new FrameClock(demuxer.video.timeBase, demuxer.startSeconds, frameRateOf(demuxer));
      audio = hasAudio && demuxer.audio !== null ? await openAudio(demuxer.audio, demuxer.startSeconds ?? 0) : null;
      const info = describe(path, demuxer, first, clock.timeBase, audio);
      const square = squareSize(info.codedWidth, info.codedHeight, info.pixelAspect);
      const converter = new UprightConverter(square.width, square.height, info.orientation);
      return new VideoReader({ demuxer, decoder, first, earlyAudio, audio, audioIsLost: hasAudio && audio === null, clock, info, converter });
    } catch (error) {
      audio?.close();
      for (const packet of earlyAudio) packet.free();
      decoder.close();
      await demuxer.format.closeInput();
      throw error;
    }
  }

  /** Sentences for the user on what was found in the file so far. */
  get warnings(): readonly string[] {
    const warnings = [...this.#demuxer.warnings, ...this.#decoder.warnings()];
    if (this.#demuxer.time.isMended) warnings.push("The file's clock jumps; what follows a jump was placed right after what comes before it.");
    if (this.#audioIsLost) warnings.push('The sound is in a form that cannot be read; it was left out.');
    if (this.audio !== null && this.audio.dropped > 0) warnings.push(`${counted(this.audio.dropped, 'packet')} of sound did not follow those before them, and were left out.`);
    if (this.#clock.repaired > 0) warnings.push(`${counted(this.#clock.repaired, 'frame')} had no time stamp, or one that does not follow the frame before; each was placed just after it.`);
    if (this.#otherSizes > 0) warnings.push(`${counted(this.#otherSizes, 'frame')} had another size than the first, and were scaled to it.`);
    return warnings;
  }

  /**
   * Decodes the next frame into `target`, a frame of the size and colour that `info` says.
   * @returns null at the end of the video, with nothing written to `target`.
   * @throws FaceMirrorError VIDEO_DAMAGED when the file breaks off.
   */
  next(target: Frame): Promise<VideoFrame | null> {
    if (this.#closed) return Promise.reject(new Error('VideoReader.next was called after close.'));
    const result = this.#next(target);
    this.#underWay = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#underWay;
    for (const packet of this.#earlyAudio.splice(0)) packet.free();
    this.#converter.close();
    this.audio?.close();
    this.#decoder.close();
    await this.#demuxer.format.closeInput();
  }

  async #next(target: Frame): Promise<VideoFrame | null> {
    for (const packet of this.#earlyAudio.splice(0)) {
      await this.#passAudio(packet);
      packet.free();
    }
    const picture = this.#first ?? (await this.#decoder.next((packet) => this.#passAudio(packet)));
    if (picture === null) {
      await this.#passAudio(null);
      return null;
    }
    const time = this.#clock.next(stampOf(picture));
    if (picture.width !== this.info.codedWidth || picture.height !== this.info.codedHeight) this.#otherSizes++;
    await this.#converter.convert(picture, target);
    picture.unref();
    this.#first = null;
    this.#frames++;
    return { frame: target, number: this.#frames, time };
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

/** What a video is, without reading more than its first frame. */
export async function probeVideo(path: string): Promise<VideoInfo> {
  const reader = await VideoReader.open(path);
  try {
    return reader.info;
  } finally {
    await reader.close();
  }
}

/** Packets in, pictures out. */
class Decoder {
  readonly #demuxer: Demuxer;
  readonly #path: string;
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  readonly #picture = new AVFrame();
  #isDraining = false;
  #undecodable = 0;
  #damaged = 0;

  constructor(demuxer: Demuxer, path: string) {
    this.#demuxer = demuxer;
    this.#path = path;
    this.#packet.alloc();
    this.#picture.alloc();
    this.#context.allocContext3(demuxer.decoder);
  }

  async open(threads: number): Promise<void> {
    const { video, decoder } = this.#demuxer;
    this.#context.parametersToContext(video.codecpar);
    this.#context.pktTimebase = video.timeBase;
    this.#context.threadCount = threads;
    const code = await this.#context.open2(decoder);
    if (code < 0) throw new FaceMirrorError('NOT_A_VIDEO', `${this.#path} holds a video that the ${decoder.name ?? ''} decoder does not open (${reasonOf(code)}): convert it to H.264 first.`);
  }

  warnings(): string[] {
    const warnings: string[] = [];
    if (this.#undecodable > 0) warnings.push(`${counted(this.#undecodable, 'packet')} of the video could not be decoded; what they show is missing.`);
    if (this.#damaged > 0) warnings.push(`${counted(this.#damaged, 'frame')} came from damaged data and may show wrong pixels.`);
    return warnings;
  }

  /** The next picture, the caller's until the next call; null at the end. Sound that is met on the way goes to `onAudio`. */
  async next(onAudio: (packet: Packet) => Promise<void>): Promise<AVFrame | null> {
    for (;;) {
      // While packets go in, the work is done in sendPacket and this only hands over; at the end this does the work.
      const code = this.#isDraining ? await this.#context.receiveFrame(this.#picture) : this.#context.receiveFrameSync(this.#picture);
      if (code >= 0) {
        if (this.#picture.decodeErrorFlags !== 0 || this.#picture.hasFlags(AV_FRAME_FLAG_CORRUPT)) this.#damaged++;
        return this.#picture;
      }
      if (code === AVERROR_EOF) return null;
      if (code !== AVERROR_EAGAIN) this.#undecodable++;
      else await this.#feed(onAudio);
    }
  }

  close(): void {
    this.#context.freeContext();
    this.#packet.free();
    this.#picture.free();
  }

  async #feed(onAudio: (packet: Packet) => Promise<void>): Promise<void> {
    const hasPacket = await readPacket(this.#demuxer, this.#packet, this.#path);
    if (!hasPacket) {
      this.#isDraining = true;
      await this.#context.sendPacket(null);
      return;
    }
    try {
      if (this.#packet.streamIndex === this.#demuxer.video.index) await this.#decode();
      else if (this.#packet.streamIndex === this.#demuxer.audio?.index) await onAudio(this.#packet);
    } finally {
      this.#packet.unref();
    }
  }

  async #decode(): Promise<void> {
    // Demuxers set this flag on the packet in which the file ends; broadcasts set it on any that lost a piece.
    if (this.#packet.hasFlags(AV_PKT_FLAG_CORRUPT) && isIndexed(this.#demuxer)) throw truncated(this.#path, 'it ends in the middle of a frame');
    const code = await this.#context.sendPacket(this.#packet);
    if (code < 0) this.#undecodable++;
  }
}

/** Containers that say beforehand where each frame lies. */
function isIndexed(demuxer: Demuxer): boolean {
  return /mov|mp4/.test(demuxer.format.iformat?.name ?? '');
}

function keepEarly(packet: Packet, kept: Packet[], path: string): void {
  const copy = packet.clone();
  if (copy === null) return;
  kept.push(copy);
  if (kept.reduce((sum, each) => sum + each.size, 0) > MAXIMUM_EARLY_AUDIO_BYTES) throw truncated(path, 'its sound goes on and on before the first picture');
}

function stampOf(picture: AVFrame): { pts: bigint | null; duration: bigint } {
  const pts = picture.bestEffortTimestamp;
  return { pts: pts === AV_NOPTS_VALUE ? null : pts, duration: picture.duration };
}

function frameRateOf(demuxer: Demuxer): number | null {
  for (const rate of [demuxer.video.avgFrameRate, demuxer.video.rFrameRate]) {
    if (rate.num > 0 && rate.den > 0) return rate.num / rate.den;
  }
  return null;
}

function describe(path: string, demuxer: Demuxer, first: AVFrame, timeBase: TimeBase, audio: AudioTrack | null): VideoInfo {
  const { video } = demuxer;
  const matrix = video.codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX) ?? first.getSideData(AV_FRAME_DATA_DISPLAYMATRIX);
  const orientation = orientationOf(matrix);
  const pixelAspect = pixelAspectOf(demuxer, first);
  const square = squareSize(first.width, first.height, pixelAspect);
  const frameRate = frameRateOf(demuxer);
  const tags = colourTags(first);
  const counted = Number(video.nbFrames);
  const estimated = frameRate !== null && demuxer.durationSeconds !== null ? Math.round(frameRate * demuxer.durationSeconds) : null;
  return {
    path,
    container: demuxer.format.iformat?.name ?? 'unknown',
    codec: avGetCodecName(video.codecpar.codecId) ?? 'unknown',
    pixelFormat: avGetPixFmtName(first.format as AVPixelFormat) ?? 'unknown',
    codedWidth: first.width,
    codedHeight: first.height,
    width: orientation.swapsSides ? square.height : square.width,
    height: orientation.swapsSides ? square.width : square.height,
    pixelAspect,
    orientation,
    frameRate,
    durationSeconds: demuxer.durationSeconds,
    expectedFrames: counted > 0 ? counted : estimated,
    timeBase,
    colour: colourOf(tags, first.width, first.height),
    colourTags: tags,
    audio: audio === null ? null : { codec: audio.codec, mode: audio.mode },
  };
}

/** The container's word on the pixels' shape goes before the codec's, as players do it. */
function pixelAspectOf(demuxer: Demuxer, first: AVFrame): number {
  for (const aspect of [demuxer.video.sampleAspectRatio, first.sampleAspectRatio]) {
    const value = aspect.num / aspect.den;
    if (aspect.num > 0 && aspect.den > 0 && value >= 1 / MAXIMUM_PIXEL_ASPECT && value <= MAXIMUM_PIXEL_ASPECT) return value;
  }
  return 1;
}

/** The size with square pixels: the side that is too short is stretched, to an even number of pixels. */
function squareSize(width: number, height: number, pixelAspect: number): { width: number; height: number } {
  const even = (value: number): number => Math.max(2, 2 * Math.round(value / 2));
  if (pixelAspect > 1) return { width: even(width * pixelAspect), height };
  if (pixelAspect < 1) return { width, height: even(height / pixelAspect) };
  return { width, height };
}
