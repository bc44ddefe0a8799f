/** What was measured of a network's batches, in frames. */
export interface BatchCurveInFrames {
  /** The frames of a batch that pay best: the fewest that are within 5 % of the fastest. */
  readonly knee: number;
  readonly points: readonly { readonly frames: number; readonly msPerFrame: number; readonly memoryBytes: number }[];
}

/** How many frames a network is given in one run, and why. */
export type Batching =
  | { readonly frames: number; readonly chosen: 'asked' }
  /** Nothing to measure with: the provider is not the CPU, or the model cache cannot be written. */
  | { readonly frames: 1; readonly chosen: 'unmeasured' }
  | { readonly frames: number; readonly chosen: 'measured'; readonly curve: BatchCurveInFrames };
