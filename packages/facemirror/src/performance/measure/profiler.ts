import { DurationDistribution } from './distribution.js';
import { MachineLoad } from '../../machine/machine-load.js';
import { usableCores } from '../../machine/usable-cores.js';
import { BoundedSeries } from './series.js';
import { NO_PROFILER, type ModelCall, type ModelOpening, type Profiler } from 'facemirror-core/profile/profiler.js';
import { STAGES, type Stage } from 'facemirror-core/profile/stages.js';
import type { ModelFigures, ProfileSummary } from '../../results/summary.js';
import { Timeline } from './timeline.js';
import type { ChromeTraceWriter } from './trace.js';

const SERIES_POINTS = 600;
const MEMORY_INTERVAL_MS = 200;
/** Shorter waits are counted, but would only fill a trace. */
const SHORTEST_TRACED_WAIT_MS = 0.05;

/** A profiler that sums up what it was told. */
export interface SummingProfiler extends Profiler {
  /** Ends the measurement. Null when profiling is off. */
  finish(): ProfileSummary | null;
}

/** Measures nothing and costs nothing. */
export const UNMEASURED: SummingProfiler = { ...NO_PROFILER, finish: () => null };

interface ModelRecord {
  items: number;
  readonly preprocess: DurationDistribution;
  readonly inference: DurationDistribution;
  readonly postprocess: DurationDistribution;
  opening: ModelOpening | null;
}

interface QueueRecord {
  readonly capacity: number | null;
  depthSum: number;
  maxDepth: number;
  readonly waits: DurationDistribution;
}

/** Measures a run, in memory that does not grow with its length. */
export class RunProfiler implements SummingProfiler {
  readonly #startMs = performance.now();
  readonly #cpuAtStart = process.cpuUsage();
  readonly #stages = new Map<Stage, DurationDistribution>(STAGES.map((stage) => [stage, new DurationDistribution()]));
  readonly #models = new Map<string, ModelRecord>();
  readonly #queues = new Map<string, QueueRecord>();
  readonly #load = new MachineLoad();
  readonly #frameTime = new BoundedSeries(SERIES_POINTS, 1);
  readonly #frameInterval = new BoundedSeries(SERIES_POINTS, 1);
  readonly #rss = new BoundedSeries(SERIES_POINTS, MEMORY_INTERVAL_MS / 1000);
  readonly #timeline = new Timeline();
  readonly #trace: ChromeTraceWriter | null;
  readonly #memoryTimer: NodeJS.Timeout;
  readonly #startRssBytes = process.memoryUsage.rss();
  #peakRssBytes = this.#startRssBytes;
  #framePoolBytes = 0;
  #framePoolFrames = 0;
  #opening: NonNullable<ProfileSummary['opening']> = { wallMs: 0, cpuMs: 0 };
  /** Of workers that are processes of their own: CPU time of all, and by worker the memory last heard of. */
  #workersCpuMs = 0;
  readonly #workersRss = new Map<number, number>();
  #workersPeakRssBytes = 0;
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
    const span = { stage, lane, frame, startMs: startedAt - this.#startMs, durationMs };
    this.#timeline.add(span);
    this.#trace?.span(span);
  }

  model(name: string, call: ModelCall): void {
    const { preprocessMs, inferenceMs, postprocessMs, endedAt, worker, queued } = call;
    const record = this.#modelRecord(name);
    record.items += call.items;
    record.preprocess.add(preprocessMs);
    record.inference.add(inferenceMs);
    record.postprocess.add(postprocessMs);
    const beganAt = endedAt - preprocessMs - inferenceMs - postprocessMs;
    this.#pass(`network ${name}`, queued.left, null, queued.waitedMs, beganAt, 0);
    if (call.process !== null) this.#workerUsed(worker, call.process);
    const parts = [
      ['prepare', preprocessMs],
      ['inference', inferenceMs],
      ['read out', postprocessMs],
    ] as const;
    this.#trace?.call(name, call.items, workerLane(worker), beganAt - this.#startMs, parts);
  }

  modelOpened(name: string, opening: ModelOpening): void {
    this.#modelRecord(name).opening = opening;
  }

  opened(): void {
    this.#opening = { wallMs: performance.now() - this.#startMs, cpuMs: cpuMsSince(this.#cpuAtStart) };
    this.#trace?.opening(this.#opening.wallMs);
    this.#load.idleShare();
  }

  queue(name: string, depth: number, capacity: number | null, waitedMs: number, frame: number): void {
    this.#pass(name, depth, capacity, waitedMs, performance.now(), frame);
  }

  frameDone(frame: number, underwayMs: number): void {
    const now = performance.now();
    this.#frames++;
    this.#frameTime.add(frame, underwayMs);
    this.#timeline.frameDone(frame);
    this.#trace?.overlapping('frame', 'frame', now - underwayMs - this.#startMs, underwayMs, frame);
    if (this.#lastDoneMs !== null) this.#frameInterval.add(this.#frames, now - this.#lastDoneMs);
    this.#lastDoneMs = now;
  }

  framePool(bytes: number, frames: number): void {
    this.#framePoolBytes = bytes;
    this.#framePoolFrames = frames;
  }

  finish(): ProfileSummary {
    clearInterval(this.#memoryTimer);
    this.#sampleMemory();
    const wallMs = performance.now() - this.#startMs;
    const workedMs = wallMs - this.#opening.wallMs;
    return {
      wallMs,
      cpuMs: cpuMsSince(this.#cpuAtStart) + this.#workersCpuMs,
      cores: usableCores(),
      opening: this.#opening,
      idleShare: this.#load.idleShare(),
      frames: this.#frames,
      framesPerSecond: workedMs === 0 ? 0 : (this.#frames * 1000) / workedMs,
      stages: this.#stageFigures(),
      models: [...this.#models].map(([model, record]) => ({
        model,
        items: record.items,
        preprocess: record.preprocess.figures(),
        inference: record.inference.figures(),
        postprocess: record.postprocess.figures(),
        ...openingFigures(record.opening),
      })),
      queues: [...this.#queues].map(([queue, { capacity, depthSum, maxDepth, waits }]) => {
        const figures = waits.figures();
        return { queue, capacity, meanDepth: depthSum / Math.max(1, figures.count), maxDepth, waits: figures };
      }),
      memory: {
        startRssBytes: this.#startRssBytes,
        peakRssBytes: this.#peakRssBytes,
        endRssBytes: process.memoryUsage.rss(),
        framePoolBytes: this.#framePoolBytes,
        framePoolFrames: this.#framePoolFrames,
        ...(this.#workersRss.size === 0 ? {} : { workersPeakRssBytes: this.#workersPeakRssBytes }),
        rssOverTime: this.#rss.points(),
      },
      frameTimeMs: this.#frameTime.points(),
      frameIntervalMs: this.#frameInterval.points(),
      timeline: this.#timeline.spans(),
    };
  }

  #stageFigures(): ProfileSummary['stages'] {
    const measured = STAGES.map((stage) => ({
      stage,
      ...(this.#stages.get(stage) ?? new DurationDistribution()).figures(),
    }));
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
        opening: null,
      };
      this.#models.set(name, record);
    }
    return record;
  }

  #pass(name: string, depth: number, capacity: number | null, waitedMs: number, at: number, frame: number): void {
    let record = this.#queues.get(name);
    if (record === undefined) {
      record = { capacity, depthSum: 0, maxDepth: 0, waits: new DurationDistribution() };
      this.#queues.set(name, record);
    }
    record.depthSum += depth;
    record.maxDepth = Math.max(record.maxDepth, depth);
    record.waits.add(waitedMs);
    // Who waits for room is the one that would bring the next; no frame waits with it.
    if (capacity === null) this.#stages.get('wait')?.add(waitedMs);
    if (this.#trace === null) return;
    const atMs = at - this.#startMs;
    this.#trace.counter(`queue ${name}`, atMs, depth);
    if (waitedMs >= SHORTEST_TRACED_WAIT_MS)
      this.#trace.overlapping('wait', `wait: ${name}`, atMs - waitedMs, waitedMs, frame);
  }

  #workerUsed(worker: number, { cpuMs, rssBytes }: NonNullable<ModelCall['process']>): void {
    this.#workersCpuMs += cpuMs;
    this.#workersRss.set(worker, rssBytes);
    const together = [...this.#workersRss.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.#workersPeakRssBytes = Math.max(this.#workersPeakRssBytes, together);
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

/** The lane of what a worker does. */
export function workerLane(worker: number): string {
  return `worker ${worker}`;
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function openingFigures(opening: ModelOpening | null): Pick<ModelFigures, 'warmUp' | 'memoryBytes' | 'opening'> {
  if (opening === null) return { warmUp: null, memoryBytes: null };
  const { createMs, firstInferenceMs, memoryBytes, rssBeforeBytes, rssAfterBytes } = opening;
  return { warmUp: { createMs, firstInferenceMs }, memoryBytes, opening: { rssBeforeBytes, rssAfterBytes } };
}
