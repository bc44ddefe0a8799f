import {
  AV_CODEC_FLAG_FRAME_DURATION,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_CODEC_FLAG_QSCALE,
  AV_PIX_FMT_NV12,
  AV_PIX_FMT_YUV420P,
  Codec,
  CodecContext,
  Dictionary,
  FF_ENCODER_H264_NVENC,
  FF_ENCODER_H264_QSV,
  FF_ENCODER_H264_VIDEOTOOLBOX,
  FF_ENCODER_LIBX264,
  FF_QP2LAMBDA,
  Rational,
  type AVPixelFormat,
  type FFVideoEncoder,
} from 'node-av';
import type { EncoderChoice, EncoderName } from 'facemirror-core/settings/encoders.js';
import { DEFAULT_QUALITY, ENCODER_NAMES } from 'facemirror-core/settings/encoders.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { TimeBase } from 'facemirror-core/flow/frame-clock.js';
import { tagsFor, type ColourTags } from './colour.js';
import { reasonOf } from './ffmpeg.js';

interface EncoderKind {
  readonly codec: FFVideoEncoder;
  readonly pixelFormat: AVPixelFormat;
  /** FFmpeg's options for a quality on x264's scale. */
  readonly options: (quality: number) => Record<string, string>;
  /** For encoders that take the quality as a field of the context instead: FFmpeg's lambda, or null. */
  readonly lambda: (quality: number) => number | null;
}

const KINDS: Readonly<Record<EncoderName, EncoderKind>> = {
  // VideoToolbox counts quality from 1 (worst) to 100.
  videotoolbox: {
    codec: FF_ENCODER_H264_VIDEOTOOLBOX,
    pixelFormat: AV_PIX_FMT_YUV420P,
    options: () => ({ allow_sw: '0' }),
    lambda: (quality) => Math.max(1, Math.round(100 - quality * 2)) * FF_QP2LAMBDA,
  },
  nvenc: {
    codec: FF_ENCODER_H264_NVENC,
    pixelFormat: AV_PIX_FMT_YUV420P,
    options: (quality) => ({ preset: 'p4', rc: 'vbr', cq: String(Math.max(1, quality)), b: '0' }),
    lambda: () => null,
  },
  qsv: {
    codec: FF_ENCODER_H264_QSV,
    pixelFormat: AV_PIX_FMT_NV12,
    options: (quality) => ({ preset: 'veryfast', global_quality: String(Math.max(1, quality)) }),
    lambda: () => null,
  },
  libx264: {
    codec: FF_ENCODER_LIBX264,
    pixelFormat: AV_PIX_FMT_YUV420P,
    options: (quality) => ({ preset: 'ultrafast', crf: String(quality) }),
    lambda: () => null,
  },
};

/** What an encoder is opened for. */
export interface EncoderSettings {
  /** Size of the frames; H.264 pictures have even sizes, so that the encoder's is the next even one. */
  readonly width: number;
  readonly height: number;
  readonly timeBase: TimeBase;
  /** A hint for rate control; times come with the frames. */
  readonly frameRate: number | null;
  readonly colourTags: ColourTags;
  readonly quality: number;
  readonly threads: number;
}

/**
 * Opens an encoder of that name.
 * @throws FaceMirrorError ENCODER_UNAVAILABLE when this machine or this build lacks it.
 */
export async function openEncoder(name: EncoderName, settings: EncoderSettings): Promise<CodecContext> {
  const kind = KINDS[name];
  const codec = Codec.findEncoderByName(kind.codec);
  if (codec === null) throw unavailable(name, settings, 'this build of FFmpeg lacks it');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.width = evenUp(settings.width);
  context.height = evenUp(settings.height);
  context.pixelFormat = kind.pixelFormat;
  context.timeBase = new Rational(settings.timeBase.num, settings.timeBase.den);
  if (settings.frameRate !== null) context.framerate = new Rational(Math.round(settings.frameRate * 1000), 1000);
  context.sampleAspectRatio = new Rational(1, 1);
  context.colorRange = settings.colourTags.range;
  context.colorSpace = settings.colourTags.matrix;
  context.colorPrimaries = settings.colourTags.primaries;
  context.colorTrc = settings.colourTags.transfer;
  context.threadCount = settings.threads;
  // Without the second, the last frame would be shown for as long as a mean one.
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER, AV_CODEC_FLAG_FRAME_DURATION);
  const lambda = kind.lambda(settings.quality);
  if (lambda !== null) {
    context.setFlags(AV_CODEC_FLAG_QSCALE);
    context.globalQuality = lambda;
  }
  const code = await context.open2(codec, Dictionary.fromObject(kind.options(settings.quality)));
  if (code < 0) {
    context.freeContext();
    throw unavailable(name, settings, reasonOf(code));
  }
  return context;
}

/**
 * Opens something that needs an encoder: with the one asked for, or for `auto` with the first that works for all of it.
 * (Graphics cards take a few encoders at a time; that the first one opens says nothing of the third.)
 * @throws what `open` throws: FaceMirrorError ENCODER_UNAVAILABLE when none works.
 */
export async function withEncoder<T>(choice: EncoderChoice, open: (name: EncoderName) => Promise<T>): Promise<T> {
  const candidates = choice === 'auto' ? ENCODER_NAMES : [choice];
  let failure: unknown = null;
  for (const name of candidates) {
    try {
      return await open(name);
    } catch (error) {
      if (!(error instanceof FaceMirrorError) || error.code !== 'ENCODER_UNAVAILABLE') throw error;
      failure = error;
    }
  }
  throw failure;
}

/**
 * Sees that an encoder works here at all, before any video is read.
 * @throws FaceMirrorError ENCODER_UNAVAILABLE.
 */
export async function requireEncoder(choice: EncoderChoice): Promise<void> {
  const usual: EncoderSettings = {
    width: 1280,
    height: 720,
    timeBase: { num: 1, den: 30_000 },
    frameRate: 30,
    quality: DEFAULT_QUALITY,
    threads: 1,
    colourTags: tagsFor({ matrix: 'bt709', range: 'limited' }),
  };
  await withEncoder(choice, async (name) => (await openEncoder(name, usual)).freeContext());
}

function evenUp(side: number): number {
  return side + (side % 2);
}

function unavailable(name: EncoderName, { width, height }: EncoderSettings, reason: string): FaceMirrorError {
  const advice = name === 'libx264' ? 'check the size of the video' : 'leave `encoder` out, or choose libx264';
  return new FaceMirrorError(
    'ENCODER_UNAVAILABLE',
    `The encoder ${name} does not work on this machine for pictures of ${width}x${height} (${reason}): ${advice}.`,
  );
}
