import type { ModelSource, RunRequest } from './request.js';

/** Something that waits for its turn: a run of a network. */
export interface Queued {
  readonly request: RunRequest;
}

interface Line<Job> {
  readonly most: number;
  readonly urgency: number;
  readonly jobs: Job[];
}

/**
 * Runs that wait for a worker. Runs of one crop for a network that takes several (`ModelSource.batch`) are handed out
 * together, as one batch: when there are as many as it takes, or when a worker would otherwise stand idle. So no batch
 * waits for frames that do not come, and none is run half empty while there is other work.
 */
export class RunQueue<Job extends Queued> {
  readonly #lines = new Map<string, Line<Job>>();

  /** @param models in the order in which those of equal urgency take turns. */
  constructor(models: readonly ModelSource[]) {
    for (const { name, batch = 1, urgency = 0 } of models) this.#lines.set(name, { most: batch, urgency, jobs: [] });
  }

  add(job: Job): void {
    this.#lineOf(job).jobs.push(job);
  }

  /** Puts runs back that were handed out, before all others of their network. */
  putBack(jobs: readonly Job[]): void {
    for (const job of jobs.toReversed()) this.#lineOf(job).jobs.unshift(job);
  }

  /** What a worker should do next; empty when nothing waits. */
  take(): Job[] {
    const waiting = [...this.#lines.values()]
      .filter(({ jobs }) => jobs.length > 0)
      .sort((a, b) => b.urgency - a.urgency);
    const line =
      waiting.find((each) => batchAtHead(each).length >= each.most || !isJoinable(each.jobs[0])) ?? waiting[0];
    if (line === undefined) return [];
    return line.jobs.splice(0, batchAtHead(line).length);
  }

  /** How many runs of a network wait. */
  waitingFor(model: string): number {
    return this.#lines.get(model)?.jobs.length ?? 0;
  }

  /** All that waits, which then waits no more. */
  drain(): Job[] {
    return [...this.#lines.values()].flatMap(({ jobs }) => jobs.splice(0));
  }

  #lineOf({ request }: Job): Line<Job> {
    let line = this.#lines.get(request.model);
    if (line === undefined) {
      line = { most: 1, urgency: 0, jobs: [] };
      this.#lines.set(request.model, line);
    }
    return line;
  }
}

/** The first jobs of a line that can be run as one. */
function batchAtHead<Job extends Queued>({ jobs, most }: Line<Job>): Job[] {
  const [first] = jobs;
  if (first === undefined || !isJoinable(first)) return jobs.slice(0, 1);
  const shape = shapeOf(first.request);
  const end = jobs.findIndex((job, place) => place >= most || !isJoinable(job) || shapeOf(job.request) !== shape);
  return end < 0 ? jobs.slice(0, most) : jobs.slice(0, end);
}

/** A run of one crop for each of its inputs. */
export function isJoinable(job: Queued | undefined): boolean {
  return (
    job !== undefined &&
    Object.values(job.request.inputs).every((input) => input.kind === 'crops' && input.crops.length === 1)
  );
}

/** Runs with equal shapes, and equal outputs, can be run as one. */
function shapeOf({ inputs, outputs }: RunRequest): string {
  const crops = Object.entries(inputs).map(([name, input]) => {
    const crop = input.kind === 'crops' ? input.crops[0]?.crop : undefined;
    return `${name} ${crop?.layout} ${crop?.width}x${crop?.height}`;
  });
  return [...crops, ...(outputs ?? ['all'])].join();
}
