import { randomNumbers } from 'onnx-lens';
import { expect, test } from 'vitest';
import { kernelsOn } from '../../src/frames/kernels.js';
import { mirrorPlanePlain, type Plane, type PlaneReflection } from '../../src/mirror/mirror-plane.js';

/** Runs the kernel on a plane put into shared memory. */
function mirrorByKernel(source: Plane, reflection: PlaneReflection): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const bytes = source.stride * source.height;
  const from = 65_536;
  const to = from + bytes + 64;
  new Uint8Array(memory.buffer, from, bytes).set(source.pixels);
  const kernel = kernelsOn('mirror', memory)['mirrorPlane'] as (...numbers: number[]) => void;
  const { pointX, pointY, normalX, normalY, halfSeam } = reflection;
  kernel(from, to, source.width, source.height, source.stride, pointX, pointY, normalX, normalY, halfSeam);
  return visible({ ...source, pixels: new Uint8Array(memory.buffer, to, bytes) });
}

function visible({ pixels, width, height, stride }: Plane): Uint8Array {
  const result = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) result.set(pixels.subarray(y * stride, y * stride + width), y * width);
  return result;
}

function mirrorPlain(source: Plane, reflection: PlaneReflection): Uint8Array {
  const target = { ...source, pixels: new Uint8Array(source.pixels.length) };
  mirrorPlanePlain(source, target, reflection);
  return visible(target);
}

/** The definition, in double precision. */
function mirrorExact(source: Plane, { pointX, pointY, normalX, normalY, halfSeam }: PlaneReflection): Float64Array {
  const { pixels, width, height, stride } = source;
  const at = (x: number, y: number): number => pixels[Math.min(y, height - 1) * stride + Math.min(x, width - 1)]!;
  return Float64Array.from({ length: width * height }, (_, index) => {
    const x = index % width;
    const y = (index - x) / width;
    const distance = (x - pointX) * normalX + (y - pointY) * normalY;
    const sx = Math.min(Math.max(x - 2 * distance * normalX, 0), width - 1);
    const sy = Math.min(Math.max(y - 2 * distance * normalY, 0), height - 1);
    const [fx, fy] = [sx % 1, sy % 1];
    const [ix, iy] = [sx - fx, sy - fy];
    const mirrored = (at(ix, iy) * (1 - fx) + at(ix + 1, iy) * fx) * (1 - fy) + (at(ix, iy + 1) * (1 - fx) + at(ix + 1, iy + 1) * fx) * fy;
    const weight = Math.min(Math.max((distance + halfSeam) / (2 * halfSeam), 0), 1);
    return weight * at(x, y) + (1 - weight) * mirrored;
  });
}

function randomPlane(random: () => number, width: number, height: number, smooth: boolean): Plane {
  const stride = Math.ceil(width / 32) * 32;
  const phase = random() * 6;
  const pixels = Uint8Array.from({ length: stride * height }, (_, index) =>
    smooth ? 128 + 100 * Math.sin((index % stride) / 7 + phase) * Math.cos(Math.floor(index / stride) / 9) : random() * 256,
  );
  return { pixels, width, height, stride };
}

function reflectionAt(angleDegrees: number, pointX: number, pointY: number, halfSeam: number): PlaneReflection {
  const angle = (angleDegrees * Math.PI) / 180;
  return { pointX, pointY, normalX: Math.cos(angle), normalY: Math.sin(angle), halfSeam };
}

test('the kernel gives the bytes of the plain version at any size, angle and place', () => {
  const random = randomNumbers(7);
  for (let round = 0; round < 250; round++) {
    const plane = randomPlane(random, 1 + Math.floor(random() * 90), 1 + Math.floor(random() * 60), false);
    const angles = [0, 90, 180, 270, 45, random() * 360, (random() - 0.5) * 20, 180 + (random() - 0.5) * 20];
    const angle = angles[round % angles.length]!;
    const reflection = reflectionAt(angle, (random() * 1.6 - 0.3) * plane.width, (random() * 1.6 - 0.3) * plane.height, round % 2 ? 3 : 1.5);
    expect(mirrorByKernel(plane, reflection), JSON.stringify({ round, ...reflection, width: plane.width })).toEqual(mirrorPlain(plane, reflection));
  }
});

test('both are within one grey level of the definition on a smooth picture, and two on noise', () => {
  const random = randomNumbers(11);
  for (let round = 0; round < 120; round++) {
    const smooth = round % 2 === 0;
    const plane = randomPlane(random, 80, 50, smooth);
    const reflection = reflectionAt(random() * 360, random() * 80, random() * 50, 3);
    const exact = mirrorExact(plane, reflection);
    const worst = mirrorByKernel(plane, reflection).reduce((most, value, index) => Math.max(most, Math.abs(value - exact[index]!)), 0);
    expect(worst).toBeLessThan(smooth ? 1 : 2);
  }
});

test('about a vertical line through pixel centres the replaced half is the kept half read backwards', () => {
  const plane = randomPlane(randomNumbers(3), 101, 20, false);
  const mirrored = mirrorByKernel(plane, reflectionAt(0, 50, 0, 3));
  for (let y = 0; y < 20; y++) {
    for (let x = 54; x < 101; x++) {
      expect(mirrored[y * 101 + x]).toBe(plane.pixels[y * plane.stride + x]);
      expect(mirrored[y * 101 + 100 - x]).toBe(plane.pixels[y * plane.stride + x]);
    }
  }
});

test('a line far outside the plane keeps all of it or repeats its border', () => {
  const plane = randomPlane(randomNumbers(5), 40, 8, false);
  expect(mirrorByKernel(plane, reflectionAt(0, -1e7, 0, 3))).toEqual(visible(plane));
  const beyond = mirrorByKernel(plane, reflectionAt(0, 1e7, 0, 3));
  for (let y = 0; y < 8; y++) expect(new Set(beyond.subarray(y * 40, y * 40 + 40))).toEqual(new Set([plane.pixels[y * plane.stride + 39]]));
});
