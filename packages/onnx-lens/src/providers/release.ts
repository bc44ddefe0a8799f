import { OnnxLensError } from '../errors.js';
import { NEWEST_ORT, ORT_VERSIONS, type OrtVersion } from './target.js';

/** The release whose rules decide, and what a reader must know when it is not the one that was asked for. */
export interface ChosenRelease {
  readonly ort: OrtVersion;
  readonly notes: readonly string[];
}

/**
 * Finds the rules for a release.
 *
 * @param asked `major.minor` with or without a patch number ("1.30", "1.30.2"), or "latest" for the newest known.
 * @returns the release itself, or for one newer than all known ones the newest known, with a note that says so.
 * @throws OnnxLensError USAGE for text that is no version, and for releases before the oldest known.
 */
export function releaseNamed(asked: string): ChosenRelease {
  if (asked === 'latest') return { ort: NEWEST_ORT, notes: [] };
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})(?:\.\d{1,6})?$/.exec(asked) ?? [];
  if (major === undefined || minor === undefined) {
    throw new OnnxLensError('USAGE', `"${asked}" is not a release of ONNX Runtime; write e.g. 1.30 or latest.`);
  }
  const known = ORT_VERSIONS.find((version) => version === `${Number(major)}.${Number(minor)}`);
  if (known !== undefined) return { ort: known, notes: [] };
  const [newestMajor = 0, newestMinor = 0] = NEWEST_ORT.split('.').map(Number);
  if (Number(major) > newestMajor || (Number(major) === newestMajor && Number(minor) > newestMinor)) {
    return {
      ort: NEWEST_ORT,
      notes: [
        `ONNX Runtime ${asked} is newer than the rules of this program: the newest, those of ${NEWEST_ORT}, decided.`,
      ],
    };
  }
  throw new OnnxLensError(
    'USAGE',
    `The rules of ONNX Runtime ${asked} are not known; choose one of ${ORT_VERSIONS.join(', ')}, or latest.`,
  );
}
