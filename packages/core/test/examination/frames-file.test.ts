import { expect, test } from 'vitest';
import { SIDE_FEATURES, sideFeaturesOf } from '../../src/action-units/features.js';
import { NO_SIGNALS, type FrameRecord } from '../../src/action-units/frame-record.js';
import { encodeFrame, encodeHeader, framesHeader, readFramesFile } from '../../src/examination/frames-file.js';

const HEADER = framesHeader({
  topology: 'mediapipe-478',
  camera: 'normal',
  measure: 'mirrored',
  width: 640,
  height: 480,
});

const seen: FrameRecord = {
  frame: 1,
  timestamp: 1 / 30,
  confidence: 0.9,
  signals: { yaw: 1.5, pitch: -2, roll: 0.25, interOcularPixels: 88.5, sharpness: 0.125, isOccluded: true },
  face: {
    features: {
      left: sideFeaturesOf((_, place) => place / 3),
      right: sideFeaturesOf((name, place) => (name === SIDE_FEATURES[2] ? NaN : -place / 7)),
      irisDiameter: NaN,
      interOcular: 1.01,
    },
    activations: null,
    network: null,
  },
};
const unseen: FrameRecord = { frame: 2, timestamp: 2 / 30, confidence: 0, signals: NO_SIGNALS, face: null };
const landmarks = Float32Array.from({ length: 478 * 3 }, (_, i) => 100 + ((i * 37) % 400) + (i % 3) / 3);

function file(): Uint8Array {
  const parts = [encodeHeader(HEADER), encodeFrame(seen, landmarks), encodeFrame(unseen, null)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

test('a frames file gives back every number of a frame, and landmarks within a hundredth of a pixel', () => {
  const read = readFramesFile(file(), 'a_frames.bin');
  const { header } = read;
  expect(header).toEqual(HEADER);
  const [first, second, ...more] = [...read.frames()];
  expect(first!.record).toEqual(seen);
  first!.landmarks!.forEach((value, i) => expect(Math.abs(value - landmarks[i]!)).toBeLessThan(0.01));
  expect(second!.record).toEqual(unseen);
  expect(second!.landmarks).toBeNull();
  expect(more).toEqual([]);
  // Read again they are those that were kept.
  for (const time of [1, 2]) expect([...read.records()], `time ${time}`).toEqual([seen, unseen]);
});

test('what is no frames file, is cut short or of another version is refused', () => {
  const bytes = file();
  const read =
    (some: Uint8Array): (() => unknown) =>
    () =>
      readFramesFile(some, 'a_frames.bin');
  expect(read(bytes.subarray(0, bytes.length - 5))).toThrow(/a_frames\.bin is cut short/);
  expect(read(new Uint8Array(3))).toThrow(/is no frames file/);
  expect(read(new TextEncoder().encode('start,end,code\n1,2,RE\n'))).toThrow(/is no frames file/);
  const other = encodeHeader({ ...HEADER, version: 99 });
  expect(read(other)).toThrow(/was written by another version/);
});
