import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FramePool } from 'facemirror-core/frames/pool.js';
import { flowFrames, type FrameSteps } from 'facemirror-core/flow/frame-flow.js';
import { NO_PROFILER } from 'facemirror-core/profile/profiler.js';
import { VideoReader } from '../../src/video/reader.js';
import { writeClip } from '../video/clips.js';

const FRAMES = 40;
const UNDER_WAY = 3;

let folder: string;
let clip: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facemirror-flow-'));
  clip = join(folder, 'clip.mp4');
  await writeClip(clip, { width: 64, height: 64, times: Array.from({ length: FRAMES }, (_, index) => index / 30) });
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the clip through steps that only take notes, with some of them replaced. */
async function flow(
  changes: (pool: FramePool) => Partial<FrameSteps<null>>,
  signal = new AbortController().signal,
): Promise<{ pool: FramePool; log: string[]; error: unknown }> {
  const reader = await VideoReader.open(clip);
  const pool = new FramePool({ ...reader.info, capacity: UNDER_WAY + 2 });
  const log: string[] = [];
  const steps: FrameSteps<null> = {
    observe: () => Promise.resolve(null),
    follow: () => null,
    draw: async ({ frame, number }) => {
      const [left] = await pool.acquireMany(1);
      log.push(`draw ${number}`);
      return { left: left!, right: pool.retain(frame), debug: null, source: null };
    },
    note: ({ number }) => {
      log.push(`note ${number}`);
      return Promise.resolve();
    },
    write: async (kind, _picture, { ticks }) => {
      // The slower of two encoders must not be overtaken by itself.
      await delay(kind === 'left' ? Number(ticks % 3n) : 0);
      log.push(`${kind} ${ticks}`);
    },
    finished: () => undefined,
    ...changes(pool),
  };
  try {
    await flowFrames(reader, pool, steps, {
      framesUnderWay: UNDER_WAY,
      noteStage: 'action-units',
      profiler: NO_PROFILER,
      signal,
    });
    return { pool, log, error: null };
  } catch (error) {
    return { pool, log, error };
  } finally {
    await reader.close();
  }
}

test('every frame passes every step once, in order, and all frames come back', async () => {
  const { pool, log, error } = await flow(() => ({}));
  expect(error).toBeNull();
  expect(pool.inUse).toBe(0);
  const numbers = Array.from({ length: FRAMES }, (_, index) => index + 1);
  expect(log.filter((line) => line.startsWith('draw'))).toEqual(numbers.map((number) => `draw ${number}`));
  expect(log.filter((line) => line.startsWith('note'))).toEqual(numbers.map((number) => `note ${number}`));
  for (const kind of ['left', 'right']) {
    const times = log.filter((line) => line.startsWith(kind)).map((line) => Number(line.split(' ')[1]));
    expect(times).toHaveLength(FRAMES);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  }
});

test.each(['observe', 'draw', 'note', 'write'] as const)(
  'a failure in %s ends the flow with it, and all frames come back',
  async (step) => {
    let calls = 0;
    const broken = new Error(`broken ${step}`);
    const { pool, error } = await flow(() => ({
      [step]: () => {
        calls++;
        return calls === 5
          ? Promise.reject(broken)
          : Promise.resolve(step === 'draw' ? { left: null, right: null, debug: null, source: null } : null);
      },
    }));
    expect(error).toBe(broken);
    expect(pool.inUse).toBe(0);
  },
);

test('a stop ends the flow as cancelled, and all frames come back', async () => {
  const controller = new AbortController();
  const { pool, log, error } = await flow(
    () => ({ note: ({ number }) => Promise.resolve(number === 7 ? controller.abort() : undefined) }),
    controller.signal,
  );
  expect(error).toMatchObject({ code: 'CANCELLED' });
  expect(pool.inUse).toBe(0);
  expect(log.filter((line) => line.startsWith('draw')).length).toBeLessThan(FRAMES);
});
