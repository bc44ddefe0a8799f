import { FaceMirrorError } from 'facemirror-core/errors.js';
import { errorOf } from '../processes/failure.js';
import { startHelper } from '../processes/helper-process.js';
import { Patience } from '../processes/patience.js';
import { ALIVE_MS, type BenchJob, type FromBenchChild, type ToBenchChild } from './messages.js';
import type { RunMeasurement } from './result.js';

/** The built file, both for this file's own build and when tests run the sources. */
const CHILD_FILE = new URL('../../dist/bench/child.js', import.meta.url);

/** Without a word for so long, a run is given up. */
const SILENCE_MS = 24 * ALIVE_MS;
/** How long a run that was stopped may take to remove what it had begun before it is ended the hard way. */
const STOP_PATIENCE_MS = 10_000;

/**
 * Runs the pipeline in a process of its own and gives what it took.
 * @throws FaceMirrorError as the run did; CANCELLED when the signal stopped it.
 */
export async function runApart(
  job: BenchJob,
  signal: AbortSignal,
  onNotice: (sentence: string) => void,
): Promise<RunMeasurement> {
  if (signal.aborted) throw stopped();
  const answer: { last: Extract<FromBenchChild, { kind: 'measured' | 'failed' }> | null } = { last: null };
  const patience = new Patience();
  let isSilent = false;
  const kill = (): void => {
    isSilent = true;
    helper.child.kill('SIGKILL');
  };
  const helper = startHelper<FromBenchChild>(CHILD_FILE, { kind: 'run', job } satisfies ToBenchChild, {
    stderr: 'inherit',
    onMessage: (said) => {
      if (!signal.aborted) patience.begin(SILENCE_MS, kill);
      if (said.kind === 'notice') onNotice(said.sentence);
      else if (said.kind !== 'alive') answer.last = said;
    },
  });
  patience.begin(SILENCE_MS, kill);
  const stop = (): void => {
    helper.post({ kind: 'stop' } satisfies ToBenchChild);
    patience.begin(STOP_PATIENCE_MS, kill);
  };
  signal.addEventListener('abort', stop);
  try {
    const { why } = await helper.ended;
    if (signal.aborted) throw stopped();
    const { last } = answer;
    if (last === null) throw lost(isSilent ? `it did not say anything for ${SILENCE_MS / 1000} s` : why);
    if (last.kind === 'failed') throw errorOf(last);
    return last.measurement;
  } finally {
    signal.removeEventListener('abort', stop);
    patience.end();
  }
}

function lost(why: string): FaceMirrorError {
  return new FaceMirrorError(
    'WORKER_LOST',
    `A run of the bench was lost: ${why}. Run it again; if it fails again, this machine may have too little memory.`,
  );
}

function stopped(): FaceMirrorError {
  return new FaceMirrorError('CANCELLED', 'Stopped; the bench kept nothing.');
}
