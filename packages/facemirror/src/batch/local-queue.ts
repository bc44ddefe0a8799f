import { startJob, type JobProcess } from './job-process.js';
import type { JobQueue, JobSpec, OnJobEvent } from './job-queue.js';

/** The queue of this machine: one job at a time, each in a process of its own, which has all cores. */
export class LocalQueue implements JobQueue {
  readonly #onEvent: OnJobEvent;
  readonly #waiting: JobSpec[] = [];
  #running: { readonly id: string; readonly process: JobProcess } | null = null;
  #isClosed = false;
  #atRest: Promise<void> = Promise.resolve();

  constructor(onEvent: OnJobEvent) {
    this.#onEvent = onEvent;
  }

  submit(job: JobSpec): void {
    this.#waiting.push(job);
    this.#startNext();
  }

  cancel(id: string): void {
    const place = this.#waiting.findIndex((job) => job.id === id);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      this.#onEvent({ kind: 'ended', id, end: { kind: 'cancelled' } });
    } else if (this.#running?.id === id) this.#running.process.stop();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#running?.process.stop();
    await this.#atRest;
  }

  #startNext(): void {
    if (this.#running !== null || this.#isClosed) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    const { id } = job;
    const process = startJob(job, (said) => this.#onEvent({ ...said, id }));
    this.#running = { id, process };
    this.#onEvent({ kind: 'started', id });
    this.#atRest = process.ended.then((end) => {
      this.#running = null;
      this.#onEvent({ kind: 'ended', id, end });
      this.#startNext();
    });
  }
}
