/**
 * `onnx-lens optimize` beside OnnxSlim and onnxsim: nodes of the written file, Core ML partitions, time of a run on the CPU,
 * and the time, memory and size that each tool takes and leaves. Prints a table in Markdown, or writes it.
 *
 *   npm run bench -- simplifiers --python <python> [--models <folder>] [--only v4det,v4rec] [--runs 15] [--write docs/simplifiers.md]
 *
 * Needs a Python that has `onnxslim` and `onnxsim`; a tool that is not there is left out. Models are the .onnx files of the
 * folder (default: ../shared/field/lens, or FACEMIRROR_SHARED), and one that is made here as old exporters wrote them.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../packages/core/dist/arithmetic.js';
import {
  analyseCoverage,
  loadModel,
  optimizeForProvider,
  ORT_VERSIONS,
  saveModel,
  withSession,
} from '../packages/onnx-lens/dist/index.js';
import { proofRuns } from '../packages/onnx-lens/dist/rewrite/proof-runs.js';
import { usualRanges } from '../packages/onnx-lens/dist/rewrite/usual-ranges.js';
import { writeOldExport } from './old-export.js';
import { option, SHARED } from './options.js';
import { use, version } from './peers.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const python = option('--python', process.env.PYTHON ?? 'python3');
const folder = option('--models', join(SHARED, 'field/lens'));
const runs = Number(option('--runs', '15'));

const cli = join(root, 'packages/onnx-lens/bin/onnx-lens.js');
/** @type {[string, ((from: string, to: string) => string[]) | null][]} */
const TOOLS = [
  ['as it was', null],
  ['OnnxSlim', (from, to) => [python, '-m', 'onnxslim', from, to]],
  ['onnxsim', (from, to) => [python, '-m', 'onnxsim', from, to]],
  ['onnx-lens', (from, to) => [process.execPath, fileURLToPath(import.meta.url), '--child', from, to]],
  ['onnx-lens, with the proof', (from, to) => [process.execPath, cli, 'optimize', from, '-o', to]],
];

/** Partitions under every release's rules: one number, or the least and the most. */
async function partitionsOf(path) {
  const counts = [];
  for (const ort of [ORT_VERSIONS[0], '1.24', ORT_VERSIONS.at(-1)]) {
    const { partitions, cpu } = await analyseCoverage(path, {
      provider: 'coreml',
      format: 'mlprogram',
      ort,
      compareVariants: false,
    });
    counts.push({ partitions: partitions.length, cpu });
  }
  return counts;
}

/** Median processor ms of a run of each file with one thread, taken in turn so that other programs' load meets all alike. */
async function runTimes(paths, feeds) {
  const times = new Map(paths.map((path) => [path, []]));
  const next = async (rest, sessions) => {
    const [path, ...others] = rest;
    if (path !== undefined)
      return withSession(path, { threads: 1 }, (session) => next(others, [...sessions, [path, session]]));
    for (let run = 0; run < runs + 2; run++) {
      for (const [file, session] of sessions) {
        const used = process.cpuUsage();
        await session.run(feeds);
        const { user, system } = process.cpuUsage(used);
        if (run >= 2) times.get(file).push((user + system) / 1000);
      }
    }
  };
  await next(paths, []);
  return new Map([...times].map(([path, each]) => [path, median(each)]));
}

/** One seeded input of the sizes that the model takes. */
async function feedsFor(path) {
  return withSession(path, {}, async (session) => {
    const plan = { samples: 1, seed: 1, batches: [1], sizes: {}, ranges: {}, usual: usualRanges(path) };
    for await (const { feeds } of proofRuns(session, session, plan)) return feeds;
    throw new Error('it takes none of the inputs that were made up');
  });
}

async function measure(name, original, scratch, tools) {
  /** @type {{ tool: string, failed?: boolean, reason?: string, path?: string, ms?: number, [figure: string]: unknown }[]} */
  const rows = [];
  for (const [tool, command] of tools) {
    const path = command === null ? original : join(scratch, `${name}-${rows.length}.onnx`);
    const used = command === null ? { isDone: true } : use(python, command(original, path));
    if (!used.isDone || !existsSync(path)) {
      rows.push({ tool, failed: true });
      continue;
    }
    let partitions;
    try {
      partitions = await partitionsOf(path);
    } catch (error) {
      rows.push({ tool, failed: true, reason: error.message });
      continue;
    }
    rows.push({
      tool,
      path,
      ...used,
      nodes: loadModel(path, 'read').graph.node.filter(({ opType }) => opType !== 'Constant').length,
      sizeMB: statSync(path).size / 1e6,
      partitions,
    });
  }
  const files = rows.filter(({ path }) => path !== undefined).map(({ path }) => path);
  try {
    const times = await runTimes(files, await feedsFor(original));
    for (const row of rows) row.ms = times.get(row.path);
  } catch (error) {
    console.error(`${name}: not timed, ${error.message}`);
  }
  return rows;
}

function span(counts, key) {
  const all = counts.map((each) => each[key]);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  return least === most ? String(most) : `${all.join(' / ')}`;
}

function lines(name, rows) {
  return rows.map((row, place) => {
    const cells = [place === 0 ? name : '', row.tool];
    if (row.failed) return `| ${[...cells, 'failed', '', '', '', '', '', ''].join(' | ')} |`;
    const fixed = (value, digits) => (value === undefined ? '' : value.toFixed(digits));
    cells.push(
      String(row.nodes),
      span(row.partitions, 'partitions'),
      span(row.partitions, 'cpu'),
      fixed(row.ms, 2),
      fixed(row.seconds, 1),
      fixed(row.peakMB, 0),
      fixed(row.sizeMB, 2),
    );
    return `| ${cells.join(' | ')} |`;
  });
}

const HEADING = `# onnx-lens beside OnnxSlim and onnxsim

Made by \`npm run bench -- simplifiers\`. Lower is better in every column.
The models: PP-OCRv4 (v4) and v6, text detection (det) and recognition (rec), with free sizes, from the packages rapidocr and
rapidocr-onnxruntime; a window attention of Swin (win_ts); a detector that the bench makes as exporters of 2019 wrote them.

- Nodes: of the main graph of the written file, constants not counted.
- Partitions, on the CPU: what Core ML (MLProgram) makes of that file. Three figures are those under the rules of ONNX Runtime ${ORT_VERSIONS[0]}, 1.24 and ${ORT_VERSIONS.at(-1)}; one figure holds for all of them.
- Run: median processor ms of ${runs} runs of that file on the CPU, one thread, all files in turn. Free dimensions have the sizes that the proof tries first.
- Tool: processor seconds of the whole command, start included. The row without the proof is for comparing with the other tools, which prove nothing by default.
- Memory: the command's largest. File: its size as written.
`;

if (process.argv[2] === '--child') {
  const [from, to] = process.argv.slice(3);
  saveModel((await optimizeForProvider(loadModel(from, 'read'))).model, to);
} else {
  const found = { onnxslim: version(python, 'onnxslim'), onnxsim: version(python, 'onnxsim') };
  const tools = TOOLS.filter(([tool]) => !(tool.toLowerCase() in found) || found[tool.toLowerCase()] !== undefined);
  const scratch = mkdtempSync(join(tmpdir(), 'onnx-lens-bench-'));
  try {
    const old = join(scratch, 'old_export.onnx');
    writeOldExport(old);
    const files = existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.onnx'))
          .map((name) => join(folder, name))
      : [];
    const table = [];
    for (const path of [old, ...files.sort()]) {
      const name = basename(path, '.onnx');
      if (
        !option('--only', '')
          .split(',')
          .some((part) => name.includes(part))
      )
        continue;
      const rows = await measure(name, path, scratch, tools);
      console.log(lines(name, rows).join('\n'));
      table.push(...lines(name, rows));
    }
    const own = JSON.parse(readFileSync(join(root, 'packages/onnx-lens/package.json'), 'utf8')).version;
    const versions = `${new Date().toISOString().slice(0, 10)}: onnx-lens ${own}, OnnxSlim ${found.onnxslim ?? 'absent'}, onnxsim ${found.onnxsim ?? 'absent'}, Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}).`;
    const columns = ['Model', 'Tool', 'Nodes', 'Partitions', 'On the CPU', 'Run ms', 'Tool s', 'Memory MB', 'File MB'];
    const text = [
      HEADING,
      `${versions}\n`,
      `| ${columns.join(' | ')} |`,
      `| ${columns.map((_, place) => (place < 2 ? '---' : '---:')).join(' | ')} |`,
      ...table,
    ].join('\n');
    const output = option('--write');
    if (output === undefined) console.log(`\n${text}`);
    else writeFileSync(output, `${text}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
