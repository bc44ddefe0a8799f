import type { ModelSource, RunRequest, RunResult } from 'facemirror-core/inference/request.js';
import type { KernelModules } from '../threads/kernels.js';

/** A network as the site ships it. */
export interface ShippedNetwork extends Pick<ModelSource, 'name' | 'open'> {
  /** Address of its .onnx file. */
  readonly address: string;
}

/** What a worker is started with. */
export interface NetworkSetup {
  readonly networks: readonly ShippedNetwork[];
  readonly kernels: KernelModules;
}

export type ToNetworkWorker =
  { readonly kind: 'setup'; readonly setup: NetworkSetup } | { readonly kind: 'run'; readonly request: RunRequest };

export type FromNetworkWorker =
  | { readonly kind: 'opened'; readonly createMs: Readonly<Record<string, number>> }
  | {
      readonly kind: 'done';
      readonly result: RunResult;
      readonly preprocessMs: number;
      readonly inferenceMs: number;
      readonly postprocessMs: number;
    }
  | { readonly kind: 'failed'; readonly message: string };
