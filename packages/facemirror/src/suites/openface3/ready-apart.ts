import { FaceMirrorError } from 'facemirror-core/errors.js';
import { errorOf, type Failure } from '../../processes/failure.js';
import { startHelper, type ProcessEnd } from '../../processes/helper-process.js';
import { Patience } from '../../processes/patience.js';
import { cacheFolder, removeUnfinished } from '../../models/cache.js';
import type { NetworksWanted, ReadyNetwork } from './networks.js';

/** The built file, both for this file's own build and when tests run the sources. */
const CHILD_FILE = new URL('../../../dist/suites/openface3/ready-child.js', import.meta.url);

/** On a slow machine, building and measuring the networks takes minutes. */
const PATIENCE_MS = 1_800_000;

/** What the process of its own answers. */
export type FromReadyChild = { readonly kind: 'ready'; readonly networks: readonly ReadyNetwork[] } | Failure;

/**
 * Makes the networks ready in a process of its own: building and compiling them, and measuring their batches, takes
 * several times the memory of running them, which a process keeps once it has had it.
 * @throws FaceMirrorError as `readyNetworks` does; WORKER_LOST when the process was; CANCELLED when the signal says so.
 */
export async function readyNetworksApart(
  wanted: NetworksWanted,
  signal?: AbortSignal,
): Promise<readonly ReadyNetwork[]> {
  const wasStopped = (): boolean => signal?.aborted === true;
  if (wasStopped()) throw stopped();
  const heard: { answer: FromReadyChild | null } = { answer: null };
  const { child, ended } = startHelper<FromReadyChild>(CHILD_FILE, wanted, {
    ...(signal === undefined ? {} : { signal }),
    // Garbage is collected between the networks: buffers of their size would otherwise stay until the heap is full,
    // which they are no part of.
    execArgv: ['--expose-gc'],
    stderr: 'inherit',
    onMessage: (answer) => {
      heard.answer = answer;
    },
  });
  const patience = new Patience();
  patience.begin(PATIENCE_MS, () => child.kill('SIGKILL'));
  const end = await ended;
  patience.end();
  const { answer } = heard;
  if (answer === null) {
    if (child.pid !== undefined) await removeUnfinished(cacheFolder(), child.pid);
    throw wasStopped() ? stopped() : lost(end);
  }
  if (answer.kind === 'failed') throw errorOf(answer);
  return answer.networks;
}

function stopped(): FaceMirrorError {
  return new FaceMirrorError('CANCELLED', 'Stopped while the networks were made ready.');
}

function lost({ why }: ProcessEnd): FaceMirrorError {
  return new FaceMirrorError(
    'WORKER_LOST',
    `The process that makes the networks ready was lost: ${why}. Run again; if it fails again, this machine may have too little memory.`,
  );
}
