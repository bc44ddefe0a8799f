import { FaceMirrorError } from 'facemirror-core/errors.js';

/** Longest path in UTF-16 units; S3 allows 1,024 bytes in a key. */
const LONGEST_PATH = 1000;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/;
/** What Windows does not allow in a name, or takes for a drive or a second stream of a file. */
const WINDOWS_FORBIDDEN = /[<>:"|?*]|[. ]$/;

/**
 * A path below a root as jobs hold it: names with `/` between them, on every system. An empty path is the root itself.
 * @throws FaceMirrorError USAGE for anything that could lead out of the root, or that this system has no files for.
 */
export function checkedRelative(path: string, platform: NodeJS.Platform = process.platform): string {
  const isGood =
    path.length <= LONGEST_PATH &&
    !CONTROL.test(path) &&
    !path.includes('\\') &&
    (path === '' || path.split('/').every((name) => name !== '' && name !== '.' && name !== '..')) &&
    (platform !== 'win32' || !path.split('/').some((name) => WINDOWS_FORBIDDEN.test(name)));
  if (isGood) return path;
  const shown = path.slice(0, 80).replaceAll(new RegExp(CONTROL, 'g'), '?');
  throw new FaceMirrorError(
    'USAGE',
    `"${shown}" is no path below the root: jobs name files by their path from there, such as visits/patient.mp4.`,
  );
}
