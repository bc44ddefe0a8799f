import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  EISDIR: 'it is a folder',
};

/**
 * What the operating system said when a file or folder could not be opened or read, as the error that a user is to see.
 */
export function unreadable(path: string, cause: unknown): FaceMirrorError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new FaceMirrorError('FILE_UNREADABLE', `${path} cannot be opened: ${REASONS[code] ?? messageOf(cause)}.`, {
    cause,
  });
}
