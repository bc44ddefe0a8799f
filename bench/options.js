/** What the benches are told: options of the command line, the folder of models and media, and how the program is started. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of models and media that are not kept in the repository: beside its root, or where FACEMIRROR_SHARED says. */
export const SHARED = process.env.FACEMIRROR_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));

/** The word behind an option, as it is written. */
export function option(name, otherwise) {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
}

/** The command as it is installed, and what its first line has Node started with. */
export const PROGRAM = fileURLToPath(new URL('../packages/facemirror/bin/facemirror.cjs', import.meta.url));
export const NODE_FLAGS = /^#!.* node(.*)$/m.exec(readFileSync(PROGRAM, 'utf8'))[1].split(' ').filter(Boolean);
