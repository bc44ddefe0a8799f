import {
  AVERROR_EAGAIN,
  AVERROR_EOF,
  AV_CODEC_FLAG_FRAME_DURATION,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLTP,
  AV_SAMPLE_FMT_S16,
  Codec,
  CodecContext,
  FormatContext,
  Frame,
  Packet,
  Rational,
  SWS_ACCURATE_RND,
  SWS_BICUBIC,
  SoftwareScaleContext,
  avChannelLayoutDefault,
  type AVPixelFormat,
  type FFAudioEncoder,
  type FFVideoEncoder,
  type Stream,
} from 'node-av';
import { expect } from 'vitest';
import { framePlanes, type Frame as PoolFrame } from 'facemirror-core/frames/frame.js';

/** Colours of a clip's four quarters, R'G'B': top left, top right, bottom left, bottom right. */
export const QUARTER_COLOURS = [
  [200, 40, 40],
  [40, 170, 50],
  [50, 50, 200],
  [128, 128, 128],
] as const;

export interface CodedVideo {
  readonly encoder: string;
  readonly pixelFormat: AVPixelFormat;
  readonly width: number;
  readonly height: number;
  /** Of each frame, in thousandths of a second. */
  readonly times: readonly number[];
}

export interface CodedSound {
  readonly encoder: string;
  readonly sampleRate: number;
  readonly startSeconds: number;
  readonly seconds: number;
}

/**
 * Writes a clip as some other program would: any encoder, container (by the file's name) and pixel format of FFmpeg's.
 * @param shown what every frame shows, scaled to the clip's size; without it, the four quarters.
 */
export async function writeCodedClip(
  path: string,
  video: CodedVideo,
  sound?: CodedSound,
  shown?: PoolFrame,
): Promise<void> {
  const format = new FormatContext();
  expect(format.allocOutputContext2(null, null, path)).toBeGreaterThanOrEqual(0);
  const pictures = await openVideo(video);
  const samples = sound === undefined ? null : await openSound(sound);
  const streams = [pictures, ...(samples === null ? [] : [samples])].map((encoder) => addStream(format, encoder));
  expect(await format.openOutput()).toBeGreaterThanOrEqual(0);
  expect(await format.writeHeader(null)).toBeGreaterThanOrEqual(0);
  const frame = pictureOf(video, shown);
  for (const time of video.times) {
    frame.pts = BigInt(time);
    frame.duration = 40n;
    await encode(format, pictures, streams[0]!, frame);
  }
  await encode(format, pictures, streams[0]!, null);
  if (sound !== undefined && samples !== null) {
    for (const each of soundFrames(sound, samples)) {
      await encode(format, samples, streams[1]!, each);
      each.free();
    }
    await encode(format, samples, streams[1]!, null);
    samples.freeContext();
  }
  expect(await format.writeTrailer()).toBeGreaterThanOrEqual(0);
  await format.closeOutput();
  format.freeContext();
  pictures.freeContext();
  frame.free();
}

async function openVideo({ encoder, pixelFormat, width, height }: CodedVideo): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(encoder as FFVideoEncoder);
  const context = new CodecContext();
  context.allocContext3(codec);
  Object.assign(context, {
    width,
    height,
    pixelFormat,
    timeBase: new Rational(1, 1000),
    framerate: new Rational(25, 1),
    gopSize: 4,
    bitRate: 2_000_000n,
  });
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER, AV_CODEC_FLAG_FRAME_DURATION);
  expect(await context.open2(codec)).toBeGreaterThanOrEqual(0);
  return context;
}

async function openSound({ encoder, sampleRate }: CodedSound): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(encoder as FFAudioEncoder);
  const context = new CodecContext();
  context.allocContext3(codec);
  Object.assign(context, {
    sampleRate,
    sampleFormat: encoder.startsWith('pcm') ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_FLTP,
    channelLayout: avChannelLayoutDefault(1),
    timeBase: new Rational(1, sampleRate),
  });
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  expect(await context.open2(codec)).toBeGreaterThanOrEqual(0);
  return context;
}

function addStream(format: FormatContext, encoder: CodecContext): Stream {
  const stream = format.newStream();
  stream.codecpar.fromContext(encoder);
  stream.timeBase = encoder.timeBase;
  return stream;
}

async function encode(
  format: FormatContext,
  encoder: CodecContext,
  stream: Stream,
  frame: Frame | null,
): Promise<void> {
  expect(await encoder.sendFrame(frame)).toBeGreaterThanOrEqual(0);
  const packet = new Packet();
  packet.alloc();
  for (;;) {
    const code = await encoder.receivePacket(packet);
    if (code === AVERROR_EAGAIN || code === AVERROR_EOF) break;
    expect(code).toBeGreaterThanOrEqual(0);
    packet.streamIndex = stream.index;
    packet.rescaleTs(encoder.timeBase, stream.timeBase);
    expect(await format.interleavedWriteFrame(packet)).toBeGreaterThanOrEqual(0);
  }
  packet.free();
}

function pictureOf({ width, height, pixelFormat }: CodedVideo, shown: PoolFrame | undefined): Frame {
  const frame = new Frame();
  frame.alloc();
  Object.assign(frame, { width, height, format: pixelFormat });
  expect(frame.getBuffer(0)).toBeGreaterThanOrEqual(0);
  const scaler = new SoftwareScaleContext();
  const planes = frame.data ?? [];
  const strides = frame.linesize.slice(0, planes.length);
  if (shown === undefined) {
    scaler.getContext(width, height, AV_PIX_FMT_RGB24, width, height, pixelFormat, SWS_ACCURATE_RND);
    expect(
      scaler.scaleSync([colouredQuarters(width, height)], [width * 3], 0, height, planes, strides),
    ).toBeGreaterThanOrEqual(0);
  } else {
    const { layout } = shown;
    const { y, u, v } = framePlanes(shown);
    const source = [y, u, v].map((plane) => Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength));
    scaler.getContext(layout.width, layout.height, AV_PIX_FMT_YUV420P, width, height, pixelFormat, SWS_BICUBIC);
    expect(
      scaler.scaleSync(source, [layout.yStride, layout.uvStride, layout.uvStride], 0, layout.height, planes, strides),
    ).toBeGreaterThanOrEqual(0);
  }
  scaler.freeContext();
  return frame;
}

function colouredQuarters(width: number, height: number): Buffer {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      pixels.set(QUARTER_COLOURS[(y * 2 >= height ? 2 : 0) + (x * 2 >= width ? 1 : 0)]!, (y * width + x) * 3);
  }
  return pixels;
}

function* soundFrames({ sampleRate, startSeconds, seconds }: CodedSound, encoder: CodecContext): Generator<Frame> {
  const size = encoder.frameSize > 0 ? encoder.frameSize : 1000;
  for (let at = 0; at < seconds * sampleRate; at += size) {
    const frame = new Frame();
    frame.alloc();
    Object.assign(frame, {
      format: encoder.sampleFormat,
      sampleRate,
      nbSamples: size,
      channelLayout: encoder.channelLayout,
    });
    expect(frame.getBuffer(0)).toBeGreaterThanOrEqual(0);
    for (const plane of frame.data ?? []) plane.fill(0);
    frame.pts = BigInt(Math.round(startSeconds * sampleRate) + at);
    yield frame;
  }
}
