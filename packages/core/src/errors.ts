/** Stable codes of every error that Face Mirror throws on purpose. */
export type FaceMirrorErrorCode =
  | 'USAGE'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'DISK_FULL'
  | 'NOT_A_VIDEO'
  | 'VIDEO_DAMAGED'
  | 'ENCODER_UNAVAILABLE'
  | 'NO_FACE'
  | 'MODEL_MISSING'
  | 'MODEL_CORRUPT'
  | 'CHECKPOINT_MISMATCH'
  | 'DOWNLOAD_FAILED'
  | 'LICENCE_NOT_ACCEPTED'
  | 'PROVIDER_UNAVAILABLE'
  | 'WORKER_LOST'
  | 'CANCELLED';

/**
 * An expected failure: the message is one sentence that says what was wrong, where, and what to do, fit to be shown to
 * a user as it is. Callers branch on `code`.
 */
export class FaceMirrorError extends Error {
  override readonly name = 'FaceMirrorError';
  readonly code: FaceMirrorErrorCode;

  constructor(code: FaceMirrorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What an error says; of something else that was thrown, its text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
