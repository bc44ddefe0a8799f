import { afterEach, expect, test } from 'vitest';
import { framePlanes, type Frame } from 'facemirror-core/frames/frame.js';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { drawPictures, type Drawing } from 'facemirror-core/flow/drawing.js';
import { DrawingThread } from '../../src/pipeline/drawing-thread.js';

const pool = new FramePool({ width: 101, height: 67, colour: { matrix: 'bt709', range: 'limited' }, capacity: 8 });
const midline = { glabella: { x: 48.3, y: 10 }, chin: { x: 52.9, y: 60 } };
let thread: DrawingThread | null = null;

afterEach(async () => {
  await thread?.close();
  thread = null;
});

/** A frame of noise, and a drawing of all its pictures. */
async function drawing(): Promise<Drawing & { readonly targets: readonly Frame[] }> {
  const [source, left, right, target] = await pool.acquireMany(4);
  if (!source || !left || !right || !target) throw new Error('acquireMany(4) gave fewer frames.');
  for (const plane of Object.values(framePlanes(source)))
    plane.forEach((_, at) => (plane[at] = (at * 2654435761) >>> 24));
  const debug = { target, face: { midline, angles: { yaw: 2, pitch: 1, roll: 3 } } };
  return { source, mirrored: { left, right, midline }, debug, targets: [left, right, target] };
}

test('pictures drawn in the thread are those that are drawn in place', async () => {
  thread = new DrawingThread(pool, 'mirrored');
  const [inThread, inPlace] = [await drawing(), await drawing()];
  const times = await thread.draw(inThread);
  drawPictures(inPlace, 'mirrored');
  expect(times).toEqual({ mirrorMs: expect.any(Number) as number, overlayMs: expect.any(Number) as number });
  inThread.targets.forEach((frame, place) => {
    const other = inPlace.targets[place];
    expect(other && framePlanes(frame)).toEqual(other && framePlanes(other));
  });
  for (const { source, targets } of [inThread, inPlace]) for (const frame of [source, ...targets]) pool.release(frame);
});

test('a drawing that cannot be made fails by itself, and the next one is made', async () => {
  thread = new DrawingThread(pool, 'normal');
  const { source, targets, ...rest } = await drawing();
  const flat = {
    ...rest,
    source,
    mirrored: rest.mirrored && { ...rest.mirrored, midline: { glabella: midline.chin, chin: midline.chin } },
  };
  await expect(thread.draw(flat)).rejects.toThrow('different');
  await expect(thread.draw({ ...rest, source })).resolves.toHaveProperty('mirrorMs');
  for (const frame of [source, ...targets]) pool.release(frame);
});

test('a thread that has ended says so instead of waiting for ever', async () => {
  const ended = new DrawingThread(pool, 'normal');
  await ended.close();
  const { source, targets, ...rest } = await drawing();
  await expect(ended.draw({ ...rest, source })).rejects.toMatchObject({ code: 'WORKER_LOST' });
  for (const frame of [source, ...targets]) pool.release(frame);
});
