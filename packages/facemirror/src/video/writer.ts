import {
  AVERROR_EAGAIN,
  AVERROR_EINVAL,
  AVERROR_EOF,
  AVERROR_INVALIDDATA,
  Dictionary,
  FormatContext,
  type Frame as AVFrame,
  Packet,
  Rational,
  SWS_POINT,
  SoftwareScaleContext,
  AV_PIX_FMT_YUV420P,
  type CodecContext,
  type Stream,
} from 'node-av';
import type { Frame } from 'facemirror-core/frames/frame.js';
import type { AudioTrack } from './audio-track.js';
import type { FrameTime, TimeBase } from 'facemirror-core/flow/frame-clock.js';
import type { ColourTags } from './colour.js';
import type { EncoderName } from 'facemirror-core/settings/encoders.js';
import { openEncoder } from './encoder.js';
import { Serial, expectSuccess, reasonOf, writeError } from './ffmpeg.js';
import { OwnPicture } from './own-picture.js';
import { poolBuffers } from './pool-buffers.js';

/** What to write, and where. */
export interface WriterOptions {
  /** The file to write; an existing one is replaced. */
  readonly path: string;
  /** What errors call the file, where it is written under a name that means nothing to the user. Default: its path. */
  readonly shownPath?: string;
  /** Size of the frames that will be written. */
  readonly width: number;
  readonly height: number;
  readonly timeBase: TimeBase;
  readonly frameRate: number | null;
  readonly colourTags: ColourTags;
  readonly encoder: EncoderName;
  /** x264's constant rate factor, 0 to 51. */
  readonly quality: number;
  readonly threads: number;
  /** Sound to write beside the picture, or null. */
  readonly audio: Pick<AudioTrack, 'parameters' | 'timeBase'> | null;
  /**
   * Put the index at the file's front, for playing over a network, at the cost of writing the file twice. Default
   * false.
   */
  readonly faststart?: boolean;
}

/**
 * Writes one H.264 MP4. H.264 pictures have even sizes: an odd last column or row is written twice.
 * End it with `finish`, or with `discard` on any other path; the file itself stays, for the caller to keep or remove.
 */
export class VideoWriter {
  readonly #shownPath: string;
  readonly #format: FormatContext;
  readonly #encoder: CodecContext;
  readonly #video: Stream;
  readonly #audio: Stream | null;
  readonly #audioTimeBase: TimeBase | null;
  readonly #timeBase: TimeBase;
  readonly #picture: EncoderPicture;
  readonly #packet = new Packet();
  /** Encoding and muxing run side by side; sound and picture take turns at the muxer. */
  readonly #encoding = new Serial();
  readonly #muxing = new Serial();
  #refusedAudio = 0;
  #isOpen = true;

  private constructor(
    options: WriterOptions,
    format: FormatContext,
    encoder: CodecContext,
    video: Stream,
    audio: Stream | null,
  ) {
    this.#shownPath = options.shownPath ?? options.path;
    this.#format = format;
    this.#encoder = encoder;
    this.#video = video;
    this.#audio = audio;
    this.#audioTimeBase = options.audio?.timeBase ?? null;
    this.#timeBase = options.timeBase;
    this.#picture = new EncoderPicture(options.width, options.height, encoder);
    this.#packet.alloc();
  }

  /** @throws FaceMirrorError ENCODER_UNAVAILABLE, FILE_UNWRITABLE, DISK_FULL. */
  static async open(options: WriterOptions): Promise<VideoWriter> {
    const encoder = await openEncoder(options.encoder, options);
    const format = new FormatContext();
    try {
      expectSuccess(format.allocOutputContext2(null, 'mp4', `file:${options.path}`), 'avformat_alloc_output_context2');
      const opened = await format.openOutput();
      if (opened < 0) throw writeError(opened, options.shownPath ?? options.path);
      const video = format.newStream();
      expectSuccess(video.codecpar.fromContext(encoder), 'avcodec_parameters_from_context');
      video.timeBase = encoder.timeBase;
      if (options.frameRate !== null) video.avgFrameRate = encoder.framerate;
      const audio = options.audio === null ? null : addAudio(format, options.audio);
      const code = await format.writeHeader(
        options.faststart === true ? Dictionary.fromObject({ movflags: 'faststart' }) : null,
      );
      if (code < 0) throw writeError(code, options.shownPath ?? options.path);
      return new VideoWriter(options, format, encoder, video, audio);
    } catch (error) {
      encoder.freeContext();
      await format.closeOutput();
      format.freeContext();
      throw error;
    }
  }

  /** Sentences for the user on what could not be written. */
  get warnings(): readonly string[] {
    return this.#refusedAudio === 0 ? [] : [`${this.#refusedAudio} packets of sound were damaged, and were left out.`];
  }

  /** Encodes a frame, which may be released when the promise resolves. Times must increase. */
  write(frame: Frame, time: FrameTime): Promise<void> {
    return this.#encoding.run(async () => {
      const picture = await this.#picture.fill(frame);
      picture.pts = time.ticks;
      picture.duration = time.durationTicks;
      await this.#encode(picture);
    });
  }

  /** Writes a sound packet of the track that the writer was opened with; the packet stays the caller's. */
  writeAudio(packet: Packet): Promise<void> {
    const stream = this.#audio;
    const timeBase = this.#audioTimeBase;
    const copy = packet.clone();
    if (stream === null || timeBase === null || copy === null) return Promise.resolve();
    return this.#muxing
      .run(async () => {
        copy.streamIndex = stream.index;
        copy.rescaleTs(timeBase, stream.timeBase);
        const code = await this.#format.interleavedWriteFrame(copy);
        if (code >= 0) return;
        // The disk is in order; it is the packet that MP4 does not take.
        if ((code === AVERROR_EINVAL || code === AVERROR_INVALIDDATA) && (this.#format.pb?.error ?? 0) >= 0)
          this.#refusedAudio++;
        else throw writeError(code, this.#shownPath);
      })
      .finally(() => copy.free());
  }

  /** Completes the file. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  async finish(): Promise<void> {
    try {
      await this.#encoding.run(() => this.#encode(null));
      await this.#muxing.run(async () => {
        const code = await this.#format.writeTrailer();
        const error = this.#format.pb?.error ?? 0;
        if (code < 0 || error < 0) throw writeError(code < 0 ? code : error, this.#shownPath);
      });
    } finally {
      await this.discard();
    }
  }

  /** Gives everything back without completing the file. Safe to call after `finish`. */
  async discard(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#encoding.idle();
    await this.#muxing.idle();
    this.#encoder.freeContext();
    this.#picture.close();
    this.#packet.free();
    await this.#format.closeOutput();
    this.#format.freeContext();
  }

  async #encode(picture: AVFrame | null): Promise<void> {
    const sent = await this.#encoder.sendFrame(picture);
    if (sent < 0) throw new Error(`The encoder refused a frame for ${this.#shownPath}: ${reasonOf(sent)}.`);
    for (;;) {
      // The work is done in sendFrame; only while it drains at the end does receivePacket work.
      const code =
        picture === null
          ? await this.#encoder.receivePacket(this.#packet)
          : this.#encoder.receivePacketSync(this.#packet);
      if (code === AVERROR_EAGAIN || code === AVERROR_EOF) return;
      if (code < 0) throw new Error(`The encoder failed for ${this.#shownPath}: ${reasonOf(code)}.`);
      await this.#muxing.run(async () => {
        this.#packet.streamIndex = this.#video.index;
        this.#packet.rescaleTs(this.#timeBase, this.#video.timeBase);
        await this.#mux(this.#packet);
      });
    }
  }

  async #mux(packet: Packet): Promise<void> {
    const code = await this.#format.interleavedWriteFrame(packet);
    if (code < 0) throw writeError(code, this.#shownPath);
  }
}

function addAudio(format: FormatContext, audio: Pick<AudioTrack, 'parameters' | 'timeBase'>): Stream {
  const stream = format.newStream();
  expectSuccess(audio.parameters.copy(stream.codecpar), 'avcodec_parameters_copy');
  stream.timeBase = new Rational(audio.timeBase.num, audio.timeBase.den);
  return stream;
}

/** The picture that is handed to the encoder, filled again for each frame. */
class EncoderPicture {
  readonly #own = new OwnPicture();
  readonly #scaler = new SoftwareScaleContext();
  readonly #encoder: CodecContext;
  readonly #width: number;
  readonly #height: number;

  constructor(width: number, height: number, encoder: CodecContext) {
    this.#width = width;
    this.#height = height;
    this.#encoder = encoder;
    // The same size and values: this only copies rows, or weaves U and V for encoders that want NV12.
    this.#scaler.getContext(width, height, AV_PIX_FMT_YUV420P, width, height, encoder.pixelFormat, SWS_POINT);
  }

  async fill(frame: Frame): Promise<AVFrame> {
    const { picture } = this.#own;
    if (!this.#own.isAllocated || !picture.isWritable) this.#allocate();
    const { planes, strides } = this.#own;
    const source = poolBuffers(frame);
    expectSuccess(
      await this.#scaler.scale(source.planes, source.strides, 0, this.#height, planes, strides),
      'sws_scale',
    );
    this.#repeatLast(planes[0], strides[0] ?? 0);
    return picture;
  }

  close(): void {
    this.#own.close();
    this.#scaler.freeContext();
  }

  /** A picture whose last one is still in the encoder's hands gets new memory. */
  #allocate(): void {
    const { picture } = this.#own;
    this.#own.allocate(this.#encoder.width, this.#encoder.height, this.#encoder.pixelFormat);
    picture.colorRange = this.#encoder.colorRange;
    picture.colorSpace = this.#encoder.colorSpace;
    picture.colorPrimaries = this.#encoder.colorPrimaries;
    picture.colorTrc = this.#encoder.colorTrc;
  }

  /** Fills the column and the row that an odd size lacks; the chroma planes cover them already. */
  #repeatLast(luma: Buffer | undefined, stride: number): void {
    if (luma === undefined) return;
    if (this.#width % 2 === 1) {
      for (let row = 0; row < this.#height; row++) {
        const end = row * stride + this.#width;
        luma[end] = luma[end - 1] ?? 0;
      }
    }
    if (this.#height % 2 === 1)
      luma.copyWithin(this.#height * stride, (this.#height - 1) * stride, (this.#height - 1) * stride + stride);
  }
}
