import type { JobStore } from './job-store.js';
import type { Library } from './library.js';

/** What the routes share. */
export interface AppContext {
  readonly library: Library;
  readonly jobs: JobStore;
  readonly mostUploadBytes: number;
}
