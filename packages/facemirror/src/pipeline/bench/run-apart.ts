import { FaceMirrorError } from '../../errors.js';
import { errorOf } from '../../processes/failure.js';
import { startHelper } from '../../processes/helper-process.js';
import type { BenchJob, FromBenchChild, ToBenchChild } from './messages.js';
import type { RunMeasurement } from './result.js';

/** The built file, both for this file's own build and when tests run the sources. */
const CHILD_FILE = new URL('../../../dist/pipeline/bench/child.js', import.meta.url);

/** How long a run that was stopped may take to remove what it had begun before it is ended the hard way. */
const STOP_PATIENCE_MS = 10_000;

/**
 * Runs the pipeline in a process of its own and gives what it took.
 * @throws FaceMirrorError as the run did; CANCELLED when the signal stopped it.
 */
export async function runApart(job: BenchJob, signal: AbortSignal, onNotice: (sentence: string) => void): Promise<RunMeasurement> {
  if (signal.aborted) throw stopped();
  const answer: { last: Exclude<FromBenchChild, { kind: 'notice' }> | null } = { last: null };
  const helper = startHelper<FromBenchChild>(CHILD_FILE, { kind: 'run', job } satisfies ToBenchChild, {
    stderr: 'inherit',
    onMessage: (said) => {
      if (said.kind === 'notice') onNotice(said.sentence);
      else answer.last = said;
    },
  });
  let patience: NodeJS.Timeout | null = null;
  const stop = (): void => {
    helper.post({ kind: 'stop' } satisfies ToBenchChild);
    patience = setTimeout(() => helper.child.kill('SIGKILL'), STOP_PATIENCE_MS);
  };
  signal.addEventListener('abort', stop);
  try {
    const { why } = await helper.ended;
    if (signal.aborted) throw stopped();
    const { last } = answer;
    if (last === null) throw new FaceMirrorError('WORKER_LOST', `A run of the bench was lost: ${why}. Run it again; if it fails again, this machine may have too little memory.`);
    if (last.kind === 'failed') throw errorOf(last);
    return last.measurement;
  } finally {
    signal.removeEventListener('abort', stop);
    if (patience !== null) clearTimeout(patience);
  }
}

function stopped(): FaceMirrorError {
  return new FaceMirrorError('CANCELLED', 'Stopped; the bench kept nothing.');
}
