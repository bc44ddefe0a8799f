/** The public face of facemirror-core. */
export { FaceMirrorError, type FaceMirrorErrorCode } from './errors.js';
