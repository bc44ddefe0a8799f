import { describe, expect, it } from 'vitest';
import { RunProfiler } from '../../src/performance/measure/profiler.js';
import { buildReport } from '../../src/performance/report/build.js';
import type { RunFacts, UtilizationFacts } from '../../src/results/facts.js';
import { renderHtml } from '../../src/performance/report/html.js';
import { implications } from '../../src/performance/report/warnings-section.js';
import { renderMarkdown } from '../../src/performance/report/markdown.js';
import { recommendForGiven } from '../../src/performance/report/given-models.js';
import { countedGain, recommend } from '../../src/performance/report/recommendations.js';

/** The three models with the figures that the seed document gives them. */
function seedUtilization(): UtilizationFacts[] {
  const common = {
    provider: 'Core ML (NeuralNetwork)',
    macsShare: 0.99,
    boundaryBytes: 4e6,
    crossesFree: false,
    rules: 'Rules of 1.23.',
    causes: [],
  };
  return [
    {
      ...common,
      model: 'MTL',
      file: 'mtl.onnx',
      job: 'action units',
      nodes: 520,
      supported: 359,
      cpu: 161,
      coverage: 69.04,
      partitions: 28,
      impact: 'HIGH',
      advice: 'Rewrite it.',
    },
    {
      ...common,
      model: 'RetinaFace',
      file: 'retinaface.onnx',
      job: 'detection',
      nodes: 144,
      supported: 117,
      cpu: 27,
      coverage: 81.25,
      partitions: 3,
      impact: 'LOW',
      advice: '',
    },
    {
      ...common,
      model: 'STAR',
      file: 'star.onnx',
      job: 'landmarks',
      nodes: 855,
      supported: 706,
      cpu: 149,
      coverage: 82.57,
      partitions: 18,
      impact: 'MEDIUM',
      advice: '',
    },
  ];
}

function asked(): { endedAt: number; worker: number; queued: { waitedMs: number; left: number }; process: null } {
  return { endedAt: performance.now(), worker: 1, queued: { waitedMs: 0.5, left: 1 }, process: null };
}

function facts(): RunFacts {
  const profiler = new RunProfiler();
  for (let frame = 0; frame < 100; frame++) {
    for (const stage of ['decode', 'landmarks', 'mirror', 'action-units', 'encode'] as const)
      profiler.end(stage, profiler.begin() - 2, frame);
    if (frame % 5 === 0) profiler.end('detect', profiler.begin() - 10, frame);
    profiler.model('RetinaFace', { items: 1, preprocessMs: 1, inferenceMs: 8, postprocessMs: 1, ...asked() });
    profiler.model('STAR', { items: 1, preprocessMs: 0.2, inferenceMs: 1.5, postprocessMs: 0.1, ...asked() });
    profiler.model('MTL', { items: 1, preprocessMs: 0.05, inferenceMs: 1.9, postprocessMs: 0.01, ...asked() });
    profiler.frameDone(frame, 25);
  }
  return {
    video: 'visit <1>.mp4',
    programVersion: '3.0.0',
    finishedAt: '2026-11-22T20:00:00Z',
    machine: { platform: 'linux x64', cpu: 'CPU', cores: 2, memoryBytes: 8e9, node: '20.19.0', onnxRuntime: '1.30.0' },
    suite: 'openface3',
    provider: 'cpu',
    workers: 1,
    workersReason: null,
    isolation: 'thread',
    providerReason: null,
    providerAsked: null,
    workerMemory: { predictedBytes: 300e6, measuredBytes: 280e6 },
    batching: {
      mtl: {
        frames: 2,
        chosen: 'measured',
        curve: {
          points: [
            { frames: 1, msPerFrame: 40, memoryBytes: 1e6 },
            { frames: 2, msPerFrame: 30, memoryBytes: 2e6 },
          ],
        },
      },
    },
    frame: { width: 1080, height: 1920, poolFrames: 16 },
    encoder: 'libx264',
    encodedVideos: 3,
    hasDebugVideo: true,
    videosAtOnce: 1,
    profile: profiler.finish(),
    utilization: seedUtilization(),
    isUninspected: false,
    warnings: [{ model: 'MTL', line: 'number of partitions supported by CoreML: 28' }],
    trials: [{ kind: 'batch', model: 'MTL', beforeMs: 10, afterMs: 5, what: 'batch 1 against batch 8, per item' }],
    untried: [{ kind: 'rewrite', model: 'STAR', why: 'it takes longer than the 40 s that are given to a network' }],
    placements: [],
    tookMs: 12_000,
    trialSeconds: 40,
    keptFrom: null,
    disturbed: ['MTL'],
    compiled: [],
    jobs: { detection: ['RetinaFace'], landmarks: ['STAR'], actionUnits: ['MTL'] },
  };
}

describe('the performance report', () => {
  it('has the sections of the analysis it grew from, in its order', () => {
    expect(buildReport(facts()).sections.map((section) => section.title)).toEqual([
      'Accelerator utilization by model',
      'Warnings detected',
      'Performance characteristics',
      'Memory',
      'Optimization recommendations',
      'Summary',
    ]);
  });

  it('ends in the summary table that the seed document ends in', () => {
    const markdown = renderMarkdown(buildReport(facts()));
    expect(markdown).toContain('| MTL | Core ML (NeuralNetwork) | 69.0 % | 31.0 % | 28 | HIGH overhead |');
    expect(markdown).toContain('| RetinaFace | Core ML (NeuralNetwork) | 81.3 % | 18.7 % | 3 | LOW overhead |');
    expect(markdown).toContain('| STAR | Core ML (NeuralNetwork) | 82.6 % | 17.4 % | 18 | MEDIUM overhead |');
  });

  it('says how often detection ran and what a detection took', () => {
    const markdown = renderMarkdown(buildReport(facts()));
    expect(markdown).toMatch(/Detection ran \| every 5\.0 frames/);
    expect(markdown).toMatch(/Detection time \| 1\d\.\d ms a detection \(20 of 100 frames\)/);
  });

  it('ranks recommendations by gain and computes gains from the run', () => {
    const all = recommend(facts());
    const gains = all.map(countedGain);
    expect(gains).toEqual(gains.toSorted((a, b) => b - a));
    // 100 calls of 1.96 ms of MTL in 100 × 5 × 2 ms + 20 × 10 ms of work, halved by the batch.
    const batch = all.find((each) => each.title.startsWith('Batch inference of MTL'));
    expect(batch?.measuredGain).toBeCloseTo((0.196 / 1.2) * 0.5, 1);
  });

  it('says of each of the three gains that were expected once what was measured here, or why nothing was', () => {
    const markdown = renderMarkdown(buildReport(facts()));
    expect(markdown).toContain(
      '| Batch inference | 20 to 30 % | MTL | 10.0 ms to 5.00 ms (batch 1 against batch 8, per item) | 50.0 % |',
    );
    expect(markdown).toContain(
      '| Reduce partitioning | 15 to 25 % | STAR | not tried: it takes longer than the 40 s that are given to a network |',
    );
    expect(markdown).toContain(
      '| Pre-compiled models | 10 to 15 % | all | not tried: the run was made without --report |',
    );
  });

  it('tells what more workers would take, from what a session took', () => {
    const { profile, ...rest } = facts();
    const models = profile.models.map((model) => ({ ...model, memoryBytes: 100e6 }));
    const memory = { ...profile.memory, peakRssBytes: 700e6 };
    const markdown = renderMarkdown(buildReport({ ...rest, profile: { ...profile, models, memory } }));
    expect(markdown).toContain('| 1 (this run) | 300 MB | 700 MB |');
    expect(markdown).toContain('| 6 | 1,800 MB | about 2,200 MB |');
  });

  it('compares what was predicted of the workers with what they took, and what a further one took with its sessions', () => {
    const { profile, ...rest } = facts();
    const models = profile.models.map((model) => ({ ...model, memoryBytes: 80e6 }));
    const workerMemory = {
      predictedBytes: 260e6,
      measuredBytes: 240e6,
      allPredictedBytes: 550e6,
      allMeasuredBytes: 540e6,
      furtherMeasuredBytes: 255e6,
    };
    const memory = { ...profile.memory, peakRssBytes: 800e6 };
    const threads = renderMarkdown(
      buildReport({ ...rest, workers: 2, workerMemory, profile: { ...profile, models, memory } }),
    );
    expect(threads).toContain('Predicted before the run: 550 MB, of it 260 MB for each worker; measured 540 MB.');
    expect(threads).toContain('Each worker beyond the first took 255 MB: its sessions and 15.0 MB.');
    expect(threads).toContain('| 2 (this run) | 480 MB | 800 MB |');
    expect(threads).toContain('| 4 | 960 MB | about 1,310 MB |');
    const processes = renderMarkdown(
      buildReport({ ...rest, workers: 2, isolation: 'process', workerMemory, profile: { ...profile, models, memory } }),
    );
    expect(processes).toContain('| 2 (this run) | 480 MB | 1,340 MB |');
  });

  it('does not promise the cores that other programs keep busy', () => {
    const { profile, ...rest } = facts();
    const loaded = { ...profile, wallMs: 10_000, cpuMs: 4000, cores: 2, idleShare: 0.02 };
    expect(recommend({ ...rest, profile: loaded }).map(({ title }) => title)).not.toContain('Keep all cores busy');
    expect(recommend({ ...rest, profile: { ...loaded, idleShare: 0.5 } })[0]).toMatchObject({
      title: 'Keep all cores busy',
      expectedGain: 0.5,
    });
    expect(renderMarkdown(buildReport({ ...rest, profile: loaded }))).toContain(
      '20.0 % of 2 by this run, 78.0 % by other programs',
    );
  });

  it('says how many frames a network was given in one run, and what measuring that gave', () => {
    expect(renderMarkdown(buildReport(facts()))).toMatch(
      /\| mtl \| 2 \| never run \| measured on one thread of this machine: .* \| 25\.0 % \|/,
    );
    expect(renderMarkdown(buildReport(facts()))).toContain('| 2 (chosen) | 30.0 ms, 2.00 MB of memory |');
  });

  it('tells what was caught from the log, and what it implies', () => {
    const warnings = [
      {
        model: 'a',
        line: "2026-01-01 00:00:00.0 [W:onnxruntime:, graph.cc:4593 CleanUnusedInitializersAndNodeArgs] Removing initializer 'w'. It is not used by any node and should be removed from the model.",
      },
      {
        model: 'b',
        line: "2026-01-01 00:00:00.0 [W:onnxruntime:, graph.cc:4593 CleanUnusedInitializersAndNodeArgs] Removing initializer 'v'. It is not used by any node and should be removed from the model.",
      },
      {
        model: 'b',
        line: '2026-01-01 00:00:00.0 [W:onnxruntime:, coreml_execution_provider.cc:107 GetCapability] CoreMLExecutionProvider::GetCapability, number of partitions supported by CoreML: 28 number of nodes in the graph: 520 number of nodes supported by CoreML: 359',
      },
      { model: 'b', line: '2026-01-01 00:00:00.0 [W:onnxruntime:, x.cc:1 F] Something new.' },
    ];
    expect(implications(warnings)).toEqual([
      expect.stringMatching(/^a, b: weights that nothing uses/),
      expect.stringMatching(/^b: CoreML takes 359 of 520 nodes in 28 partitions: .* every border/),
      expect.stringMatching(/^b: a message that this report has no explanation for/),
    ]);
    const markdown = renderMarkdown(buildReport({ ...facts(), warnings }));
    expect(markdown).toContain('a: 2026-01-01 00:00:00.0 [W:onnxruntime:, graph.cc:4593 CleanUnused');
    // The line of the seed document, for the models as Core ML would take them.
    expect(markdown).toContain(
      'MTL: number of partitions supported by CoreML: 28 number of nodes in the graph: 520 number of nodes supported by CoreML: 359',
    );
  });

  it('recommends for models that are no part of the run, with gains of their own time', () => {
    const [mtl] = seedUtilization();
    const given = {
      ...mtl!,
      model: 'mtl_as_exported',
      job: '',
      causes: [{ text: 'Ceil has no form', nodes: 4, partitionsSaved: 2 }],
    };
    const trials = [
      {
        kind: 'rewrite',
        model: 'mtl_as_exported',
        beforeMs: 24,
        afterMs: 21,
        what: 'as it is against rewritten',
        partitions: { before: 28, after: 4 },
      },
      { kind: 'precompile', model: 'mtl_as_exported', beforeMs: 160, afterMs: 40, what: 'opening' },
    ] as const;
    const all = recommendForGiven({ ...facts(), utilization: [...seedUtilization(), given], trials });
    expect(all.map(({ title, priority, of, measuredGain }) => ({ title, priority, of, measuredGain }))).toEqual([
      { title: 'Reduce partitioning of mtl_as_exported', priority: 'HIGH', of: 'its inference', measuredGain: 0.125 },
      { title: 'Pre-compile mtl_as_exported', priority: 'LOW', of: 'its opening', measuredGain: 0.75 },
    ]);
    const markdown = renderMarkdown(buildReport({ ...facts(), utilization: [...seedUtilization(), given], trials }));
    expect(markdown).toContain('28 to 4 partitions when tried here');
    // What is no part of the run saves nothing of it.
    expect(markdown).toContain("of the operators of this run's models (337 of 1519)");
    expect(markdown).toContain('of the operators of the models given besides (161 of 520)');
  });

  it('recommends to give videos together where opening takes a good part of the run', () => {
    const { profile, ...rest } = facts();
    const opening = { wallMs: 2000, cpuMs: 1500 };
    expect(
      recommend({ ...rest, profile: { ...profile, wallMs: 10_000, opening } }).find(
        ({ title }) => title === 'Process several videos in one command',
      ),
    ).toMatchObject({ expectedGain: 0.2 });
    expect(
      recommend({ ...rest, profile: { ...profile, wallMs: 100_000, opening } }).map(({ title }) => title),
    ).not.toContain('Process several videos in one command');
  });

  it('multiplies the frame buffers to what it says they are', () => {
    const { profile, ...rest } = facts();
    const memory = { ...profile.memory, framePoolBytes: 51e6 };
    expect(renderMarkdown(buildReport({ ...rest, profile: { ...profile, memory } }))).toContain(
      '16 frames × 1080 × 1920 × 1.5 bytes (YUV 4:2:0) = 49.8 MB; with what the kernels need beside them 51.0 MB',
    );
  });

  it('tells what its charts show to those who cannot see them', () => {
    const html = renderHtml(buildReport(facts()));
    expect(html.match(/<svg /g)).toHaveLength(html.match(/<svg [^>]*role="img" aria-label="[^"]{20,}"/g)!.length);
    expect(html).toMatch(/aria-label="The pipeline at work: [^"]*busy: decode \d/);
    expect(renderMarkdown(buildReport(facts()))).toMatch(
      /\| The pipeline at work: .* \| Pieces of work \| Busy \|\n.*\n\| decode \| \d+ \| \d/,
    );
  });

  it('shows hostile names as text in HTML and Markdown', () => {
    const html = renderHtml(buildReport(facts()));
    expect(html).toContain('visit &lt;1&gt;.mp4');
    expect(html).not.toContain('<1>');
    expect(html).not.toMatch(/https?:\/\//);
    expect(renderMarkdown(buildReport(facts()))).toContain('visit \\<1\\>.mp4');
    expect(renderMarkdown(buildReport({ ...facts(), video: 'a|b [x](y) &lt;\n# `c`' }))).toContain(
      '# Performance analysis: a|b \\[x\\](y) \\&lt; \\# \\`c\\`\n',
    );
  });
});
