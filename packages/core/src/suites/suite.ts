import type { ExpressionNetwork } from '../action-units/expression.js';
import type { ActionUnitSource } from '../action-units/source.js';
import type { FaceDetector, Landmarker } from '../face/adapters.js';
import type { Topology } from '../face/observation.js';
import type { InferenceOptions, ProviderChoice, WorkersMemory } from '../inference/options.js';
import type { ProviderFacts } from '../inference/provider-facts.js';
import type { ModelSource } from '../inference/request.js';
import type { Batching } from '../inference/batching.js';

/**
 * Names of the suites that `--suite` takes.
 *
 * @example
 * SUITE_NAMES[0]; // 'mediapipe'
 */
export const SUITE_NAMES = ['mediapipe', 'openface3'] as const;
/** One of {@link SUITE_NAMES}. */
export type SuiteName = (typeof SUITE_NAMES)[number];

/** Where a model file comes from. */
export type ModelOrigin =
  /** A file inside a package that was installed with this program. */
  | { readonly kind: 'package'; readonly packageName: string; readonly path: string }
  /** A file that the user brings, or `models pull` fetches. */
  | { readonly kind: 'download'; readonly url: string };

/** One file that a suite is made of. */
export interface ModelFile {
  readonly name: string;
  /** What it does, as a phrase. */
  readonly purpose: string;
  readonly origin: ModelOrigin;
  /** Lower-case hex; absent where any checkpoint of the right architecture will do. */
  readonly sha256?: string;
  readonly bytes?: number;
  /** SPDX identifier or the licence's own name. */
  readonly licence: string;
  readonly licenceUrl: string;
  /** True when the suite works without it (and what is lost, in `purpose`). */
  readonly optional: boolean;
}

/** What a suite is, as data: nothing is opened to read it. */
export interface SuiteManifest {
  readonly name: SuiteName;
  readonly title: string;
  readonly topology: Topology;
  readonly files: readonly ModelFile[];
  /** A licence that a user must accept before `models pull` fetches anything; null when there is none to accept. */
  readonly licenceToAccept: { readonly name: string; readonly url: string; readonly summary: string } | null;
}

/** How to open a suite. */
export interface SuiteOptions extends Omit<InferenceOptions, 'workers' | 'providers'> {
  /** Default `auto`. */
  readonly provider?: ProviderChoice;
  /**
   * Workers that run networks side by side; `auto` decides by cores and memory. Default 1. Results do not depend on it.
   */
  readonly workers?: number | 'auto';
  /** Cores that the networks may use, where several videos share the machine; all of them when left out. */
  readonly cores?: number;
  /** Folder in which the user keeps model files (`--models`); the model cache is looked into after it. */
  readonly modelsFolder?: string;
  /**
   * Frames that a network is given in one run, in suites that can. Default `auto`: as measured on this machine. Results
   * do not depend on it.
   */
  readonly framesPerBatch?: number | 'auto';
  /**
   * Whether the blendshapes of whole faces are wanted, too, in suites that have some of mirrored ones. Default true.
   */
  readonly wholeBlendshapes?: boolean;
  /** Long side in pixels of what the detector is shown, in suites that can. Default: the suite's own. */
  readonly detectorLongSide?: number;
}

/** What a suite really opened, for the sidecar JSON. */
export interface OpenedModel {
  readonly name: string;
  readonly file: string;
  /** Of the file it was converted from. */
  readonly sha256: string;
}

/** What a network does in a suite. */
export type NetworkJob = 'detection' | 'landmarks' | 'action units';

/** A network of an open suite, as it was handed to ONNX Runtime. */
export interface SuiteNetwork {
  readonly source: ModelSource;
  readonly job: NetworkJob;
  /** How many frames it is given in one run; null in suites that give it one. */
  readonly batching: Batching | null;
}

/** How a suite's networks run. */
export interface SuiteInference extends ProviderFacts {
  /** Workers that were started. */
  readonly workers: number;
  /** The reason for that number, as a sentence. */
  readonly workersReason: string;
  /** Threads that may be busy with networks at once: the workers, each with the threads of a run. */
  readonly threads: number;
  /** Predicted memory of one worker, in bytes, and of all. */
  readonly predictedWorkerBytes: number;
  readonly predictedWorkersBytes: number;
  /** What the workers have taken so far. */
  readonly workersMemory: () => WorkersMemory;
  /** Frames that should be under way for the workers always to have work; null where one at a time is looked at. */
  readonly framesUnderWay: number | null;
}

/** An open suite. Close it on every path. */
export interface Suite {
  readonly manifest: SuiteManifest;
  readonly detector: FaceDetector;
  readonly landmarker: Landmarker;
  readonly actionUnits: ActionUnitSource;
  /** Emotion and gaze, for suites that have a network for them. */
  readonly expressions?: ExpressionNetwork;
  readonly models: readonly OpenedModel[];
  /** The networks themselves, for the analysis of how they land on accelerators. */
  readonly networks: readonly SuiteNetwork[];
  readonly inference: SuiteInference;
  /** Sentences for the user, such as which optional file was not found and what that means. */
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** A suite that can be opened. */
export interface SuiteDefinition {
  readonly manifest: SuiteManifest;
  /** @throws FaceMirrorError MODEL_MISSING, MODEL_CORRUPT, CHECKPOINT_MISMATCH, WORKER_LOST. */
  open(options: SuiteOptions): Promise<Suite>;
}
