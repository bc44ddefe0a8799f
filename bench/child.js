/** One measured run in a process of its own: `node bench/child.js pipeline|baseline CLIP OUT`. Prints one line of JSON. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FramePool } from '../packages/core/dist/frames/pool.js';
import { runBatch } from '../packages/facemirror/dist/batch/batch.js';
import { flowFrames } from '../packages/core/dist/flow/frame-flow.js';
import { UNMEASURED } from '../packages/facemirror/dist/performance/measure/profiler.js';
import { VideoReader } from '../packages/facemirror/dist/video/reader.js';
import { VideoWriter } from '../packages/facemirror/dist/video/writer.js';

const [, , kind, clip, out] = process.argv;
const { signal } = new AbortController();
const QUALITY = 18;

/** The whole program: tables, left, right and debug video. */
async function pipeline() {
  /** @type {import('facemirror').RunRecord | undefined} */
  let record;
  await runBatch({
    paths: [clip],
    out,
    signal,
    settings: { provider: 'cpu', encoder: 'libx264', batch: 1, jobs: 1, force: true },
    onEvent: (event) => {
      if (event.kind === 'done') record = event.record;
      if (event.kind === 'failed') throw event.error;
    },
  });
  if (record === undefined) throw new Error('The video was done before.');
  return { frames: record.frames.read, withFace: record.frames.withFace, profile: record.profile };
}

/** Only decoding and encoding three times, by the same reader, pool and writers. */
async function baseline() {
  const reader = await VideoReader.open(clip);
  const { info } = reader;
  const pool = new FramePool({ ...info, capacity: 14 });
  const kinds = ['left', 'right', 'debug'];
  const writers = {};
  for (const name of kinds) {
    writers[name] = await VideoWriter.open({
      ...info,
      path: join(out, `${name}.mp4`),
      encoder: 'libx264',
      quality: QUALITY,
      threads: Math.max(1, Math.floor(availableParallelism() / 3)),
      audio: null,
    });
  }
  let frames = 0;
  await flowFrames(
    reader,
    pool,
    {
      observe: () => Promise.resolve(null),
      follow: () => null,
      draw: ({ frame }) => {
        pool.retain(frame, 3);
        return Promise.resolve({ left: frame, right: frame, debug: frame, source: null });
      },
      note: () => Promise.resolve(),
      write: (name, picture, time) => writers[name].write(picture, time),
      finished: () => frames++,
    },
    { framesUnderWay: 5, noteStage: null, profiler: UNMEASURED, signal },
  );
  for (const writer of Object.values(writers)) await writer.finish();
  await reader.close();
  return { frames };
}

const startedAt = performance.now();
const result = kind === 'pipeline' ? await pipeline() : await baseline();
const wallMs = performance.now() - startedAt;
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
// maxRSS is in kilobytes on every system that Node runs on.
process.stdout.write(
  `${JSON.stringify({ kind, wallMs, cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMB: maxRSS / 1024, ...result })}\n`,
);
