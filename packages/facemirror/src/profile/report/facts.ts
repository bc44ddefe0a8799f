import type { Impact } from 'onnx-lens';
import type { ProfileSummary } from '../summary.js';

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
  /** Which rules the figures rest on. */
  readonly rules: string;
}

/** A warning of ONNX Runtime, caught while a session was opened in this run. */
export interface RuntimeWarning {
  readonly model: string;
  readonly line: string;
}

/** Something that was tried on this machine: time per item before and after. */
export interface Trial {
  readonly kind: 'rewrite' | 'precompile' | 'batch';
  readonly model: string;
  readonly beforeMs: number;
  readonly afterMs: number;
  /** What was compared, in words, e.g. "batch 1 against batch 4, per item". */
  readonly what: string;
}

/** What is found out about a suite's networks for the report, apart from what the run itself measured. */
export interface NetworkFindings {
  readonly onnxRuntime: string;
  /** The job in words: detection, landmarks or action units. */
  readonly networks: readonly { readonly name: string; readonly job: string }[];
  readonly utilization: readonly UtilizationFacts[];
  readonly warnings: readonly RuntimeWarning[];
  readonly trials: readonly Trial[];
}

/** All that the performance report is made of. */
export interface RunFacts {
  readonly video: string;
  readonly programVersion: string;
  readonly finishedAt: string;
  readonly machine: MachineFacts;
  readonly suite: string;
  readonly provider: string;
  readonly workers: number;
  readonly isolation: 'thread' | 'process';
  /** Frames per inference, by model. */
  readonly batch: Readonly<Record<string, number>>;
  readonly frame: { readonly width: number; readonly height: number; readonly poolFrames: number };
  readonly encoder: string;
  readonly encodedVideos: number;
  readonly profile: ProfileSummary;
  readonly utilization: readonly UtilizationFacts[];
  readonly warnings: readonly RuntimeWarning[];
  readonly trials: readonly Trial[];
  /** Which models do which job, by the names that the profile uses. */
  readonly jobs: { readonly detection: readonly string[]; readonly landmarks: readonly string[]; readonly actionUnits: readonly string[] };
}
