import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';

/** The three planes of a frame of the pool, as FFmpeg takes memory. */
export function poolBuffers(frame: Frame): { readonly planes: Buffer[]; readonly strides: number[] } {
  const { y, u, v } = framePlanes(frame);
  const { yStride, uvStride } = frame.layout;
  return {
    planes: [y, u, v].map((plane) => Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength)),
    strides: [yStride, uvStride, uvStride],
  };
}
