import { fileURLToPath } from 'node:url';

/**
 * The folder of models, media and reference figures that are too large, or not ours, to be kept in the repository:
 * beside the repository's root, or where FACEMIRROR_SHARED says. What needs it skips, with a word, where it is not.
 */
export const SHARED = process.env['FACEMIRROR_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
