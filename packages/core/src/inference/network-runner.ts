import type { RunRequest, RunResult } from './request.js';

/**
 * Runs networks by name, wherever they are open: the seam between what is computed and the runtime that computes it.
 */
export interface NetworkRunner {
  /** Runs a network once. Rejects with a FaceMirrorError when the network cannot be run. */
  run(request: RunRequest): Promise<RunResult>;
}
