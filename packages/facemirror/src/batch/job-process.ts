import { startHelper } from '../processes/helper-process.js';
import type { FromJobChild, ToJobChild } from './job-messages.js';
import type { JobEnd, JobSpec } from './job-queue.js';

/** A process that was asked to stop and still runs after this is ended. */
const PATIENCE_MS = 15_000;

/** A job at work in a process of its own. */
export interface JobProcess {
  readonly pid: number | null;
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<JobEnd>;
  /** Asks it to stop, leaving nothing half-done; it then ends as cancelled, unless it was done before. */
  stop(): void;
}

/** Starts a job. What it says before its end goes to `onMessage`. */
export function startJob(job: JobSpec, onMessage: (said: Exclude<FromJobChild, { kind: 'end' }>) => void): JobProcess {
  let end: JobEnd | null = null;
  let isStopped = false;
  const message: ToJobChild = { kind: 'job', job };
  const helper = startHelper<FromJobChild>(new URL('../../dist/batch/job-child.js', import.meta.url), message, {
    stderr: 'ignore',
    execArgv: ['--max-semi-space-size=4'],
    onMessage: (said) => {
      if (said.kind === 'end') end = said.end;
      else onMessage(said);
    },
  });
  return {
    pid: helper.child.pid ?? null,
    ended: helper.ended.then(({ why }): JobEnd => {
      if (end !== null) return end;
      if (isStopped) return { kind: 'cancelled' };
      return {
        kind: 'failed',
        code: 'WORKER_LOST',
        sentence: `The process of this video is lost (${why}). Try it again.`,
      };
    }),
    stop: () => {
      if (isStopped) return;
      isStopped = true;
      const stop: ToJobChild = { kind: 'stop' };
      helper.post(stop);
      const timer = setTimeout(() => helper.child.kill('SIGKILL'), PATIENCE_MS);
      void helper.ended.then(() => clearTimeout(timer));
    },
  };
}
