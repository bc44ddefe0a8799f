import type { Profiler } from '../profile/profiler.js';

/**
 * What `--provider` takes. `auto` is the best accelerator that really opens here, and the CPU where there is none; so
 * is a named one that is unavailable.
 *
 * @example
 * PROVIDER_CHOICES[0]; // 'auto'
 */
export const PROVIDER_CHOICES = ['auto', 'cpu', 'coreml', 'cuda', 'directml', 'webgpu'] as const;
/** One of {@link PROVIDER_CHOICES}. */
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

/** A provider by the name that ONNX Runtime's Node.js binding knows it by. */
export type ProviderName = 'cpu' | 'coreml' | 'cuda' | 'dml' | 'webgpu';

/** Where networks run: in threads of this process, which share frames without copies, or in processes of their own. */
export const ISOLATIONS = ['thread', 'process'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** What a worker that is a process of its own has used. */
export interface WorkerUsage {
  /** User and system CPU time since its networks were open. */
  readonly cpuMs: number;
  readonly peakRssBytes: number;
}

/**
 * Resident memory that workers took. Weights that are mapped from the disk count for each of them, though RAM holds
 * them once.
 */
export interface WorkersMemory {
  /**
   * All of them, in bytes: of threads what the process grew by when they opened, ONNX Runtime's library included; of
   * processes their own peaks.
   */
  readonly allBytes: number;
  /** Each further one, beyond the first, in bytes; null with one worker. */
  readonly furtherBytes: number | null;
}

/**
 * Hears what the user should know; `warning`: something that he asked for could not be had, or was lost. Default
 * `note`.
 */
export type OnNotice = (sentence: string, weight?: NoticeWeight) => void;
export type NoticeWeight = 'note' | 'warning';

/** How to run networks. */
export interface InferenceOptions {
  /** By the network's name; one that is left out runs on the CPU. See `withProvider`. */
  readonly providers?: Readonly<Record<string, ProviderName>>;
  /** Workers that run networks side by side. Default 1. Results do not depend on it. */
  readonly workers?: number;
  /** Default `thread`. Results do not depend on it. */
  readonly isolation?: Isolation;
  /** Threads inside one run of one network. Default 1, with which results are the same on every machine of a kind. */
  readonly threadsPerRun?: number;
  /** How long a run may take before its worker is given up, in ms. Default three minutes. */
  readonly patienceMs?: number;
  /** When it is aborted, opening stops, and what waits to be run is rejected, as is all that comes later. */
  readonly signal?: AbortSignal;
  /** Where calls and openings are reported to. */
  readonly profiler?: Pick<Profiler, 'model' | 'modelOpened'>;
  /** Hears of a worker that was lost. */
  readonly onNotice?: OnNotice;
  /** Hears what each worker has used, when it is closed (isolation `process` only; a thread's is the process's own). */
  readonly onWorkerUsage?: (usage: WorkerUsage) => void;
  /** Hears ONNX Runtime's own log lines (isolation `process` only). */
  readonly onLog?: (line: string) => void;
}
