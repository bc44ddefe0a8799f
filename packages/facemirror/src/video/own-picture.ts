import { Frame as AVFrame, type AVPixelFormat } from 'node-av';
import { expectSuccess } from './ffmpeg.js';

/** Where each row begins, in bytes: good for any SIMD. */
const ALIGNMENT = 32;

/**
 * A picture with memory of its own, which is filled again and again. Its planes are asked for once: each asking makes
 * new buffers, which count as garbage of a whole picture, and a few of them make V8 search all its memory. Close it on
 * every path.
 */
export class OwnPicture {
  readonly picture = new AVFrame();
  #planes: readonly Buffer[] = [];
  #strides: readonly number[] = [];

  constructor() {
    this.picture.alloc();
  }

  /** Its memory, plane by plane. */
  get planes(): Buffer[] {
    return [...this.#planes];
  }

  /** Bytes from row to row of each plane. */
  get strides(): number[] {
    return [...this.#strides];
  }

  get isAllocated(): boolean {
    return this.#planes.length > 0;
  }

  /** Takes new memory; what else refers to the old keeps it. All other properties of the picture are lost. */
  allocate(width: number, height: number, format: AVPixelFormat): void {
    const { picture } = this;
    picture.unref();
    picture.format = format;
    picture.width = width;
    picture.height = height;
    expectSuccess(picture.getBuffer(ALIGNMENT), 'av_frame_get_buffer');
    this.#planes = picture.data ?? [];
    this.#strides = picture.linesize.slice(0, this.#planes.length);
  }

  close(): void {
    this.#planes = [];
    this.picture.free();
  }
}
