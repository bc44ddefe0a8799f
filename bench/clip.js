/** Makes the videos that the bench runs on, with nothing but what the program itself is made of. */
import { framePlanes } from '../packages/core/dist/frames/frame.js';
import { FramePool } from '../packages/core/dist/frames/pool.js';
import { DEMO_FORMAT, DemoClip } from '../packages/facemirror/dist/demo/clip.js';
import { tagsFor } from '../packages/facemirror/dist/video/colour.js';
import { VideoWriter } from '../packages/facemirror/dist/video/writer.js';

export const WIDTH = 1080;
export const HEIGHT = 1920;
const RATE = 30;

/** The demo's speaking face, enlarged to fill a phone's upright frame, forwards and backwards for as long as is asked. */
export async function writeClip(path, frames) {
  const demo = new DemoClip();
  const { colour } = DEMO_FORMAT;
  const small = new FramePool({ ...DEMO_FORMAT, capacity: 1 });
  const pool = new FramePool({ width: WIDTH, height: HEIGHT, colour, capacity: 1 });
  const [from, to] = [await small.acquire(), await pool.acquire()];
  const random = noise(1);
  const writer = await VideoWriter.open({
    path,
    width: WIDTH,
    height: HEIGHT,
    timeBase: { num: 1, den: RATE * 1000 },
    frameRate: RATE,
    colourTags: tagsFor(colour),
    encoder: 'libx264',
    quality: 18,
    threads: 2,
    audio: null,
  });
  for (let index = 0; index < frames; index++) {
    demo.draw(pendulum(index, DEMO_FORMAT.frames), from);
    enlarge(from, to, random);
    await writer.write(to, { ticks: BigInt(index * 1000), durationTicks: 1000n, seconds: index / RATE });
  }
  await writer.finish();
}

/** The same at the demo's own size and without noise: cheap to decode and to encode, for runs in which only the number of frames counts. */
export async function writeSmallClip(path, frames) {
  const demo = new DemoClip();
  const { width, height, colour } = DEMO_FORMAT;
  const pool = new FramePool({ width, height, colour, capacity: DEMO_FORMAT.frames });
  const drawn = [];
  for (let index = 0; index < Math.min(frames, DEMO_FORMAT.frames); index++) {
    const frame = await pool.acquire();
    demo.draw(index, frame);
    drawn.push(frame);
  }
  const writer = await VideoWriter.open({
    path,
    width,
    height,
    timeBase: { num: 1, den: RATE * 1000 },
    frameRate: RATE,
    colourTags: tagsFor(colour),
    encoder: 'libx264',
    quality: 23,
    threads: 2,
    audio: null,
  });
  for (let index = 0; index < frames; index++) {
    await writer.write(drawn[pendulum(index, DEMO_FORMAT.frames)], {
      ticks: BigInt(index * 1000),
      durationTicks: 1000n,
      seconds: index / RATE,
    });
  }
  await writer.finish();
}

function pendulum(index, length) {
  const place = index % (2 * length - 2);
  return place < length ? place : 2 * length - 2 - place;
}

/** Fills the target's width, bilinear; rows beyond the source repeat its edge. Luma gets a camera's noise. */
function enlarge(source, target, random) {
  const [from, to] = [framePlanes(source), framePlanes(target)];
  const [a, b] = [source.layout, target.layout];
  const scale = a.width / b.width;
  const top = (b.height - a.height / scale) / 2;
  plane(from.y, a.yStride, a.width, a.height, to.y, b.yStride, b.width, b.height, scale, top, random);
  for (const name of ['u', 'v']) {
    plane(
      from[name],
      a.uvStride,
      a.chromaWidth,
      a.chromaHeight,
      to[name],
      b.uvStride,
      b.chromaWidth,
      b.chromaHeight,
      scale,
      top / 2,
      null,
    );
  }
}

function plane(from, fromStride, fromWidth, fromHeight, to, toStride, width, height, scale, top, random) {
  for (let row = 0; row < height; row++) {
    const y = Math.min(fromHeight - 1.001, Math.max(0, (row - top + 0.5) * scale - 0.5));
    const line = Math.floor(y);
    const down = y - line;
    for (let column = 0; column < width; column++) {
      const x = Math.min(fromWidth - 1.001, Math.max(0, (column + 0.5) * scale - 0.5));
      const left = Math.floor(x);
      const across = x - left;
      const at = line * fromStride + left;
      const upper = from[at] + (from[at + 1] - from[at]) * across;
      const lower = from[at + fromStride] + (from[at + fromStride + 1] - from[at + fromStride]) * across;
      to[row * toStride + column] = upper + (lower - upper) * down + 0.5 + (random === null ? 0 : random());
    }
  }
}

/** Even noise of +-1.5 grey levels, the same in every run (a linear congruential generator, Numerical Recipes). */
function noise(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 4294967296 - 0.5) * 3;
  };
}
