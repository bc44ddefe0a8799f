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
import type { Frame } from 'facemirror-core/frames/frame.js';
import { layoutFormat } from './colour.js';
import { expectSuccess } from './ffmpeg.js';
import { FilterChain, type FilterStep } from './filter-chain.js';
import type { Orientation } from './orientation.js';
import { OwnPicture } from './own-picture.js';
import { poolBuffers } from './pool-buffers.js';

/** What a converter was made for; another one is made when the decoder changes its mind. */
interface Shape {
  readonly width: number;
  readonly height: number;
  readonly format: AVPixelFormat;
}

/**
 * Brings decoded pictures into frames of the pool: 8-bit YUV 4:2:0, square pixels, upright. FFmpeg brings a picture
 * into that form in memory of its own, from which it is copied to the shared memory; what is turned goes through its
 * filters in between.
 */
export class UprightConverter {
  readonly #orientation: Orientation;
  /** Size before turning, square pixels. */
  readonly #width: number;
  readonly #height: number;
  #shape: Shape | null = null;
  #steps: Steps | null = null;

  /** @param width, height of the picture with square pixels, before it is turned. */
  constructor(width: number, height: number, orientation: Orientation) {
    this.#width = width;
    this.#height = height;
    this.#orientation = orientation;
  }

  /** Copies `source` into `target`, whose layout must be that of the upright picture. `source` stays the caller's. */
  async convert(source: AVFrame, target: Frame): Promise<void> {
    const shape = { width: source.width, height: source.height, format: layoutFormat(source.format as AVPixelFormat) };
    const { upright, turning, toPool } = this.#stepsFor(shape);
    if (turning === null) {
      await upright.fill(source);
    } else {
      const turned = await turning.turner.turn(turning.planar === null ? source : await turning.planar.fill(source));
      try {
        await upright.fill(turned);
      } finally {
        turned.unref();
      }
    }
    const { planes, strides } = poolBuffers(target);
    expectSuccess(await toPool.scale(upright.planes, upright.strides, 0, upright.height, planes, strides), 'sws_scale');
  }

  close(): void {
    this.#steps?.upright.close();
    this.#steps?.turning?.planar?.close();
    this.#steps?.turning?.turner.close();
    this.#steps?.toPool.freeContext();
    this.#steps = this.#shape = null;
  }

  #stepsFor(shape: Shape): Steps {
    if (this.#steps !== null && isSame(shape, this.#shape)) return this.#steps;
    this.close();
    const planar = { width: this.#width, height: this.#height, format: AV_PIX_FMT_YUV420P };
    const { filters, swapsSides } = this.#orientation;
    const upright = filters !== null && swapsSides ? { ...planar, width: planar.height, height: planar.width } : planar;
    // The one that may fail comes first.
    const turner = filters === null ? null : new Turner(planar, filters);
    this.#shape = shape;
    this.#steps = {
      turning: turner && { turner, planar: isSame(shape, planar) ? null : new ScaledPicture(shape, planar) },
      upright: turner === null ? new ScaledPicture(shape, upright) : new ScaledPicture(upright, upright),
      toPool: scaler(upright, upright),
    };
    return this.#steps;
  }
}

/** What a picture goes through on its way to the pool. */
interface Steps {
  /** Turns it, planar with square pixels; `planar` is null where pictures are that already. */
  readonly turning: { readonly turner: Turner; readonly planar: ScaledPicture | null } | null;
  readonly upright: ScaledPicture;
  readonly toPool: SoftwareScaleContext;
}

function isSame(a: Shape, b: Shape | null): boolean {
  return a.width === b?.width && a.height === b.height && a.format === b.format;
}

function scaler(from: Shape, to: Shape): SoftwareScaleContext {
  const context = new SoftwareScaleContext();
  // Accurate rounding costs little and makes the pixels the same on every CPU.
  context.getContext(
    from.width,
    from.height,
    from.format,
    to.width,
    to.height,
    to.format,
    (SWS_BICUBIC | SWS_ACCURATE_RND) as SwsFlags,
  );
  return context;
}

/** Pictures brought into another shape, one after another in the same memory. */
class ScaledPicture {
  readonly #scaler: SoftwareScaleContext;
  readonly #own = new OwnPicture();
  readonly #shape: Shape;

  constructor(from: Shape, to: Shape) {
    this.#scaler = scaler(from, to);
    this.#shape = to;
  }

  get planes(): Buffer[] {
    return this.#own.planes;
  }

  get strides(): number[] {
    return this.#own.strides;
  }

  get height(): number {
    return this.#shape.height;
  }

  /** Valid until the next call. */
  async fill(source: AVFrame): Promise<AVFrame> {
    const { width, height, format } = this.#shape;
    // A filter may still refer to the last one.
    if (!this.#own.isAllocated || !this.#own.picture.isWritable) this.#own.allocate(width, height, format);
    expectSuccess(await this.#scaler.scaleFrame(this.#own.picture, source), 'sws_scale_frame');
    return this.#own.picture;
  }

  close(): void {
    this.#scaler.freeContext();
    this.#own.close();
  }
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
    // The graph was made for this layout; a "J" format or a pixel shape in the picture would make it start again.
    picture.format = this.#shape.format;
    picture.sampleAspectRatio = new Rational(1, 1);
    expectSuccess(
      await this.#chain.source.buffersrcAddFrame(picture, AV_BUFFERSRC_FLAG_KEEP_REF),
      'av_buffersrc_add_frame',
    );
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
