/** Stable codes of every error that Face Mirror throws on purpose. */
export type FaceMirrorErrorCode =
  | 'USAGE'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'DISK_FULL'
  | 'NOT_A_VIDEO'
  | 'VIDEO_DAMAGED'
  /** A browser has no decoder for the video. */
  | 'CODEC_UNAVAILABLE'
  /** A browser lacks something that everything needs. */
  | 'BROWSER_UNFIT'
  | 'ENCODER_UNAVAILABLE'
  | 'NO_FACE'
  | 'MODEL_MISSING'
  | 'MODEL_CORRUPT'
  | 'CHECKPOINT_MISMATCH'
  | 'DOWNLOAD_FAILED'
  | 'LICENCE_NOT_ACCEPTED'
  | 'PROVIDER_UNAVAILABLE'
  | 'WORKER_LOST'
  | 'QUEUE_UNREACHABLE'
  | 'STORAGE_UNREACHABLE'
  | 'CANCELLED';

/** What an error carries beside its code and sentence. */
export interface FaceMirrorErrorOptions extends ErrorOptions {
  readonly setting?: string;
}

/**
 * An expected failure: the message is one sentence that says what was wrong, where, and what to do, fit to be shown to
 * a user as it is. Callers branch on `code`. Sentences call settings by their names in backquotes: `quality`, or
 * `force: true` for a value to give; the command line shows flags in their place.
 *
 * @example
 * try {
 *   parseSettings({ camera: 'upside-down' });
 * } catch (error) {
 *   if (!(error instanceof FaceMirrorError)) throw error;
 *   console.log(error.setting); // 'camera'
 * }
 */
export class FaceMirrorError extends Error {
  override readonly name = 'FaceMirrorError';
  readonly code: FaceMirrorErrorCode;
  /** Name of the setting that is to blame; null where none is. */
  readonly setting: string | null;

  constructor(code: FaceMirrorErrorCode, message: string, options: FaceMirrorErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.setting = options.setting ?? null;
  }
}

/** What an error says; of something else that was thrown, its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
