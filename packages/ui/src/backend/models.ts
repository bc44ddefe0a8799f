/** One model file of a suite. */
export interface ModelStatus {
  readonly name: string;
  readonly purpose: string;
  readonly licence: string;
  readonly licenceUrl: string;
  readonly optional: boolean;
  readonly state: 'present' | 'missing' | 'damaged';
  readonly bytes: number | null;
}

/** A suite with its files. */
export interface SuiteModels {
  readonly suite: string;
  readonly title: string;
  readonly files: readonly ModelStatus[];
  /** What must be accepted before a pull; null if nothing. */
  readonly licenceToAccept: { readonly name: string; readonly url: string; readonly summary: string } | null;
}
