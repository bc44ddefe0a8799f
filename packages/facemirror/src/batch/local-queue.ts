import { startHelper, type HelperProcess } from '../processes/helper-process.js';
import type { FromJobChild, ToJobChild } from './job-messages.js';
import type { JobEnd, JobQueue, JobSpec, OnJobEvent } from './job-queue.js';

/** A process that was asked to stop and still runs after this is ended. */
const PATIENCE_MS = 15_000;

interface Running {
  readonly job: JobSpec;
  readonly helper: HelperProcess;
  isStopped: boolean;
}

/** The queue of this machine: one job at a time, each in a process of its own, which has all cores. */
export class LocalQueue implements JobQueue {
  readonly #onEvent: OnJobEvent;
  readonly #waiting: JobSpec[] = [];
  #running: Running | null = null;
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
    } else if (this.#running?.job.id === id) stop(this.#running);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.length = 0;
    if (this.#running !== null) stop(this.#running);
    await this.#atRest;
  }

  #startNext(): void {
    if (this.#running !== null || this.#isClosed) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    let end: JobEnd | null = null;
    const message: ToJobChild = { kind: 'job', job };
    const helper = startHelper<FromJobChild>(new URL('../../dist/batch/job-child.js', import.meta.url), message, {
      stderr: 'ignore',
      execArgv: ['--max-semi-space-size=4'],
      onMessage: (said) => {
        if (said.kind === 'end') end = said.end;
        else this.#onEvent({ ...said, id: job.id });
      },
    });
    const running: Running = { job, helper, isStopped: false };
    this.#running = running;
    this.#onEvent({ kind: 'started', id: job.id });
    this.#atRest = helper.ended.then(({ why }) => {
      this.#running = null;
      const lost: JobEnd = running.isStopped
        ? { kind: 'cancelled' }
        : {
            kind: 'failed',
            code: 'WORKER_LOST',
            sentence: `The process of this video is lost (${why}). Try it again.`,
          };
      this.#onEvent({ kind: 'ended', id: job.id, end: end ?? lost });
      this.#startNext();
    });
  }
}

function stop(running: Running): void {
  if (running.isStopped) return;
  running.isStopped = true;
  const message: ToJobChild = { kind: 'stop' };
  running.helper.post(message);
  const timer = setTimeout(() => running.helper.child.kill('SIGKILL'), PATIENCE_MS);
  void running.helper.ended.then(() => clearTimeout(timer));
}
