import type { FrameRecord } from '../action-units/frame-record.js';
import type { Topology } from '../face/observation.js';

/** Version of the file's layout. */
export const FRAMES_FILE_VERSION = 1;

/** What is kept of one frame in `<name>_frames.bin`. */
export interface StoredFrame {
  readonly record: FrameRecord;
  /** Degrees, the patient's; NaN without a face. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  readonly interOcularPixels: number;
  readonly sharpness: number;
  readonly isOccluded: boolean;
  /** x, y, z of the whole face's landmarks in pixels of the frame, within 1/65535 of their range; null without a face. */
  readonly landmarks: Float32Array | null;
}

/** The header of a frames file. */
export interface FramesHeader {
  readonly version: number;
  readonly topology: Topology;
  readonly width: number;
  readonly height: number;
}
