import { expect, test } from 'vitest';
import { gateFrames, reasonsOf, type QualityCurves } from '../../src/quality/gate.js';

function curves(rate = 30): QualityCurves {
  const frames = 60;
  return {
    time: Float64Array.from({ length: frames }, (_, i) => i / rate),
    faces: new Uint8Array(frames).fill(1),
    yaw: new Float32Array(frames).fill(3),
    pitch: new Float32Array(frames).fill(-14),
    roll: new Float32Array(frames),
    interOcularPixels: new Float32Array(frames).fill(80),
    sharpness: new Float32Array(frames).fill(0.2),
    occluded: new Uint8Array(frames),
  };
}

test('a frame is left out for each reason, and only for it', () => {
  const seen = curves();
  seen.yaw.fill(30, 10, 15);
  seen.pitch.fill(12, 15, 20);
  seen.interOcularPixels[20] = 10;
  seen.sharpness[25] = 0.01;
  seen.roll[30] = 15;
  seen.occluded[35] = 1;
  seen.faces[40] = 0;
  const reasons = Array.from(gateFrames(seen), (bits) => reasonsOf(bits).join());
  const expected = Array.from({ length: 60 }, () => '');
  expected.fill('yaw', 10, 15).fill('pitch', 15, 20);
  expected[20] = 'small-face,jump';
  Object.assign(expected, { 25: 'blur', 30: 'jump', 35: 'occluded', 40: 'no-face' });
  expect(reasons).toEqual(expected);
});

test('a camera that looks from below, and numbers that are not known, are no reasons', () => {
  const seen = curves();
  seen.sharpness.fill(NaN);
  seen.yaw.fill(NaN, 0, 30);
  expect(gateFrames(seen).every((bits) => bits === 0)).toBe(true);
});

test('a video of too few frames a second is outside the limits as a whole', () => {
  expect(gateFrames(curves(8)).every((bits) => reasonsOf(bits).includes('frame-rate'))).toBe(true);
});
