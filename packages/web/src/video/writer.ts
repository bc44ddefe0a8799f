import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
  StreamTarget,
  type InputAudioTrack,
} from 'mediabunny';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import type { FrameTime } from 'facemirror-core/flow/frame-clock.js';
import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';
import type { StoredFile } from '../storage/result-files.js';
import type { ChosenEncoder } from './encoder.js';

/** Pictures in the encoder's hands at a time. */
const MOST_QUEUED = 2;
/** Pictures from one that stands alone to the next: what a player decodes at most to show any. */
const KEY_INTERVAL = 60;
/** Bytes that are collected for a file before they are written. */
const CHUNK = 1 << 20;

export interface WriterOptions {
  readonly file: StoredFile;
  readonly encoder: ChosenEncoder;
  readonly colourSpace: VideoColorSpaceInit;
  /** Sound to copy, or null. */
  readonly sound: InputAudioTrack | null;
}

/** Whether MP4 takes a track's sound as it is. */
export async function canCopySound(sound: InputAudioTrack): Promise<boolean> {
  const codec = await sound.getCodec();
  return codec !== null && new Mp4OutputFormat().getSupportedAudioCodecs().includes(codec);
}

/**
 * Writes one MP4. An odd last column or row is written twice: pictures of 4:2:0 have even sizes. End it with `finish`,
 * or with `discard` on any other path.
 */
export class VideoWriter {
  readonly #options: WriterOptions;
  readonly #output: Output;
  readonly #video: EncodedVideoPacketSource;
  readonly #sound: EncodedAudioPacketSource | null;
  readonly #soundConfig: AudioDecoderConfig | null;
  readonly #encoder: VideoEncoder;
  /** When the pictures in the encoder's hands are shown, in seconds, by the microseconds that it knows them by. */
  readonly #times = new Map<number, { readonly seconds: number; readonly duration: number }>();
  readonly #picture: EvenPicture;
  #written: Promise<void> = Promise.resolve();
  #failure: Error | null = null;
  #frames = 0;
  #lastStamp = -1;
  #saysSound = false;
  #isOpen = true;

  private constructor(
    options: WriterOptions,
    output: Output,
    video: EncodedVideoPacketSource,
    sound: EncodedAudioPacketSource | null,
    soundConfig: AudioDecoderConfig | null,
  ) {
    this.#options = options;
    this.#output = output;
    this.#video = video;
    this.#sound = sound;
    this.#soundConfig = soundConfig;
    this.#picture = new EvenPicture(options);
    this.#encoder = new VideoEncoder({
      output: (chunk, metadata) => this.#take(chunk, metadata),
      error: (cause) => this.#fail(encoderLost(cause)),
    });
    this.#encoder.configure(options.encoder.config);
  }

  /** @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  static async open(options: WriterOptions): Promise<VideoWriter> {
    const { file, encoder, sound } = options;
    const writable = new WritableStream<{ readonly data: Uint8Array; readonly position: number }>({
      write: ({ data, position }) => file.writeAt(data, position),
    });
    const output = new Output({
      format: new Mp4OutputFormat({ fastStart: false }),
      target: new StreamTarget(writable, { chunked: true, chunkSize: CHUNK }),
    });
    const video = new EncodedVideoPacketSource(encoder.codec);
    output.addVideoTrack(video);
    const codec = (await sound?.getCodec()) ?? null;
    const soundSource = codec === null ? null : new EncodedAudioPacketSource(codec);
    if (soundSource !== null) output.addAudioTrack(soundSource);
    await output.start();
    return new VideoWriter(options, output, video, soundSource, (await sound?.getDecoderConfig()) ?? null);
  }

  /** Encodes a frame, which may be released when the promise resolves. Times must increase. */
  async write(frame: Frame, time: FrameTime, durationSeconds: number): Promise<void> {
    while (this.#failure === null && this.#encoder.encodeQueueSize >= MOST_QUEUED) await nextDequeue(this.#encoder);
    this.#throwFailure();
    const stamp = Math.max(this.#lastStamp + 1, Math.round(time.seconds * 1e6));
    this.#lastStamp = stamp;
    this.#times.set(stamp, { seconds: time.seconds, duration: durationSeconds });
    const picture = this.#picture.of(frame, stamp, Math.round(durationSeconds * 1e6));
    try {
      this.#encoder.encode(picture, { keyFrame: this.#frames++ % KEY_INTERVAL === 0 });
    } finally {
      picture.close();
    }
  }

  /** Writes a packet of the track that the writer was opened with. */
  async writeSound(packet: EncodedPacket, seconds: number): Promise<void> {
    if (this.#sound === null) return;
    this.#throwFailure();
    const metadata = this.#saysSound || this.#soundConfig === null ? undefined : { decoderConfig: this.#soundConfig };
    this.#saysSound = true;
    await this.#sound.add(packet.clone({ timestamp: seconds }), metadata);
  }

  /** Completes the file. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE, ENCODER_UNAVAILABLE. */
  async finish(): Promise<void> {
    try {
      this.#throwFailure();
      await this.#encoder.flush();
      await this.#written;
      this.#throwFailure();
      await this.#output.finalize();
      await this.#options.file.close();
      this.#isOpen = false;
    } finally {
      await this.discard();
    }
  }

  /** Gives everything back without completing the file. Safe to call after `finish`. */
  async discard(): Promise<void> {
    if (this.#encoder.state !== 'closed') this.#encoder.close();
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#output.cancel().catch(() => undefined);
    this.#options.file.abandon();
  }

  #take(chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata | undefined): void {
    const time = this.#times.get(chunk.timestamp);
    this.#times.delete(chunk.timestamp);
    const coded = EncodedPacket.fromEncodedChunk(chunk);
    const packet = time === undefined ? coded : coded.clone({ timestamp: time.seconds, duration: time.duration });
    this.#written = this.#written
      .then(() => this.#video.add(packet, metadata))
      .catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(messageOf(error))));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}

/** Resolves when the encoder has taken a picture, or after a while: an encoder that has failed says nothing more. */
function nextDequeue(encoder: VideoEncoder): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 50);
    encoder.addEventListener(
      'dequeue',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function encoderLost(cause: Error): FaceMirrorError {
  return new FaceMirrorError(
    'ENCODER_UNAVAILABLE',
    `This browser's video encoder failed (${cause.message}): run it again, or leave "videos" and "debug" out of the outputs.`,
    { cause },
  );
}

/** Makes pictures for the encoder of the pool's frames. */
class EvenPicture {
  readonly #init: Pick<VideoFrameBufferInit, 'codedWidth' | 'codedHeight' | 'colorSpace'>;
  #copy: Uint8Array | null = null;

  constructor({ encoder, colourSpace }: WriterOptions) {
    this.#init = {
      codedWidth: encoder.config.width,
      codedHeight: encoder.config.height,
      colorSpace: colourSpace,
    };
  }

  /** The picture holds a copy of the frame; the caller closes it. */
  of(frame: Frame, timestamp: number, duration: number): VideoFrame {
    const { memory, offset, layout } = frame;
    const { width, height, yStride, uvStride, uOffset, vOffset, bytes } = layout;
    const { codedWidth, codedHeight } = this.#init;
    const isEven = width === codedWidth && height === codedHeight;
    const extra = isEven ? 0 : yStride;
    const data = isEven ? new Uint8Array(memory.buffer, offset, bytes) : this.#padded(frame, codedWidth, codedHeight);
    return new VideoFrame(data, {
      ...this.#init,
      format: 'I420',
      timestamp,
      duration,
      layout: [
        { offset: 0, stride: yStride },
        { offset: uOffset + extra, stride: uvStride },
        { offset: vOffset + extra, stride: uvStride },
      ],
    });
  }

  /** The planes with room for one more row of luma, the last column and row written twice. */
  #padded(frame: Frame, codedWidth: number, codedHeight: number): Uint8Array<ArrayBuffer> {
    const { width, height, yStride, uOffset, vOffset, bytes } = frame.layout;
    const copy = (this.#copy ??= new Uint8Array(bytes + yStride)) as Uint8Array<ArrayBuffer>;
    const { y, u, v } = framePlanes(frame);
    copy.set(y);
    copy.set(u, uOffset + yStride);
    copy.set(v, vOffset + yStride);
    if (codedWidth > width)
      for (let row = 0; row < height; row++) copy[row * yStride + width] = copy[row * yStride + width - 1] ?? 0;
    if (codedHeight > height) copy.copyWithin(height * yStride, (height - 1) * yStride, height * yStride);
    return copy;
  }
}
