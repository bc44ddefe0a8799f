import type { TensorDifference } from './compare-tensors.js';

/** The comparison of one output over all samples. */
export interface OutputProof extends TensorDifference {
  readonly name: string;
  /** Seed (or place among the given inputs) and batch of the run that came out worst. */
  readonly worst: { readonly seed: number; readonly batch: number | null };
  /**
   * Largest |a - b| between the original and itself at other optimization levels and thread counts, on the inputs where
   * the tolerance alone did not suffice; 0 where it did on all.
   */
  readonly noise: number;
}
