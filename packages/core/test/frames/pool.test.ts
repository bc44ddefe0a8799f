import { expect, test } from 'vitest';
import { framePlanes, type Colour } from '../../src/frames/frame.js';
import { FramePool } from '../../src/frames/pool.js';

const colour: Colour = { matrix: 'bt709', range: 'limited' };
const poolOf = (capacity: number, width = 33, height = 17): FramePool =>
  new FramePool({ width, height, colour, capacity });

test('frames of a pool do not overlap and start at multiples of 64', async () => {
  const pool = poolOf(3);
  const frames = await pool.acquireMany(3);
  frames.forEach((frame, value) => {
    const { y, u, v } = framePlanes(frame);
    for (const plane of [y, u, v]) plane.fill(value + 1);
  });
  frames.forEach((frame, value) => {
    expect(frame.offset % 64).toBe(0);
    const { y, u, v } = framePlanes(frame);
    for (const plane of [y, u, v]) expect(plane.every((byte) => byte === value + 1)).toBe(true);
  });
});

test('acquire waits until a frame is released, first come first served', async () => {
  const pool = poolOf(1);
  const first = await pool.acquire();
  const order: string[] = [];
  const second = pool.acquire().then((frame) => (order.push('second'), frame));
  const third = pool.acquire().then((frame) => (order.push('third'), frame));
  await Promise.resolve();
  expect(order).toEqual([]);
  pool.release(first);
  pool.release(await second);
  pool.release(await third);
  expect(order).toEqual(['second', 'third']);
  expect(pool.inUse).toBe(0);
});

test('a request for several frames is not overtaken by later small ones', async () => {
  const pool = poolOf(2);
  const [a, b] = await pool.acquireMany(2);
  const order: string[] = [];
  const pair = pool.acquireMany(2).then((frames) => (order.push('pair'), frames));
  const single = pool.acquire().then((frame) => (order.push('single'), frame));
  pool.release(a!);
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  pool.release(b!);
  for (const frame of await pair) pool.release(frame);
  pool.release(await single);
  expect(order).toEqual(['pair', 'single']);
});

test('a frame that went to several consumers is free only after the last of them', async () => {
  const pool = poolOf(1);
  const frame = pool.retain(await pool.acquire(), 2);
  pool.release(frame);
  pool.release(structuredClone({ offset: frame.offset, memory: frame.memory, layout: frame.layout, colour }));
  expect(pool.inUse).toBe(1);
  pool.release(frame);
  expect(pool.inUse).toBe(0);
  expect(() => pool.release(frame)).toThrow('released once too often');
  expect(() => pool.retain(frame)).toThrow('released once too often');
});

test('an aborted wait fails with the reason and lets those behind it through', async () => {
  const pool = poolOf(2);
  const [held] = await pool.acquireMany(1);
  const controller = new AbortController();
  const pair = pool.acquireMany(2, controller.signal);
  const single = pool.acquire();
  controller.abort(new Error('the user has had enough'));
  await expect(pair).rejects.toThrow('the user has had enough');
  pool.release(await single);
  pool.release(held!);
  await expect(pool.acquire(controller.signal)).rejects.toThrow('had enough');
  expect(pool.inUse).toBe(0);
});

test('close fails those who wait, and tells of frames that were never given back', async () => {
  const pool = poolOf(1);
  await pool.acquire();
  const waiting = pool.acquire();
  expect(pool.close()).toBe(1);
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(pool.acquire()).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a frame of another pool is refused', async () => {
  const frame = await new FramePool({ width: 64, height: 64, colour, capacity: 4 }).acquireMany(4);
  expect(() => poolOf(1).release(frame[0]!)).toThrow('another pool');
});

test('scratch memory lies beside the frames and ends where it was said to', async () => {
  const pool = new FramePool({ width: 16, height: 16, colour, capacity: 1, scratchBytes: 256 });
  const frame = await pool.acquire();
  const first = pool.reserve(100);
  const second = pool.reserve(128);
  expect(first.offset).toBeGreaterThanOrEqual(frame.offset + frame.layout.bytes);
  expect(second.offset).toBeGreaterThanOrEqual(first.offset + 100);
  expect(() => pool.reserve(1)).toThrow('scratchBytes');
});

test('frames too large for any memory are an error that says so, not an allocation', () => {
  expect(() => new FramePool({ width: 65_535, height: 65_535, colour, capacity: 2 })).toThrow('65535x65535');
  expect(() => new FramePool({ width: 0, height: 4, colour, capacity: 1 })).toThrow('width must be an integer');
});
