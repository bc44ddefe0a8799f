import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FaceMirrorError } from '../../errors.js';
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
  const child = fork(fileURLToPath(CHILD_FILE), [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const post = (message: ToBenchChild): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  let patience: NodeJS.Timeout | null = null;
  const stop = (): void => {
    post({ kind: 'stop' });
    patience = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  };
  signal.addEventListener('abort', stop);
  try {
    const outcome = await new Promise<FromBenchChild | { readonly kind: 'ended'; readonly why: string }>((resolve) => {
      let last: FromBenchChild | null = null;
      child.on('message', (message) => {
        const said = message as FromBenchChild;
        if (said.kind === 'notice') onNotice(said.sentence);
        else last = said;
      });
      child.on('error', (cause) => resolve({ kind: 'ended', why: cause.message }));
      child.on('close', (code, killer) => resolve(last ?? { kind: 'ended', why: killer === null ? `it ended with code ${code ?? 0}` : `it was ended by ${killer}` }));
      post({ kind: 'run', job });
    });
    if (signal.aborted) throw stopped();
    if (outcome.kind === 'measured') return outcome.measurement;
    if (outcome.kind === 'failed' && outcome.code !== null) throw new FaceMirrorError(outcome.code, outcome.message);
    throw new Error(outcome.kind === 'failed' ? outcome.message : `a run of the bench was lost: ${outcome.kind === 'ended' ? outcome.why : ''}`);
  } finally {
    signal.removeEventListener('abort', stop);
    if (patience !== null) clearTimeout(patience);
  }
}

function stopped(): FaceMirrorError {
  return new FaceMirrorError('CANCELLED', 'Stopped; the bench kept nothing.');
}
