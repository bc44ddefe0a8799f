/**
 * Runs tasks one after another in the order in which they were given. After a failure the tasks behind it are not run
 * and fail with the same error.
 */
export class OrderedQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Tasks whose turn has not come. */
  get waiting(): number {
    return this.#waiting;
  }

  run<T>(task: () => Promise<T> | T): Promise<T> {
    this.#waiting++;
    const result = this.#last.then(() => {
      this.#waiting--;
      return task();
    });
    this.#last = result;
    // The caller gets the task's failure; the chain itself must not count as unhandled.
    result.catch(() => undefined);
    return result;
  }
}

/** Lets at most `size` holders in at a time; others wait, first come first served. */
export class Gate {
  readonly #size: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get inside(): number {
    return this.#inside;
  }

  async enter(): Promise<void> {
    if (this.#inside < this.#size) {
      this.#inside++;
      return;
    }
    // The one that leaves hands its place over.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inside--;
    else next();
  }
}
