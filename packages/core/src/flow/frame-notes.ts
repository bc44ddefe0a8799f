import type { FrameRecord } from '../action-units/frame-record.js';
import { encodeFrame, encodeHeader, framesHeader, type FramesHeader } from '../examination/frames-file.js';
import { landmarkColumns, landmarksRow } from '../examination/landmarks-table.js';
import type { Landmarks } from '../face/observation.js';
import type { KeptFrames } from './face-frames.js';
import type { ByteSink } from '../tables/byte-sink.js';
import type { TextSink } from '../tables/text-sink.js';

/** A text sink that somebody has to close. */
interface ClosableTextSink extends TextSink {
  close(): Promise<void>;
}

/**
 * Writes what is kept of each frame: the frames file, and the landmarks table where it is wanted. Close it on every
 * path.
 */
export class FrameNotes implements KeptFrames {
  readonly #header: FramesHeader;
  readonly #frames: ByteSink;
  readonly #landmarks: ClosableTextSink | null;
  #isBegun = false;
  #isClosed = false;

  constructor(
    video: Parameters<typeof framesHeader>[0],
    { frames, landmarks }: { readonly frames: ByteSink; readonly landmarks: ClosableTextSink | null },
  ) {
    this.#header = framesHeader(video);
    this.#frames = frames;
    this.#landmarks = landmarks;
  }

  /** The next frame. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
  async add(record: FrameRecord, landmarks: Landmarks | null): Promise<void> {
    if (!this.#isBegun) await this.#begin();
    await this.#frames.add(encodeFrame(record, landmarks?.points ?? null));
    const { frame, timestamp, confidence, signals } = record;
    const sign = this.#header.camera === 'mirrored' ? -1 : 1;
    const seen = { yaw: sign * signals.yaw, pitch: signals.pitch, roll: sign * signals.roll };
    await this.#landmarks?.add(
      landmarksRow(frame, timestamp, confidence, landmarks?.points ?? null, seen, LANDMARKS[this.#header.topology]),
    );
  }

  /** Closes the files, once; a video without a frame has their headers only. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (!this.#isBegun) await this.#begin();
    } finally {
      await Promise.all([this.#frames.close(), this.#landmarks?.close()]);
    }
  }

  async #begin(): Promise<void> {
    this.#isBegun = true;
    await this.#frames.add(encodeHeader(this.#header));
    await this.#landmarks?.add(`${landmarkColumns(LANDMARKS[this.#header.topology]).join(',')}\n`);
  }
}

const LANDMARKS: Readonly<Record<Landmarks['topology'], number>> = {
  'mediapipe-478': 478,
  'mediapipe-468': 468,
  'wflw-98': 98,
};
