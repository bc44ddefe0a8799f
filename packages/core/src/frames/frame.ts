/** How YUV stands for RGB in a video: the matrix and the range of its values. */
export interface Colour {
  readonly matrix: 'bt601' | 'bt709' | 'bt2020';
  readonly range: 'limited' | 'full';
}

/** Where the three planes of a YUV 4:2:0 picture lie in its piece of memory. */
export interface FrameLayout {
  readonly width: number;
  readonly height: number;
  /** ceil(width / 2): odd sizes have a last chroma column of their own. */
  readonly chromaWidth: number;
  readonly chromaHeight: number;
  /** Bytes from one luma row to the next; a multiple of 32. */
  readonly yStride: number;
  /** Bytes from one chroma row to the next; a multiple of 32. */
  readonly uvStride: number;
  /** Byte offsets of the U and V planes from the frame's start (the Y plane is at 0). */
  readonly uOffset: number;
  readonly vOffset: number;
  /** Bytes of the whole frame. */
  readonly bytes: number;
}

/** The layout of a frame of that size. */
export function frameLayout(width: number, height: number): FrameLayout {
  const chromaWidth = Math.ceil(width / 2);
  const chromaHeight = Math.ceil(height / 2);
  const yStride = Math.ceil(width / 32) * 32;
  const uvStride = Math.ceil(chromaWidth / 32) * 32;
  const uOffset = yStride * height;
  const vOffset = uOffset + uvStride * chromaHeight;
  return {
    width,
    height,
    chromaWidth,
    chromaHeight,
    yStride,
    uvStride,
    uOffset,
    vOffset,
    bytes: vOffset + uvStride * chromaHeight,
  };
}

/**
 * One upright picture in planar 8-bit YUV 4:2:0, square pixels, in shared WebAssembly memory, so that kernels in any
 * thread work on it in place. Structured-cloneable (post it to a worker as it is).
 */
export interface Frame {
  readonly memory: WebAssembly.Memory;
  /** Byte offset of the frame in the memory; a multiple of 64. */
  readonly offset: number;
  readonly layout: FrameLayout;
  readonly colour: Colour;
}

/** Views of a frame's planes. Valid as long as the frame is not released. */
export function framePlanes(frame: Frame): { y: Uint8Array; u: Uint8Array; v: Uint8Array } {
  const { memory, offset, layout } = frame;
  const { buffer } = memory;
  return {
    y: new Uint8Array(buffer, offset, layout.yStride * layout.height),
    u: new Uint8Array(buffer, offset + layout.uOffset, layout.uvStride * layout.chromaHeight),
    v: new Uint8Array(buffer, offset + layout.vOffset, layout.uvStride * layout.chromaHeight),
  };
}
