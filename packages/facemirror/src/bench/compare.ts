import { median } from 'facemirror-core/arithmetic.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { percent } from '../wording.js';
import type { Combination } from './combination.js';
import { BUSY_WITH_OTHERS, othersShare } from './figures.js';
import { chanceOfDifference, leastChance } from './rank-sum.js';
import type { BenchResult, CombinationRuns, RunMeasurement } from './result.js';

/** How a figure changed. `noise`: chance alone explains it; `too-few`: with so few runs, chance explains any change. */
export type Verdict = 'better' | 'worse' | 'noise' | 'too-few';

/** A change that chance alone brings more often than that is none. */
const RARE = 0.05;

export interface Change {
  readonly before: number;
  readonly after: number;
  /** After over before; of medians. */
  readonly ratio: number;
  readonly verdict: Verdict;
}

export interface CombinationChange extends Combination {
  /** Milliseconds of a run. */
  readonly wallMs: Change;
  readonly peakRssBytes: Change;
  readonly openingMs: Change;
}

export interface BenchComparison {
  readonly combinations: readonly CombinationChange[];
  /** What is not the same in both, and so may be the reason; and combinations that only one of them has. */
  readonly notes: readonly string[];
}

/**
 * What got better or worse from one bench to another. A change counts only where the runs of the two lie apart as
 * chance alone would part them in no more than one case of 20 (see {@link chanceOfDifference}); that takes four runs
 * each.
 *
 * @throws FaceMirrorError USAGE when the suites or the videos differ, or no combination is in both.
 */
export function compareBenches(before: BenchResult, after: BenchResult): BenchComparison {
  const [old, now] = [before.settings.suite, after.settings.suite];
  if (old !== now) throw incomparable('the suite', old, now);
  if (!isSameVideo(before, after)) throw incomparable('the video', describeVideo(before), describeVideo(after));
  const notes = differences(before, after);
  const combinations: CombinationChange[] = [];
  for (const old of before.combinations) {
    const now = after.combinations.find((each) => isSame(each, old));
    if (now !== undefined) combinations.push(changeOf(old, now));
  }
  if (combinations.length === 0)
    throw new FaceMirrorError(
      'USAGE',
      'The two benches have no combination of provider, workers, batch and isolation in common.',
    );
  if (!haveSameTables(before, after))
    notes.push('The tables are not the same bytes before and after: more than the speed has changed.');
  notes.push(...othersAtWork(before, after));
  const missing = before.combinations.length + after.combinations.length - 2 * combinations.length;
  if (missing > 0)
    notes.push(`${missing} ${missing === 1 ? 'combination is' : 'combinations are'} in one of the benches only.`);
  return { combinations, notes };
}

function changeOf(before: CombinationRuns, after: CombinationRuns): CombinationChange {
  const { provider, workers, batch, isolation } = before;
  const change = (value: (run: RunMeasurement) => number): Change =>
    compareFigures(before.runs.map(value), after.runs.map(value));
  return {
    provider,
    workers,
    batch,
    isolation,
    wallMs: change((run) => run.wallMs),
    peakRssBytes: change((run) => run.peakRssBytes),
    openingMs: change((run) => run.openingMs),
  };
}

/** Of figures of which less is better. */
export function compareFigures(before: readonly number[], after: readonly number[]): Change {
  const [old, now] = [median(before), median(after)];
  return { before: old, after: now, ratio: now / old, verdict: verdictOn(before, after, now < old) };
}

function verdictOn(before: readonly number[], after: readonly number[], isLess: boolean): Verdict {
  if (leastChance(before.length, after.length) > RARE) return 'too-few';
  if (chanceOfDifference(before, after) > RARE) return 'noise';
  return isLess ? 'better' : 'worse';
}

function isSame(a: Combination, b: Combination): boolean {
  return a.provider === b.provider && a.workers === b.workers && a.batch === b.batch && a.isolation === b.isolation;
}

function differences(before: BenchResult, after: BenchResult): string[] {
  const pairs: readonly (readonly [string, string | number, string | number])[] = [
    ['The processor', before.host.cpu, after.host.cpu],
    ['The number of cores', before.host.cores, after.host.cores],
    ['The platform', before.host.platform, after.host.platform],
    ['Node', before.host.node, after.host.node],
    ['ONNX Runtime', before.versions.onnxRuntime, after.versions.onnxRuntime],
    ['Face Mirror', before.versions.program, after.versions.program],
  ];
  const notes = pairs
    .filter(([, old, now]) => old !== now)
    .map(([what, old, now]) => `${what} is not the same: ${old} before, ${now} after.`);
  const isOtherMachine = (['cpu', 'cores', 'platform'] as const).some((part) => before.host[part] !== after.host[part]);
  return isOtherMachine
    ? ['These are two machines: what differs may be theirs, and says nothing of the program.', ...notes]
    : notes;
}

function haveSameTables(before: BenchResult, after: BenchResult): boolean {
  // Where they differ among the runs of one bench, that has been said with it.
  if (!before.tablesIdentical || !after.tablesIdentical) return true;
  return before.combinations.every((old) => {
    const now = after.combinations.find((each) => isSame(each, old)) ?? old;
    return new Set([...old.runs, ...now.runs].map(({ tablesSha256 }) => tablesSha256)).size === 1;
  });
}

/** A busy machine is no machine to compare on. */
function othersAtWork(before: BenchResult, after: BenchResult): string[] {
  const [old, now] = [before, after].map((bench) => othersShare(bench.combinations.flatMap(({ runs }) => runs)));
  if (old === undefined || now === undefined || old === null || now === null || Math.max(old, now) < BUSY_WITH_OTHERS)
    return [];
  return [`Other programs took ${percent(old)} of the processor time before, ${percent(now)} after.`];
}

function incomparable(what: string, before: string, after: string): FaceMirrorError {
  return new FaceMirrorError(
    'USAGE',
    `The two benches cannot be compared, as ${what} is not the same: ${before} before, ${after} after.`,
  );
}

/** By its content; but of the demo clip another machine's encoder may write other bytes of the same pictures. */
function isSameVideo(before: BenchResult, after: BenchResult): boolean {
  const areDemo = before.settings.video === null && after.settings.video === null;
  return before.video.frames === after.video.frames && (areDemo || before.video.sha256 === after.video.sha256);
}

function describeVideo({ video }: BenchResult): string {
  return `${video.file} of ${video.frames} frames (${video.sha256.slice(0, 8)})`;
}
