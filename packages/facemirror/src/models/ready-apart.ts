import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FaceMirrorError, type FaceMirrorErrorCode } from '../errors.js';
import type { NetworksWanted, ReadyNetwork } from './openface3-networks.js';

/** The built file, both for this file's own build and when tests run the sources. */
const CHILD_FILE = new URL('../../dist/models/ready-child.js', import.meta.url);

/** What the process of its own answers. `code` is null for an error that was not expected. */
export type FromReadyChild =
  | { readonly kind: 'ready'; readonly networks: readonly ReadyNetwork[] }
  | { readonly kind: 'failed'; readonly code: FaceMirrorErrorCode | null; readonly message: string };

/**
 * Makes the networks ready in a process of its own: building and compiling them, and measuring their batches, takes
 * several times the memory of running them, which a process keeps once it has had it.
 * @throws FaceMirrorError as `readyNetworks` does; CANCELLED when the process was ended from outside.
 */
export async function readyNetworksApart(wanted: NetworksWanted): Promise<readonly ReadyNetwork[]> {
  const child = fork(fileURLToPath(CHILD_FILE), [], {
    // Garbage is collected between the networks: buffers of their size would otherwise stay until the heap is full, which they are no part of.
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const outcome = await new Promise<FromReadyChild>((resolve) => {
    let answer: FromReadyChild | null = null;
    child.on('message', (message) => {
      answer = message as FromReadyChild;
    });
    child.on('error', (cause) => resolve({ kind: 'failed', code: null, message: cause.message }));
    child.on('close', (code, signal) => resolve(answer ?? lost(code, signal)));
    child.send(wanted, () => undefined);
  });
  if (outcome.kind === 'ready') return outcome.networks;
  if (outcome.code === null) throw new Error(outcome.message);
  throw new FaceMirrorError(outcome.code, outcome.message);
}

function lost(code: number | null, signal: NodeJS.Signals | null): FromReadyChild {
  if (signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP') return { kind: 'failed', code: 'CANCELLED', message: 'Stopped while the networks were made ready.' };
  const why = signal === null ? `it ended with code ${code ?? 0}` : `it was ended by ${signal}`;
  return { kind: 'failed', code: 'WORKER_LOST', message: `The process that makes the networks ready was lost: ${why}. Run again; if it fails again, this machine may have too little memory.` };
}
