import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DurationDistribution } from '../../src/profile/distribution.js';
import { NO_PROFILER, RunProfiler } from '../../src/profile/profiler.js';
import { BoundedSeries } from '../../src/profile/series.js';
import { ChromeTraceWriter } from '../../src/profile/trace.js';

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
    expect(new DurationDistribution().figures()).toEqual({ count: 0, totalMs: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, maxMs: 0 });
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
      profiler.model('landmarks', { items: 2, preprocessMs: 1, inferenceMs: 8, postprocessMs: 1 });
      profiler.queue('frames', frame % 4, 8, 0.5);
      profiler.frameDone(frame, 20);
    }
    const summary = profiler.finish();
    expect(summary.frames).toBe(50);
    expect(summary.stages.map((stage) => stage.stage)).toEqual(['decode', 'encode']);
    expect(summary.stages[1]!.share).toBeCloseTo(0.75, 1);
    expect(summary.models[0]).toMatchObject({ model: 'landmarks', items: 100, inference: { count: 50, meanMs: 8 } });
    expect(summary.queues[0]).toMatchObject({ queue: 'frames', capacity: 8, maxDepth: 3, blockedMs: 25 });
    expect(summary.timeline.length).toBe(30);
    expect(summary.memory.peakRssBytes).toBeGreaterThan(10e6);
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
    NO_PROFILER.end('decode', NO_PROFILER.begin(), 0);
    expect(NO_PROFILER.finish()).toBeNull();
  });
});
