/**
 * Writes what documents repeat from the code: `npm run docs`. That is the settings table in facemirror's README, the API
 * reports in docs/api-report, and the API pages in docs/api (not in the repository). With `--check`, only says whether the
 * first two are up to date.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { settingsMarkdown } from 'facemirror-core/settings/describe.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const isCheck = process.argv.includes('--check');
const resolve = createRequire(import.meta.url).resolve;

const README = new URL('../packages/facemirror/README.md', import.meta.url);
const before = readFileSync(README, 'utf8');
const after = before.replace(
  /(<!-- settings: made by npm run docs -->\n)[^]*(\n<!-- end of settings -->)/,
  (_, head, tail) => `${head}\n${settingsMarkdown()}${tail}`,
);
if (isCheck && before !== after) complain('The settings in packages/facemirror/README.md are');
if (!isCheck) writeFileSync(README, after);

const extractor = resolve('@microsoft/api-extractor').replace(/lib[\\/]index\.js$/, 'bin/api-extractor');
for (const name of ['onnx-lens', 'facemirror']) {
  const report = new URL(`../docs/api-report/${name}.api.md`, import.meta.url);
  try {
    run(extractor, ['run', '-c', `packages/${name}/api-extractor.json`, ...(isCheck ? [] : ['--local'])]);
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    complain(`The public API of ${name} differs from ${fileURLToPath(report)}: if that is on purpose, the report is`);
  }
}

if (!isCheck) run(resolve('typedoc').replace(/dist[\\/].*$/, 'bin/typedoc'), ['--options', 'typedoc.json'], 'inherit');

/** @param {'pipe' | 'inherit'} stdio */
function run(program, args, stdio = 'pipe') {
  execFileSync(process.execPath, [program, ...args], { cwd: root, stdio, encoding: 'utf8' });
}

function complain(what) {
  process.stderr.write(`${what} out of date: run npm run docs.\n`);
  process.exitCode = 1;
}
