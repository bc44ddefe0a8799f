import { FaceMirrorError } from 'facemirror-core/errors.js';
import { SUITE_NAMES, type SuiteName } from 'facemirror-core/suites/suite.js';
import type { InstalledSuite } from './installed-suite.js';

/** Each suite's folder; what it needs is loaded when it is asked for. */
const FOLDERS: Readonly<Record<SuiteName, () => Promise<{ readonly SUITE: InstalledSuite }>>> = {
  mediapipe: () => import('./mediapipe/suite.js'),
  openface3: () => import('./openface3/suite.js'),
};

/**
 * The suite of a name.
 * @throws FaceMirrorError USAGE for an unknown name.
 */
export async function suiteByName(name: string): Promise<InstalledSuite> {
  return (await FOLDERS[requireSuiteName(name)]()).SUITE;
}

/** @throws FaceMirrorError USAGE for an unknown name. */
export function requireSuiteName(name: string): SuiteName {
  const known = SUITE_NAMES.find((each) => each === name);
  if (known === undefined)
    throw new FaceMirrorError('USAGE', `There is no suite "${name}": choose ${SUITE_NAMES.join(' or ')}.`, {
      setting: 'suite',
    });
  return known;
}
