import type { ProviderChoice } from 'facemirror-core/inference/options.js';
import type { OpenedModel, SuiteName } from 'facemirror-core/suites/suite.js';
import type { Failure } from '../processes/failure.js';

/** A suite as a worker would open it. */
export interface SuiteQuestion {
  readonly suite: SuiteName;
  readonly provider: ProviderChoice;
  readonly modelsFolder: string | null;
}

/** What the process that tries it says. */
export type SuiteAnswer = { readonly kind: 'models'; readonly models: readonly OpenedModel[] } | Failure;
