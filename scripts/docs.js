/** Writes what documents repeat from the code: `npm run docs`. With `--check`, only says whether they are up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { settingsMarkdown } from 'facemirror-core/settings/describe.js';

const FILE = new URL('../packages/facemirror/README.md', import.meta.url);
const before = readFileSync(FILE, 'utf8');
const after = before.replace(
  /(<!-- settings: made by npm run docs -->\n)[^]*(\n<!-- end of settings -->)/,
  (_, head, tail) => `${head}\n${settingsMarkdown()}${tail}`,
);
if (process.argv.includes('--check')) {
  if (before !== after) {
    process.stderr.write('The settings in packages/facemirror/README.md are out of date: run npm run docs.\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, after);
}
