import { median } from '../../arithmetic.js';
import { FaceMirrorError } from '../../errors.js';
import type { Combination } from './combination.js';
import type { BenchResult, CombinationRuns, RunMeasurement } from './result.js';

/** How a figure changed. `noise`: the runs of both benches lie among each other. */
export type Verdict = 'better' | 'worse' | 'noise';

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
 * What got better or worse from one bench to another. A change counts only where the slowest run of the one is faster
 * than the fastest of the other; otherwise the spread of the runs covers it. (By chance alone five runs and five lie so
 * apart in 2 of 252 cases, three and three in 2 of 20: Wilcoxon's rank sums.)
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
  if (combinations.length === 0) throw new FaceMirrorError('USAGE', 'The two benches have no combination of workers, batch and isolation in common.');
  const missing = before.combinations.length + after.combinations.length - 2 * combinations.length;
  if (missing > 0) notes.push(`${missing} ${missing === 1 ? 'combination is' : 'combinations are'} in one of the benches only.`);
  return { combinations, notes };
}

function changeOf(before: CombinationRuns, after: CombinationRuns): CombinationChange {
  const { workers, batch, isolation } = before;
  const change = (value: (run: RunMeasurement) => number): Change => compareFigures(before.runs.map(value), after.runs.map(value));
  return { workers, batch, isolation, wallMs: change((run) => run.wallMs), peakRssBytes: change((run) => run.peakRssBytes), openingMs: change((run) => run.openingMs) };
}

/** Of figures of which less is better. One run has no spread to judge by: its changes are always noise. */
export function compareFigures(before: readonly number[], after: readonly number[]): Change {
  const isJudged = before.length > 1 && after.length > 1;
  const isBetter = isJudged && Math.max(...after) < Math.min(...before);
  const isWorse = isJudged && Math.min(...after) > Math.max(...before);
  const [old, now] = [median(before), median(after)];
  return { before: old, after: now, ratio: now / old, verdict: isBetter ? 'better' : isWorse ? 'worse' : 'noise' };
}

function isSame(a: Combination, b: Combination): boolean {
  return a.workers === b.workers && a.batch === b.batch && a.isolation === b.isolation;
}

function differences(before: BenchResult, after: BenchResult): string[] {
  const pairs: readonly (readonly [string, string | number, string | number])[] = [
    ['The processor', before.host.cpu, after.host.cpu],
    ['The number of cores', before.host.cores, after.host.cores],
    ['The platform', before.host.platform, after.host.platform],
    ['Node', before.host.node, after.host.node],
    ['ONNX Runtime', before.versions.onnxRuntime, after.versions.onnxRuntime],
    ['Face Mirror', before.versions.program, after.versions.program],
    ['The provider', before.settings.provider, after.settings.provider],
  ];
  const notes = pairs.filter(([, old, now]) => old !== now).map(([what, old, now]) => `${what} is not the same: ${old} before, ${now} after.`);
  const isOtherMachine = (['cpu', 'cores', 'platform'] as const).some((part) => before.host[part] !== after.host[part]);
  return isOtherMachine ? ['These are two machines: what differs may be theirs, and says nothing of the program.', ...notes] : notes;
}

function incomparable(what: string, before: string, after: string): FaceMirrorError {
  return new FaceMirrorError('USAGE', `The two benches cannot be compared, as ${what} is not the same: ${before} before, ${after} after.`);
}

/** By its content; but of the demo clip another machine's encoder may write other bytes of the same pictures. */
function isSameVideo(before: BenchResult, after: BenchResult): boolean {
  const areDemo = before.settings.video === null && after.settings.video === null;
  return before.video.frames === after.video.frames && (areDemo || before.video.sha256 === after.video.sha256);
}

function describeVideo({ video }: BenchResult): string {
  return `${video.file} of ${video.frames} frames (${video.sha256.slice(0, 8)})`;
}
