import { expect, test } from 'vitest';
import type { Landmarks } from '../../src/face/observation.js';
import { framePlanes, type Frame } from '../../src/frames/frame.js';
import { FramePool } from '../../src/frames/pool.js';
import { drawRedacted, REDACTED_COLOUR } from '../../src/overlay/redacted-picture.js';

/** A frame that holds noise where the face was; its size is odd, so that rows have an end that is not seen. */
async function noisyFrame(seed: number): Promise<Frame> {
  const frame = await new FramePool({ width: 161, height: 121, colour: REDACTED_COLOUR, capacity: 1 }).acquire();
  let state = seed;
  for (const plane of Object.values(framePlanes(frame)))
    for (let i = 0; i < plane.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      plane[i] = state >>> 24;
    }
  return frame;
}

function bytesOf(frame: Frame): Buffer {
  const { y, u, v } = framePlanes(frame);
  return Buffer.concat([y, u, v]);
}

const landmarks: Landmarks = {
  topology: 'mediapipe-478',
  points: Float32Array.from({ length: 478 * 3 }, (_, i) => (i % 3 === 2 ? 0 : 20 + ((i * 37) % 90))),
};
const midline = { glabella: { x: 70, y: 30 }, chin: { x: 75, y: 100 } };

test('other pixels with the same landmarks give the same redacted picture', async () => {
  const [one, other] = [await noisyFrame(1), await noisyFrame(2)];
  expect(bytesOf(one)).not.toEqual(bytesOf(other));
  for (const [points, line] of [
    [landmarks, midline],
    [landmarks, null],
    [null, null],
  ] as const) {
    drawRedacted(one, points, line);
    drawRedacted(other, points, line);
    expect(bytesOf(one)).toEqual(bytesOf(other));
  }
});

test('landmarks are dots on black', async () => {
  const frame = await noisyFrame(3);
  drawRedacted(frame, landmarks, null);
  const { y } = framePlanes(frame);
  const [x, row] = [Math.round(landmarks.points[0] ?? NaN), Math.round(landmarks.points[1] ?? NaN)];
  expect(y[row * frame.layout.yStride + x]).toBeGreaterThan(100);
  expect(y[5 * frame.layout.yStride + 5]).toBe(16);
});
