/**
 * What `onnx-lens optimize` and `onnx-lens compile` bring to the three networks as PyTorch exports them: the time that
 * optimizing takes, the speed on the CPU before and after, in turn, and the creation of a session from the exported
 * file and from the compiled one, each in a process of its own. Needs the exported graphs (brotli) in
 * ../shared/models/exported, or FACEMIRROR_SHARED.
 *
 *   npm run bench -- optimize [--pairs 15] [--only mtl]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { median } from '../packages/core/dist/arithmetic.js';
import {
  compileModel,
  loadCompiled,
  loadModel,
  optimizeForProvider,
  proveEqual,
  saveModel,
} from '../packages/onnx-lens/dist/index.js';
import { option, SHARED } from './options.js';

const exported = join(SHARED, 'models/exported');

const pairs = Number(option('--pairs', '15'));

const SPIN_MS = 30;

const CASES = [
  {
    name: 'retinaface',
    input: 'input',
    dims: [3, 640, 640],
    fix: { batch_size: 1, height: 640, width: 640 },
    batches: [1],
  },
  { name: 'mtl', input: 'input_face', dims: [3, 224, 224], fix: {}, batches: [1, 8] },
  { name: 'star', input: 'input_image', dims: [3, 256, 256], fix: {}, batches: [1] },
];

/** In a child: opens one model, once, as a program does that starts. */
async function openOnce([what, source, folder]) {
  /** @type {import('onnxruntime-node').InferenceSession.SessionOptions} */
  const threads = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
  const [start, used] = [performance.now(), process.cpuUsage()];
  if (what === 'compiled')
    await InferenceSession.create(loadCompiled(source, folder).modelPath, {
      ...threads,
      graphOptimizationLevel: 'disabled',
    });
  else await InferenceSession.create(source, threads);
  const { user, system } = process.cpuUsage(used);
  console.log(JSON.stringify({ wallMs: performance.now() - start, processorMs: (user + system) / 1000 }));
  process.exit(0);
}

/** Medians of both sides, taken in turn, and the ratio before / after of the times that were taken one after the other. */
function summary(before, after) {
  const side = (each) => ({
    wallMs: median(each.map(({ wallMs }) => wallMs)),
    processorMs: median(each.map(({ processorMs }) => processorMs)),
  });
  return {
    before: side(before),
    after: side(after),
    wall: ratios(before, after, 'wallMs'),
    processor: ratios(before, after, 'processorMs'),
  };
}

/** Median of the ratios of pairs, and the interval that holds it with 95 % (order statistics: the sign test turned round). */
function ratios(before, after, key) {
  const sorted = before.map((each, pair) => each[key] / after[pair][key]).sort((a, b) => a - b);
  const low = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  return { ratio: sorted[Math.floor(sorted.length / 2)], from: sorted[low], to: sorted[sorted.length - 1 - low] };
}

function row(label, { before, after, wall, processor }) {
  const number = (value) => value.toFixed(1).padStart(9);
  const span = ({ ratio, from, to }) => `${ratio.toFixed(3).padStart(8)} (${from.toFixed(2)} to ${to.toFixed(2)})`;
  console.log(
    `${label.padEnd(42)}${number(before.wallMs)}${number(after.wallMs)}${span(wall)}${number(before.processorMs)}${number(after.processorMs)}${span(processor)}`,
  );
}

/** Once ONNX Runtime's threads sleep: those of the session before spin for a while, on the cores that this one needs. */
async function timeRun(session, feeds) {
  await setTimeout(SPIN_MS);
  const [start, used] = [performance.now(), process.cpuUsage()];
  await session.run(feeds);
  const { user, system } = process.cpuUsage(used);
  return { wallMs: performance.now() - start, processorMs: (user + system) / 1000 };
}

async function compareSpeed(original, optimized, { input, dims }, batch, threads) {
  /** @type {import('onnxruntime-node').InferenceSession.SessionOptions} */
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 };
  // The original twice: what it makes of itself is what the bench cannot tell apart.
  const sessions = [];
  for (const model of [original, original, optimized]) sessions.push(await InferenceSession.create(model, options));
  const count = batch * dims.reduce((product, dim) => product * dim, 1);
  const feeds = {
    [input]: new Tensor(
      'float32',
      Float32Array.from({ length: count }, (_, place) => Math.sin(place)),
      [batch, ...dims],
    ),
  };
  for (const session of sessions) await session.run(feeds);
  const times = [[], [], []];
  const orders = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [0, 2, 1],
    [2, 0, 1],
    [1, 0, 2],
  ];
  // Who goes first changes: the next finds the caches as the one before left them.
  for (let pair = 0; pair < pairs; pair++)
    for (const which of orders[pair % orders.length]) times[which].push(await timeRun(sessions[which], feeds));
  for (const session of sessions) await session.release();
  return { speed: summary(times[0], times[2]), control: summary(times[0], times[1]) };
}

function compareOpening(original, compiled) {
  const open = (what) =>
    JSON.parse(
      execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--open', what, original, compiled], {
        encoding: 'utf8',
      }),
    );
  const times = { exported: [], compiled: [] };
  for (const what of Object.keys(times)) open(what);
  for (let pair = 0; pair < Math.min(pairs, 7); pair++)
    for (const [what, list] of Object.entries(times)) list.push(open(what));
  return summary(times.exported, times.compiled);
}

async function measure(each, folder) {
  const [original, optimized, compiled] = ['exported.onnx', 'optimized.onnx', 'compiled'].map((name) =>
    join(folder, `${each.name}-${name}`),
  );
  writeFileSync(original, brotliDecompressSync(readFileSync(join(exported, `${each.name}_as_exported.onnx.br`))));
  let start = performance.now();
  const result = await optimizeForProvider(loadModel(original, 'read'), { fix: each.fix, name: each.name });
  const optimizeMs = performance.now() - start;
  saveModel(result.model, optimized);
  start = performance.now();
  const proof = await proveEqual(original, optimized);
  const proveMs = performance.now() - start;
  const worst = Math.max(...proof.outputs.map(({ maxAbs }) => maxAbs));
  const placed = result.releases.map(({ ort, after }) => ({
    ort,
    coverage: after.coverage,
    partitions: after.partitions,
  }));
  const least = placed.reduce((a, b) => (b.coverage < a.coverage || b.partitions > a.partitions ? b : a));
  console.log(
    `${each.name}: ${least.coverage.toFixed(1)} % in ${least.partitions} on ONNX Runtime ${least.ort}, where it is least; ` +
      `optimized in ${(optimizeMs / 1000).toFixed(1)} s, proven in ${(proveMs / 1000).toFixed(1)} s, ${proof.isIdentical ? 'bit-identical' : `max abs ${worst.toExponential(1)}`}`,
  );
  const speeds = [];
  for (const batch of each.batches) {
    for (const threads of [1, 2]) {
      const { speed, control } = await compareSpeed(original, optimized, each, batch, threads);
      row(`  run, batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}`, speed);
      row('    the original against itself', control);
      speeds.push({ batch, threads, ...speed, control });
    }
  }
  await compileModel(original, compiled);
  const opening = compareOpening(original, compiled);
  row('  session creation, exported to compiled', opening);
  for (const path of [original, optimized, compiled]) rmSync(path, { recursive: true, force: true });
  return {
    name: each.name,
    optimizeMs,
    proveMs,
    proof: { isIdentical: proof.isIdentical, holds: proof.holds, worst },
    placed,
    speeds,
    opening,
  };
}

if (process.argv[2] === '--open') {
  const [what = '', source = '', folder = ''] = process.argv.slice(3);
  await openOnce([what, source, folder]);
} else if (!existsSync(exported)) {
  console.log(`The exported graphs are not there (${exported}): nothing to measure.`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-bench-'));
  try {
    console.log(`${''.padEnd(42)}before ms after ms   ratio (95 % of it)  before cpu after   ratio (95 % of it)`);
    const results = [];
    for (const each of CASES.filter(({ name }) => [undefined, name].includes(option('--only'))))
      results.push(await measure(each, folder));
    mkdirSync('bench-results', { recursive: true });
    const path = join('bench-results', `optimize-${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
    writeFileSync(
      path,
      JSON.stringify(
        { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg()[0], node: process.version, pairs, results },
        null,
        2,
      ),
    );
    console.log(`Written to ${path}. Ratios are before / after: more than 1 is a gain.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
