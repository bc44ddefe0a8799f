import type { CoreMlFormat, OrtVersion } from 'onnx-lens';
import { startHelper } from '../../processes/helper-process.js';
import { TRIAL_KINDS, type Trial, type Untried } from '../../results/facts.js';
import type { TrialOutcome, TrialSubject } from './trials.js';

/** The built file, both for this file's own build and when tests run the sources. */
const CHILD_FILE = new URL('../../../dist/performance/trials/child.js', import.meta.url);

/** What the trying process is asked. */
export interface TrialJob {
  readonly name: string;
  /** Path of an .onnx file, or its bytes. */
  readonly model: string | Uint8Array;
  readonly target: { readonly format: CoreMlFormat; readonly ort?: OrtVersion };
  /** See {@link TrialSubject}. */
  readonly isOfRun: TrialSubject['isOfRun'];
}

export interface TrialResults {
  readonly trials: readonly Trial[];
  readonly untried: readonly Untried[];
  /** Whether everything was reached. */
  readonly isComplete: boolean;
}

/**
 * What trying things on a network brings, in a process of its own that is ended when the time is up: rewriting a graph
 * of many nodes takes minutes. What was not reached is among the untried, with the reason.
 */
export async function tryNetwork(job: TrialJob, seconds: number, signal?: AbortSignal): Promise<TrialResults> {
  const trials: Trial[] = [];
  const untried: Untried[] = [];
  let why = 'the process that tried it was lost';
  const { child, ended } = startHelper<TrialOutcome | { readonly kind: 'failed'; readonly message: string }>(
    CHILD_FILE,
    job,
    {
      stderr: 'ignore',
      onMessage: (outcome) => {
        if (outcome.kind === 'tried') trials.push(outcome.trial);
        else if (outcome.kind === 'untried') untried.push(outcome.untried);
        else why = `it failed (${outcome.message.replace(/\.$/, '')})`;
      },
    },
  );
  const stop = (reason: string): void => {
    why = reason;
    child.kill('SIGKILL');
  };
  const onAbort = (): void => stop('the run was stopped');
  const timer = setTimeout(
    () => stop(`it takes longer than the ${Math.round(seconds)} s that are given to a network`),
    seconds * 1000,
  );
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  await ended;
  clearTimeout(timer);
  signal?.removeEventListener('abort', onAbort);
  const told = new Set([...trials, ...untried].map(({ kind }) => kind));
  const missing = TRIAL_KINDS.filter((kind) => !told.has(kind)).map((kind): Untried => ({
    kind,
    model: job.name,
    why,
  }));
  return { trials, untried: [...untried, ...missing], isComplete: missing.length === 0 };
}
