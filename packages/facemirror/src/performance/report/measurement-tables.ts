import type { DurationFigures } from '../../results/summary.js';
import type { ModelFigures, ProfileSummary, QueueFigures } from '../../results/summary.js';
import type { Block } from './document.js';
import type { BatchingFacts, RunFacts } from '../../results/facts.js';
import { framesPerCall, itemsPerCall } from './gains.js';
import { megabytes, ms, percent } from '../../wording.js';

const DURATIONS = ['Count', 'Total', 'Mean', 'Median', '95 %', 'Max'] as const;

function durations({ count, totalMs, meanMs, p50Ms, p95Ms, maxMs }: DurationFigures): string[] {
  return [String(count), ...[totalMs, meanMs, p50Ms, p95Ms, maxMs].map(ms)];
}

/** Each stage's time. */
export function stageTable({ stages, wallMs, cpuMs, opening = { wallMs: 0, cpuMs: 0 } }: ProfileSummary): Block[] {
  const work = stages.reduce((sum, each) => sum + (each.stage === 'wait' ? 0 : each.totalMs), 0);
  return [
    {
      kind: 'table',
      head: ['Stage', ...DURATIONS, 'Share'],
      rows: stages.map((each) => [each.stage, ...durations(each), percent(each.share)]),
    },
    {
      kind: 'text',
      text:
        `Stages run side by side, so that together they take ${ms(work)} in ${ms(wallMs - opening.wallMs)} of wall time. Times are by the clock: where more goes on than there are free cores, they include the time until a core was free (the processor time of all was ${ms(cpuMs - opening.cpuMs)}). ` +
        'Shares are of the work of all stages; that of waiting in queues, which takes no processor, is of work and waiting together.',
    },
  ];
}

/** How full the queues were, and how long they were waited for. */
export function queueBlocks(queues: readonly QueueFigures[]): Block[] {
  if (queues.length === 0) return [{ kind: 'text', text: 'Queues were not measured in this run.' }];
  const row = ({ queue, capacity, meanDepth, maxDepth, waits }: QueueFigures): string[] => [
    queue,
    capacity === null ? 'no bound' : String(capacity),
    meanDepth.toFixed(1),
    String(maxDepth),
    String(waits.count),
    ms(waits.totalMs),
    ms(waits.meanMs),
    ms(waits.p95Ms),
    ms(waits.maxMs),
  ];
  return [
    {
      kind: 'table',
      head: ['Queue', 'Room', 'Mean depth', 'Fullest', 'Passed', 'Waited', 'Mean', '95 %', 'Max'],
      rows: queues.map(row),
    },
    {
      kind: 'text',
      text: 'Where room is limited, the depth is how many are in and the wait is for a place: that holds up the stage before, so that memory does not grow. Elsewhere it is how many wait for their turn, and for how long.',
    },
  ];
}

/** Each model's time: making its input, the inference, reading its result; and opening it. */
export function modelBlocks(models: readonly ModelFigures[]): Block[] {
  const whole = models.reduce(
    (sum, { preprocess, inference, postprocess }) => sum + preprocess.totalMs + inference.totalMs + postprocess.totalMs,
    0,
  );
  const rows = models.flatMap(({ model, preprocess, inference, postprocess }) =>
    (
      [
        ['prepare', preprocess],
        ['inference', inference],
        ['read out', postprocess],
      ] as const
    ).map(([part, figures]) => [
      model,
      part,
      ...durations(figures),
      percent(whole === 0 ? 0 : figures.totalMs / whole),
    ]),
  );
  const openings = models.flatMap((each) => {
    const { model, warmUp, items, inference } = each;
    return [
      [
        model,
        String(items),
        itemsPerCall(each).toFixed(1),
        ...(warmUp === null ? ['not measured', 'not measured'] : [ms(warmUp.createMs), ms(warmUp.firstInferenceMs)]),
        inference.count === 0 ? 'never run' : ms(inference.totalMs / Math.max(1, items)),
      ],
    ];
  });
  return [
    { kind: 'table', head: ['Model', 'Part', ...DURATIONS, 'Share'], rows },
    {
      kind: 'text',
      text: 'Times are by call, which may be a batch; shares are of the time of all models. An item is one picture that a model is given: a frame, or a face cut out of it, of which a frame may have several.',
    },
    {
      kind: 'table',
      head: [
        'Model',
        'Items',
        'Items a call',
        'Opening the session',
        'First inference (warm-up)',
        'Inference an item, afterwards',
      ],
      rows: openings,
    },
  ];
}

/** Frames in one inference, and what measuring them on this machine gave. */
export function batchingBlocks({ batching, profile }: RunFacts): Block[] {
  const entries = Object.entries(batching);
  if (entries.length === 0)
    return [
      {
        kind: 'text',
        text: 'This suite looks at one face at a time: each frame is found by the one before, so there is nothing to batch.',
      },
    ];
  return [
    {
      kind: 'table',
      head: ['Model', 'Frames an inference, at most', 'In this run, on average', 'How it was chosen', 'Gain over one'],
      rows: entries.map(([model, facts]) => {
        const used = profile.models.find((each) => each.model === model);
        return [
          model,
          String(facts.frames),
          used === undefined || used.inference.count === 0 ? 'never run' : framesPerCall({ profile }, used).toFixed(1),
          choiceInWords(facts),
          gainOverOne(facts),
        ];
      }),
    },
    ...entries.flatMap(([model, facts]) => (facts.chosen === 'measured' ? [curveBars(model, facts)] : [])),
  ];
}

function choiceInWords({ chosen }: BatchingFacts): string {
  return {
    asked: 'as asked with --batch',
    unmeasured: 'not measured on this provider',
    measured: 'measured on one thread of this machine: the fewest within 5 % of the fastest',
  }[chosen];
}

function gainOverOne(facts: BatchingFacts): string {
  const [one, chosen] =
    facts.chosen === 'measured'
      ? [facts.curve.points[0], facts.curve.points.find(({ frames }) => frames === facts.frames)]
      : [];
  if (one === undefined || chosen === undefined) return 'not measured';
  return chosen === one ? 'none: one is best' : percent(1 - chosen.msPerFrame / one.msPerFrame);
}

function curveBars(model: string, { curve, frames: chosen }: Extract<BatchingFacts, { chosen: 'measured' }>): Block {
  return {
    kind: 'bars',
    title: `Time of ${model} for one frame, by the frames that it is given at once`,
    bars: curve.points.map(({ frames, msPerFrame, memoryBytes }) => ({
      label: `${frames}${frames === chosen ? ' (chosen)' : ''}`,
      value: msPerFrame,
      text: `${ms(msPerFrame)}${memoryBytes > 0 ? `, ${megabytes(memoryBytes)} of memory` : ''}`,
    })),
  };
}
