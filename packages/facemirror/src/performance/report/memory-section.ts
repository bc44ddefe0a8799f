import type { ModelFigures } from '../../results/summary.js';
import type { Block, Section } from './document.js';
import type { RunFacts, WorkerMemoryFacts } from '../../results/facts.js';
import { counted, megabytes } from '../../wording.js';

/** Numbers of workers whose memory is told, besides that of the run. */
const WORKER_COUNTS = [1, 2, 4, 6] as const;

/** Measured memory: each model, the frames, the whole, and what more workers would take. */
export function memorySection(facts: RunFacts): Section {
  const { memory, models } = facts.profile;
  const sessions = models.reduce((sum, each) => sum + (each.memoryBytes ?? 0), 0);
  const inWorkers = facts.isolation === 'thread' ? sessions * facts.workers : 0;
  const rest = Math.max(0, memory.peakRssBytes - inWorkers - memory.framePoolBytes);
  const { width, height, poolFrames } = facts.frame;
  // Sessions in processes of their own are no part of this process.
  const modelBars = models.flatMap(({ model, memoryBytes }) =>
    memoryBytes === null || facts.isolation === 'process'
      ? []
      : [
          {
            label: model,
            value: memoryBytes * facts.workers,
            text: `${megabytes(memoryBytes)}${facts.workers > 1 ? ` × ${facts.workers} workers` : ''}`,
          },
        ],
  );
  return {
    title: 'Memory',
    blocks: [
      {
        kind: 'bars',
        title: `What the process's peak of ${megabytes(memory.peakRssBytes)} is made of`,
        bars: [
          ...modelBars,
          { label: 'frames', value: memory.framePoolBytes, text: megabytes(memory.framePoolBytes) },
          {
            label: 'all else',
            value: rest,
            text: `${megabytes(rest)}: program, codecs, heap, opening; ${megabytes(memory.startRssBytes)} were there at the start`,
          },
        ],
      },
      {
        kind: 'figures',
        rows: [
          ...models.map((each) => [each.model, sessionMemory(each)] as const),
          [
            'Frame buffers',
            `${poolFrames} frames × ${width} × ${height} × 1.5 bytes (YUV 4:2:0) = ${megabytes(poolFrames * width * height * 1.5)}; with what the kernels need beside them ${megabytes(memory.framePoolBytes)}`,
          ],
          ['At the start', megabytes(memory.startRssBytes)],
          ['Total of the process, at its peak', megabytes(memory.peakRssBytes)],
          ['At the end', megabytes(memory.endRssBytes)],
          ...(memory.workersPeakRssBytes === undefined
            ? []
            : [
                [
                  'Worker processes, together at their peak',
                  `${megabytes(memory.workersPeakRssBytes)} (pages that they share count in each)`,
                ] as const,
              ]),
        ],
      },
      {
        kind: 'series',
        title: 'Resident memory over the run',
        unit: 'MB',
        axis: 'seconds',
        points: memory.rssOverTime.map((point) => ({ at: point.at, mean: point.mean / 1e6, max: point.max / 1e6 })),
      },
    ],
    subsections: [{ title: 'Workers', blocks: workerBlocks(facts, sessions) }],
  };
}

function sessionMemory({ memoryBytes, opening }: ModelFigures): string {
  if (memoryBytes === null) return 'not measured';
  return `${megabytes(memoryBytes)} a session${opening === undefined ? '' : ` (${megabytes(opening.rssBeforeBytes)} before it was opened, ${megabytes(opening.rssAfterBytes)} after)`}`;
}

function workerBlocks(facts: RunFacts, sessions: number): Block[] {
  const { workers, isolation, workerMemory } = facts;
  const isThread = isolation === 'thread';
  const counts = [...new Set([...WORKER_COUNTS, workers])].toSorted((a, b) => a - b);
  const further = workerMemory?.furtherMeasuredBytes ?? null;
  return [
    {
      kind: 'list',
      items: [
        ...(facts.workersReason === null ? [] : [facts.workersReason]),
        `${counted(workers, 'worker')} (${isThread ? (workers === 1 ? 'a thread of the process' : 'threads of one process') : workers === 1 ? 'a process of its own' : 'processes of their own'}), each with sessions of its own: ${megabytes(sessions)} each, ${megabytes(sessions * workers)} together.`,
        ...(workerMemory === null ? [] : predictionItems(workerMemory, workers)),
        ...(further === null || sessions === 0
          ? []
          : [
              `Each worker beyond the first took ${megabytes(further)}: its sessions and ${megabytes(Math.max(0, further - sessions))}.`,
            ]),
        isThread
          ? 'Frames are shared, not copied: another worker costs its sessions and a small heap. Weights that are mapped from the disk count for each worker here, though RAM holds them once.'
          : 'Nothing is shared between processes but what is mapped from the disk, which counts for each here: each also carries the program itself.',
      ],
    },
    ...(sessions === 0
      ? []
      : [
          {
            kind: 'table' as const,
            head: ['Workers', 'Sessions', isThread ? 'The process, at its peak' : 'All processes'],
            rows: counts.map((count) => [
              `${count}${count === workers ? ' (this run)' : ''}`,
              megabytes(sessions * count),
              `${count === workers ? '' : 'about '}${megabytes(totalWith(facts, sessions, count))}`,
            ]),
          },
        ]),
  ];
}

function predictionItems(
  { predictedBytes, allPredictedBytes, allMeasuredBytes }: WorkerMemoryFacts,
  workers: number,
): string[] {
  if (allPredictedBytes === undefined || allMeasuredBytes === undefined)
    return [`${megabytes(predictedBytes)} a worker was predicted before the run.`];
  const each = workers === 1 ? '' : `, of it ${megabytes(predictedBytes)} for each worker`;
  return [`Predicted before the run: ${megabytes(allPredictedBytes)}${each}; measured ${megabytes(allMeasuredBytes)}.`];
}

/** The whole with that many workers: this run's own peak, and what more or fewer workers make of it. */
function totalWith({ profile, workers, isolation, workerMemory }: RunFacts, sessions: number, count: number): number {
  const all = workerMemory?.allMeasuredBytes ?? sessions * workers;
  const one = workerMemory?.furtherMeasuredBytes ?? (isolation === 'process' ? all / workers : sessions);
  return profile.memory.peakRssBytes + (isolation === 'process' ? all : 0) + (count - workers) * one;
}
