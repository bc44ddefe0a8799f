/** Beyond this many pairs the normal approximation is good to the third digit, and counting takes long. */
const MOST_COUNTED_PAIRS = 400;

/**
 * How likely two sets of values lie apart as much as these by chance alone, 0 to 1: the two-sided rank-sum test of Mann
 * and Whitney (1947), counted exactly for few values, after the normal distribution with its correction for continuity
 * for many. One outlier of a busy machine moves a rank, not the verdict.
 */
export function chanceOfDifference(first: readonly number[], second: readonly number[]): number {
  const pairs = first.length * second.length;
  if (pairs === 0) return 1;
  let wins = 0;
  for (const one of first) for (const other of second) wins += one < other ? 1 : one === other ? 0.5 : 0;
  // Ties leave halves: rounding towards the middle claims less.
  const fewer = Math.ceil(Math.min(wins, pairs - wins));
  const oneSided =
    pairs > MOST_COUNTED_PAIRS
      ? normalTail(fewer, first.length, second.length)
      : countedTail(fewer, first.length, second.length);
  return Math.min(1, 2 * oneSided);
}

/** The least that {@link chanceOfDifference} can say of that many values: where all of one set lie below the other. */
export function leastChance(first: number, second: number): number {
  let orders = 1;
  for (let place = 1; place <= Math.min(first, second); place++) orders *= (Math.max(first, second) + place) / place;
  return Math.min(1, 2 / orders);
}

/** Part of all orders of n and m values in which at most `most` pairs are won. */
function countedTail(most: number, n: number, m: number): number {
  // ways[j][u]: orders of the first i values of the one set and j of the other with u pairs won.
  let ways = Array.from({ length: m + 1 }, () =>
    Float64Array.from({ length: n * m + 1 }, (_, wins) => (wins === 0 ? 1 : 0)),
  );
  for (let i = 1; i <= n; i++) {
    const next = ways.map(() => new Float64Array(n * m + 1));
    for (let j = 0; j <= m; j++) {
      for (let wins = 0; wins <= i * j; wins++) {
        // The largest value is of the first set, and wins over all of the other; or it is of the other.
        const isOfFirst = wins >= j ? (ways[j]?.[wins - j] ?? 0) : 0;
        const isOfOther = j > 0 ? (next[j - 1]?.[wins] ?? 0) : 0;
        const row = next[j];
        if (row !== undefined) row[wins] = isOfFirst + isOfOther;
      }
    }
    ways = next;
  }
  const counts = ways[m] ?? new Float64Array(1);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.subarray(0, most + 1).reduce((sum, count) => sum + count, 0) / all;
}

function normalTail(most: number, n: number, m: number): number {
  const spread = Math.sqrt((n * m * (n + m + 1)) / 12);
  return 1 - normalBelow((n * m) / 2 - most - 0.5, spread);
}

/** Abramowitz and Stegun 26.2.17, to 7.5e-8. */
function normalBelow(value: number, spread: number): number {
  const x = Math.abs(value) / spread;
  const t = 1 / (1 + 0.2316419 * x);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const above = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return value >= 0 ? 1 - above : above;
}
