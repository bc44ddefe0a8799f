/** How finely waiting is counted. */
const LONGEST_TICK_MS = 1000;

/**
 * Counts how long something has been waited for, in the time in which this process ran: after Ctrl-Z or a computer's
 * sleep an answer is not late because of that.
 */
export class Patience {
  #ticking: NodeJS.Timeout | null = null;

  /** Begins again. `onSpent` is called when `limitMs` have gone by without `end`. */
  begin(limitMs: number, onSpent: () => void): void {
    this.end();
    const tickMs = Math.min(LONGEST_TICK_MS, limitMs);
    let waitedMs = 0;
    this.#ticking = setInterval(() => {
      // However long this process stood still, an interval comes once.
      waitedMs += tickMs;
      if (waitedMs < limitMs) return;
      this.end();
      onSpent();
    }, tickMs);
  }

  end(): void {
    if (this.#ticking !== null) clearInterval(this.#ticking);
    this.#ticking = null;
  }
}
