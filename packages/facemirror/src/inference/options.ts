import type { Profiler } from '../profile/profiler.js';

/** What `--provider` takes. `auto` is Core ML on a Mac whose ONNX Runtime has it, and the CPU everywhere else. */
export const PROVIDER_CHOICES = ['auto', 'cpu', 'coreml', 'cuda', 'directml', 'webgpu'] as const;
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

/** How to run networks. */
export interface InferenceOptions {
  /** Default `auto`. */
  readonly provider?: ProviderChoice;
  /** Worker threads that run networks side by side. Default 1. Results do not depend on it. */
  readonly workers?: number;
  /** Threads inside one run of one network. Default 1, with which results are the same on every machine of a kind. */
  readonly threadsPerRun?: number;
  /** Where calls and openings are reported to. */
  readonly profiler?: Pick<Profiler, 'model' | 'modelOpened'>;
}
