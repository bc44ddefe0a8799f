import type { ModelFigures, StageFigures } from '../summary.js';
import type { Block, Section } from './document.js';
import type { RunFacts } from './facts.js';
import { itemsPerCall } from './gains.js';
import { counted, ms, percent } from '../../wording.js';

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
          ['Cores busy', `${percent(profile.cpuMs / (profile.wallMs * profile.cores))} of ${profile.cores} by this run${othersClause(facts)}`],
          ...(facts.videosAtOnce > 1 ? [['Videos at once', `${facts.videosAtOnce}; the figures of cores and memory are those of the process with all of them`] as const] : []),
        ],
      },
      { kind: 'bars', title: 'Where the work goes, by stage', bars: stageBars(profile.stages) },
      { kind: 'timeline', title: 'The pipeline at work: some frames, one lane for each thing that goes on side by side', spans: profile.timeline },
      ...(profile.frameIntervalMs === undefined
        ? []
        : [{ kind: 'series' as const, title: 'Time per frame: from one finished frame to the next', unit: 'ms', axis: 'frame', points: profile.frameIntervalMs }]),
      { kind: 'series', title: 'Latency: from decoding a frame to its last result, waiting included', unit: 'ms', axis: 'frame', points: profile.frameTimeMs },
    ],
    subsections: [
      { title: 'Action units (per frame)', blocks: actionUnitBlocks(facts, pick(facts.jobs.actionUnits)) },
      { title: 'Face detection and landmarks', blocks: detectionBlocks(facts, pick(facts.jobs.detection), pick(facts.jobs.landmarks)) },
      { title: 'By stage', blocks: [stageTable(profile.stages), ...queueBlocks(facts)] },
      { title: 'By model', blocks: [modelTable(profile.models), ...batchingBlocks(facts)] },
    ],
  };
}

/** What other programs took, without which figures of a loaded machine would be misread. */
function othersClause({ profile }: RunFacts): string {
  const { idleShare, cpuMs, wallMs, cores } = profile;
  if (idleShare === undefined || idleShare === null || wallMs === 0) return '';
  const others = Math.max(0, 1 - idleShare - cpuMs / (wallMs * cores));
  return `, ${percent(others)} by other programs${others > 0.1 ? ' (on a quiet machine it would be faster)' : ''}`;
}

function stageBars(stages: readonly StageFigures[]): Extract<Block, { kind: 'bars' }>['bars'] {
  return stages
    .filter(({ stage }) => stage !== 'wait')
    .toSorted((a, b) => b.totalMs - a.totalMs)
    .map(({ stage, totalMs, share }) => ({ label: stage, value: totalMs, text: `${ms(totalMs)}, ${percent(share)}`, stage }));
}

/** Frames in one inference, and what measuring them on this machine gave. */
function batchingBlocks({ batching }: RunFacts): Block[] {
  const rows = Object.entries(batching).map(([model, facts]) => {
    if (facts.chosen !== 'measured') return [model, String(facts.frames), facts.chosen === 'asked' ? 'as asked with --batch' : 'not measured on this provider', ''];
    const { points } = facts.curve;
    const [one, best] = [points[0], points.find(({ frames }) => frames === facts.frames)];
    const gain = one === undefined || best === undefined ? 0 : 1 - best.msPerFrame / one.msPerFrame;
    return [model, String(facts.frames), points.map(({ frames, msPerFrame }) => `${frames}: ${ms(msPerFrame)}`).join(', '), percent(gain)];
  });
  return rows.length === 0 ? [] : [{ kind: 'table', head: ['Model', 'Frames an inference', 'Measured at the start, time a frame', 'Gain over one'], rows }];
}

function actionUnitBlocks(facts: RunFacts, models: readonly ModelFigures[]): Block[] {
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
        ['Clean-up (read out and tabulate)', percent((totalMs - inferenceMs - readMs) / totalMs)],
      ],
    },
    ...(models.length === 0
      ? [{ kind: 'text' as const, text: 'This suite measures action units from landmarks: no inference of their own.' }]
      : [{ kind: 'list' as const, items: models.flatMap((each) => unitBreakdown(facts, each)) }]),
  ];
}

function unitBreakdown(facts: RunFacts, model: ModelFigures): string[] {
  const { count, p50Ms, p95Ms } = model.inference;
  const split = facts.utilization.find((each) => each.model === model.model);
  return [
    `${model.model} dominates: an inference takes ${ms(p50Ms)} (half of them; 95 % within ${ms(p95Ms)}), ${counted(model.items, 'face')} in ${counted(count, 'inference')}.`,
    ...(split === undefined
      ? []
      : [`On ${split.provider}: ${split.coverage.toFixed(1)} % of its operators there and ${(100 - split.coverage).toFixed(1)} % on the CPU, ${counted(split.partitions, 'partition')}${split.partitions > 1 ? `, so ${split.partitions} transitions a frame` : ''}.`]),
  ];
}

function detectionBlocks(facts: RunFacts, detectors: readonly ModelFigures[], landmarks: readonly ModelFigures[]): Block[] {
  const stages = new Map(facts.profile.stages.map((each) => [each.stage, each]));
  const detect = stages.get('detect');
  const landmark = stages.get('landmarks');
  const frames = Math.max(1, facts.profile.frames);
  const perFrame = ((detect?.totalMs ?? 0) + (landmark?.totalMs ?? 0)) / frames;
  const landmarkFrameMs = (landmark?.totalMs ?? 0) / frames;
  const whenDetecting = (detect?.meanMs ?? 0) + landmarkFrameMs;
  const rows: (readonly [string, string])[] = [
    ['Detection time', detect === undefined ? 'none' : `${ms(detect.meanMs)} a detection (${detect.count} of ${facts.profile.frames} frames)`],
    ['Detection ran', detect === undefined ? 'never' : `every ${(facts.profile.frames / Math.max(1, detect.count)).toFixed(1)} frames`],
    ['Landmark time', landmark === undefined ? 'none' : `${ms(landmarkFrameMs)} a frame`],
    ['Speed of the two alone', perFrame === 0 ? 'not measured' : `${(1000 / perFrame).toFixed(1)} frames a second`],
    ['Effective speed (when detecting)', detect === undefined || whenDetecting === 0 ? 'never detecting' : `${(1000 / whenDetecting).toFixed(1)} frames a second`],
  ];
  const items = [...detectors, ...landmarks].map((each) => {
    const split = facts.utilization.find(({ model }) => model === each.model);
    const coverage = split === undefined ? '' : ` (${split.coverage.toFixed(1)} % on ${split.provider})`;
    return `${each.model}${coverage}: inference ${ms(each.inference.meanMs)} (95 % within ${ms(each.inference.p95Ms)}), ${counted(each.inference.count, 'call')}, ${counted(each.items, 'item')}.`;
  });
  return [
    { kind: 'figures', rows },
    { kind: 'list', items: [...items, ...stillBottleneck(landmarks, facts)] },
  ];
}

function stillBottleneck(landmarks: readonly ModelFigures[], { profile }: RunFacts): string[] {
  const dearest = profile.models.toSorted((a, b) => b.inference.totalMs - a.inference.totalMs)[0];
  return dearest !== undefined && landmarks.includes(dearest) ? [`${dearest.model} is the most expensive model of this run.`] : [];
}

function stageTable(stages: readonly StageFigures[]): Block {
  return {
    kind: 'table',
    head: ['Stage', 'Count', 'Total', 'Mean', 'Median', '95 %', 'Max', 'Share'],
    rows: stages.map((each) => [each.stage, String(each.count), ms(each.totalMs), ms(each.meanMs), ms(each.p50Ms), ms(each.p95Ms), ms(each.maxMs), percent(each.share)]),
  };
}

function queueBlocks(facts: RunFacts): Block[] {
  if (facts.profile.queues.length === 0) return [];
  return [
    {
      kind: 'table',
      head: ['Queue', 'Room', 'Mean depth', 'Fullest', 'Producers waited'],
      rows: facts.profile.queues.map((each) => [each.queue, String(each.capacity), each.meanDepth.toFixed(1), String(each.maxDepth), ms(each.blockedMs)]),
    },
  ];
}

function modelTable(models: readonly ModelFigures[]): Block {
  return {
    kind: 'table',
    head: ['Model', 'Calls', 'Items', 'Items a call', 'Prepare', 'Inference', '95 %', 'Read out', 'Opening', 'First inference'],
    rows: models.map((each) => [
      each.model,
      String(each.inference.count),
      String(each.items),
      itemsPerCall(each).toFixed(1),
      ms(each.preprocess.meanMs),
      ms(each.inference.meanMs),
      ms(each.inference.p95Ms),
      ms(each.postprocess.meanMs),
      each.warmUp === null ? '' : ms(each.warmUp.createMs),
      each.warmUp === null ? '' : ms(each.warmUp.firstInferenceMs),
    ]),
  };
}
