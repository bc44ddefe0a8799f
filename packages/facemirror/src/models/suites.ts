import { MEDIAPIPE_SUITE } from './mediapipe.js';
import { OPENFACE3_SUITE } from './openface3.js';
import type { SuiteDefinition, SuiteName } from './suite.js';
import { FaceMirrorError } from '../errors.js';
import { SUITE_NAMES } from './suite.js';

/** Every suite by name. */
export const SUITES: Partial<Record<SuiteName, SuiteDefinition>> = { mediapipe: MEDIAPIPE_SUITE, openface3: OPENFACE3_SUITE };

/**
 * The suite that `--suite` names.
 * @throws FaceMirrorError USAGE for an unknown name.
 */
export function suiteByName(name: string): SuiteDefinition {
  const known = SUITE_NAMES.find((each) => each === name);
  const definition = known === undefined ? undefined : SUITES[known];
  if (definition === undefined) {
    throw new FaceMirrorError('USAGE', `There is no suite "${name}": choose ${SUITE_NAMES.join(' or ')}.`);
  }
  return definition;
}
