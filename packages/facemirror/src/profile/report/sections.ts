import type { ModelFigures, StageFigures } from '../summary.js';
import type { Section } from './document.js';
import type { RunFacts, UtilizationFacts } from './facts.js';
import { recommend } from './recommendations.js';
import { counted, megabytes, ms, percent } from './wording.js';

/** How each model lands on its providers. */
export function utilizationSection(facts: RunFacts): Section {
  return {
    title: 'Accelerator utilization by model',
    blocks: [
      {
        kind: 'text',
        text:
          'Counted on the graph that ONNX Runtime hands to its providers. "On Core ML" means handed to Core ML: only Core ML itself decides what of it runs on the Neural Engine, the GPU or the CPU.',
      },
    ],
    subsections: facts.utilization.map((each, place) => ({
      title: `${place + 1}. ${each.model}${each.job === '' ? '' : ` (${each.job})`} on ${each.provider}`,
      blocks: [
        {
          kind: 'figures',
          rows: [
            ['File', each.file],
            ['Total operators', String(each.nodes)],
            [`On ${each.provider}`, String(each.supported)],
            ['CPU fallback operators', String(each.cpu)],
            ['Coverage', `${each.coverage.toFixed(1)} %`],
            ['Coverage of the arithmetic', percent(each.macsShare)],
            ['Partitions', String(each.partitions)],
            ['Bytes over partition borders', `${megabytes(each.boundaryBytes)} an inference`],
          ],
        },
        { kind: 'text', text: utilizationAnalysis(each) },
        ...(each.causes.length === 0 ? [] : [{ kind: 'list' as const, items: each.causes.slice(0, 5).map(causeLine) }]),
        { kind: 'text', text: each.rules },
      ],
    })),
  };
}

function utilizationAnalysis(each: UtilizationFacts): string {
  const split =
    each.partitions === 0
      ? `No node of this model goes to ${each.provider}`
      : each.partitions === 1 && each.cpu === 0
        ? `The whole model is one partition on ${each.provider}`
        : `${each.coverage.toFixed(1)} % of the nodes, in ${counted(each.partitions, 'partition')}, run on ${each.provider}`;
  return `${split}: ${each.impact} overhead. ${each.advice}`;
}

function causeLine(cause: UtilizationFacts['causes'][number]): string {
  const saved = cause.partitionsSaved > 0 ? `; without it ${counted(cause.partitionsSaved, 'partition')} fewer` : '';
  return `${counted(cause.nodes, 'node')}: ${cause.text}${saved}`;
}

/** What ONNX Runtime warned of in this run, and what it implies. */
export function warningsSection(facts: RunFacts): Section {
  const fragmented = facts.utilization.filter((each) => each.partitions > 1);
  const unsupported = [...new Set(fragmented.flatMap((each) => each.causes.map((cause) => cause.text)))].slice(0, 8);
  const caught: Section['blocks'] =
    facts.warnings.length === 0
      ? [{ kind: 'text', text: 'ONNX Runtime gave no warning in this run.' }]
      : [{ kind: 'log', lines: facts.warnings.map((warning) => `${warning.model}: ${warning.line}`) }];
  return {
    title: 'Warnings detected',
    blocks: caught,
    subsections:
      fragmented.length === 0
        ? []
        : [
            {
              title: 'Partition fragmentation',
              blocks: [
                {
                  kind: 'list',
                  items: fragmented.map(
                    (each) =>
                      `${each.model} on ${each.provider}: ${each.partitions} partitions of ${each.nodes} nodes, so ${megabytes(each.boundaryBytes)} cross borders in each inference.`,
                  ),
                },
                { kind: 'text', text: 'Each border is a hand-over between provider and CPU, with a copy and a wait. What breaks the graphs:' },
                { kind: 'list', items: unsupported },
              ],
            },
          ],
  };
}

/** Where the time went. */
export function performanceSection(facts: RunFacts): Section {
  const { profile } = facts;
  const byModel = new Map(profile.models.map((model) => [model.model, model]));
  const pick = (names: readonly string[]): ModelFigures[] => names.flatMap((name) => byModel.get(name) ?? []);
  return {
    title: 'Performance characteristics',
    blocks: [
      {
        kind: 'figures',
        rows: [
          ['Frames', String(profile.frames)],
          ['Wall time', ms(profile.wallMs)],
          ['Effective speed', `${profile.framesPerSecond.toFixed(1)} frames a second`],
          ['Cores busy', `${percent(profile.cpuMs / (profile.wallMs * profile.cores))} of ${profile.cores}`],
        ],
      },
      { kind: 'timeline', title: 'The pipeline at work', spans: profile.timeline },
      { kind: 'series', title: 'Time from decoding to the last result, by frame', unit: 'ms', axis: 'frame', points: profile.frameTimeMs },
    ],
    subsections: [
      { title: 'Action units (per frame)', blocks: actionUnitBlocks(facts, pick(facts.jobs.actionUnits)) },
      { title: 'Face detection and landmarks', blocks: detectionBlocks(facts, pick(facts.jobs.detection), pick(facts.jobs.landmarks)) },
      { title: 'By stage', blocks: [stageTable(profile.stages), ...queueBlocks(facts)] },
      { title: 'By model', blocks: [modelTable(profile.models)] },
    ],
  };
}

function actionUnitBlocks(facts: RunFacts, models: readonly ModelFigures[]): Section['blocks'] {
  const stage = facts.profile.stages.find((each) => each.stage === 'action-units');
  const frames = Math.max(1, facts.profile.frames);
  const modelMs = models.reduce((sum, each) => sum + each.preprocess.totalMs + each.inference.totalMs + each.postprocess.totalMs, 0);
  const totalMs = Math.max(stage?.totalMs ?? 0, modelMs);
  if (totalMs === 0) return [{ kind: 'text', text: 'No action units were measured.' }];
  const inferenceMs = models.reduce((sum, each) => sum + each.inference.totalMs, 0);
  const readMs = models.reduce((sum, each) => sum + each.preprocess.totalMs, 0);
  return [
    {
      kind: 'figures',
      rows: [
        ['Processing time', `${ms(totalMs / frames)} a frame (${((frames * 1000) / totalMs).toFixed(1)} a second)`],
        ['Model inference', percent(inferenceMs / totalMs)],
        ['Read (crop and convert)', percent(readMs / totalMs)],
        ['Clean-up (decode and tabulate)', percent((totalMs - inferenceMs - readMs) / totalMs)],
      ],
    },
    ...(models.length === 0
      ? [{ kind: 'text' as const, text: 'This suite measures action units from landmarks: no inference of their own.' }]
      : [{ kind: 'list' as const, items: models.map((each) => `${each.model}: ${ms(each.inference.meanMs)} a call, ${each.items} items in ${each.inference.count} calls.`) }]),
  ];
}

function detectionBlocks(facts: RunFacts, detectors: readonly ModelFigures[], landmarks: readonly ModelFigures[]): Section['blocks'] {
  const stages = new Map(facts.profile.stages.map((each) => [each.stage, each]));
  const detect = stages.get('detect');
  const landmark = stages.get('landmarks');
  const perFrame = ((detect?.totalMs ?? 0) + (landmark?.totalMs ?? 0)) / Math.max(1, facts.profile.frames);
  const rows: (readonly [string, string])[] = [
    ['Detection time', detect === undefined ? 'none' : `${ms(detect.meanMs)} a detection (${detect.count} of ${facts.profile.frames} frames)`],
    ['Detection ran', detect === undefined ? 'never' : `every ${(facts.profile.frames / Math.max(1, detect.count)).toFixed(1)} frames`],
    ['Landmark time', landmark === undefined ? 'none' : `${ms(landmark.meanMs)} a frame`],
    ['Speed of the two alone', perFrame === 0 ? 'not measured' : `${(1000 / perFrame).toFixed(1)} frames a second`],
  ];
  const items = [...detectors, ...landmarks].map((each) => `${each.model}: inference ${ms(each.inference.meanMs)} (95 % within ${ms(each.inference.p95Ms)}), ${each.inference.count} calls.`);
  return [{ kind: 'figures', rows }, { kind: 'list', items }];
}

function stageTable(stages: readonly StageFigures[]): Section['blocks'][number] {
  return {
    kind: 'table',
    head: ['Stage', 'Count', 'Total', 'Mean', 'Median', '95 %', 'Max', 'Share'],
    rows: stages.map((each) => [each.stage, String(each.count), ms(each.totalMs), ms(each.meanMs), ms(each.p50Ms), ms(each.p95Ms), ms(each.maxMs), percent(each.share)]),
  };
}

function queueBlocks(facts: RunFacts): Section['blocks'] {
  if (facts.profile.queues.length === 0) return [];
  return [
    {
      kind: 'table',
      head: ['Queue', 'Room', 'Mean depth', 'Fullest', 'Producers waited'],
      rows: facts.profile.queues.map((each) => [each.queue, String(each.capacity), each.meanDepth.toFixed(1), String(each.maxDepth), ms(each.blockedMs)]),
    },
  ];
}

function modelTable(models: readonly ModelFigures[]): Section['blocks'][number] {
  return {
    kind: 'table',
    head: ['Model', 'Calls', 'Items', 'Prepare', 'Inference', '95 %', 'Read out', 'Opening', 'First inference'],
    rows: models.map((each) => [
      each.model,
      String(each.inference.count),
      String(each.items),
      ms(each.preprocess.meanMs),
      ms(each.inference.meanMs),
      ms(each.inference.p95Ms),
      ms(each.postprocess.meanMs),
      each.warmUp === null ? '' : ms(each.warmUp.createMs),
      each.warmUp === null ? '' : ms(each.warmUp.firstInferenceMs),
    ]),
  };
}

/** Measured memory: each model, the frames, the whole, and what more workers would take. */
export function memorySection(facts: RunFacts): Section {
  const { memory, models } = facts.profile;
  const sessions = models.reduce((sum, each) => sum + (each.memoryBytes ?? 0), 0);
  const { width, height, poolFrames } = facts.frame;
  return {
    title: 'Memory',
    blocks: [
      {
        kind: 'figures',
        rows: [
          ...models.map((each) => [each.model, each.memoryBytes === null ? 'not measured' : megabytes(each.memoryBytes)] as const),
          ['Frame buffers', `${poolFrames} frames of ${width}×${height} in YUV 4:2:0 = ${megabytes(memory.framePoolBytes)}`],
          ['At the start', megabytes(memory.startRssBytes)],
          ['Peak of the process', megabytes(memory.peakRssBytes)],
          ['At the end', megabytes(memory.endRssBytes)],
        ],
      },
      { kind: 'series', title: 'Resident memory over the run', unit: 'MB', axis: 'seconds', points: memory.rssOverTime.map((point) => ({ at: point.at, mean: point.mean / 1e6, max: point.max / 1e6 })) },
    ],
    subsections: [
      {
        title: 'Workers',
        blocks: [
          {
            kind: 'list',
            items: [
              `${counted(facts.workers, 'worker')} (${facts.isolation === 'thread' ? 'threads of one process' : 'processes of their own'}), each with sessions of its own: ${megabytes(sessions)} each, ${megabytes(sessions * facts.workers)} together.`,
              facts.isolation === 'thread' ? 'Frames are shared, not copied: another worker costs its sessions only.' : 'Each process also carries the program itself.',
            ],
          },
        ],
      },
    ],
  };
}

/** What to do, best first. */
export function recommendationSection(facts: RunFacts): Section {
  const all = recommend(facts);
  return {
    title: 'Optimization recommendations',
    blocks: all.length === 0 ? [{ kind: 'text', text: 'Nothing stands out: the cores are busy and no model is split.' }] : [],
    subsections: all.map((each, place) => ({
      title: `${place + 1}. ${each.title} (priority ${each.priority})`,
      blocks: [
        { kind: 'text', text: `Current: ${each.current}` },
        { kind: 'list', items: each.options },
        {
          kind: 'figures',
          rows: [
            ['Expected gain', `${percent(each.expectedGain)} of the run's time at most. ${each.basis}`],
            ['Measured gain', each.measuredGain === null ? 'not tried' : `${percent(each.measuredGain)} of the run's time`],
          ],
        },
      ],
    })),
  };
}

/** The seed document's closing table. */
export function summarySection(facts: RunFacts): Section {
  return {
    title: 'Summary',
    blocks: [
      {
        kind: 'table',
        head: ['Model', 'Provider', 'On provider', 'CPU', 'Partitions', 'Performance impact'],
        rows: facts.utilization.map((each) => [
          each.model,
          each.provider,
          `${each.coverage.toFixed(1)} %`,
          `${(100 - each.coverage).toFixed(1)} %`,
          String(each.partitions),
          `${each.impact} overhead`,
        ]),
      },
    ],
    subsections: [{ title: 'Overall assessment', blocks: [{ kind: 'list', items: assessment(facts) }] }],
  };
}

/** The stage with the most work. */
export function bottleneck(stages: readonly StageFigures[]): StageFigures | undefined {
  return stages.filter((each) => each.stage !== 'wait').toSorted((a, b) => b.totalMs - a.totalMs)[0];
}

function assessment(facts: RunFacts): string[] {
  const items: string[] = [];
  const costliest = bottleneck(facts.profile.stages);
  if (costliest !== undefined) items.push(`The bottleneck is ${costliest.stage}: ${percent(costliest.share)} of the work.`);
  const split = facts.utilization.filter((each) => each.partitions > 1).toSorted((a, b) => b.partitions - a.partitions);
  const worst = split[0];
  items.push(
    worst === undefined
      ? 'No model is split over providers.'
      : `${counted(split.length, 'model')} split over providers; most of all ${worst.model} on ${worst.provider}: ${worst.coverage.toFixed(1)} % in ${worst.partitions} partitions.`,
  );
  const nodes = facts.utilization.reduce((sum, each) => sum + each.nodes, 0);
  const left = facts.utilization.reduce((sum, each) => sum + each.cpu, 0);
  if (nodes > 0) items.push(`${percent(left / nodes)} of all operators stay on the CPU.`);
  const gain = 1 - recommend(facts).reduce((rest, each) => rest * (1 - (each.measuredGain ?? each.expectedGain)), 1);
  items.push(`Potential of all recommendations together: ${percent(gain)} of the run's time at most.`);
  return items;
}
