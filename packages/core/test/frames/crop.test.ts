import { randomNumbers } from 'onnx-lens/graph';
import { expect, test } from 'vitest';
import { cropPlain } from '../../src/frames/crop-plain.js';
import { cropToTensor } from '../../src/frames/crop-to-tensor.js';
import { cropLength, type Affine, type Crop } from '../../src/frames/crop.js';
import { framePlanes, type Colour, type Frame } from '../../src/frames/frame.js';
import { FramePool } from '../../src/frames/pool.js';
import { writeRgb } from '../../src/frames/rgb-to-yuv.js';

const colours: readonly Colour[] = [
  { matrix: 'bt601', range: 'full' },
  { matrix: 'bt709', range: 'limited' },
  { matrix: 'bt2020', range: 'limited' },
];

async function frameOf(width: number, height: number, colour: Colour = colours[0]!): Promise<Frame> {
  return new FramePool({ width, height, colour, capacity: 1 }).acquire();
}

function fillWithNoise(frame: Frame, random: () => number): void {
  for (const plane of Object.values(framePlanes(frame))) plane.forEach((_, i) => (plane[i] = random() * 256));
}

const plain: Omit<Crop, 'toSource' | 'width' | 'height'> = {
  layout: 'NHWC',
  channels: 'RGB',
  scale: [1, 1, 1],
  offset: [0, 0, 0],
  border: 'clamp',
  sampling: 'bilinear',
};

function sampled(frame: Frame, crop: Crop): Float32Array {
  const out = new Float32Array(cropLength(crop));
  cropToTensor(frame, crop, out);
  return out;
}

test('the kernel gives the bits of the plain version for any place, size and format', async () => {
  const random = randomNumbers(21);
  for (let round = 0; round < 60; round++) {
    const frame = await frameOf(1 + Math.floor(random() * 70), 1 + Math.floor(random() * 50), colours[round % 3]);
    fillWithNoise(frame, random);
    const angle = random() * 7;
    const zoom = random() * 4;
    const crop: Crop = {
      toSource: {
        xx: zoom * Math.cos(angle),
        xy: -zoom * Math.sin(angle),
        x0: (random() * 2 - 0.5) * frame.layout.width,
        yx: zoom * Math.sin(angle),
        yy: zoom * Math.cos(angle),
        y0: (random() * 2 - 0.5) * frame.layout.height,
      },
      width: 1 + Math.floor(random() * 40),
      height: 1 + Math.floor(random() * 30),
      layout: random() < 0.5 ? 'NCHW' : 'NHWC',
      channels: random() < 0.5 ? 'RGB' : 'BGR',
      scale: [random(), 2 * random(), -random()],
      offset: [random(), -100 * random(), 0],
      border: random() < 0.5 ? 'black' : 'clamp',
      sampling: 'bilinear',
    };
    const expected = new Float32Array(cropLength(crop) + 5).fill(7);
    const actual = expected.slice();
    cropPlain(frame, crop, expected, 3);
    cropToTensor(frame, crop, actual, 3);
    expect(actual, JSON.stringify(crop)).toEqual(expected);
  }
});

test('a large crop, worked off in bands, has the bits of the plain version as well', async () => {
  const frame = await frameOf(300, 400);
  fillWithNoise(frame, randomNumbers(4));
  for (const layout of ['NCHW', 'NHWC'] as const) {
    const crop: Crop = {
      ...plain,
      layout,
      toSource: { xx: 0.5, xy: 0, x0: -5, yx: 0, yy: 0.9, y0: 3 },
      width: 641,
      height: 430,
    };
    const expected = new Float32Array(cropLength(crop));
    cropPlain(frame, crop, expected);
    expect(Buffer.compare(Buffer.from(sampled(frame, crop).buffer), Buffer.from(expected.buffer))).toBe(0);
  }
});

test('a crop shows the colours of the picture where the affine says, and black or its border outside', async () => {
  const frame = await frameOf(8, 6);
  // Red left half, blue right half.
  writeRgb(
    frame,
    Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => (Math.floor(i / 3) % 8 < 4 ? [255, 0, 0] : [0, 0, 255])[i % 3]!),
  );
  const toSource: Affine = { xx: 0, xy: 1, x0: -2, yx: 1, yy: 0, y0: 1 };
  const crop: Crop = { ...plain, toSource, width: 2, height: 12, border: 'black' };
  const at = (tensor: Float32Array, row: number): number[] =>
    Array.from(tensor.subarray(row * 6, row * 6 + 3), (value) => Math.round(value / 10) * 10);
  const turned = sampled(frame, crop);
  expect([0, 3, 8, 11].map((row) => at(turned, row))).toEqual([
    [0, 0, 0],
    [250, 0, 0],
    [0, 0, 250],
    [0, 0, 0],
  ]);
  const repeated = sampled(frame, { ...crop, border: 'clamp', channels: 'BGR' });
  expect([0, 11].map((row) => at(repeated, row))).toEqual([
    [0, 0, 250],
    [250, 0, 0],
  ]);
});

test('an antialiased crop is what Pillow makes of the rectangle', async () => {
  // Image.fromarray(a[1:9, 2:12]).resize((4, 3), Image.BILINEAR) with Pillow 13.0.0 for the luma ramp below, in full
  // range.
  const frame = await frameOf(14, 10);
  const { y, u, v } = framePlanes(frame);
  u.fill(128);
  v.fill(128);
  for (let row = 0; row < 10; row++)
    for (let column = 0; column < 14; column++)
      y[row * frame.layout.yStride + column] = (row * row * 2 + column * 11 + (column % 3) * 20) % 256;
  const crop: Crop = {
    ...plain,
    layout: 'NCHW',
    sampling: 'antialiased',
    width: 4,
    height: 3,
    toSource: { xx: 10 / 4, xy: 0, x0: 2 + 10 / 8 - 0.5, yx: 0, yy: 8 / 3, y0: 1 + 8 / 6 - 0.5 },
  };
  const red = sampled(frame, crop).subarray(0, 12);
  const pillow = [63, 89, 117, 144, 95, 121, 149, 174, 149, 175, 173, 140];
  red.forEach((value, i) => expect(Math.abs(value - pillow[i]!)).toBeLessThan(1.01));
});

/**
 * Weights of the source pixels of an output pixel along one direction, from the definition: the triangle, cut off at
 * the rectangle.
 */
function triangleWeights(
  scale: number,
  origin: number,
  index: number,
  count: number,
  size: number,
  black: boolean,
): { weights: Map<number, number>; inside: number } {
  const centre = origin + scale * index;
  const reach = Math.max(1, scale);
  let taps: number[] = [];
  for (let tap = Math.ceil(origin - scale / 2 - 1e-9); tap <= Math.floor(origin + scale * (count - 0.5) + 1e-9); tap++)
    if (Math.abs(tap - centre) <= reach) taps.push(tap);
  if (taps.length === 0) taps = [Math.round(centre)];
  const weights = new Map<number, number>();
  let [total, inside] = [0, 0];
  for (const tap of taps) {
    const weight = Math.max(0, 1 - Math.abs(tap - centre) / reach);
    total += weight;
    if (black && (tap < 0 || tap >= size)) continue;
    inside += weight;
    const place = Math.min(Math.max(tap, 0), size - 1);
    weights.set(place, (weights.get(place) ?? 0) + weight);
  }
  for (const [place, weight] of weights) weights.set(place, inside === 0 ? 0 : weight / inside);
  return { weights, inside: total === 0 ? 0 : inside / total };
}

/** The luma of an antialiased crop of a grey frame, times how much of each pixel is inside. */
function greyByDefinition({ layout, ...frame }: Frame, { toSource, width, height, border }: Crop): number[] {
  const { y } = framePlanes({ layout, ...frame });
  const columns = Array.from({ length: width }, (_, i) =>
    triangleWeights(toSource.xx, toSource.x0, i, width, layout.width, border === 'black'),
  );
  return Array.from({ length: height }, (_, row) => {
    const rows = triangleWeights(toSource.yy, toSource.y0, row, height, layout.height, border === 'black');
    return columns.map(({ weights, inside }) => {
      let sum = 0;
      for (const [r, a] of rows.weights) for (const [c, b] of weights) sum += a * b * (y[r * layout.yStride + c] ?? 0);
      return sum * inside * rows.inside;
    });
  }).flat();
}

test('an antialiased crop of any place and size, in one band or several, is what the triangle makes of the frame', async () => {
  const random = randomNumbers(8);
  for (let round = 0; round < 40; round++) {
    const isWide = round % 10 === 0;
    const frame = isWide
      ? await frameOf(9000, 24)
      : await frameOf(1 + Math.floor(random() * 90), 1 + Math.floor(random() * 60));
    const { y, u, v } = framePlanes(frame);
    u.fill(128);
    v.fill(128);
    y.forEach((_, i) => (y[i] = random() * 256));
    const [width, height] = isWide ? [1200, 3] : [1 + Math.floor(random() * 30), 1 + Math.floor(random() * 30)];
    const crop: Crop = {
      ...plain,
      layout: 'NCHW',
      sampling: 'antialiased',
      border: random() < 0.5 ? 'black' : 'clamp',
      width,
      height,
      toSource: {
        xx: isWide ? 7.5 : Math.exp(3 * random() - 1),
        xy: 0,
        x0: isWide ? 3 : (random() * 1.5 - 0.5) * frame.layout.width,
        yx: 0,
        yy: Math.exp(3 * random() - 1),
        y0: (random() * 1.5 - 0.5) * frame.layout.height,
      },
    };
    const expected = greyByDefinition(frame, crop);
    const green = sampled(frame, crop).subarray(width * height, 2 * width * height);
    const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - green[i]!)), 0);
    expect(worst, JSON.stringify(crop)).toBeLessThan(2e-3);
  }
});

test('an antialiased crop of one colour is that colour inside and black outside', async () => {
  const frame = await frameOf(40, 40);
  writeRgb(
    frame,
    Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => [90, 160, 30][i % 3]!),
  );
  const crop: Crop = {
    ...plain,
    sampling: 'antialiased',
    border: 'black',
    width: 6,
    height: 1,
    toSource: { xx: 10, xy: 0, x0: -5.5, yx: 0, yy: 10, y0: 14.5 },
  };
  const tensor = sampled(frame, crop);
  [90, 160, 30].forEach((value, channel) => expect(Math.abs(tensor[6 + channel]! - value)).toBeLessThan(1.5));
  // Of the first and the last pixel's triangle, cut off at the rectangle, 1.25 of 8.75 lie inside the frame.
  expect(tensor[0]! / 90).toBeCloseTo(1 / 7, 2);
  expect(tensor[17]! / 30).toBeCloseTo(1 / 7, 2);
});

test('crops that cannot be made are refused', async () => {
  const frame = await frameOf(8, 8);
  const toSource: Affine = { xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0 };
  const crop: Crop = { ...plain, toSource, width: 4, height: 4 };
  expect(() => cropToTensor(frame, crop, new Float32Array(47))).toThrow('room for 47');
  expect(() => cropToTensor(frame, { ...crop, width: 0 }, new Float32Array(48))).toThrow('whole pixels');
  expect(() => cropToTensor(frame, { ...crop, toSource: { ...toSource, x0: NaN } }, new Float32Array(48))).toThrow(
    'finite',
  );
  expect(() =>
    cropToTensor(frame, { ...crop, sampling: 'antialiased', toSource: { ...toSource, xy: 0.1 } }, new Float32Array(48)),
  ).toThrow('upright');
  // Landmarks of a network that makes them up run away from frame to frame: to sample such a crop would never end.
  expect(() =>
    cropToTensor(
      frame,
      { ...crop, sampling: 'antialiased', toSource: { ...toSource, xx: 1e111 } },
      new Float32Array(48),
    ),
  ).toThrow('so far from a frame');
});

test('an even crop is its right half and the mirror image of that, in the kernel and in the plain version', async () => {
  const random = randomNumbers(5);
  const frame = await frameOf(60, 40, colours[1]);
  fillWithNoise(frame, random);
  for (const layout of ['NCHW', 'NHWC'] as const) {
    const toSource: Affine = { xx: -0.9, xy: 0.2, x0: 30, yx: 0.2, yy: 0.9, y0: 4 };
    const whole: Crop = { ...plain, layout, toSource, width: 26, height: 18 };
    const even: Crop = { ...whole, isEven: true };
    const [values, full] = [sampled(frame, even), sampled(frame, whole)];
    const byPlain = new Float32Array(cropLength(even));
    cropPlain(frame, even, byPlain);
    expect(values).toEqual(byPlain);
    for (let row = 0; row < 18; row++)
      for (let column = 0; column < 26; column++)
        for (let channel = 0; channel < 3; channel++) {
          const at = (x: number): number =>
            layout === 'NCHW' ? channel * 26 * 18 + row * 26 + x : (row * 26 + x) * 3 + channel;
          expect(values[at(column)]).toBe(full[at(Math.max(column, 25 - column))]);
        }
  }
});
