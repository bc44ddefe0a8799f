import { median } from 'facemirror-core/arithmetic.js';
import type { CombinationRuns, RunMeasurement } from './result.js';

/** Beyond that part of the processor time, what other programs take spoils a bench's figures. */
export const BUSY_WITH_OTHERS = 0.1;

/**
 * Part of the machine's processor time that other programs took while runs were under way, the median; null where it
 * was not measured.
 */
export function othersShare(runs: readonly RunMeasurement[]): number | null {
  const shares = runs.flatMap((run) => run.othersShare ?? []);
  return shares.length === 0 ? null : median(shares);
}

/** Medians of a combination's runs. */
export interface CombinationFigures {
  readonly openingMs: number;
  readonly wallMs: number;
  readonly framesPerSecond: number;
  /** CPU time over wall time and cores, 0 to 1. */
  readonly busyShare: number;
  readonly peakRssBytes: number;
  /** Time over the baseline's, in pairs; null for the baseline. */
  readonly ratio: { readonly median: number; readonly least: number; readonly most: number } | null;
}

export function figuresOf({ runs, ratios }: CombinationRuns, cores: number): CombinationFigures {
  const medianOf = (value: (run: RunMeasurement) => number): number => median(runs.map(value));
  return {
    openingMs: medianOf((run) => run.openingMs),
    wallMs: medianOf((run) => run.wallMs),
    framesPerSecond: medianOf((run) => (run.frames * 1000) / run.wallMs),
    busyShare: medianOf((run) => run.cpuMs / (run.wallMs * cores)),
    peakRssBytes: medianOf((run) => run.peakRssBytes),
    ratio:
      ratios.length === 0 ? null : { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) },
  };
}

/**
 * Sorts runs, given in the order in which they were made, to their combinations, each with its ratios to the runs of
 * the baseline right before its own.
 * @param order see `runOrder`; 0 is the baseline.
 */
export function pairRuns(
  order: readonly number[],
  runs: readonly RunMeasurement[],
  combinations: number,
): Pick<CombinationRuns, 'runs' | 'ratios'>[] {
  const sorted = Array.from({ length: combinations }, () => ({ runs: [] as RunMeasurement[], ratios: [] as number[] }));
  let baseline: RunMeasurement | null = null;
  runs.forEach((run, index) => {
    const place = order[index] ?? 0;
    sorted[place]?.runs.push(run);
    if (place === 0) baseline = run;
    else if (baseline !== null) sorted[place]?.ratios.push(run.wallMs / baseline.wallMs);
  });
  return sorted;
}
