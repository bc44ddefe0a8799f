import { FaceMirrorError } from '../errors.js';
import { SIDE_FEATURES } from '../action-units/features.js';
import { packRecord, unpackRecord, RECORD_WIDTH, type FrameRecord } from '../action-units/frame-record.js';
import { ACTION_UNITS } from '../action-units/units.js';
import type { MeasuredFace } from '../action-units/description.js';
import type { Camera, Topology } from '../face/observation.js';

/** Version of the file's layout. */
export const FRAMES_FILE_VERSION = 1;

/** What a frames file says of its video. */
export interface FramesHeader {
  readonly version: number;
  readonly topology: Topology;
  readonly camera: Camera;
  readonly measure: MeasuredFace;
  /** Of the frames, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Numbers of a record, and the names that they depend on. */
  readonly recordWidth: number;
  readonly features: readonly string[];
  readonly units: readonly string[];
}

/** What is kept of one frame. */
export interface StoredFrame {
  /** Lengths as they were measured, see `expressionOf`. */
  readonly record: FrameRecord;
  /** x, y, z of the whole face's landmarks in pixels of the frame, to 1/65535 of their range; null without a face. */
  readonly landmarks: Float32Array | null;
}

// A file: MAGIC, the header's bytes (uint32), the header (JSON), then the frames. A frame: numbers of its record that
// are not NaN (a bit each, then float64), how many landmark values (uint32), for x, y, z least and step (float32),
// values (uint16). All little-endian.
const MAGIC = 'FMFRAMES';
const MASK_BYTES = Math.ceil(RECORD_WIDTH / 8);

/** The header of a file that this version writes. */
export function framesHeader(
  video: Pick<FramesHeader, 'topology' | 'camera' | 'measure' | 'width' | 'height'>,
): FramesHeader {
  return {
    version: FRAMES_FILE_VERSION,
    ...video,
    recordWidth: RECORD_WIDTH,
    features: SIDE_FEATURES,
    units: ACTION_UNITS,
  };
}

/** The bytes that a frames file begins with. */
export function encodeHeader(header: FramesHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(MAGIC.length + 4 + json.length);
  bytes.set(new TextEncoder().encode(MAGIC));
  new DataView(bytes.buffer).setUint32(MAGIC.length, json.length, true);
  bytes.set(json, MAGIC.length + 4);
  return bytes;
}

const packed = new Float64Array(RECORD_WIDTH);

/** The bytes of one frame, to be appended in frame order. @param points x, y, z of every landmark in pixels */
export function encodeFrame(record: FrameRecord, points: Float32Array | null): Uint8Array {
  packRecord(record, packed);
  let known = 0;
  for (let i = 0; i < RECORD_WIDTH; i++) if (!Number.isNaN(packed[i])) known++;
  const values = record.face === null ? 0 : (points?.length ?? 0);
  const bytes = new Uint8Array(MASK_BYTES + 8 * known + 4 + (values > 0 ? 24 + 2 * values : 0));
  const view = new DataView(bytes.buffer);
  let at = MASK_BYTES;
  for (let i = 0; i < RECORD_WIDTH; i++) {
    const value = packed[i] ?? NaN;
    if (Number.isNaN(value)) continue;
    bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
    view.setFloat64(at, value, true);
    at += 8;
  }
  view.setUint32(at, values, true);
  if (points !== null && values > 0) encodeLandmarks(view, at + 4, points);
  return bytes;
}

const STEPS = 65535;

function encodeLandmarks(view: DataView, start: number, points: Float32Array): void {
  for (let axis = 0; axis < 3; axis++) {
    let [least, most] = [Infinity, -Infinity];
    for (let i = axis; i < points.length; i += 3) {
      const value = points[i] ?? 0;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const step = Math.fround((most - least) / STEPS) || 1;
    view.setFloat32(start + axis * 8, least, true);
    view.setFloat32(start + axis * 8 + 4, step, true);
    for (let i = axis; i < points.length; i += 3)
      view.setUint16(start + 24 + 2 * i, Math.min(STEPS, Math.round(((points[i] ?? 0) - least) / step)), true);
  }
}

/** A frames file that was read. */
export interface FramesFile {
  readonly header: FramesHeader;
  /** Every frame, first to last, decoded again each time. */
  frames(): Iterable<StoredFrame>;
  /** The records alone, which are many times quicker to decode; those of a short video are kept for the next time. */
  records(): Iterable<FrameRecord>;
}

/** Records of at most so many frames are kept, some 30 MB: an examination goes through them 13 times. */
const MOST_KEPT = 6000;

/**
 * Reads a frames file.
 * @param name of the file, for errors
 * @throws FaceMirrorError `FILE_UNREADABLE` for what is no frames file, is cut short, or is of another version
 */
export function readFramesFile(bytes: Uint8Array, name: string): FramesFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(bytes, view, name);
  const start = MAGIC.length + 4 + view.getUint32(MAGIC.length, true);
  // Once through, so that a file that is cut short is refused before anything is made of it.
  for (let at = start; at < bytes.length;) at = frameEnd(bytes, view, at, name);
  let kept: readonly FrameRecord[] | null = null;
  return {
    header,
    *frames() {
      for (let at = start; at < bytes.length;) {
        yield decodeFrame(bytes, view, at);
        at = frameEnd(bytes, view, at, name);
      }
    },
    *records() {
      if (kept !== null) return yield* kept;
      const records: FrameRecord[] = [];
      for (let at = start; at < bytes.length;) {
        const { record } = decodeRecord(bytes, view, at);
        if (records.length <= MOST_KEPT) records.push(record);
        yield record;
        at = frameEnd(bytes, view, at, name);
      }
      if (records.length <= MOST_KEPT) kept = records;
    },
  };
}

function readHeader(bytes: Uint8Array, view: DataView, name: string): FramesHeader {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  const length = bytes.length >= MAGIC.length + 4 ? view.getUint32(MAGIC.length, true) : NaN;
  if (magic !== MAGIC || !(MAGIC.length + 4 + length <= bytes.length)) throw unreadable(name, 'is no frames file');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(MAGIC.length + 4, MAGIC.length + 4 + length)));
  } catch {
    throw unreadable(name, 'is damaged');
  }
  if (typeof header !== 'object' || header === null) throw unreadable(name, 'is damaged');
  const found = header as Partial<FramesHeader>;
  const isOurs =
    found.version === FRAMES_FILE_VERSION &&
    found.recordWidth === RECORD_WIDTH &&
    found.features?.join() === SIDE_FEATURES.join() &&
    found.units?.join() === ACTION_UNITS.join();
  if (!isOurs) throw unreadable(name, 'was written by another version of Face Mirror');
  return found as FramesHeader;
}

function unreadable(name: string, what: string): FaceMirrorError {
  return new FaceMirrorError('FILE_UNREADABLE', `${name} ${what}; process the video again with this version.`);
}

function frameEnd(bytes: Uint8Array, view: DataView, start: number, name: string): number {
  let known = 0;
  for (let i = 0; i < MASK_BYTES; i++) for (let bits = bytes[start + i] ?? 0; bits > 0; bits &= bits - 1) known++;
  const count = start + MASK_BYTES + 8 * known;
  if (count + 4 > bytes.length) throw unreadable(name, 'is cut short');
  const values = view.getUint32(count, true);
  const end = count + 4 + (values > 0 ? 24 + 2 * values : 0);
  if (end > bytes.length) throw unreadable(name, 'is cut short');
  return end;
}

/** The record of the frame that begins there, and where its landmarks begin. */
function decodeRecord(bytes: Uint8Array, view: DataView, start: number): { record: FrameRecord; end: number } {
  const record = new Float64Array(RECORD_WIDTH).fill(NaN);
  let at = start + MASK_BYTES;
  for (let i = 0; i < RECORD_WIDTH; i++) {
    if (((bytes[start + (i >> 3)] ?? 0) & (1 << (i & 7))) === 0) continue;
    record[i] = view.getFloat64(at, true);
    at += 8;
  }
  return { record: unpackRecord(record), end: at };
}

function decodeFrame(bytes: Uint8Array, view: DataView, start: number): StoredFrame {
  const { record, end: at } = decodeRecord(bytes, view, start);
  const values = view.getUint32(at, true);
  if (values === 0) return { record, landmarks: null };
  const landmarks = new Float32Array(values);
  for (let i = 0; i < values; i++) {
    const axis = at + 4 + (i % 3) * 8;
    landmarks[i] =
      view.getFloat32(axis, true) + view.getUint16(at + 28 + 2 * i, true) * view.getFloat32(axis + 4, true);
  }
  return { record, landmarks };
}
