import { verifyImports } from './imported.js';
import { verifyBundle, BUNDLE } from './mediapipe-files.js';
import { OPENFACE3_FILES } from './openface3-files.js';
import type { ModelFile } from 'facemirror-core/suites/suite.js';
import { ARCHITECTURE_NAMES } from 'facemirror-core/suites/openface3/architectures/architecture.js';

/** What is known of a file that is to be fetched. */
export interface WantedFile {
  readonly file: ModelFile;
  /** Of its content, as the program or the server says; null when nobody does. */
  readonly sha256: string | null;
}

/**
 * Those of the files that are in the cache already, whole and with the content that is wanted. A checkpoint is there when
 * the network that was made of it is; where no hash is known, the one of its name counts.
 */
export async function presentFiles(wanted: readonly WantedFile[]): Promise<ReadonlySet<ModelFile>> {
  const present = new Set<ModelFile>();
  const areCheckpoints = wanted.some(({ file }) => Object.values(OPENFACE3_FILES).includes(file));
  const imports = areCheckpoints ? await verifyImports() : null;
  const bundle = wanted.some(({ file }) => file === BUNDLE) ? await verifyBundle() : null;
  for (const { file, sha256 } of wanted) {
    if (file === BUNDLE && bundle?.state === 'intact') present.add(file);
    const name = ARCHITECTURE_NAMES.find((each) => OPENFACE3_FILES[each] === file);
    const state = name === undefined ? undefined : imports?.get(name);
    if (state?.state !== 'intact') continue;
    const { sourceSha256, source } = state.record;
    if (sha256 === null ? source === file.name : sourceSha256 === sha256) present.add(file);
  }
  return present;
}
