import type { SeriesPoint } from '../../results/summary.js';

interface Stretch {
  readonly at: number;
  sum: number;
  count: number;
  max: number;
}

/**
 * A series of values in bounded memory: when it is full, neighbouring stretches are joined and every stretch becomes
 * twice as long, so that a long run ends with as many points as a short one.
 */
export class BoundedSeries {
  readonly #capacity: number;
  #stretch: number;
  #points: Stretch[] = [];

  /**
   * @param capacity the most points that are kept, an even number.
   * @param stretch the length of a stretch at first, in the unit of `at`.
   */
  constructor(capacity: number, stretch: number) {
    this.#capacity = capacity;
    this.#stretch = stretch;
  }

  /** Adds a value; `at` must not be smaller than the one before. */
  add(at: number, value: number): void {
    const start = Math.floor(at / this.#stretch) * this.#stretch;
    const last = this.#points.at(-1);
    if (last !== undefined && start <= last.at) {
      last.sum += value;
      last.count++;
      last.max = Math.max(last.max, value);
      return;
    }
    this.#points.push({ at: start, sum: value, count: 1, max: value });
    if (this.#points.length > this.#capacity) this.#halve();
  }

  /** The points so far, in order. */
  points(): SeriesPoint[] {
    return this.#points.map(({ at, sum, count, max }) => ({ at, mean: sum / count, max }));
  }

  #halve(): void {
    this.#stretch *= 2;
    const joined: Stretch[] = [];
    for (const point of this.#points) {
      const at = Math.floor(point.at / this.#stretch) * this.#stretch;
      const last = joined.at(-1);
      if (last?.at === at) {
        last.sum += point.sum;
        last.count += point.count;
        last.max = Math.max(last.max, point.max);
      } else {
        joined.push({ ...point, at });
      }
    }
    this.#points = joined;
  }
}
