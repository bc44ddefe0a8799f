import type { ModelFigures, StageFigures } from '../../results/summary.js';
import type { Block, Section } from './document.js';
import type { RunFacts } from '../../results/facts.js';
import { busyShare } from './gains.js';
import { batchingBlocks, modelBlocks, queueBlocks, stageTable } from './measurement-tables.js';
import { counted, ms, percent, restOfCoverage } from '../../wording.js';

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
          ['Wall time', `${ms(profile.wallMs)}${openingClause(facts)}`],
          ['Effective speed', `${profile.framesPerSecond.toFixed(1)} frames a second`],
          ['Cores busy', `${percent(busyShare(profile))} of ${profile.cores} by this run${othersClause(facts)}`],
          ['Workers busy', `${percent(workersBusy(facts))} of the time of ${counted(facts.workers, 'worker')}`],
          ...(facts.videosAtOnce > 1
            ? [
                [
                  'Videos at once',
                  `${facts.videosAtOnce}; the figures of cores and memory are those of the process with all of them`,
                ] as const,
              ]
            : []),
        ],
      },
      { kind: 'bars', title: 'Where the work goes, by stage', bars: stageBars(profile.stages) },
      {
        kind: 'timeline',
        title: 'The pipeline at work: some frames, one lane for each thing that goes on side by side',
        spans: profile.timeline,
      },
      ...(profile.frameIntervalMs === undefined
        ? []
        : [
            {
              kind: 'series' as const,
              title: 'Time per frame: from one finished frame to the next',
              unit: 'ms',
              axis: 'frame',
              points: profile.frameIntervalMs,
            },
          ]),
      {
        kind: 'series',
        title: 'Latency: from decoding a frame to its last result, waiting included',
        unit: 'ms',
        axis: 'frame',
        points: profile.frameTimeMs,
      },
    ],
    subsections: [
      { title: 'Action units (per frame)', blocks: actionUnitBlocks(facts, pick(facts.jobs.actionUnits)) },
      {
        title: 'Face detection and landmarks',
        blocks: detectionBlocks(facts, pick(facts.jobs.detection), pick(facts.jobs.landmarks)),
      },
      { title: 'By stage', blocks: stageTable(profile) },
      { title: 'Queues and waiting', blocks: queueBlocks(profile.queues) },
      { title: 'By model', blocks: modelBlocks(profile.models) },
      { title: 'Batching', blocks: batchingBlocks(facts) },
    ],
  };
}

/** Opening is part of the wall time, but of no frame's. */
function openingClause({ profile }: RunFacts): string {
  return profile.opening === undefined
    ? ''
    : `, of which ${ms(profile.opening.wallMs)} to open the networks and the video (not part of the figures below)`;
}

/** Part of their time in which the workers had a call of a network, 0 to 1. */
function workersBusy({ profile, workers }: RunFacts): number {
  const { models, wallMs, opening = { wallMs: 0 } } = profile;
  const calls = models.reduce(
    (sum, { preprocess, inference, postprocess }) => sum + preprocess.totalMs + inference.totalMs + postprocess.totalMs,
    0,
  );
  const available = (wallMs - opening.wallMs) * workers;
  return available <= 0 ? 0 : Math.min(1, calls / available);
}

/** What other programs took, without which figures of a loaded machine would be misread. */
function othersClause({ profile }: RunFacts): string {
  const { idleShare } = profile;
  if (idleShare === undefined || idleShare === null) return '';
  const others = Math.max(0, 1 - idleShare - busyShare(profile));
  return `, ${percent(others)} by other programs${others > 0.1 ? ' (on a quiet machine it would be faster)' : ''}`;
}

function stageBars(stages: readonly StageFigures[]): Extract<Block, { kind: 'bars' }>['bars'] {
  return stages
    .filter(({ stage }) => stage !== 'wait')
    .toSorted((a, b) => b.totalMs - a.totalMs)
    .map(({ stage, totalMs, share }) => ({
      label: stage,
      value: totalMs,
      text: `${ms(totalMs)}, ${percent(share)}`,
      stage,
    }));
}

function actionUnitBlocks(facts: RunFacts, models: readonly ModelFigures[]): Block[] {
  const stageMs = facts.profile.stages.find((each) => each.stage === 'action-units')?.totalMs ?? 0;
  const frames = Math.max(1, facts.profile.frames);
  const modelMs = models.reduce(
    (sum, each) => sum + each.preprocess.totalMs + each.inference.totalMs + each.postprocess.totalMs,
    0,
  );
  // A network that looks at the mirrored faces is the stage; one that says what landmarks mean is part of another.
  const totalMs = stageMs >= modelMs * 0.99 ? stageMs : stageMs + modelMs;
  if (totalMs === 0) return [{ kind: 'text', text: 'No action units were measured.' }];
  const rate = [
    'Processing time',
    `${ms(totalMs / frames)} a frame (${((frames * 1000) / totalMs).toFixed(1)} a second, one after another)`,
  ] as const;
  if (models.length === 0) {
    return [
      {
        kind: 'figures',
        rows: [
          rate,
          [
            'Model inference',
            'none: this suite measures action units from the landmarks, without a network of their own',
          ],
        ],
      },
    ];
  }
  const inferenceMs = models.reduce((sum, each) => sum + each.inference.totalMs, 0);
  const readMs = models.reduce((sum, each) => sum + each.preprocess.totalMs, 0);
  return [
    {
      kind: 'figures',
      rows: [
        rate,
        ['Model inference', percent(inferenceMs / totalMs)],
        ['Read (crop and convert)', percent(readMs / totalMs)],
        ['Clean-up (read out and note)', percent((totalMs - inferenceMs - readMs) / totalMs)],
      ],
    },
    { kind: 'list', items: models.flatMap((each) => unitBreakdown(facts, each)) },
  ];
}

function unitBreakdown(facts: RunFacts, model: ModelFigures): string[] {
  const { count, p50Ms, p95Ms } = model.inference;
  const split = facts.utilization.find((each) => each.model === model.model);
  return [
    `${model.model}: half of its inferences take up to ${ms(p50Ms)}, 95 % up to ${ms(p95Ms)}; ${counted(model.items, 'face')} in ${counted(count, 'inference')}.`,
    ...(split === undefined
      ? []
      : [
          `On ${split.provider} it would have ${split.coverage.toFixed(1)} % of its operators there and ${restOfCoverage(split.coverage)} on the CPU, ${counted(split.partitions, 'partition')}${split.partitions > 1 ? `, so ${2 * split.partitions} changes between the two in an inference` : ''}.`,
        ]),
  ];
}

function detectionBlocks(
  facts: RunFacts,
  detectors: readonly ModelFigures[],
  landmarks: readonly ModelFigures[],
): Block[] {
  const stages = new Map(facts.profile.stages.map((each) => [each.stage, each]));
  const detect = stages.get('detect');
  const landmark = stages.get('landmarks');
  const frames = Math.max(1, facts.profile.frames);
  const perFrame = ((detect?.totalMs ?? 0) + (landmark?.totalMs ?? 0)) / frames;
  const landmarkFrameMs = (landmark?.totalMs ?? 0) / frames;
  const whenDetecting = (detect?.meanMs ?? 0) + landmarkFrameMs;
  const rows: (readonly [string, string])[] = [
    [
      'Detection time',
      detect === undefined
        ? 'none'
        : `${ms(detect.meanMs)} a detection (${detect.count} of ${facts.profile.frames} frames)`,
    ],
    [
      'Detection ran',
      detect === undefined
        ? 'never'
        : detect.count === 1
          ? 'once'
          : `every ${(facts.profile.frames / detect.count).toFixed(1)} frames`,
    ],
    ['Landmark time', landmark === undefined ? 'none' : `${ms(landmarkFrameMs)} a frame`],
    [
      'Speed of the two alone, in one worker',
      perFrame === 0 ? 'not measured' : `${(1000 / perFrame).toFixed(1)} frames a second`,
    ],
    [
      'The same for a frame that is detected',
      detect === undefined || whenDetecting === 0
        ? 'never detecting'
        : `${(1000 / whenDetecting).toFixed(1)} frames a second`,
    ],
  ];
  const items = [...detectors, ...landmarks].map((each) => {
    const split = facts.utilization.find(({ model }) => model === each.model);
    const coverage = split === undefined ? '' : ` (${split.provider} would take ${split.coverage.toFixed(1)} % of it)`;
    if (each.inference.count === 0) return `${each.model}${coverage}: never run.`;
    return `${each.model}${coverage}: inference ${ms(each.inference.meanMs)} on average, 95 % up to ${ms(each.inference.p95Ms)}, ${counted(each.inference.count, 'call')}, ${counted(each.items, 'item')}.`;
  });
  return [
    { kind: 'figures', rows },
    { kind: 'list', items: [...items, ...stillBottleneck(landmarks, facts)] },
  ];
}

function stillBottleneck(landmarks: readonly ModelFigures[], { profile }: RunFacts): string[] {
  const dearest = profile.models.toSorted((a, b) => b.inference.totalMs - a.inference.totalMs)[0];
  return dearest !== undefined && landmarks.includes(dearest)
    ? [`${dearest.model} is the most expensive model of this run.`]
    : [];
}
