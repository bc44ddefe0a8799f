import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DurationDistribution } from '../../src/performance/measure/distribution.js';
import { RunProfiler, UNMEASURED } from '../../src/performance/measure/profiler.js';
import { BoundedSeries } from '../../src/performance/measure/series.js';
import { ChromeTraceWriter } from '../../src/performance/measure/trace.js';

describe('durations', () => {
  it('give percentiles within 1 % of the sorted list', () => {
    const distribution = new DurationDistribution();
    const values = Array.from({ length: 5000 }, (_, place) => 0.05 * 1.002 ** ((place * 7919) % 5000));
    for (const value of values) distribution.add(value);
    const sorted = values.toSorted((a, b) => a - b);
    const figures = distribution.figures();
    expect(figures.p50Ms / sorted[2499]!).toBeCloseTo(1, 1.7);
    expect(Math.abs(figures.p50Ms / sorted[2499]! - 1)).toBeLessThan(0.0101);
    expect(Math.abs(figures.p95Ms / sorted[4749]! - 1)).toBeLessThan(0.0101);
    expect(figures.maxMs).toBe(sorted[4999]);
    expect(figures.meanMs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 5000, 9);
  });

  it('are all zero when nothing was measured', () => {
    expect(new DurationDistribution().figures()).toEqual({
      count: 0,
      totalMs: 0,
      meanMs: 0,
      p50Ms: 0,
      p95Ms: 0,
      maxMs: 0,
    });
  });
});

describe('a series', () => {
  it('stays bounded over any length and keeps mean and maximum', () => {
    const series = new BoundedSeries(100, 1);
    for (let at = 0; at < 100_000; at++) series.add(at, at === 77_777 ? 500 : 10);
    const points = series.points();
    expect(points.length).toBeLessThanOrEqual(100);
    expect(points.length).toBeGreaterThan(40);
    expect(Math.max(...points.map((point) => point.max))).toBe(500);
    expect(points[0]).toEqual({ at: 0, mean: 10, max: 10 });
  });
});

describe('a profiled run', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'facemirror-profile-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('sums stages, models, queues and frames', () => {
    const profiler = new RunProfiler();
    for (let frame = 0; frame < 50; frame++) {
      profiler.end('decode', profiler.begin() - 2, frame);
      profiler.end('encode', profiler.begin() - 6, frame, 'encode left');
      profiler.model('landmarks', {
        items: 2,
        preprocessMs: 1,
        inferenceMs: 8,
        postprocessMs: 1,
        endedAt: performance.now(),
        worker: 1,
        queued: { waitedMs: 0.5, left: 1 },
        process: null,
      });
      profiler.queue('frames', frame % 4, 8, 0.5, frame);
      profiler.frameDone(frame, 20);
    }
    const summary = profiler.finish();
    expect(summary.frames).toBe(50);
    expect(summary.stages.map((stage) => stage.stage)).toEqual(['decode', 'encode', 'wait']);
    expect(summary.stages[1]!.share).toBeCloseTo(0.75, 1);
    expect(summary.models[0]).toMatchObject({ model: 'landmarks', items: 100, inference: { count: 50, meanMs: 8 } });
    expect(summary.queues).toMatchObject([
      { queue: 'network landmarks', capacity: null, meanDepth: 1, waits: { count: 50, totalMs: 25 } },
      { queue: 'frames', capacity: 8, maxDepth: 3, waits: { count: 50, totalMs: 25 } },
    ]);
    // What waits for room is no frame: only the runs of the network count as waiting.
    expect(summary.stages[2]!.totalMs).toBe(25);
    // Frames 31 to 46, of which each has two spans.
    expect(new Set(summary.timeline.map(({ frame }) => frame))).toEqual(
      new Set(Array.from({ length: 16 }, (_, place) => 31 + place)),
    );
    expect(summary.timeline).toHaveLength(32);
    expect(summary.memory.peakRssBytes).toBeGreaterThan(10e6);
  });

  it('shows the first frames of a video that ends before the pipeline has found its rhythm', () => {
    const profiler = new RunProfiler();
    for (let frame = 1; frame <= 2; frame++) {
      profiler.end('decode', profiler.begin() - 2, frame);
      profiler.frameDone(frame, 20);
    }
    expect(profiler.finish().timeline.map(({ frame }) => frame)).toEqual([1, 2]);
  });

  it('counts neither the time of opening nor its processor time for frames', () => {
    const profiler = new RunProfiler();
    const until = performance.now() + 50;
    while (performance.now() < until) Math.sqrt(until);
    profiler.opened();
    profiler.frameDone(1, 1);
    const { opening, wallMs, frames, framesPerSecond } = profiler.finish();
    expect(opening!.wallMs).toBeGreaterThan(49);
    expect(framesPerSecond).toBeCloseTo((frames * 1000) / (wallMs - opening!.wallMs), 6);
  });

  it('adds what worker processes used, which the own process cannot know', () => {
    const profiler = new RunProfiler();
    const call = {
      items: 1,
      preprocessMs: 1,
      inferenceMs: 8,
      postprocessMs: 1,
      endedAt: performance.now(),
      queued: { waitedMs: 0, left: 0 },
    };
    profiler.model('landmarks', { ...call, worker: 1, process: { cpuMs: 5000, rssBytes: 300e6 } });
    profiler.model('landmarks', { ...call, worker: 2, process: { cpuMs: 7000, rssBytes: 200e6 } });
    const { cpuMs, memory } = profiler.finish();
    expect(cpuMs).toBeGreaterThan(12_000);
    expect(memory.workersPeakRssBytes).toBe(500e6);
  });

  it('writes a trace in which the parts of a call lie inside it, and what overlaps has a beginning and an end', () => {
    const path = join(folder, 'trace.json');
    const trace = new ChromeTraceWriter(path);
    const profiler = new RunProfiler(trace);
    for (let call = 0; call < 40; call++) {
      const [preprocessMs, inferenceMs, postprocessMs] = [0.1 + call / 7, 1 / 3, 0.0123] as const;
      const endedAt = performance.now() + call * 10;
      profiler.span(
        'landmarks',
        endedAt - (preprocessMs + inferenceMs + postprocessMs),
        preprocessMs + inferenceMs + postprocessMs,
        call,
        'worker 1',
      );
      profiler.model('star', {
        items: 1,
        preprocessMs,
        inferenceMs,
        postprocessMs,
        endedAt,
        worker: 1,
        queued: { waitedMs: 30, left: 2 },
        process: null,
      });
    }
    profiler.finish();
    trace.finish();
    const events = JSON.parse(readFileSync(path, 'utf8')) as {
      name: string;
      ph: string;
      id2?: { local: string };
      pid: number;
      tid: number;
      ts: number;
      dur: number;
    }[];
    const complete = events.filter(({ ph }) => ph === 'X');
    expect(complete).toHaveLength(40 * 5);
    // One behind another or one inside another, as both viewers want it.
    const open: number[] = [];
    for (const { ts, dur } of complete.toSorted((a, b) => a.ts - b.ts || b.dur - a.dur)) {
      while (open.length > 0 && open.at(-1)! <= ts + 1e-6) open.pop();
      if (open.length > 0) expect(ts + dur).toBeLessThanOrEqual(open.at(-1)! + 1e-6);
      open.push(ts + dur);
    }
    const ids = (phase: string): (string | undefined)[] =>
      events.filter(({ ph }) => ph === phase).map(({ id2 }) => id2?.local);
    expect(ids('b')).toHaveLength(40);
    expect(ids('e')).toEqual(ids('b'));
    expect(new Set(ids('b')).size).toBe(40);
    // Perfetto takes a thread that has its process's number for the main thread, which no lane is.
    expect(complete.every(({ pid, tid }) => pid !== tid)).toBe(true);
  });

  it('shows opening apart, and removes what a killed run left of a trace of its name', () => {
    const path = join(folder, 'trace.json');
    // No process has that number: the largest that Linux gives is 2^22.
    writeFileSync(`${path}.99999999.part`, '[');
    writeFileSync(`${path}.notes.part`, 'of somebody else');
    const trace = new ChromeTraceWriter(path);
    expect(readdirSync(folder).toSorted()).toEqual([`trace.json.${process.pid}.part`, 'trace.json.notes.part']);
    const profiler = new RunProfiler(trace);
    profiler.opened();
    const { opening } = profiler.finish();
    trace.finish();
    const events = JSON.parse(readFileSync(path, 'utf8')) as { cat?: string; ts: number; dur: number }[];
    expect(events.find(({ cat }) => cat === 'opening')).toMatchObject({
      ts: 0,
      dur: expect.closeTo(opening!.wallMs * 1000, 0),
    });
  });

  it('says at the end that a trace could not be written, and does not end the run for it', () => {
    const name = join(folder, 'full.json');
    const trace = new ChromeTraceWriter(name);
    const profiler = new RunProfiler(trace);
    rmSync(folder, { recursive: true });
    for (let frame = 0; frame < 2000; frame++) profiler.end('mirror', profiler.begin() - 1, frame);
    profiler.finish();
    expect(() => trace.finish()).toThrow(/Cannot write the trace .*full\.json/);
    mkdirSync(folder);
  });

  it('writes a trace that parses, under its name only when finished', () => {
    const path = join(folder, 'trace.json');
    const trace = new ChromeTraceWriter(path);
    const profiler = new RunProfiler(trace);
    for (let frame = 0; frame < 2000; frame++) profiler.end('mirror', profiler.begin() - 1, frame);
    profiler.finish();
    expect(readdirSync(folder)).not.toContain('trace.json');
    trace.finish();
    const events = JSON.parse(readFileSync(path, 'utf8')) as { name: string; ph: string; dur?: number }[];
    expect(events.filter((event) => event.ph === 'X')).toHaveLength(2000);
    expect(events.find((event) => event.ph === 'X')!.dur).toBeGreaterThan(990);
  });

  it('leaves no trace file behind when given up', () => {
    const trace = new ChromeTraceWriter(join(folder, 'trace.json'));
    trace.discard();
    trace.finish();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('costs nothing and says nothing when off', () => {
    UNMEASURED.end('decode', UNMEASURED.begin(), 0);
    expect(UNMEASURED.finish()).toBeNull();
  });
});
