import {
  AVERROR_EAGAIN,
  AV_BUFFERSRC_FLAG_KEEP_REF,
  AV_PIX_FMT_YUV420P,
  Frame as AVFrame,
  Rational,
  SWS_ACCURATE_RND,
  SWS_BICUBIC,
  SoftwareScaleContext,
  type AVPixelFormat,
  type SwsFlags,
} from 'node-av';
import { framePlanes, type Frame } from '../frames/frame.js';
import { layoutFormat } from './colour.js';
import { expectSuccess } from './ffmpeg.js';
import { FilterChain, type FilterStep } from './filter-chain.js';
import type { Orientation } from './orientation.js';

/** The three planes of a frame of the pool, as FFmpeg takes memory. */
function poolBuffers(frame: Frame): { readonly planes: Buffer[]; readonly strides: number[] } {
  const { y, u, v } = framePlanes(frame);
  const { yStride, uvStride } = frame.layout;
  return {
    planes: [y, u, v].map((plane) => Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength)),
    strides: [yStride, uvStride, uvStride],
  };
}

/** What a converter was made for; another one is made when the decoder changes its mind. */
interface Shape {
  readonly width: number;
  readonly height: number;
  readonly format: AVPixelFormat;
}

/**
 * Brings decoded pictures into frames of the pool: 8-bit YUV 4:2:0, square pixels, upright. A picture that is all that
 * already is copied once, straight into shared memory; what is turned goes through FFmpeg's filters first.
 */
export class UprightConverter {
  readonly #orientation: Orientation;
  /** Size before turning, square pixels. */
  readonly #width: number;
  readonly #height: number;
  #shape: Shape | null = null;
  #toPlanar: SoftwareScaleContext | null = null;
  #turner: Turner | null = null;
  #planar: AVFrame | null = null;
  #toPool: SoftwareScaleContext | null = null;

  /** @param width, height of the picture with square pixels, before it is turned. */
  constructor(width: number, height: number, orientation: Orientation) {
    this.#width = width;
    this.#height = height;
    this.#orientation = orientation;
  }

  /** Copies `source` into `target`, whose layout must be that of the upright picture. `source` stays the caller's. */
  async convert(source: AVFrame, target: Frame): Promise<void> {
    const shape = { width: source.width, height: source.height, format: layoutFormat(source.format as AVPixelFormat) };
    if (this.#shape?.width !== shape.width || this.#shape.height !== shape.height || this.#shape.format !== shape.format) this.#prepare(shape);
    const { planes, strides } = poolBuffers(target);
    if (this.#turner === null) {
      await scaleInto(this.#toPlanar, source, planes, strides);
      return;
    }
    const planar = await this.#asPlanar(source);
    const turned = await this.#turner.turn(planar);
    try {
      await scaleInto(this.#toPool, turned, planes, strides);
    } finally {
      turned.unref();
    }
  }

  close(): void {
    this.#toPlanar?.freeContext();
    this.#toPool?.freeContext();
    this.#turner?.close();
    this.#planar?.free();
    this.#toPlanar = this.#toPool = this.#turner = this.#planar = this.#shape = null;
  }

  #prepare(shape: Shape): void {
    this.close();
    this.#toPlanar = scaler(shape, { width: this.#width, height: this.#height, format: AV_PIX_FMT_YUV420P });
    if (this.#orientation.filters !== null) {
      const coded = { width: this.#width, height: this.#height, format: AV_PIX_FMT_YUV420P };
      const upright = this.#orientation.swapsSides ? { ...coded, width: coded.height, height: coded.width } : coded;
      this.#turner = new Turner(coded, this.#orientation.filters);
      this.#toPool = scaler(upright, upright);
      this.#planar = new AVFrame();
      this.#planar.alloc();
    }
    this.#shape = shape;
  }

  /** The picture as planar 4:2:0 with square pixels: itself where it is that already. */
  async #asPlanar(source: AVFrame): Promise<AVFrame> {
    const shape = this.#shape;
    if (shape?.format === AV_PIX_FMT_YUV420P && shape.width === this.#width && shape.height === this.#height) return source;
    const planar = this.#planar;
    if (planar === null) throw new Error('UprightConverter was used after close.');
    planar.unref();
    planar.format = AV_PIX_FMT_YUV420P;
    planar.width = this.#width;
    planar.height = this.#height;
    expectSuccess(planar.getBuffer(0), 'av_frame_get_buffer');
    await scaleInto(this.#toPlanar, source, planar.data ?? [], planar.linesize);
    return planar;
  }
}

function scaler(from: Shape, to: Shape): SoftwareScaleContext {
  const context = new SoftwareScaleContext();
  // Accurate rounding costs little and makes the pixels the same on every CPU.
  context.getContext(from.width, from.height, from.format, to.width, to.height, to.format, (SWS_BICUBIC | SWS_ACCURATE_RND) as SwsFlags);
  return context;
}

async function scaleInto(context: SoftwareScaleContext | null, source: AVFrame, planes: Buffer[], strides: number[]): Promise<void> {
  if (context === null) throw new Error('UprightConverter was used after close.');
  const data = source.data ?? [];
  expectSuccess(await context.scale(data, source.linesize.slice(0, data.length), 0, source.height, planes, strides.slice(0, planes.length)), 'sws_scale');
}

/** Turns planar 4:2:0 pictures by FFmpeg's filters. */
class Turner {
  readonly #chain: FilterChain;
  readonly #turned = new AVFrame();
  readonly #shape: Shape;

  constructor(shape: Shape, filters: string) {
    this.#shape = shape;
    const steps = filters.split(',').map((filter): FilterStep => {
      const [name = '', value] = filter.split('=');
      return [name, value === undefined ? null : `dir=${value}`];
    });
    const source = `video_size=${shape.width}x${shape.height}:pix_fmt=${shape.format}:time_base=1/1:pixel_aspect=1/1`;
    this.#chain = new FilterChain(['buffer', source], steps, ['buffersink', null]);
    this.#turned.alloc();
  }

  /** The turned picture, to be unreferenced before the next call. */
  async turn(picture: AVFrame): Promise<AVFrame> {
    // The graph was made for this layout; a "J" format or a pixel shape in the picture would make it start anew.
    picture.format = this.#shape.format;
    picture.sampleAspectRatio = new Rational(1, 1);
    expectSuccess(await this.#chain.source.buffersrcAddFrame(picture, AV_BUFFERSRC_FLAG_KEEP_REF), 'av_buffersrc_add_frame');
    const code = await this.#chain.sink.buffersinkGetFrame(this.#turned);
    if (code === AVERROR_EAGAIN) throw new Error('FFmpeg gave no turned picture for a picture.');
    expectSuccess(code, 'av_buffersink_get_frame');
    return this.#turned;
  }

  close(): void {
    this.#turned.free();
    this.#chain.close();
  }
}
