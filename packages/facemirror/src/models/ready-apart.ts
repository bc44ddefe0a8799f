import { FaceMirrorError } from '../errors.js';
import { errorOf, type Failure } from '../processes/failure.js';
import { startHelper, type ProcessEnd } from '../processes/helper-process.js';
import type { NetworksWanted, ReadyNetwork } from './openface3-networks.js';

/** The built file, both for this file's own build and when tests run the sources. */
const CHILD_FILE = new URL('../../dist/models/ready-child.js', import.meta.url);

/** What the process of its own answers. */
export type FromReadyChild = { readonly kind: 'ready'; readonly networks: readonly ReadyNetwork[] } | Failure;

/**
 * Makes the networks ready in a process of its own: building and compiling them, and measuring their batches, takes
 * several times the memory of running them, which a process keeps once it has had it.
 * @throws FaceMirrorError as `readyNetworks` does; CANCELLED when the process was ended from outside.
 */
export async function readyNetworksApart(wanted: NetworksWanted): Promise<readonly ReadyNetwork[]> {
  const heard: { answer: FromReadyChild | null } = { answer: null };
  const { ended } = startHelper<FromReadyChild>(CHILD_FILE, wanted, {
    // Garbage is collected between the networks: buffers of their size would otherwise stay until the heap is full, which they are no part of.
    execArgv: ['--expose-gc'],
    stderr: 'inherit',
    onMessage: (answer) => {
      heard.answer = answer;
    },
  });
  const end = await ended;
  const { answer } = heard;
  if (answer === null) throw lost(end);
  if (answer.kind === 'failed') throw errorOf(answer);
  return answer.networks;
}

function lost({ why, signal }: ProcessEnd): FaceMirrorError {
  if (signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP') return new FaceMirrorError('CANCELLED', 'Stopped while the networks were made ready.');
  return new FaceMirrorError('WORKER_LOST', `The process that makes the networks ready was lost: ${why}. Run again; if it fails again, this machine may have too little memory.`);
}
