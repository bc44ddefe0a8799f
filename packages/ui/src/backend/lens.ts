/** A model's coverage report: the address of one HTML page. */
export interface LensCoverage {
  readonly model: string;
  readonly address: string;
}

/** What optimizing gave; the model is only there if the proof held. */
export interface LensOptimization {
  readonly model: string;
  /** The command line's text: before, after, and the proof. */
  readonly text: string;
  /** Address of the rewritten model; null if nothing better was found. */
  readonly download: string | null;
}

/** Targets that a model can be looked at for. */
export const LENS_TARGETS = ['coreml-mlprogram', 'coreml-neuralnetwork', 'xnnpack'] as const;
