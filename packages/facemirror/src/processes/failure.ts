import { FaceMirrorError, messageOf, type FaceMirrorErrorCode } from 'facemirror-core/errors.js';

/** An error as it goes from one process to another. `code` is null for one that was not expected. */
export interface Failure {
  readonly kind: 'failed';
  readonly code: FaceMirrorErrorCode | null;
  readonly message: string;
}

/** An error, packed for another process. */
export function failureOf(error: unknown): Failure {
  return { kind: 'failed', code: error instanceof FaceMirrorError ? error.code : null, message: messageOf(error) };
}

/** The error that was packed in another process. */
export function errorOf({ code, message }: Failure): Error {
  return code === null ? new Error(message) : new FaceMirrorError(code, message);
}
