import { FaceMirrorError } from 'facemirror-core/errors.js';
import { MEDIAPIPE_SUITE } from './mediapipe.js';
import { OPENFACE3_SUITE } from './openface3.js';
import { SUITE_NAMES, type SuiteDefinition, type SuiteName } from 'facemirror-core/suites/suite.js';

/** Every suite by name. */
const SUITES: Readonly<Record<SuiteName, SuiteDefinition>> = { mediapipe: MEDIAPIPE_SUITE, openface3: OPENFACE3_SUITE };

/**
 * The suite that `--suite` names.
 * @throws FaceMirrorError USAGE for an unknown name.
 */
export function suiteByName(name: string): SuiteDefinition {
  const known = SUITE_NAMES.find((each) => each === name);
  if (known === undefined)
    throw new FaceMirrorError('USAGE', `There is no suite "${name}": choose ${SUITE_NAMES.join(' or ')}.`);
  return SUITES[known];
}
