import type { Impact } from 'onnx-lens';
import type { ProfileSummary } from './summary.js';

/** The machine on which a run was made. */
export interface MachineFacts {
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  readonly onnxRuntime: string;
}

/** How one model lands on one provider. */
export interface UtilizationFacts {
  readonly model: string;
  readonly file: string;
  /** What the model does in the pipeline, e.g. "face detection". Empty for a model that is no part of the run. */
  readonly job: string;
  /** In words, e.g. "Core ML (MLProgram)". */
  readonly provider: string;
  readonly nodes: number;
  readonly supported: number;
  readonly cpu: number;
  /** Percent. */
  readonly coverage: number;
  readonly partitions: number;
  readonly impact: Impact;
  readonly advice: string;
  /** Share of multiply-accumulates on the provider, 0 to 1. */
  readonly macsShare: number;
  /** The costliest causes of fallback, in words, worst first. */
  readonly causes: readonly { readonly text: string; readonly nodes: number; readonly partitionsSaved: number }[];
  /** Bytes that cross partition borders in one inference. */
  readonly boundaryBytes: number;
  /** True where tensors that cross have free dimensions, which count as 1. */
  readonly crossesFree: boolean;
  /** Which rules the figures rest on. */
  readonly rules: string;
}

/** A warning of ONNX Runtime, caught while a session was opened in this run. */
export interface RuntimeWarning {
  readonly model: string;
  readonly line: string;
}

/** Where ONNX Runtime itself ran the nodes of a model, on the provider in use: from its profile of some runs. */
export interface PlacementFacts {
  readonly model: string;
  readonly job: string;
  /** The provider in use, by the name that `--provider` takes. */
  readonly provider: string;
  /** Median of the profiled runs; profiling makes them a little slower. */
  readonly runMs: number;
  /**
   * By ONNX Runtime's names, longest first. Nodes as they ran, fused ones counting once; shares are of their time, 0 to
   * 1.
   */
  readonly providers: readonly { readonly provider: string; readonly nodes: number; readonly share: number }[];
  /** The operators that took longest. */
  readonly operators: readonly { readonly opType: string; readonly nodes: number; readonly share: number }[];
}

/**
 * How many frames a network was given in one run, and why: the user asked, measuring chose it, or there was nothing to
 * measure with.
 */
export type BatchingFacts =
  | { readonly frames: number; readonly chosen: 'asked' | 'unmeasured' }
  | {
      readonly frames: number;
      readonly chosen: 'measured';
      readonly curve: {
        readonly points: readonly {
          readonly frames: number;
          readonly msPerFrame: number;
          readonly memoryBytes: number;
        }[];
      };
    };

/** What can be tried: a rewrite for fewer partitions, opening a compiled model, several items in a run. */
export const TRIAL_KINDS = ['rewrite', 'precompile', 'batch'] as const;
/** One of `TRIAL_KINDS`. */
export type TrialKind = (typeof TRIAL_KINDS)[number];

/** Something that was tried on this machine: time per item before and after (of opening, for `precompile`). */
export interface Trial {
  readonly kind: TrialKind;
  readonly model: string;
  readonly beforeMs: number;
  readonly afterMs: number;
  /** What was compared, in words, e.g. "batch 1 against batch 4, per item". */
  readonly what: string;
  /** Of a rewrite: on Core ML, before and after. */
  readonly partitions?: { readonly before: number; readonly after: number };
}

/** Something that was not tried, and why. */
export interface Untried {
  readonly kind: TrialKind;
  readonly model: string;
  /** A clause, e.g. "its batch is fixed to 1". */
  readonly why: string;
}

/** What is found out about a suite's networks for the report, apart from what the run itself measured. */
export interface NetworkFindings {
  readonly onnxRuntime: string;
  /** The job in words: detection, landmarks or action units. */
  readonly networks: readonly {
    readonly name: string;
    readonly job: string;
    /** Opened from its compiled form. */ readonly isCompiled?: boolean;
  }[];
  readonly utilization: readonly UtilizationFacts[];
  readonly warnings: readonly RuntimeWarning[];
  readonly trials: readonly Trial[];
  /** Absent from records of versions before 3.1. */
  readonly untried?: readonly Untried[];
  readonly placements?: readonly PlacementFacts[];
  /** What analysing and trying took, after the video was done. */
  readonly tookMs?: number;
  /** After so long the trials of a network were ended. */
  readonly trialSeconds?: number;
  /**
   * When the oldest of it was found out, where it was kept from an earlier run on this machine; else null or absent.
   */
  readonly keptFrom?: string | null;
  /** Networks that were tried while other programs kept the machine busy. */
  readonly disturbed?: readonly string[];
}

/** Resident memory of a run's workers, in bytes: predicted when they were planned, and measured. */
export interface WorkerMemoryFacts {
  /** One worker. */
  readonly predictedBytes: number;
  /** The sum of one worker's sessions, opened and run once; null when not measured. */
  readonly measuredBytes: number | null;
  /** All workers. These are absent from older records. */
  readonly allPredictedBytes?: number;
  readonly allMeasuredBytes?: number;
  /** Each worker beyond the first; null with one. */
  readonly furtherMeasuredBytes?: number | null;
}

/** All that the performance report is made of. */
export interface RunFacts {
  readonly video: string;
  readonly programVersion: string;
  readonly finishedAt: string;
  readonly machine: MachineFacts;
  readonly suite: string;
  readonly provider: string;
  /** Why that provider; null where the user chose it, or it was not recorded. */
  readonly providerReason: string | null;
  /** The provider that the user had asked for, where it could not be had; null otherwise. */
  readonly providerAsked: string | null;
  readonly workers: number;
  /** The reason for that number, as a sentence; null where it was not recorded. */
  readonly workersReason: string | null;
  readonly isolation: 'thread' | 'process';
  readonly workerMemory: WorkerMemoryFacts | null;
  /** By model; models that are given one frame at a time are left out. */
  readonly batching: Readonly<Record<string, BatchingFacts>>;
  readonly frame: { readonly width: number; readonly height: number; readonly poolFrames: number };
  readonly encoder: string;
  readonly encodedVideos: number;
  /** Whether the video with the midline is among them. */
  readonly hasDebugVideo: boolean;
  /** Videos that the process worked on at once. */
  readonly videosAtOnce: number;
  readonly profile: ProfileSummary;
  readonly utilization: readonly UtilizationFacts[];
  /** Nobody has listened to ONNX Runtime or tried anything: the run was made without a report. */
  readonly isUninspected: boolean;
  readonly warnings: readonly RuntimeWarning[];
  readonly trials: readonly Trial[];
  readonly untried: readonly Untried[];
  readonly placements: readonly PlacementFacts[];
  readonly tookMs: number | null;
  readonly trialSeconds: number | null;
  readonly keptFrom: string | null;
  readonly disturbed: readonly string[];
  /** Models that were opened from their compiled form. */
  readonly compiled: readonly string[];
  /** Which models do which job, by the names that the profile uses. */
  readonly jobs: {
    readonly detection: readonly string[];
    readonly landmarks: readonly string[];
    readonly actionUnits: readonly string[];
  };
}
