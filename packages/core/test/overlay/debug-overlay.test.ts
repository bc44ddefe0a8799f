import { expect, test } from 'vitest';
import { cropLength, type Crop } from '../../src/frames/crop.js';
import { cropToTensor } from '../../src/frames/crop-to-tensor.js';
import { framePlanes, type Frame } from '../../src/frames/frame.js';
import { FramePool } from '../../src/frames/pool.js';
import { drawDebugOverlay, headRotation } from '../../src/overlay/debug-overlay.js';

async function greyFrame(width: number, height: number): Promise<Frame> {
  const frame = await new FramePool({
    width,
    height,
    colour: { matrix: 'bt709', range: 'limited' },
    capacity: 1,
  }).acquire();
  const { y, u, v } = framePlanes(frame);
  y.fill(126);
  u.fill(128);
  v.fill(128);
  return frame;
}

/** Red, green and blue of a pixel, each 0 to 255. */
function rgbAt(frame: Frame, x: number, y: number): number[] {
  const crop: Crop = {
    toSource: { xx: 1, xy: 0, x0: x, yx: 0, yy: 1, y0: y },
    width: 1,
    height: 1,
    layout: 'NHWC',
    channels: 'RGB',
    scale: [1, 1, 1],
    offset: [0, 0, 0],
    border: 'clamp',
    sampling: 'bilinear',
  };
  const out = new Float32Array(cropLength(crop));
  cropToTensor(frame, crop, out);
  return Array.from(out);
}

const midline = { glabella: { x: 160, y: 100 }, chin: { x: 180, y: 200 } };

test('the midline is red from edge to edge, and nothing beside it is touched', async () => {
  const frame = await greyFrame(321, 401);
  drawDebugOverlay(frame, { midline, angles: null });
  for (const y of [1, 100, 200, 398]) {
    const x = Math.round(160 + (y - 100) / 5);
    const [red, green, blue] = rgbAt(frame, x, y) as [number, number, number];
    expect(red - green).toBeGreaterThan(100);
    expect(red - blue).toBeGreaterThan(100);
    for (const beside of [x - 6, x + 6])
      expect(rgbAt(frame, beside, y).every((value) => Math.abs(value - 128) < 2)).toBe(true);
  }
});

test('a midline that lies across, or is no line, does not draw outside the frame', async () => {
  const frame = await greyFrame(64, 48);
  drawDebugOverlay(frame, { midline: { glabella: { x: -500, y: 20 }, chin: { x: 900, y: 20 } }, angles: null });
  expect(rgbAt(frame, 30, 20)[0]).toBeGreaterThan(170);
  expect(rgbAt(frame, 30, 26)[0]).toBeCloseTo(128, 0);
  drawDebugOverlay(frame, { midline: { glabella: { x: NaN, y: 20 }, chin: { x: 900, y: 20 } }, angles: null });
});

test.each([
  [320, 180],
  [320, 568],
  [3840, 2160],
  [17, 9],
])('the banner of a %dx%d frame holds bright letters on dark and leaves the face alone', async (width, height) => {
  const frame = await greyFrame(width, height);
  drawDebugOverlay(frame, { midline: null, angles: { yaw: -12.34, pitch: 0, roll: 0 } });
  const { y } = framePlanes(frame);
  const rows = Array.from({ length: height }, (_, row) =>
    y.subarray(row * frame.layout.yStride, row * frame.layout.yStride + width),
  );
  const touched = rows.filter((row) => row.some((value) => value !== 126)).length;
  expect(touched).toBeLessThanOrEqual(Math.max(11, height * 0.15));
  if (width < 100) return;
  const banner = rows.slice(0, touched);
  expect(banner.some((row) => row.some((value) => value > 100))).toBe(true);
  // Two tones, ground and letters: what lies between belongs to the letters' smooth edges.
  const values = banner.flatMap((row) => Array.from(row));
  expect(values.filter((value) => value > 80 && value <= 100).length).toBeLessThan(values.length * 0.1);
});

test('letters stay inside a narrow frame', async () => {
  const frame = await greyFrame(200, 900);
  drawDebugOverlay(frame, { midline: null, angles: { yaw: 45, pitch: 0, roll: 0 } });
  const { y } = framePlanes(frame);
  for (let row = 0; row < 11; row++) {
    // The banner's own ground at both ends: no letter is cut off.
    for (const column of [0, 199]) expect(y[row * frame.layout.yStride + column]).toBe(y[0]);
  }
});

test('a frame without a face is marked', async () => {
  const frame = await greyFrame(320, 240);
  const before = framePlanes(frame).y.slice();
  drawDebugOverlay(frame, null);
  expect(framePlanes(frame).y).not.toEqual(before);
});

test('a head turned by up to 3 degrees is optimal, up to 5 acceptable, beyond excessive, to either side', () => {
  expect([0, 3, -3, 3.01, -5, 5.1, -30].map(headRotation)).toEqual([
    'optimal',
    'optimal',
    'optimal',
    'acceptable',
    'acceptable',
    'excessive',
    'excessive',
  ]);
});

test('the landmarks are drawn as thin dots, and the face stays visible between them', async () => {
  const frame = await greyFrame(320, 240);
  const points = Float32Array.from([100, 120, 0, 130, 120, 0, 200, 150, 0]);
  drawDebugOverlay(frame, { midline: null, angles: null, landmarks: { topology: 'mediapipe-478', points } });
  for (const [x, y] of [
    [100, 120],
    [130, 120],
    [200, 150],
  ] as const) {
    expect(framePlanes(frame).y[y * frame.layout.yStride + x]).toBeGreaterThan(160);
    for (const beside of [x - 4, x + 4]) expect(framePlanes(frame).y[y * frame.layout.yStride + beside]).toBe(126);
  }
});
