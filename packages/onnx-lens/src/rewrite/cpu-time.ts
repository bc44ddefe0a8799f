import { resolve } from 'node:path';
import { withSession, type Session } from '../runtime/session.js';
import { proofRuns, type ProofRun } from './proof-runs.js';
import type { ProofOptions } from './proof.js';
import { usualRanges } from './usual-ranges.js';

/** What one run of each model takes on the CPU alone, with one thread and all of ONNX Runtime's optimizations. */
export interface CpuTime {
  /** Median milliseconds of processor time. */
  readonly before: number;
  readonly after: number;
}

const MOST_PAIRS = 21;
const FEWEST_PAIRS = 3;
/** Milliseconds of runs after which no further pair is taken. */
const LONG_ENOUGH = 1000;
/** Runs in one reading of the clock, so that a reading spans more than the clock's own step. */
const SHORTEST_READING_MS = 4;
const MOST_RUNS_IN_READING = 64;

/**
 * Measures both models on one seeded input, in turn, so that other programs' load meets both alike. Rewrites for a
 * provider may cost time where that provider is absent: they write out operators that the CPU has a kernel for.
 *
 * @param original path of the model as given.
 * @param rewritten bytes of the result.
 * @returns undefined where no input can be made up.
 * @throws OnnxLensError RUNTIME_REFUSED when ONNX Runtime does not take a model.
 */
export async function compareCpuTime(
  original: string,
  rewritten: Uint8Array,
  { seed = 1, batches = [1], sizes = {}, ranges = {}, dataFolder, inputs }: ProofOptions = {},
): Promise<CpuTime | undefined> {
  const open = { threads: 1, ...(dataFolder === undefined ? {} : { dataFolder: resolve(dataFolder) }) };
  return withSession(original, open, (first) =>
    withSession(rewritten, open, async (second) => {
      // An input that only the original has makes the two no longer the same work.
      if (first.inputs.length !== second.inputs.length) return undefined;
      const plan = { samples: 1, seed, batches: batches.slice(0, 1), sizes, ranges, usual: usualRanges(original) };
      const feeds = inputs?.[0] ?? (await firstFeeds(proofRuns(first, second, plan)));
      return feeds === undefined ? undefined : timePairs(first, second, feeds);
    }),
  );
}

async function firstFeeds(runs: AsyncGenerator<ProofRun>): Promise<ProofRun['feeds'] | undefined> {
  for await (const { feeds } of runs) return feeds;
  return undefined;
}

async function timePairs(first: Session, second: Session, feeds: ProofRun['feeds']): Promise<CpuTime> {
  // The first runs fill caches and buffers.
  await timeRuns(second, feeds, 1);
  const once = await timeRuns(first, feeds, 1);
  const runs = Math.min(MOST_RUNS_IN_READING, Math.max(1, Math.ceil(SHORTEST_READING_MS / Math.max(once, 0.01))));
  const before: number[] = [];
  const after: number[] = [];
  const start = performance.now();
  while (before.length < FEWEST_PAIRS || (before.length < MOST_PAIRS && performance.now() - start < LONG_ENOUGH)) {
    before.push(await timeRuns(first, feeds, runs));
    after.push(await timeRuns(second, feeds, runs));
  }
  return { before: median(before), after: median(after) };
}

/** Processor milliseconds of one run, the mean of several. */
async function timeRuns(session: Session, feeds: ProofRun['feeds'], runs: number): Promise<number> {
  const used = process.cpuUsage();
  for (let run = 0; run < runs; run++) await session.run(feeds);
  const { user, system } = process.cpuUsage(used);
  return (user + system) / 1000 / runs;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
