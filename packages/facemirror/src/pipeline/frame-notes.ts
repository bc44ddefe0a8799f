import type { FrameRecord } from 'facemirror-core/action-units/frame-record.js';
import { encodeFrame, encodeHeader, framesHeader, type FramesHeader } from 'facemirror-core/examination/frames-file.js';
import { landmarkColumns, landmarksRow } from 'facemirror-core/examination/landmarks-table.js';
import type { Landmarks } from 'facemirror-core/face/observation.js';
import type { KeptFrames } from 'facemirror-core/flow/face-frames.js';
import { BytesFile } from './bytes-file.js';
import type { OutputSet } from '../results/outputs.js';
import { TableFile } from './table-file.js';

/**
 * Writes what is kept of each frame: the frames file, and the landmarks table where it is wanted. Close it on every
 * path.
 */
export class FrameNotes implements KeptFrames {
  readonly #header: FramesHeader;
  readonly #frames: BytesFile;
  readonly #landmarks: TableFile | null;
  #isBegun = false;
  #isClosed = false;

  constructor(
    outputs: OutputSet,
    video: Parameters<typeof framesHeader>[0],
    { landmarks }: { readonly landmarks: boolean },
  ) {
    this.#header = framesHeader(video);
    this.#frames = new BytesFile(outputs.pathFor('frames'));
    this.#landmarks = landmarks ? new TableFile(outputs.pathFor('landmarks-table')) : null;
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
