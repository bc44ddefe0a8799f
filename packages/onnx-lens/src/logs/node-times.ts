import type { TraceEvent } from './trace-events.js';
import type { NodeTime } from './trace-report.js';

/** What nodes' events end with. */
export const KERNEL_TIME = '_kernel_time';

/**
 * Events held to bring them into the order of their starts (24 bytes each); ONNX Runtime itself writes at most a
 * million.
 */
const WINDOW = 1_000_000;
const FIRST_LENGTH = 256;
/** Different times held for the medians, over all nodes; beyond it they are rounded, at first to 12 bits. */
const MOST_TIMES = 250_000;
const FIRST_BITS = 12;
const LEAST_BITS = 4;

/** One node's calls so far. All times in microseconds. */
interface NodeCalls {
  readonly name: string;
  readonly opType: string;
  readonly provider: string;
  total: number;
  calls: number;
  min: number;
  max: number;
  /** How often it took each time. */
  times: Map<number, number>;
}

interface OpenNode {
  readonly node: number;
  readonly end: number;
  own: number;
}

/**
 * Adds up the time of each node, less that of the nodes within it (If, Loop and Scan hold the time of their bodies
 * too).
 *
 * Events may come in any order. Memory grows with the number of nodes, not of events: a million events are held, and
 * half of them let go when there are more. A loop that comes after its body was let go counts with it (`late`).
 */
export class NodeTimes {
  readonly #window: number;
  readonly #mostTimes: number;
  readonly #nodes: NodeCalls[] = [];
  readonly #places = new Map<string, number>();
  readonly #threads = new Map<string, number>();
  readonly #open: OpenNode[][] = [];
  #starts = new Float64Array(FIRST_LENGTH);
  #durations = new Float64Array(FIRST_LENGTH);
  #nodeOf = new Uint32Array(FIRST_LENGTH);
  #threadOf = new Uint32Array(FIRST_LENGTH);
  #held = 0;
  #settledUntil = -Infinity;
  #late = 0;
  #times = 0;
  #bits: number | null = null;

  /** @param window how many events to hold. @param mostTimes how many different times to hold. */
  constructor(window = WINDOW, mostTimes = MOST_TIMES) {
    this.#window = window;
    this.#mostTimes = mostTimes;
  }

  /** True when nodes ran on more than one thread. */
  get isParallel(): boolean {
    return this.#threads.size > 1;
  }

  /** Calls that came too late to take their bodies' time from them. */
  get late(): number {
    return this.#late;
  }

  /** The greatest relative error of a median: 0 unless times had to be rounded. */
  get medianError(): number {
    return this.#bits === null ? 0 : 2 ** -this.#bits;
  }

  /** Takes an event of a node. */
  take(event: TraceEvent): void {
    if (this.#held === this.#window) this.#settle(this.#window / 2);
    if (this.#held === this.#starts.length) this.#grow();
    if (event.start < this.#settledUntil) this.#late++;
    const place = this.#held++;
    this.#starts[place] = event.start;
    this.#durations[place] = event.duration;
    this.#nodeOf[place] = this.#nodePlace(event);
    this.#threadOf[place] = this.#threadPlace(event.thread);
  }

  /** All nodes, with the time of all together in milliseconds. Nothing may be taken afterwards. */
  finish(): { readonly nodes: NodeTime[]; readonly totalMs: number } {
    this.#settle(this.#held);
    for (const open of this.#open) for (const node of open) this.#record(node);
    const total = this.#nodes.reduce((sum, node) => sum + node.total, 0);
    const nodes = this.#nodes.map(({ name, opType, provider, times, ...node }): NodeTime => ({
      name,
      opType,
      provider,
      minMs: node.min / 1000,
      medianMs: median(times, node.calls) / 1000,
      maxMs: node.max / 1000,
      ms: node.total / 1000,
      share: total === 0 ? 0 : node.total / total,
      calls: node.calls,
    }));
    return { nodes, totalMs: total / 1000 };
  }

  /** Works out the own times of the `count` events that start first, and keeps the others. */
  #settle(count: number): void {
    const starts = this.#starts;
    const durations = this.#durations;
    const order = new Uint32Array(this.#held).map((_, place) => place);
    order.sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || (durations[b] ?? 0) - (durations[a] ?? 0) || a - b);
    for (const place of order.subarray(0, count)) {
      const end = (starts[place] ?? 0) + (durations[place] ?? 0);
      const open = (this.#open[this.#threadOf[place] ?? 0] ??= []);
      for (let outer = open.at(-1); outer !== undefined && outer.end < end; outer = open.at(-1)) {
        this.#record(outer);
        open.pop();
      }
      const own = durations[place] ?? 0;
      const outer = open.at(-1);
      if (outer !== undefined) outer.own = Math.max(0, outer.own - own);
      open.push({ node: this.#nodeOf[place] ?? 0, end, own });
    }
    if (count > 0) this.#settledUntil = starts[order[count - 1] ?? 0] ?? 0;
    const kept = order.slice(count).sort();
    kept.forEach((from, to) => {
      starts[to] = starts[from] ?? 0;
      durations[to] = durations[from] ?? 0;
      this.#nodeOf[to] = this.#nodeOf[from] ?? 0;
      this.#threadOf[to] = this.#threadOf[from] ?? 0;
    });
    this.#held = kept.length;
  }

  #record({ node, own }: OpenNode): void {
    const calls = this.#nodes[node];
    if (calls === undefined) return;
    calls.total += own;
    calls.calls++;
    calls.min = Math.min(calls.min, own);
    calls.max = Math.max(calls.max, own);
    const time = rounded(own, this.#bits);
    const times = calls.times.get(time);
    calls.times.set(time, (times ?? 0) + 1);
    if (times === undefined && ++this.#times > this.#mostTimes) this.#round();
  }

  /** Rounds the times held until half as many are left. */
  #round(): void {
    while (this.#times > this.#mostTimes / 2 && this.#bits !== LEAST_BITS) {
      this.#bits = this.#bits === null ? FIRST_BITS : this.#bits - 1;
      this.#times = 0;
      for (const node of this.#nodes) {
        const times = new Map<number, number>();
        for (const [time, calls] of node.times) {
          const key = rounded(time, this.#bits);
          times.set(key, (times.get(key) ?? 0) + calls);
        }
        node.times = times;
        this.#times += times.size;
      }
    }
  }

  #nodePlace({ provider, opType, name }: TraceEvent): number {
    const key = `${provider}\n${opType}\n${name}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const own = { name: name.slice(0, -KERNEL_TIME.length), opType, provider };
    const place = this.#nodes.push({ ...own, total: 0, calls: 0, min: Infinity, max: 0, times: new Map() }) - 1;
    this.#places.set(key, place);
    return place;
  }

  #threadPlace(thread: string): number {
    const known = this.#threads.get(thread);
    if (known !== undefined) return known;
    this.#threads.set(thread, this.#threads.size);
    return this.#threads.size - 1;
  }

  #grow(): void {
    const length = Math.min(this.#window, this.#starts.length * 2);
    const longer = <T extends Float64Array | Uint32Array>(to: T, from: T): T => (to.set(from), to);
    this.#starts = longer(new Float64Array(length), this.#starts);
    this.#durations = longer(new Float64Array(length), this.#durations);
    this.#nodeOf = longer(new Uint32Array(length), this.#nodeOf);
    this.#threadOf = longer(new Uint32Array(length), this.#threadOf);
  }
}

/** The middle time of `calls` calls, or the mean of the two in the middle. */
function median(times: ReadonlyMap<number, number>, calls: number): number {
  const sorted = [...times].sort(([a], [b]) => a - b);
  const at = (rank: number): number => {
    let before = 0;
    return sorted.find(([, count]) => (before += count) > rank)?.[0] ?? 0;
  };
  return (at((calls - 1) >> 1) + at(calls >> 1)) / 2;
}

/** The nearest number of that many bits; null for all. */
function rounded(time: number, bits: number | null): number {
  if (bits === null || !(time > 0) || time === Infinity) return time;
  const step = 2 ** (Math.floor(Math.log2(time)) + 1 - bits);
  return step > 0 ? Math.round(time / step) * step : time;
}
