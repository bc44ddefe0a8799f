import { randomNumbers } from 'onnx-lens/graph';
import { expect, test } from 'vitest';
import { kernelsOn } from '../../src/frames/kernels.js';
import { mirrorPlanePlain, type Plane, type PlaneReflection } from '../../src/mirror/mirror-plane.js';

interface Mirrored {
  /** The half on the normal's side as it is and the other its mirror image; and the other way round. */
  readonly kept: Uint8Array;
  readonly opposite: Uint8Array;
}

/** Runs the kernel on planes of one size put into shared memory: each with its bytes of both outputs. */
function mirrorAllByKernel(
  sources: readonly [Plane, Plane?],
  reflection: PlaneReflection,
  wanted = { kept: true, opposite: true },
): Mirrored[] {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const [{ stride, width, height }, second] = sources;
  const bytes = stride * height;
  const [tables, from] = [65_536, 2 * 65_536];
  const kept = from + 2 * bytes + 64;
  const opposite = kept + 2 * bytes + 64;
  sources.forEach((source, index) => new Uint8Array(memory.buffer, from + index * bytes, bytes).set(source!.pixels));
  const kernel = kernelsOn('mirror', memory)['mirrorPlanes'] as (...numbers: number[]) => void;
  const { pointX, pointY, normalX, normalY, halfSeam, fadeShift } = reflection;
  kernel(
    from,
    wanted.kept ? kept : 0,
    wanted.opposite ? opposite : 0,
    second ? bytes : 0,
    width,
    height,
    stride,
    pointX,
    pointY,
    normalX,
    normalY,
    halfSeam,
    fadeShift,
    tables,
  );
  const plane = (offset: number): Uint8Array =>
    visible({ stride, width, height, pixels: new Uint8Array(memory.buffer, offset, bytes) });
  return sources.map((_, index) => ({ kept: plane(kept + index * bytes), opposite: plane(opposite + index * bytes) }));
}

function mirrorByKernel(source: Plane, reflection: PlaneReflection): Mirrored {
  return mirrorAllByKernel([source], reflection)[0]!;
}

function visible({ pixels, width, height, stride }: Plane): Uint8Array {
  const result = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) result.set(pixels.subarray(y * stride, y * stride + width), y * width);
  return result;
}

function mirrorPlain(source: Plane, reflection: PlaneReflection): Mirrored {
  const kept = { ...source, pixels: new Uint8Array(source.pixels.length) };
  const opposite = { ...source, pixels: new Uint8Array(source.pixels.length) };
  mirrorPlanePlain(source, kept, opposite, reflection);
  return { kept: visible(kept), opposite: visible(opposite) };
}

/** The definition, in double precision. */
function mirrorExact(
  source: Plane,
  { pointX, pointY, normalX, normalY, halfSeam, fadeShift }: PlaneReflection,
): Float64Array {
  const { pixels, width, height, stride } = source;
  const at = (x: number, y: number): number => pixels[Math.min(y, height - 1) * stride + Math.min(x, width - 1)]!;
  let border = 0;
  for (let x = 0; x < width; x++) border += at(x, 0) + at(x, height - 1);
  for (let y = 0; y < height; y++) border += at(0, y) + at(width - 1, y);
  const fill = Math.round(border / (2 * (width + height)));
  return Float64Array.from({ length: width * height }, (_, index) => {
    const x = index % width;
    const y = (index - x) / width;
    const distance = (x - pointX) * normalX + (y - pointY) * normalY;
    const [wantedX, wantedY] = [x - 2 * distance * normalX, y - 2 * distance * normalY];
    const sx = Math.min(Math.max(wantedX, 0), width - 1);
    const sy = Math.min(Math.max(wantedY, 0), height - 1);
    const fade = Math.min(Math.max(Math.abs(wantedX - sx), Math.abs(wantedY - sy)) / 2 ** (fadeShift + 4), 1);
    const [fx, fy] = [sx % 1, sy % 1];
    const [ix, iy] = [sx - fx, sy - fy];
    const sampled =
      (at(ix, iy) * (1 - fx) + at(ix + 1, iy) * fx) * (1 - fy) +
      (at(ix, iy + 1) * (1 - fx) + at(ix + 1, iy + 1) * fx) * fy;
    const mirrored = sampled + fade * (fill - sampled);
    const weight = Math.min(Math.max((distance + halfSeam) / (2 * halfSeam), 0), 1);
    return weight * at(x, y) + (1 - weight) * mirrored;
  });
}

function randomPlane(random: () => number, width: number, height: number, smooth: boolean): Plane {
  const stride = Math.ceil(width / 32) * 32;
  const phase = random() * 6;
  const pixels = Uint8Array.from({ length: stride * height }, (_, index) =>
    smooth
      ? 128 + 100 * Math.sin((index % stride) / 7 + phase) * Math.cos(Math.floor(index / stride) / 9)
      : random() * 256,
  );
  return { pixels, width, height, stride };
}

function reflectionAt(angleDegrees: number, pointX: number, pointY: number, halfSeam: number): PlaneReflection {
  const angle = (angleDegrees * Math.PI) / 180;
  return { pointX, pointY, normalX: Math.cos(angle), normalY: Math.sin(angle), halfSeam, fadeShift: 1 };
}

test('the kernel gives the bytes of the plain version at any size, angle and place', () => {
  const random = randomNumbers(7);
  for (let round = 0; round < 250; round++) {
    const plane = randomPlane(random, 1 + Math.floor(random() * 90), 1 + Math.floor(random() * 60), false);
    const angles = [
      0,
      90,
      180,
      270,
      45 + 90 * (Math.floor(round / 8) % 4),
      random() * 360,
      (random() - 0.5) * 20,
      180 + (random() - 0.5) * 20,
    ];
    const angle = angles[round % angles.length]!;
    const reflection = reflectionAt(
      angle,
      (random() * 1.6 - 0.3) * plane.width,
      (random() * 1.6 - 0.3) * plane.height,
      round % 2 ? 3 : 1.5,
    );
    expect(mirrorByKernel(plane, reflection), JSON.stringify({ round, ...reflection, width: plane.width })).toEqual(
      mirrorPlain(plane, reflection),
    );
  }
});

test('it does so far inside a large plane, over all its borders and wholly beyond them', () => {
  const random = randomNumbers(13);
  for (const angle of [0.3, 2, -4, 6, 9, -20, 37, 66, 80]) {
    const plane = randomPlane(random, 700, 90, false);
    const reflection = reflectionAt(angle, 120 + random() * 400, random() * 90, 3);
    expect(mirrorByKernel(plane, reflection), `${angle} degrees`).toEqual(mirrorPlain(plane, reflection));
  }
});

test('a second plane is mirrored as it would be by itself', () => {
  const random = randomNumbers(17);
  for (const angle of [0, 1, 3, 6, 10, 30, 90, 150, 181]) {
    const planes = [randomPlane(random, 150, 40, false), randomPlane(random, 150, 40, false)] as const;
    const reflection = reflectionAt(angle, 70, 20, 1.5);
    expect(mirrorAllByKernel(planes, reflection)).toEqual(planes.map((plane) => mirrorByKernel(plane, reflection)));
  }
});

test('an output that is not wanted is not written', () => {
  const plane = randomPlane(randomNumbers(19), 64, 20, false);
  const reflection = reflectionAt(3, 30, 10, 3);
  const both = mirrorByKernel(plane, reflection);
  const nothing = new Uint8Array(64 * 20);
  expect(mirrorAllByKernel([plane], reflection, { kept: true, opposite: false })).toEqual([
    { kept: both.kept, opposite: nothing },
  ]);
  expect(mirrorAllByKernel([plane], reflection, { kept: false, opposite: true })).toEqual([
    { kept: nothing, opposite: both.opposite },
  ]);
});

test('both are within one grey level of the definition on a smooth picture, and two on noise', () => {
  const random = randomNumbers(11);
  for (let round = 0; round < 120; round++) {
    const smooth = round % 2 === 0;
    const plane = randomPlane(random, 80, 50, smooth);
    const reflection = reflectionAt(random() * 360, random() * 80, random() * 50, 3);
    const { kept, opposite } = mirrorByKernel(plane, reflection);
    const { normalX, normalY } = reflection;
    for (const [pixels, exact] of [
      [kept, mirrorExact(plane, reflection)],
      [opposite, mirrorExact(plane, { ...reflection, normalX: -normalX, normalY: -normalY })],
    ] as const) {
      const worst = pixels.reduce((most, value, index) => Math.max(most, Math.abs(value - exact[index]!)), 0);
      expect(worst).toBeLessThan(smooth ? 1 : 2);
    }
  }
});

test('about a vertical line through pixel centres the replaced half is the kept half read backwards', () => {
  const plane = randomPlane(randomNumbers(3), 101, 20, false);
  const mirrored = mirrorByKernel(plane, reflectionAt(0, 50, 0, 3)).kept;
  for (let y = 0; y < 20; y++) {
    for (let x = 54; x < 101; x++) {
      expect(mirrored[y * 101 + x]).toBe(plane.pixels[y * plane.stride + x]);
      expect(mirrored[y * 101 + 100 - x]).toBe(plane.pixels[y * plane.stride + x]);
    }
  }
});

test('a line far outside the plane keeps all of it, or fills it with the mean of its border', () => {
  const plane = randomPlane(randomNumbers(5), 40, 8, false);
  expect(mirrorByKernel(plane, reflectionAt(0, -1e7, 0, 3)).kept).toEqual(visible(plane));
  const pixels = visible(plane);
  const border = [
    ...pixels.subarray(0, 40),
    ...pixels.subarray(7 * 40),
    ...Array.from({ length: 8 }, (_, y) => [pixels[y * 40]!, pixels[y * 40 + 39]!]).flat(),
  ];
  const mean = border.reduce((sum, value) => sum + value, 0) / border.length;
  const beyond = new Set(mirrorByKernel(plane, reflectionAt(0, 1e7, 0, 3)).kept);
  expect(beyond.size).toBe(1);
  expect(Math.abs([...beyond][0]! - mean)).toBeLessThanOrEqual(0.5);
});

test('beyond the border there are no streaks: neighbouring rows grow alike towards the edge', () => {
  const stripes = { ...randomPlane(randomNumbers(5), 200, 40, false) };
  for (let y = 0; y < 40; y++) stripes.pixels.fill(y % 2 ? 255 : 0, y * stripes.stride, (y + 1) * stripes.stride);
  const { kept } = mirrorByKernel(stripes, reflectionAt(0, 140, 0, 3));
  // The left 80 columns come from beyond column 199, the first 48 of them from past the fade.
  const contrast = (x: number): number => Math.abs(kept[200 * 11 + x]! - kept[200 * 10 + x]!);
  expect(contrast(82)).toBe(255);
  expect(contrast(64)).toBeLessThan(140);
  for (let x = 0; x < 47; x++) expect(contrast(x)).toBeLessThanOrEqual(1);
});
