/**
 * What measuring a run costs, by two methods: the calls of the profiler that one run makes, each times what such a call
 * takes by itself; and processor time of runs with and without it, in pairs A B A B, medians.
 *
 *   npm run bench -- profiler [--video FILE] [--pairs 5]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../packages/core/dist/arithmetic.js';
import { runBatch } from '../packages/facemirror/dist/batch/batch.js';
import { RunProfiler } from '../packages/facemirror/dist/performance/measure/profiler.js';
import { writeDemo } from '../packages/facemirror/dist/demo/write-demo.js';
import { option } from './options.js';

const LIMIT = 0.01;
const MEMORY_SAMPLES_PER_MS = 1 / 200;

/** Milliseconds of one call, the fastest of some rounds of many. */
function costOf(call) {
  const calls = 20_000;
  const rounds = Array.from({ length: 7 }, () => {
    const start = performance.now();
    for (let number = 0; number < calls; number++) call(number);
    return (performance.now() - start) / calls;
  });
  return Math.min(...rounds);
}

async function run(video, out, profile) {
  const before = process.cpuUsage();
  let record = null;
  await runBatch({
    paths: [video],
    out,
    settings: { provider: 'cpu', jobs: 1, profile, force: true },
    signal: new globalThis.AbortController().signal,
    onEvent: (event) => {
      if (event.kind === 'done') record = event.record;
      if (event.kind === 'failed') throw event.error;
    },
  });
  const { user, system } = process.cpuUsage(before);
  return { record, cpuMs: (user + system) / 1000 };
}

const folder = mkdtempSync(join(tmpdir(), 'facemirror-bench-'));
try {
  const video = option('--video', null) ?? (await writeDemo(folder, new globalThis.AbortController().signal)).video;
  const out = join(folder, 'out');
  const { record } = await run(video, out, true);
  const { profile } = record;
  const profiler = new RunProfiler();
  const call = {
    items: 1,
    preprocessMs: 1,
    inferenceMs: 5,
    postprocessMs: 0.1,
    endedAt: performance.now(),
    worker: 1,
    queued: { waitedMs: 0.2, left: 1 },
    process: null,
  };
  const kinds = [
    [
      'spans',
      profile.stages.reduce((sum, { count }) => sum + count, 0),
      costOf((number) => profiler.end('mirror', profiler.begin() - 1, number + 100)),
    ],
    [
      'calls of networks',
      profile.models.reduce((sum, { inference }) => sum + inference.count, 0),
      costOf(() => profiler.model('mesh', call)),
    ],
    [
      'passages of queues',
      profile.queues.reduce((sum, { queue, waits }) => sum + (queue.startsWith('network ') ? 0 : waits.count), 0),
      costOf((number) => profiler.queue('drawing', 1, null, profiler.begin() % 1, number)),
    ],
    ['finished frames', profile.frames, costOf((number) => profiler.frameDone(number, 20))],
    ['samples of memory', Math.ceil(profile.wallMs * MEMORY_SAMPLES_PER_MS), costOf(() => process.memoryUsage.rss())],
  ];
  profiler.finish();
  let total = 0;
  for (const [name, count, cost] of kinds) {
    total += count * cost;
    console.log(
      `${name.padEnd(20)}${String(count).padStart(8)} x ${(cost * 1000).toFixed(2).padStart(6)} us = ${(count * cost).toFixed(2).padStart(7)} ms`,
    );
  }
  const counted = total / profile.cpuMs;
  console.log(
    `together ${total.toFixed(1)} ms of ${profile.cpuMs.toFixed(0)} ms of processor time (${profile.wallMs.toFixed(0)} ms of wall time), ${profile.frames} frames: ${(counted * 100).toFixed(3)} %`,
  );
  const ratios = [];
  for (let pair = 0; pair < Number(option('--pairs', '5')); pair++) {
    const off = await run(video, out, false);
    const on = await run(video, out, true);
    ratios.push(on.cpuMs / off.cpuMs);
    console.log(`  pair ${pair + 1}: ${off.cpuMs.toFixed(0)} ms without, ${on.cpuMs.toFixed(0)} ms with it`);
  }
  console.log(
    `processor time with over without: ${median(ratios).toFixed(4)} (${Math.min(...ratios).toFixed(4)} to ${Math.max(...ratios).toFixed(4)})`,
  );
  console.log(
    `${counted <= LIMIT ? 'met   ' : 'MISSED'}  cost of measuring: ${(counted * 100).toFixed(3)} %, at most ${LIMIT * 100} %`,
  );
  process.exitCode = counted <= LIMIT ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
