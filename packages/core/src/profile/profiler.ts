import type { Stage } from './stages.js';

/** Time of one call of a model, in milliseconds. */
export interface ModelCall {
  /** Crops or frames in the batch. */
  readonly items: number;
  readonly preprocessMs: number;
  readonly inferenceMs: number;
  readonly postprocessMs: number;
  /** When its answer was there, on the clock of `performance.now()`. */
  readonly endedAt: number;
  /** Which worker ran it, from 1. */
  readonly worker: number;
  /** How long its first item had waited for a worker, and how many items still waited when it went. */
  readonly queued: { readonly waitedMs: number; readonly left: number };
  /** Of a worker that is a process of its own: its CPU time since its last call, and its memory; null for a thread. */
  readonly process: { readonly cpuMs: number; readonly rssBytes: number } | null;
}

/** What opening a model's first session cost, and what the process that opened it held before and after. */
export interface ModelOpening {
  readonly createMs: number;
  readonly firstInferenceMs: number;
  readonly memoryBytes: number;
  readonly rssBeforeBytes: number;
  readonly rssAfterBytes: number;
}

/** What a run reports to be measured. Every method is cheap (no more than a clock reading and a few additions). */
export interface Profiler {
  /** The clock, in ms; 0 when profiling is off. Pass it to `end`. */
  begin(): number;
  /** Ends a span that began at `startedAt`. `lane` tells apart what runs several times at once. */
  end(stage: Stage, startedAt: number, frame: number, lane?: string): void;
  /** A span that another thread measured: `durationMs` from `startedAt` on. */
  span(stage: Stage, startedAt: number, durationMs: number, frame: number, lane: string): void;
  /** One call of a model. */
  model(name: string, call: ModelCall): void;
  modelOpened(name: string, opening: ModelOpening): void;
  /** Everything is open: from here on frames are worked on. */
  opened(): void;
  /**
   * Something has passed a queue after `waitedMs`, and left so many others in it (of a queue with bounded room: so many
   * are in, with it). `capacity` is null where what waits is bounded by what is under way.
   */
  queue(name: string, depth: number, capacity: number | null, waitedMs: number, frame: number): void;
  /** A frame is finished, `underwayMs` after its decoding. */
  frameDone(frame: number, underwayMs: number): void;
  /** Size of the frame pool: its memory in all, and how many frames it holds. */
  framePool(bytes: number, frames: number): void;
}

/** Measures nothing and costs nothing. */
export const NO_PROFILER: Profiler = {
  begin: () => 0,
  end: () => undefined,
  span: () => undefined,
  model: () => undefined,
  modelOpened: () => undefined,
  opened: () => undefined,
  queue: () => undefined,
  frameDone: () => undefined,
  framePool: () => undefined,
};
