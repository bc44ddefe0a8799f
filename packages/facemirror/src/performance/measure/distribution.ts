import type { DurationFigures } from '../../results/summary.js';

const SMALLEST_MS = 0.001;
const GROWTH = 1.02;
const LOG_GROWTH = Math.log(GROWTH);
// 1 µs to more than a day.
const BUCKETS = 1300;

/**
 * Collects durations in a fixed amount of memory, however many there are: buckets whose bounds grow by 2 %, so that a
 * percentile, taken as the geometric middle of its bucket, is off by at most 1 %.
 */
export class DurationDistribution {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;

  /** Adds one duration. */
  add(durationMs: number): void {
    this.#count++;
    this.#totalMs += durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
    const bucket = durationMs <= SMALLEST_MS ? 0 : Math.ceil(Math.log(durationMs / SMALLEST_MS) / LOG_GROWTH);
    const place = Math.min(bucket, BUCKETS - 1);
    this.#buckets[place] = (this.#buckets[place] ?? 0) + 1;
  }

  /** The figures so far; all zero when nothing was added. */
  figures(): DurationFigures {
    return {
      count: this.#count,
      totalMs: this.#totalMs,
      meanMs: this.#count === 0 ? 0 : this.#totalMs / this.#count,
      p50Ms: this.#percentile(0.5),
      p95Ms: this.#percentile(0.95),
      maxMs: this.#maxMs,
    };
  }

  #percentile(fraction: number): number {
    const wanted = Math.ceil(this.#count * fraction);
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS && wanted > 0; bucket++) {
      seen += this.#buckets[bucket] ?? 0;
      // The last one is known exactly; so is the only one.
      if (seen >= wanted && wanted === this.#count) return this.#maxMs;
      if (seen >= wanted) return Math.min(SMALLEST_MS * GROWTH ** (bucket - 0.5), this.#maxMs);
    }
    return 0;
  }
}
