/** What the benches are told: options of the command line, and the folder of models and media. */
import { fileURLToPath } from 'node:url';

/** The folder of models and media that are not kept in the repository: beside its root, or where FACEMIRROR_SHARED says. */
export const SHARED = process.env.FACEMIRROR_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));

/** The word behind an option, as it is written. */
export function option(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
}
