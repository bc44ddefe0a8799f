/**
 * `onnx-lens export` beside onnx2coreml and onnxsim: whether a package comes of a model, the processor time and the memory of
 * the whole command, operations, and how far the package, read back, is from the original. Prints a table in Markdown.
 *
 *   npm run bench -- coreml-converters --python <python> [--models <folder>] [--only retinaface,star] [--size 320]
 *
 * Needs a Python that has coremltools, and onnx2coreml or onnxsim; a tool that is not there is left out, with a word. Models
 * are the .onnx files of the folder, and the three networks of ../shared/models/exported (or FACEMIRROR_SHARED). Only
 * onnx-lens is told sizes for dimensions that a model leaves free: 1 for batches, `--size` for others.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { loadModel, serializeModel } from '../packages/onnx-lens/dist/index.js';
import { seededFeeds } from '../packages/onnx-lens/dist/export/coreml/feeds.js';
import { halfErrors } from '../packages/onnx-lens/dist/export/coreml/half-error.js';
import { MODEL_PATH, WEIGHTS_PATH } from '../packages/onnx-lens/dist/export/coreml/package.js';
import { restoreAs } from '../packages/onnx-lens/dist/export/coreml/prove.js';
import { readPackage } from '../packages/onnx-lens/dist/export/coreml/read/reader.js';
import { fixDimensions, freeDimensions } from '../packages/onnx-lens/dist/rewrite/fix-dimensions.js';
import { option, SHARED } from './options.js';
import { use, version } from './peers.js';

const python = option('--python', process.env.PYTHON ?? 'python3');
const size = Number(option('--size', '320'));
const cli = fileURLToPath(new URL('../packages/onnx-lens/bin/onnx-lens.js', import.meta.url));

/** @type {[string, (from: string, to: string, fix: string[]) => string[]][]} */
const TOOLS = [
  ['onnx-lens', (from, to, fix) => [process.execPath, cli, 'export', from, '-o', to, ...fix]],
  ['onnx2coreml', (from, to) => [python, '-m', 'onnx2coreml._cli', 'convert', from, '-o', to, '--precision', 'fp32']],
  ['onnxsim', (from, to) => [python, '-m', 'onnxsim', from, `${to}.onnx`, '--emit-coreml', to]],
];

/** The package's main function (from plain arrays: slices of a Buffer share its memory); its inputs and outputs are taken to be in the model's order. */
function readMain(path, model) {
  const weights = join(path, WEIGHTS_PATH);
  const { functions } = readPackage(
    new Uint8Array(readFileSync(join(path, MODEL_PATH))),
    existsSync(weights) ? new Uint8Array(readFileSync(weights)) : new Uint8Array(),
  );
  const [main] = functions;
  const known = new Set(model.graph.initializer.map(({ name }) => name));
  const named = (features) => features.filter(({ name }) => !known.has(name)).map(({ name }) => ({ onnxName: name }));
  const feature = { name: main.name, inputs: named(model.graph.input), outputs: named(model.graph.output) };
  return { main, encoded: /** @type {any} */ ({ functions: [feature], files: new Map() }) };
}

async function agreement(path, fixed) {
  let main;
  try {
    const read = readMain(path, fixed);
    main = read.main;
    const feeds = await seededFeeds(fixed, { samples: 1, seed: 1, ranges: {} });
    const restored = serializeModel(restoreAs(fixed, read.encoded, main));
    const errors = await halfErrors(serializeModel(fixed), restored, feeds);
    const worst = Math.max(...errors.map(({ max, scale }) => max / Math.max(1, scale)));
    return { operations: main.operations.length, text: worst === 0 ? 'identical' : worst.toExponential(0) };
  } catch (error) {
    return { operations: main?.operations.length, text: `not read: ${error.message.split('\n')[0].slice(0, 60)}` };
  }
}

function modelsIn(scratch) {
  const folder = option('--models', join(SHARED, 'field/lens'));
  const found = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.onnx'))
        .map((name) => join(folder, name))
    : [];
  const exported = join(SHARED, 'models/exported');
  for (const name of existsSync(exported) ? readdirSync(exported) : []) {
    if (!name.endsWith('.onnx.br')) continue;
    const path = join(scratch, name.slice(0, -'.br'.length));
    writeFileSync(path, brotliDecompressSync(readFileSync(join(exported, name))));
    found.push(path);
  }
  const only = option('--only', '').split(',');
  return found.filter((path) => only.some((part) => basename(path).includes(part))).sort();
}

const versions = { onnx2coreml: version(python, 'onnx2coreml'), onnxsim: version(python, 'onnxsim') };
if (version(python, 'coremltools') === undefined) {
  console.log(`Skipped: ${python} has no coremltools; name one that has it with --python.`);
  process.exit(0);
}
for (const [name, found] of Object.entries(versions)) if (found === undefined) console.log(`${name} is absent.`);
const tools = TOOLS.filter(([name]) => !(name in versions) || versions[name] !== undefined);
const scratch = mkdtempSync(join(tmpdir(), 'onnx-lens-bench-'));
try {
  console.log(`| Model | ${tools.map(([name]) => `${name} ${versions[name] ?? ''}`.trim()).join(' | ')} |`);
  console.log(`|---${'|---'.repeat(tools.length)}|`);
  for (const path of modelsIn(scratch)) {
    const model = loadModel(path, 'read');
    const fix = Object.fromEntries(
      freeDimensions(model).map((name) => [name, /batch|^n$|\[0\]/i.test(name) ? 1 : size]),
    );
    const words = Object.entries(fix).map(([name, value]) => `${name}=${value}`);
    const cells = [];
    for (const [name, command] of tools) {
      const to = join(scratch, `${basename(path, '.onnx')}-${name}.mlpackage`);
      const used = use(python, command(path, to, words.length > 0 ? ['--fix', words.join(',')] : []));
      const took = `${used.seconds.toFixed(0)} s, ${used.peakMB.toFixed(0)} MB`;
      if (!used.isDone || !existsSync(to)) {
        cells.push(`no (${took})`);
        continue;
      }
      const { operations, text } = await agreement(to, fixDimensions(model, fix));
      cells.push(`${took}, ${operations ?? '?'} operations, ${text}`);
      rmSync(to, { recursive: true, force: true });
    }
    console.log(`| ${basename(path, '.onnx')} | ${cells.join(' | ')} |`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
