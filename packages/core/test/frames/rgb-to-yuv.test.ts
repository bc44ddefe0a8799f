import { expect, test } from 'vitest';
import { cropLength, type Crop } from '../../src/frames/crop.js';
import { cropToTensor } from '../../src/frames/crop-to-tensor.js';
import { framePlanes, type Colour } from '../../src/frames/frame.js';
import { FramePool } from '../../src/frames/pool.js';
import { rgbToYuv, writeRgb } from '../../src/frames/rgb-to-yuv.js';

test('known colours have the Y, Cb and Cr of the recommendations', () => {
  // ITU-R BT.709-6 and BT.601-7: 100 % red, white and black in 8-bit limited range; JPEG (JFIF) red in full range.
  expect(rgbToYuv({ matrix: 'bt709', range: 'limited' })(255, 0, 0).map(Math.round)).toEqual([63, 102, 240]);
  expect(rgbToYuv({ matrix: 'bt601', range: 'limited' })(255, 0, 0).map(Math.round)).toEqual([81, 90, 240]);
  expect(rgbToYuv({ matrix: 'bt601', range: 'full' })(255, 0, 0).map(Math.round)).toEqual([76, 85, 256]);
  expect(rgbToYuv({ matrix: 'bt2020', range: 'limited' })(255, 255, 255).map(Math.round)).toEqual([235, 128, 128]);
  expect(rgbToYuv({ matrix: 'bt709', range: 'limited' })(0, 0, 0).map(Math.round)).toEqual([16, 128, 128]);
});

test.each<Colour>([
  { matrix: 'bt601', range: 'full' },
  { matrix: 'bt709', range: 'limited' },
  { matrix: 'bt2020', range: 'limited' },
])('an image of one colour comes back from a frame as it was, in %o', async (colour) => {
  const frame = await new FramePool({ width: 7, height: 5, colour, capacity: 1 }).acquire();
  for (const rgb of [
    [200, 40, 90],
    [3, 250, 17],
    [128, 128, 128],
  ] as const) {
    writeRgb(
      frame,
      Uint8Array.from({ length: 7 * 5 * 4 }, (_, i) => [...rgb, 255][i % 4]!),
      4,
    );
    const crop: Crop = {
      toSource: { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 },
      width: 7,
      height: 5,
      layout: 'NHWC',
      channels: 'RGB',
      scale: [1, 1, 1],
      offset: [0, 0, 0],
      border: 'clamp',
      sampling: 'bilinear',
    };
    const out = new Float32Array(cropLength(crop));
    cropToTensor(frame, crop, out);
    out.forEach((value, i) => expect(Math.abs(value - rgb[i % 3]!)).toBeLessThan(2.5));
  }
});

test('an image of another size is refused', async () => {
  const frame = await new FramePool({
    width: 4,
    height: 4,
    colour: { matrix: 'bt709', range: 'limited' },
    capacity: 1,
  }).acquire();
  expect(() => writeRgb(frame, new Uint8Array(4 * 4 * 4))).toThrow('48 values');
  expect(framePlanes(frame).y.length).toBe(32 * 4);
});
