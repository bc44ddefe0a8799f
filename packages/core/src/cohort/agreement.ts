import { mean, sum } from '../arithmetic.js';

/**
 * ICC(2,1): two-way random effects, absolute agreement, a single rater (Shrout & Fleiss 1979).
 * @param ratings a row a subject, each with a number a rater; no gaps
 * @returns NaN for fewer than two subjects or raters, or where nothing varies
 */
export function icc21(ratings: readonly (readonly number[])[]): number {
  const n = ratings.length;
  const k = ratings[0]?.length ?? 0;
  if (n < 2 || k < 2) return NaN;
  const grand = mean(ratings.flat());
  const rows = sum(ratings.map((row) => (mean(row) - grand) ** 2)) * k;
  const raters = Array.from({ length: k }, (_, j) => mean(ratings.map((row) => row[j] ?? NaN)));
  const columns = sum(raters.map((each) => (each - grand) ** 2)) * n;
  const total = sum(ratings.flat().map((each) => (each - grand) ** 2));
  const bms = rows / (n - 1);
  const jms = columns / (k - 1);
  const ems = (total - rows - columns) / ((n - 1) * (k - 1));
  return (bms - ems) / (bms + (k - 1) * ems + (k * (jms - ems)) / n);
}

/**
 * Cohen's weighted kappa of two raters (Cohen 1968), with weights that fall evenly (`linear`) or with the square of the
 * distance (`quadratic`).
 * @param table how often the first rater chose the row and the second the column; square
 */
export function weightedKappa(table: readonly (readonly number[])[], weights: 'linear' | 'quadratic'): number {
  const k = table.length;
  const total = sum(table.flat());
  const rows = table.map((row) => sum(row) / total);
  const columns = table.map((_, j) => sum(table.map((row) => row[j] ?? 0)) / total);
  let [seen, expected] = [0, 0];
  table.forEach((row, i) =>
    row.forEach((count, j) => {
      const apart = Math.abs(i - j) / (k - 1);
      const weight = weights === 'linear' ? apart : apart ** 2;
      seen += (weight * count) / total;
      expected += weight * (rows[i] ?? 0) * (columns[j] ?? 0);
    }),
  );
  return 1 - seen / expected;
}

/** Weighted kappa of pairs of whole numbers, over all grades between the least and the greatest. */
export function kappaOfPairs(pairs: readonly (readonly [number, number])[], weights: 'linear' | 'quadratic'): number {
  const all = pairs.flat();
  const least = Math.min(...all);
  const count = Math.max(...all) - least + 1;
  if (!(count >= 2 && count <= 1000)) return NaN;
  const table = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  for (const [a, b] of pairs) {
    const row = table[a - least];
    if (row !== undefined) row[b - least] = (row[b - least] ?? 0) + 1;
  }
  return weightedKappa(table, weights);
}

/** Bland and Altman's limits of agreement. */
export interface LimitsOfAgreement {
  /** Mean of the differences, first less second. */
  readonly bias: number;
  readonly deviation: number;
  /** Bias -/+ 1.96 standard deviations. */
  readonly lower: number;
  readonly upper: number;
}

/** Limits of agreement of pairs (Bland & Altman 1986). NaN of fewer than two. */
export function blandAltman(pairs: readonly (readonly [number, number])[]): LimitsOfAgreement {
  const differences = pairs.map(([a, b]) => a - b);
  const bias = mean(differences);
  const squares = sum(differences.map((each) => (each - bias) ** 2));
  const deviation = pairs.length < 2 ? NaN : Math.sqrt(squares / (pairs.length - 1));
  return { bias, deviation, lower: bias - 1.96 * deviation, upper: bias + 1.96 * deviation };
}
