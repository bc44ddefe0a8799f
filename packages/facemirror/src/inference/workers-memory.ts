import type { Isolation, WorkersMemory } from 'facemirror-core/inference/options.js';

/** Keeps account of the memory that a pool's workers take. Made before the first of them opens. */
export class WorkersMemoryAccount {
  readonly #isolation: Isolation;
  readonly #before = process.memoryUsage.rss();
  /** With the first one open, alone. */
  #withFirst = this.#before;
  /** What the process grew by while its threads opened: with the first one, and with each further one on average. */
  #growth: { readonly first: number; readonly further: number } = { first: 0, further: 0 };
  #workers = 0;
  /** What sessions took that were opened later, in each worker. */
  #lateBytes = 0;
  /** The most that each worker that is a process of its own was seen to have, by its number. */
  readonly #processes = new Map<number, number>();

  constructor(isolation: Isolation) {
    this.#isolation = isolation;
  }

  firstOpened(): void {
    this.#withFirst = process.memoryUsage.rss();
  }

  /** @param workers those that opened. */
  allOpened(workers: number): void {
    const further = Math.max(0, process.memoryUsage.rss() - this.#withFirst) / Math.max(1, workers - 1);
    this.#growth = { first: Math.max(0, this.#withFirst - this.#before), further };
    this.#workers = workers;
  }

  openedLater(bytes: number): void {
    this.#lateBytes += bytes;
  }

  /** The memory of the process that a worker is, or is a thread of. */
  seen(worker: number, rssBytes: number): void {
    if (this.#isolation === 'process')
      this.#processes.set(worker, Math.max(rssBytes, this.#processes.get(worker) ?? 0));
  }

  lost(worker: number): void {
    this.#processes.delete(worker);
  }

  /** What the workers have taken so far. */
  get total(): WorkersMemory {
    const others = this.#workers - 1;
    if (this.#isolation === 'process') {
      const [first = 0, ...further] = this.#processes.values();
      const furtherBytes =
        further.length === 0 ? null : further.reduce((sum, bytes) => sum + bytes, 0) / further.length;
      return { allBytes: first + others * (furtherBytes ?? 0), furtherBytes };
    }
    const furtherBytes = this.#growth.further + this.#lateBytes;
    return {
      allBytes: this.#growth.first + this.#lateBytes + others * furtherBytes,
      furtherBytes: others === 0 ? null : furtherBytes,
    };
  }
}
