import {
  AVCOL_RANGE_JPEG,
  AV_BUFFERSRC_FLAG_KEEP_REF,
  AV_CODEC_FLAG_QSCALE,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  Codec,
  CodecContext,
  FF_QP2LAMBDA,
  Frame as AVFrame,
  Packet,
  Rational,
  type FFVideoEncoder,
} from 'node-av';
import type { Box } from 'facemirror-core/face/observation.js';
import { framePlanes, type Colour, type Frame } from 'facemirror-core/frames/frame.js';
import { expectSuccess } from './ffmpeg.js';
import { FilterChain } from './filter-chain.js';
import { OwnPicture } from './own-picture.js';

/** FFmpeg's scale for JPEG: 2 is best, 31 worst. */
const QUALITY = 4;
const MATRIX = { bt601: 'bt601', bt709: 'bt709', bt2020: 'bt2020' } as const;

/** Makes JPEG files of one size of cuts out of frames of one colour. Close it on every path. */
export class JpegMaker {
  readonly #cut: { readonly width: number; readonly height: number };
  readonly #own = new OwnPicture();
  readonly #scaled = new AVFrame();
  readonly #chain: FilterChain;
  readonly #encoder: CodecContext;
  readonly #packet = new Packet();

  private constructor(cut: { width: number; height: number }, chain: FilterChain, encoder: CodecContext) {
    this.#cut = cut;
    this.#chain = chain;
    this.#encoder = encoder;
    this.#scaled.alloc();
    this.#packet.alloc();
  }

  /**
   * @param cut size of the cuts in pixels of the frame
   * @param width of the JPEG at most, in pixels; a smaller cut is not enlarged
   */
  static async open(
    cut: { readonly width: number; readonly height: number },
    width: number,
    { matrix, range }: Colour,
  ): Promise<JpegMaker> {
    const from = { width: even(cut.width), height: even(cut.height) };
    const scale = Math.min(1, width / from.width);
    const to = { width: even(from.width * scale), height: even(from.height * scale) };
    const chain = new FilterChain(
      [
        'buffer',
        `video_size=${from.width}x${from.height}:pix_fmt=${AV_PIX_FMT_YUV420P}:time_base=1/1:pixel_aspect=1/1`,
      ],
      [
        [
          'scale',
          `w=${to.width}:h=${to.height}:flags=area+accurate_rnd:in_color_matrix=${MATRIX[matrix]}:in_range=${range}:out_color_matrix=bt601:out_range=full`,
        ],
        ['format', 'pix_fmts=yuvj420p'],
      ],
      ['buffersink', null],
    );
    const codec = Codec.findEncoderByName('mjpeg' as FFVideoEncoder);
    const encoder = new CodecContext();
    try {
      if (codec === null) throw new Error('FFmpeg has no JPEG encoder.');
      encoder.allocContext3(codec);
      encoder.width = to.width;
      encoder.height = to.height;
      encoder.pixelFormat = AV_PIX_FMT_YUVJ420P;
      encoder.colorRange = AVCOL_RANGE_JPEG;
      encoder.timeBase = new Rational(1, 1);
      encoder.threadCount = 1;
      encoder.setFlags(AV_CODEC_FLAG_QSCALE);
      encoder.globalQuality = QUALITY * FF_QP2LAMBDA;
      expectSuccess(await encoder.open2(codec), 'avcodec_open2');
    } catch (error) {
      encoder.freeContext();
      chain.close();
      throw error;
    }
    return new JpegMaker(from, chain, encoder);
  }

  /** The JPEG of a cut, moved into the frame where it reaches beyond. */
  async make(frame: Frame, { x, y }: Pick<Box, 'x' | 'y'>): Promise<Uint8Array> {
    this.#fill(frame, x, y);
    const { picture } = this.#own;
    expectSuccess(
      await this.#chain.source.buffersrcAddFrame(picture, AV_BUFFERSRC_FLAG_KEEP_REF),
      'av_buffersrc_add_frame',
    );
    this.#scaled.unref();
    expectSuccess(await this.#chain.sink.buffersinkGetFrame(this.#scaled), 'av_buffersink_get_frame');
    this.#scaled.quality = QUALITY * FF_QP2LAMBDA;
    expectSuccess(await this.#encoder.sendFrame(this.#scaled), 'avcodec_send_frame');
    expectSuccess(await this.#encoder.receivePacket(this.#packet), 'avcodec_receive_packet');
    const bytes = Uint8Array.from(this.#packet.data ?? []);
    this.#packet.unref();
    return bytes;
  }

  close(): void {
    this.#encoder.freeContext();
    this.#chain.close();
    this.#own.close();
    this.#scaled.free();
    this.#packet.free();
  }

  #fill(frame: Frame, x: number, y: number): void {
    const { width, height } = this.#cut;
    if (!this.#own.isAllocated || !this.#own.picture.isWritable) this.#own.allocate(width, height, AV_PIX_FMT_YUV420P);
    const left = 2 * Math.round(Math.min(Math.max(0, x), frame.layout.width - width) / 2);
    const top = 2 * Math.round(Math.min(Math.max(0, y), frame.layout.height - height) / 2);
    const planes = framePlanes(frame);
    const { yStride, uvStride } = frame.layout;
    const [luma, blue, red] = this.#own.planes;
    const [lumaStride = 0, blueStride = 0, redStride = 0] = this.#own.strides;
    if (luma === undefined || blue === undefined || red === undefined) throw new Error('A picture lacks planes.');
    for (let row = 0; row < height; row++) {
      const from = (top + row) * yStride + left;
      luma.set(planes.y.subarray(from, from + width), row * lumaStride);
    }
    for (let row = 0; row < height / 2; row++) {
      const from = (top / 2 + row) * uvStride + left / 2;
      blue.set(planes.u.subarray(from, from + width / 2), row * blueStride);
      red.set(planes.v.subarray(from, from + width / 2), row * redStride);
    }
  }
}

function even(value: number): number {
  return Math.max(2, 2 * Math.round(value / 2));
}
