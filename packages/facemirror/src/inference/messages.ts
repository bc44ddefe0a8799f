import type { ModelCall, ModelOpening } from 'facemirror-core/profile/profiler.js';
import type { ProviderName, WorkerUsage } from 'facemirror-core/inference/options.js';
import type { ModelSource, RunRequest, RunResult } from 'facemirror-core/inference/request.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly models: readonly ModelSource[];
  /** By the model's name; the CPU for one that is left out. */
  readonly providers: Readonly<Record<string, ProviderName>>;
  readonly threadsPerRun: number;
}

/** To a worker. */
export type ToWorker = { readonly kind: 'run'; readonly request: RunRequest } | { readonly kind: 'close' };

/** What opening a session took, and its first run, which compiles; and how much the process grew meanwhile. */
export interface OpenedTimes extends ModelOpening {
  readonly model: string;
}

/**
 * From a worker. `opened` comes once, when the models that open at the start are warm; `used` last, of a process of its
 * own.
 */
export type FromWorker =
  /** `rssBytes`: the memory of the process that the worker is, or is a thread of. */
  | { readonly kind: 'opened'; readonly times: readonly OpenedTimes[]; readonly rssBytes: number }
  | { readonly kind: 'used'; readonly usage: WorkerUsage }
  | { readonly kind: 'unopened'; readonly message: string; readonly model: string }
  | {
      readonly kind: 'done';
      readonly result: RunResult;
      readonly preprocessMs: number;
      readonly inferenceMs: number;
      readonly postprocessMs: number;
      readonly openedNow: OpenedTimes | null;
      /** What a worker that is a process of its own has used since its last run, and its memory; null for a thread. */
      readonly process: ModelCall['process'];
    }
  | { readonly kind: 'failed'; readonly message: string; readonly model: string; readonly atOpening: boolean };
