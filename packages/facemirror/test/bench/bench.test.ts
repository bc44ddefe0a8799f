import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { runBench, type BenchEvent } from '../../src/bench/bench.js';
import { combinationsOf, runOrder } from '../../src/bench/combination.js';
import { compareBenches, compareFigures } from '../../src/bench/compare.js';
import { figuresOf, pairRuns } from '../../src/bench/figures.js';
import { chanceOfDifference } from '../../src/bench/rank-sum.js';
import type { BenchResult, BenchSettings, RunMeasurement } from '../../src/bench/result.js';
import { writeDemoPart } from '../video/demo-part.js';

const run = (wallMs: number, peakMB = 300): RunMeasurement => ({
  openingMs: 500,
  wallMs,
  cpuMs: wallMs,
  peakRssBytes: peakMB * 1e6,
  frames: 100,
  tablesSha256: 'aa',
});
const SETTINGS: BenchSettings = {
  suite: 'mediapipe',
  provider: ['cpu'],
  modelsFolder: null,
  video: 'clip.mp4',
  workers: [1, 2],
  batch: [1],
  isolation: ['thread'],
  repeat: 3,
};

function bench(single: readonly RunMeasurement[], double: readonly RunMeasurement[], node = 'v20.19.0'): BenchResult {
  return {
    kind: 'Face Mirror bench',
    measuredAt: '2026-01-01T00:00:00.000Z',
    versions: { program: '3.0.0', onnxRuntime: '1.30.0' },
    host: { platform: 'linux-x64', cpu: 'a processor', cores: 2, memoryBytes: 8e9, node },
    settings: SETTINGS,
    video: { file: 'clip.mp4', sha256: 'ab', frames: 100 },
    combinations: [
      { provider: 'cpu', workers: 1, batch: 1, isolation: 'thread', runs: single, ratios: [] },
      { provider: 'cpu', workers: 2, batch: 1, isolation: 'thread', runs: double, ratios: [] },
    ],
    tablesIdentical: true,
    notices: [],
  };
}

describe('pairing', () => {
  test('every combination is run right after a run of the baseline, which is the first of each axis', () => {
    const combinations = combinationsOf({
      provider: ['cpu'],
      workers: [2, 1, 2],
      batch: [1],
      isolation: ['thread', 'process'],
    });
    expect(combinations.map(({ workers, isolation }) => `${workers} ${isolation}`)).toEqual([
      '2 thread',
      '1 thread',
      '2 process',
      '1 process',
    ]);
    expect(runOrder(4, 2)).toEqual([0, 1, 0, 2, 0, 3, 0, 1, 0, 2, 0, 3]);
    expect(runOrder(1, 3)).toEqual([0, 0, 0]);
  });

  test("ratios are of a pair's own two runs, so that a machine that slows down changes none", () => {
    const slowing = [1000, 500, 2000, 1600, 4000, 2000, 8000, 6400].map((ms) => run(ms));
    const [baseline, first, second] = pairRuns(runOrder(3, 2), slowing, 3);
    expect(baseline).toMatchObject({ ratios: [] });
    expect(baseline?.runs.map(({ wallMs }) => wallMs)).toEqual([1000, 2000, 4000, 8000]);
    expect(first?.ratios).toEqual([0.5, 0.5]);
    expect(second?.ratios).toEqual([0.8, 0.8]);
  });

  test('figures are medians over the runs', () => {
    const figures = figuresOf(
      {
        provider: 'cpu',
        workers: 2,
        batch: 1,
        isolation: 'thread',
        runs: [run(1000), run(4000), run(2000)],
        ratios: [0.9, 0.5, 0.6],
      },
      2,
    );
    expect(figures).toMatchObject({
      wallMs: 2000,
      framesPerSecond: 50,
      busyShare: 0.5,
      peakRssBytes: 300e6,
      ratio: { median: 0.6, least: 0.5, most: 0.9 },
    });
  });
});

describe('comparing two benches', () => {
  test('a change counts where the runs lie apart, is noise where they lie among each other, and needs enough runs', () => {
    expect(compareFigures([100, 102, 104, 106], [90, 95, 97, 99])).toMatchObject({
      before: 103,
      after: 96,
      verdict: 'better',
    });
    expect(compareFigures([100, 102, 104, 106], [107, 110, 120, 130])).toMatchObject({ verdict: 'worse' });
    expect(compareFigures([100, 102, 104, 106], [80, 81, 101, 105])).toMatchObject({ verdict: 'noise' });
    expect(compareFigures([100], [50])).toMatchObject({ ratio: 0.5, verdict: 'too-few' });
    expect(compareFigures([100, 102, 104], [50, 51, 52])).toMatchObject({ verdict: 'too-few' });
  });

  test('one run that something else disturbed does not hide that all got twice as slow', () => {
    expect(compareFigures([100, 101, 102, 103, 104, 105, 106, 300], [200, 201, 202, 203, 204])).toMatchObject({
      verdict: 'worse',
    });
  });

  // Against scipy.stats.mannwhitneyu, two-sided: exact, and asymptotic for the last.
  test('chance is counted as by other programs', () => {
    expect(chanceOfDifference([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).toBeCloseTo(0.007936508, 8);
    expect(chanceOfDifference([1, 2, 3, 4, 9], [5, 6, 7, 8, 10])).toBeCloseTo(0.095238095, 8);
    expect(chanceOfDifference([1, 2, 3], [4, 5, 6])).toBeCloseTo(0.1, 8);
    const many = Array.from({ length: 30 }, (_, place) => place);
    expect(
      chanceOfDifference(
        many,
        many.map((value) => value + 7.5),
      ),
    ).toBeCloseTo(0.00367089, 6);
  });

  test('is told by combination, with what else differs', () => {
    const before = bench(
      [run(1000, 300), run(1010, 310), run(1005, 305), run(1005, 305)],
      [700, 710, 705, 706].map((ms) => run(ms)),
    );
    const after = bench(
      [run(800, 305), run(820, 315), run(810, 300), run(810, 310)],
      [900, 910, 905, 906].map((ms) => run(ms)),
      'v22.1.0',
    );
    const { combinations, notes } = compareBenches(before, after);
    expect(
      combinations.map(({ workers, wallMs, peakRssBytes }) => [workers, wallMs.verdict, peakRssBytes.verdict]),
    ).toEqual([
      [1, 'better', 'noise'],
      [2, 'worse', 'noise'],
    ]);
    expect(combinations[0]?.wallMs.ratio).toBeCloseTo(810 / 1005, 10);
    expect(notes).toEqual(['Node is not the same: v20.19.0 before, v22.1.0 after.']);
  });

  test('is refused for another video or another suite', () => {
    const before = bench([run(1)], [run(1)]);
    expect(() => compareBenches(before, { ...before, video: { ...before.video, frames: 99 } })).toThrow(
      /cannot be compared, as the video .* 100 frames .* 99/,
    );
    expect(() => compareBenches(before, { ...before, video: { ...before.video, sha256: 'cd' } })).toThrow(
      /cannot be compared, as the video/,
    );
    expect(() => compareBenches(before, { ...before, settings: { ...SETTINGS, suite: 'openface3' } })).toThrow(
      /as the suite is not the same: mediapipe before, openface3 after/,
    );
    // It is the content that counts.
    expect(compareBenches(before, { ...before, video: { ...before.video, file: 'renamed.mp4' } }).notes).toEqual([]);
  });

  test('of another machine says that what differs may be that', () => {
    const before = bench([run(1)], [run(1)]);
    const { notes } = compareBenches(before, { ...before, host: { ...before.host, cpu: 'another' } });
    expect(notes[0]).toMatch(/^These are two machines/);
    expect(notes[1]).toBe('The processor is not the same: a processor before, another after.');
  });
});

describe('a bench of the real pipeline', () => {
  const FRAMES = 8;
  let folder: string;
  let video: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'facemirror-bench-test-'));
    video = join(folder, 'short.mp4');
    await writeDemoPart(video, { first: 0, frames: FRAMES });
  });
  beforeAll(() => {
    // What the bench writes for a while is to be seen, and told from that of other programs.
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, folder);
  });
  afterEach(async () => {
    expect(await readdir(folder)).toEqual(['short.mp4']);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  test('measures threads and processes, which write the same tables', { timeout: 60_000 }, async () => {
    const events: BenchEvent[] = [];
    const settings: BenchSettings = { ...SETTINGS, video, workers: [1], isolation: ['thread', 'process'], repeat: 1 };
    const {
      combinations,
      tablesIdentical,
      video: measured,
    } = await runBench(settings, new AbortController().signal, (event) => events.push(event));
    expect(tablesIdentical).toBe(true);
    expect(measured).toMatchObject({ file: 'short.mp4', frames: FRAMES });
    expect(combinations.map(({ isolation, runs, ratios }) => [isolation, runs.length, ratios.length])).toEqual([
      ['thread', 1, 0],
      ['process', 1, 1],
    ]);
    const [threads, processes] = combinations.map(({ runs }) => runs[0]);
    // A second process brings a second copy of the program.
    expect(processes?.peakRssBytes).toBeGreaterThan(threads?.peakRssBytes ?? Infinity);
    expect(events.filter(({ kind }) => kind === 'ran')).toHaveLength(4);
  });

  test('gives no figures under the name of an unavailable provider', { timeout: 60_000 }, async () => {
    // No platform has both.
    const missed = process.platform === 'darwin' ? 'directml' : 'coreml';
    const settings: BenchSettings = { ...SETTINGS, video, workers: [1], repeat: 1 };
    const { combinations, notices } = await runBench(
      { ...settings, provider: [missed, 'cpu'] },
      new AbortController().signal,
      () => undefined,
    );
    expect(combinations.map(({ provider, runs }) => [provider, runs.map(({ taken }) => taken?.provider)])).toEqual([
      ['cpu', ['cpu']],
    ]);
    expect(notices).toContainEqual(
      expect.stringMatching(`^No figures are given for ${missed}: .* is not in this ONNX Runtime`),
    );
    const alone = runBench({ ...settings, provider: [missed] }, new AbortController().signal, () => undefined);
    await expect(alone).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: expect.stringContaining(missed),
    });
  });

  test('stops when it is told to, and leaves nothing', { timeout: 60_000 }, async () => {
    const controller = new AbortController();
    const benching = runBench({ ...SETTINGS, video }, controller.signal, (event) => {
      if (event.kind === 'run') setTimeout(() => controller.abort(), 300);
    });
    await expect(benching).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
