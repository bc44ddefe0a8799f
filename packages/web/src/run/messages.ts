import type { FaceMirrorErrorCode } from 'facemirror-core/errors.js';
import type { RunSettings } from 'facemirror-core/settings/settings.js';
import type { FolderPath } from '../storage/folders.js';

/** A video to process. */
export interface RunOrder {
  readonly video: Blob;
  /** The file's name. */
  readonly name: string;
  /** What results are named by. */
  readonly stem: string;
  readonly settings: RunSettings;
  /** Where the results go; the folder is the run's own. */
  readonly folder: FolderPath;
  /** Address of the site, which the networks lie beside. */
  readonly site: string;
}

export type ToRunWorker = { readonly kind: 'start'; readonly order: RunOrder } | { readonly kind: 'cancel' };

export type FromRunWorker =
  | { readonly kind: 'opened'; readonly expectedFrames: number | null }
  | { readonly kind: 'progress'; readonly frames: number }
  | {
      readonly kind: 'done';
      readonly frames: number;
      readonly framesPerSecond: number;
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'failed'; readonly code: FaceMirrorErrorCode | 'UNEXPECTED'; readonly sentence: string };
