import type { Frame } from '../frames/frame.js';
import type { FrameTime } from './frame-clock.js';

/** A frame of the pool that holds a picture of the video. */
export interface SourceFrame {
  readonly frame: Frame;
  /** The first is 1. */
  readonly number: number;
  readonly time: FrameTime;
  /** Of making it upright in the pool's frame, the last part of the time that it took. */
  readonly convertMs: number;
}

/** Where frames come from, first to last: a decoder. */
export interface FrameSource {
  /**
   * Puts the next picture into `target`, upright; null when the video has ended. One call at a time.
   * @throws FaceMirrorError VIDEO_DAMAGED when nothing more can be decoded.
   */
  next(target: Frame): Promise<SourceFrame | null>;
}
