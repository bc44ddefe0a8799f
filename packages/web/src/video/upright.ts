import type { VideoSample } from 'mediabunny';
import type { Frame } from 'facemirror-core/frames/frame.js';
import { writeRgb } from 'facemirror-core/frames/rgb-to-yuv.js';
import { isReadable, SampleReader } from './picture-of-sample.js';
import { putPicture, stretchPicture, type Turn } from './planes.js';

/** What pictures have to become. */
export interface UprightShape {
  /** Size before turning, square pixels. */
  readonly squareWidth: number;
  readonly squareHeight: number;
  readonly turn: Turn;
  /** High dynamic range: the browser maps it to what screens show. */
  readonly isHdr: boolean;
}

/** Brings decoded pictures into frames of the pool: 8-bit YUV 4:2:0, square pixels, upright. */
export class UprightConverter {
  readonly #shape: UprightShape;
  readonly #reader = new SampleReader();
  #canvas: OffscreenCanvasRenderingContext2D | null = null;

  constructor(shape: UprightShape) {
    this.#shape = shape;
  }

  /** Copies a picture into `target`, whose layout is that of the upright picture. The sample stays the caller's. */
  async convert(sample: VideoSample, target: Frame): Promise<void> {
    const { squareWidth, squareHeight, turn, isHdr } = this.#shape;
    if (isHdr || !isReadable(sample)) return this.#draw(sample, target);
    const { width, height } = sample.visibleRect;
    const hasSize = width === squareWidth && height === squareHeight;
    if (sample.format === 'I420' && hasSize && turn.rotation === 0 && !turn.flip) return copyAsIs(sample, target);
    const picture = await this.#reader.read(sample);
    putPicture(hasSize ? picture : stretchPicture(picture, squareWidth, squareHeight), turn, target);
  }

  /** Lets the browser draw it, which turns and scales it, too, and reads the picture back. */
  #draw(sample: VideoSample, target: Frame): void {
    const { width, height } = target.layout;
    this.#canvas ??= new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (this.#canvas === null) throw new Error('This browser gives no canvas to draw on.');
    sample.draw(this.#canvas, 0, 0, width, height);
    writeRgb(target, this.#canvas.getImageData(0, 0, width, height).data, 4);
  }
}

/** The decoder writes into the pool itself. */
async function copyAsIs(sample: VideoSample, { memory, offset, layout }: Frame): Promise<void> {
  const { bytes, yStride, uvStride, uOffset, vOffset } = layout;
  await sample.copyTo(new Uint8Array(memory.buffer, offset, bytes), {
    layout: [
      { offset: 0, stride: yStride },
      { offset: uOffset, stride: uvStride },
      { offset: vOffset, stride: uvStride },
    ],
  });
}
