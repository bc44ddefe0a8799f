import { counted } from '../wording.js';
import type { Isolation, ProviderChoice } from 'facemirror-core/inference/options.js';

/** One way of carrying out a run. */
export interface Combination {
  readonly provider: ProviderChoice;
  readonly workers: number | 'auto';
  /** Frames that a network is given in one run. */
  readonly batch: number | 'auto';
  readonly isolation: Isolation;
}

/** What is swept: every value of each with every value of the others. The first of each make the baseline. */
export interface Axes {
  readonly provider: readonly ProviderChoice[];
  readonly workers: readonly (number | 'auto')[];
  readonly batch: readonly (number | 'auto')[];
  readonly isolation: readonly Isolation[];
}

/** Every combination of the axes, the baseline first. */
export function combinationsOf(axes: Axes): Combination[] {
  const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
  return unique(axes.provider).flatMap((provider) =>
    unique(axes.isolation).flatMap((isolation) =>
      unique(axes.batch).flatMap((batch) =>
        unique(axes.workers).map((workers) => ({ provider, workers, batch, isolation })),
      ),
    ),
  );
}

/**
 * The order in which combinations are run, as their places in the list: each is run right after a run of the baseline
 * of its own (A B A B, A C A C, ...), so that a machine that slows down slows both; the pairs go round `repeat` times.
 */
export function runOrder(combinations: number, repeat: number): number[] {
  const others = Array.from({ length: combinations - 1 }, (_, place) => place + 1);
  const round = others.length === 0 ? [0] : others.flatMap((place) => [0, place]);
  return Array.from({ length: repeat }, () => round).flat();
}

/** In words, for a line of progress. */
export function describeCombination({ provider, workers, batch, isolation }: Combination): string {
  return `${provider}, ${workers === 'auto' ? 'auto workers' : counted(workers, 'worker')}, batch ${batch}, ${isolation}`;
}
