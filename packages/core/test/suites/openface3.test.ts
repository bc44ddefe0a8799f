import { describe, expect, it } from 'vitest';
import { AdaptiveInterval } from '../../src/suites/openface3/detection-interval.js';
import { starCrop } from '../../src/suites/openface3/landmarker.js';
import { decodeRetinaFace, suppress } from '../../src/suites/openface3/retinaface.js';
import { mirroredBox } from '../../src/mirror/mirrored-box.js';

describe('RetinaFace', () => {
  it('decodes a prior as the original does: here the fifth cell of the second row of the finest grid, larger square', () => {
    const [width, height] = [64, 64];
    const priors = 2 * (8 * 8 + 4 * 4 + 2 * 2);
    const loc = new Float32Array(4 * priors);
    const conf = new Float32Array(2 * priors);
    const landms = new Float32Array(10 * priors);
    const prior = 2 * (8 + 4) + 1;
    loc.set([1, -2, 0.5, 0], 4 * prior);
    conf[2 * prior + 1] = 0.95;
    landms.set([1, 1, -1, -1], 10 * prior);
    const faces = decodeRetinaFace({ loc, conf, landms }, width, height, 0.9);
    expect(faces).toHaveLength(1);
    const [{ box, score, keypoints }] = faces as [(typeof faces)[0]];
    // Centre (36, 12), side 32; 0.1 and 0.2 are the variances.
    const wide = 32 * Math.exp(0.1);
    expect(box.x).toBeCloseTo(36 + 3.2 - wide / 2, 4);
    expect(box.y).toBeCloseTo(12 - 6.4 - 16, 4);
    expect([box.width, box.height]).toEqual([expect.closeTo(wide, 4), 32]);
    expect(score).toBeCloseTo(0.95);
    expect(keypoints[0]).toEqual({ x: expect.closeTo(39.2, 4) as number, y: expect.closeTo(15.2, 4) as number });
    expect(keypoints).toHaveLength(5);
    // What a network of wrong weights says: a face of e^100 pixels.
    loc.set([0, 0, 500, 500], 4 * prior);
    expect(decodeRetinaFace({ loc, conf, landms }, width, height, 0.9)).toEqual([]);
  });

  it('drops the lower of two faces that overlap by more than 0.4, counted with whole pixels', () => {
    const face = (x: number, score: number) => ({ box: { x, y: 0, width: 9, height: 9 }, score, keypoints: [] });
    expect(suppress([face(0, 0.99), face(4, 0.98), face(5, 0.97)]).map(({ score }) => score)).toEqual([0.99, 0.97]);
  });
});

describe('the detection interval', () => {
  const face = { x: 100, y: 100, width: 80, height: 100 };

  it('grows one by one to 8 while the head is still, and shrinks to 1 while it is not', () => {
    const interval = new AdaptiveInterval();
    const frames: number[] = [];
    for (let detection = 0; detection < 10; detection++) {
      for (let frame = 0; frame < 3; frame++) interval.turned(frame * 0.1);
      frames.push(interval.detected(face));
    }
    expect(frames).toEqual([3, 4, 5, 6, 7, 8, 8, 8, 8, 8]);
    for (let detection = 0; detection < 9; detection++) {
      for (let frame = 0; frame < 5; frame++) interval.turned(frame * 5);
      frames.push(interval.detected(face));
    }
    expect(frames.at(-1)).toBe(1);
  });

  it('is no longer than a face that moves on takes to leave its box by a twentieth', () => {
    const interval = new AdaptiveInterval();
    const still = Array.from({ length: 8 }, () => {
      for (let frame = 0; frame < 3; frame++) interval.turned(0);
      return interval.detected(face);
    });
    expect(still.at(-1)).toBe(8);
    // 8 frames took it 16 pixels: 2 a frame, and a twentieth of its shorter side is 4.
    expect(interval.detected({ ...face, x: 116 })).toBe(2);
    // What was known of its movement is void when it was lost.
    expect(interval.detected(null)).toBe(8);
    expect(interval.detected({ ...face, x: 500 })).toBe(8);
  });
});

describe("STAR's crop", () => {
  it("puts the box's centre between the middle pixels and 1.05 of its shorter side on 256 pixels", () => {
    const { toSource } = starCrop({ centre: { x: 300, y: 200 }, width: 105, height: 105, angle: 0 });
    expect(toSource.xx * 127.5 + toSource.x0).toBeCloseTo(300);
    expect(toSource.yy * 127.5 + toSource.y0).toBeCloseTo(200);
    expect(toSource.xx).toBeCloseTo(105 / 256);
  });
});

describe('the box of a mirrored face', () => {
  const line = { glabella: { x: 100, y: 50 }, chin: { x: 100, y: 150 } };

  it("is the kept half's with its mirror image: wide where the face is wide on that side of the line", () => {
    const box = { x: 40, y: 30, width: 100, height: 130 };
    // The patient's right is on the picture's left: 60 pixels of the box, and 40 on the other side.
    expect(mirroredBox(box, line, 'right')).toEqual({ x: 40, y: 30, width: 120, height: 130 });
    expect(mirroredBox(box, line, 'left')).toEqual({ x: 60, y: 30, width: 80, height: 130 });
    expect(mirroredBox(box, line, 'left', 'mirrored')).toEqual(mirroredBox(box, line, 'right'));
  });

  it('stays as it is where nothing of it is kept', () => {
    const box = { x: 120, y: 30, width: 50, height: 50 };
    expect(mirroredBox(box, line, 'right')).toBe(box);
  });
});
