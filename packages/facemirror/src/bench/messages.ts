import type { Failure } from '../processes/failure.js';
import type { RunSettings } from 'facemirror-core/settings/settings.js';
import type { RunMeasurement } from './result.js';

/** What the process of a run is asked. */
export interface BenchJob {
  readonly video: string;
  readonly out: string;
  readonly settings: RunSettings;
}

export type ToBenchChild = { readonly kind: 'run'; readonly job: BenchJob } | { readonly kind: 'stop' };

/** The process of a run says so often that it is alive, however long the run takes. */
export const ALIVE_MS = 5000;

export type FromBenchChild =
  | { readonly kind: 'alive' }
  | { readonly kind: 'notice'; readonly sentence: string }
  | { readonly kind: 'measured'; readonly measurement: RunMeasurement }
  | Failure;
