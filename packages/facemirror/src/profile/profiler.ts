import { DurationDistribution } from './distribution.js';
import { MachineLoad } from '../machine/machine-load.js';
import { usableCores } from '../machine/usable-cores.js';
import { BoundedSeries } from './series.js';
import { STAGES, type ModelFigures, type ProfileSummary, type QueueFigures, type Stage, type TimelineSpan } from './summary.js';
import type { ChromeTraceWriter } from './trace.js';

/** Frames whose spans are kept for the timeline picture: enough to see the rhythm, after the warm-up frames. */
const TIMELINE_FRAMES = { from: 30, to: 45 };
const SERIES_POINTS = 600;
const MEMORY_INTERVAL_MS = 200;

/** Time of one call of a model, in milliseconds. */
export interface ModelCall {
  /** Crops or frames in the batch. */
  readonly items: number;
  readonly preprocessMs: number;
  readonly inferenceMs: number;
  readonly postprocessMs: number;
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
  /** The cost of opening a model's first session, and what the process grew by. */
  modelOpened(name: string, opened: { createMs: number; firstInferenceMs: number; memoryBytes: number | null }): void;
  /** The depth of a queue after something was put in or taken out, and how long the producer waited for room. */
  queue(name: string, depth: number, capacity: number, blockedMs: number): void;
  /** A frame is finished, `underwayMs` after its decoding. */
  frameDone(frame: number, underwayMs: number): void;
  /** Size of the frame pool. */
  framePool(bytes: number): void;
  /** Ends the measurement. Null when profiling is off. */
  finish(): ProfileSummary | null;
}

/** Measures nothing and costs nothing. */
export const NO_PROFILER: Profiler = {
  begin: () => 0,
  end: () => undefined,
  span: () => undefined,
  model: () => undefined,
  modelOpened: () => undefined,
  queue: () => undefined,
  frameDone: () => undefined,
  framePool: () => undefined,
  finish: () => null,
};

interface ModelRecord {
  items: number;
  readonly preprocess: DurationDistribution;
  readonly inference: DurationDistribution;
  readonly postprocess: DurationDistribution;
  warmUp: ModelFigures['warmUp'];
  memoryBytes: number | null;
}

interface QueueRecord {
  capacity: number;
  depthSum: number;
  samples: number;
  maxDepth: number;
  blockedMs: number;
}

/** Measures a run, in memory that does not grow with its length. */
export class RunProfiler implements Profiler {
  readonly #startMs = performance.now();
  readonly #cpuAtStart = process.cpuUsage();
  readonly #stages = new Map<Stage, DurationDistribution>(STAGES.map((stage) => [stage, new DurationDistribution()]));
  readonly #models = new Map<string, ModelRecord>();
  readonly #queues = new Map<string, QueueRecord>();
  readonly #load = new MachineLoad();
  readonly #frameTime = new BoundedSeries(SERIES_POINTS, 1);
  readonly #frameInterval = new BoundedSeries(SERIES_POINTS, 1);
  readonly #rss = new BoundedSeries(SERIES_POINTS, MEMORY_INTERVAL_MS / 1000);
  readonly #timeline: TimelineSpan[] = [];
  readonly #trace: ChromeTraceWriter | null;
  readonly #memoryTimer: NodeJS.Timeout;
  readonly #startRssBytes = process.memoryUsage.rss();
  #peakRssBytes = this.#startRssBytes;
  #framePoolBytes = 0;
  #frames = 0;
  #lastDoneMs: number | null = null;

  /** @param trace where spans go as well; the caller finishes or discards it. */
  constructor(trace: ChromeTraceWriter | null = null) {
    this.#trace = trace;
    this.#memoryTimer = setInterval(() => this.#sampleMemory(), MEMORY_INTERVAL_MS);
    this.#memoryTimer.unref();
  }

  begin(): number {
    return performance.now();
  }

  end(stage: Stage, startedAt: number, frame: number, lane: string = stage): void {
    this.span(stage, startedAt, performance.now() - startedAt, frame, lane);
  }

  span(stage: Stage, startedAt: number, durationMs: number, frame: number, lane: string): void {
    this.#stages.get(stage)?.add(durationMs);
    const isOnTimeline = frame >= TIMELINE_FRAMES.from && frame < TIMELINE_FRAMES.to;
    if (!isOnTimeline && this.#trace === null) return;
    const span = { stage, lane, frame, startMs: startedAt - this.#startMs, durationMs };
    if (isOnTimeline) this.#timeline.push(span);
    this.#trace?.span(span);
  }

  model(name: string, call: ModelCall): void {
    const record = this.#modelRecord(name);
    record.items += call.items;
    record.preprocess.add(call.preprocessMs);
    record.inference.add(call.inferenceMs);
    record.postprocess.add(call.postprocessMs);
  }

  modelOpened(name: string, opened: { createMs: number; firstInferenceMs: number; memoryBytes: number | null }): void {
    const record = this.#modelRecord(name);
    record.warmUp = { createMs: opened.createMs, firstInferenceMs: opened.firstInferenceMs };
    record.memoryBytes = opened.memoryBytes;
  }

  queue(name: string, depth: number, capacity: number, blockedMs: number): void {
    let record = this.#queues.get(name);
    if (record === undefined) {
      record = { capacity, depthSum: 0, samples: 0, maxDepth: 0, blockedMs: 0 };
      this.#queues.set(name, record);
    }
    record.depthSum += depth;
    record.samples++;
    record.maxDepth = Math.max(record.maxDepth, depth);
    record.blockedMs += blockedMs;
    this.#trace?.counter(`queue ${name}`, performance.now() - this.#startMs, depth);
  }

  frameDone(frame: number, underwayMs: number): void {
    this.#frames++;
    this.#frameTime.add(frame, underwayMs);
    const now = performance.now();
    if (this.#lastDoneMs !== null) this.#frameInterval.add(this.#frames, now - this.#lastDoneMs);
    this.#lastDoneMs = now;
  }

  framePool(bytes: number): void {
    this.#framePoolBytes = bytes;
  }

  finish(): ProfileSummary {
    clearInterval(this.#memoryTimer);
    this.#sampleMemory();
    const wallMs = performance.now() - this.#startMs;
    const cpu = process.cpuUsage(this.#cpuAtStart);
    return {
      wallMs,
      cpuMs: (cpu.user + cpu.system) / 1000,
      cores: usableCores(),
      idleShare: this.#load.idleShare(),
      frames: this.#frames,
      framesPerSecond: wallMs === 0 ? 0 : (this.#frames * 1000) / wallMs,
      stages: this.#stageFigures(),
      models: [...this.#models].map(([model, record]) => ({
        model,
        items: record.items,
        preprocess: record.preprocess.figures(),
        inference: record.inference.figures(),
        postprocess: record.postprocess.figures(),
        warmUp: record.warmUp,
        memoryBytes: record.memoryBytes,
      })),
      queues: [...this.#queues].map(([queue, record]) => queueFigures(queue, record)),
      memory: {
        startRssBytes: this.#startRssBytes,
        peakRssBytes: this.#peakRssBytes,
        endRssBytes: process.memoryUsage.rss(),
        framePoolBytes: this.#framePoolBytes,
        rssOverTime: this.#rss.points(),
      },
      frameTimeMs: this.#frameTime.points(),
      frameIntervalMs: this.#frameInterval.points(),
      timeline: this.#timeline,
    };
  }

  #stageFigures(): ProfileSummary['stages'] {
    const measured = STAGES.map((stage) => ({ stage, ...(this.#stages.get(stage) ?? new DurationDistribution()).figures() }));
    const work = measured.reduce((sum, each) => sum + (each.stage === 'wait' ? 0 : each.totalMs), 0);
    const waiting = measured.find((each) => each.stage === 'wait')?.totalMs ?? 0;
    return measured
      .filter((each) => each.count > 0)
      .map((each) => {
        const whole = each.stage === 'wait' ? work + waiting : work;
        return { ...each, share: whole === 0 ? 0 : each.totalMs / whole };
      });
  }

  #modelRecord(name: string): ModelRecord {
    let record = this.#models.get(name);
    if (record === undefined) {
      record = {
        items: 0,
        preprocess: new DurationDistribution(),
        inference: new DurationDistribution(),
        postprocess: new DurationDistribution(),
        warmUp: null,
        memoryBytes: null,
      };
      this.#models.set(name, record);
    }
    return record;
  }

  #sampleMemory(): void {
    // maxRSS is the kernel's own peak, which the samples may miss, but it also counts what came before this run.
    const rss = process.memoryUsage.rss();
    this.#peakRssBytes = Math.max(this.#peakRssBytes, rss);
    const atMs = performance.now() - this.#startMs;
    this.#rss.add(atMs / 1000, rss);
    this.#trace?.counter('rss', atMs, rss);
  }
}

function queueFigures(queue: string, record: QueueRecord): QueueFigures {
  return {
    queue,
    capacity: record.capacity,
    meanDepth: record.samples === 0 ? 0 : record.depthSum / record.samples,
    maxDepth: record.maxDepth,
    blockedMs: record.blockedMs,
  };
}
