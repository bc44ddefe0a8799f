import { expect, test } from 'vitest';
import { framePlanes, type Frame } from '../../src/frames/frame.js';
import { FramePool } from '../../src/frames/pool.js';
import { mirrorFrame } from '../../src/mirror/mirror-frame.js';

const width = 61;
const height = 30;
const line = { glabella: { x: 30, y: 10 }, chin: { x: 30, y: 20 } };

/** Three frames, the first with 50 on the picture's left of the middle column and 200 on its right, in all planes. */
async function frames(): Promise<[Frame, Frame, Frame]> {
  const pool = new FramePool({ width, height, colour: { matrix: 'bt709', range: 'limited' }, capacity: 3 });
  const [source, left, right] = await pool.acquireMany(3);
  const { y, u, v } = framePlanes(source!);
  y.forEach((_, index) => (y[index] = index % source!.layout.yStride < 30 ? 50 : 200));
  for (const plane of [u, v])
    plane.forEach((_, index) => (plane[index] = index % source!.layout.uvStride < 15 ? 60 : 180));
  return [source!, left!, right!];
}

function corners(frame: Frame): number[] {
  const { y, u, v } = framePlanes(frame);
  const { yStride, uvStride, chromaWidth } = frame.layout;
  return [
    y[yStride]!,
    y[yStride + width - 1]!,
    u[uvStride]!,
    u[uvStride + chromaWidth - 1]!,
    v[0]!,
    v[chromaWidth - 1]!,
  ];
}

test("the patient's left is the picture's right, for luma and chroma", async () => {
  const [source, left, right] = await frames();
  mirrorFrame(source, { left, right }, line);
  expect(corners(left)).toEqual([200, 200, 180, 180, 180, 180]);
  expect(corners(right)).toEqual([50, 50, 60, 60, 60, 60]);
});

test("in mirrored video the patient's left is the picture's left", async () => {
  const [source, left, right] = await frames();
  mirrorFrame(source, { left, right }, line, 'mirrored');
  expect(corners(left)[0]).toBe(50);
  expect(corners(right)[0]).toBe(200);
});

test('of a face upside down the sides are its own', async () => {
  const [source, left] = await frames();
  mirrorFrame(source, { left }, { ...line, chin: { x: 30, y: 2 } });
  expect(corners(left)[0]).toBe(50);
});

test('midlines without length, unfinite ones and frames of other sizes are refused', async () => {
  const [source, left] = await frames();
  expect(() => mirrorFrame(source, { left }, { ...line, chin: line.glabella })).toThrow('different');
  expect(() => mirrorFrame(source, { left }, { ...line, chin: { x: NaN, y: 0 } })).toThrow('finite');
  expect(() => mirrorFrame(source, { left: source }, line)).toThrow('same pool');
});
