import type { ProviderChoice } from './options.js';

/** What networks run on, and how that came about. */
export interface ProviderFacts {
  readonly provider: Exclude<ProviderChoice, 'auto'>;
  /** Why that one, as a sentence that begins small; null where the user named it. */
  readonly providerReason: string | null;
  /** A provider that the user named and that could not be had, with the sentence that he was told; null otherwise. */
  readonly providerMissed: { readonly provider: Exclude<ProviderChoice, 'auto'>; readonly notice: string } | null;
}
