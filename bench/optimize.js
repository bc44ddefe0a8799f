/**
 * What `onnx-lens optimize` and `onnx-lens compile` bring to the three networks as PyTorch exports them: the time that
 * optimizing takes, the speed on the CPU before and after, in pairs A B A B, and the creation of a session from the exported
 * file and from the compiled one, each in a process of its own. Needs the exported graphs (brotli) in
 * ../shared/models/exported, or FACEMIRROR_SHARED.
 *
 *   npm run bench -- optimize [--pairs 15] [--only mtl]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { compileModel, loadCompiled, loadModel, optimizeForProvider, proveEqual, saveModel } from '../packages/onnx-lens/dist/index.js';

const shared = process.env.FACEMIRROR_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const exported = join(shared, 'models/exported');

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const pairs = Number(option('--pairs') ?? 15);

const CASES = [
  { name: 'retinaface', input: 'input', dims: [3, 640, 640], fix: { batch_size: 1, height: 640, width: 640 }, batches: [1] },
  { name: 'mtl', input: 'input_face', dims: [3, 224, 224], fix: {}, batches: [1, 8] },
  { name: 'star', input: 'input_image', dims: [3, 256, 256], fix: {}, batches: [1] },
];

/** In a child: opens one model, once, as a program does that starts. */
async function openOnce([what, source, folder]) {
  const threads = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 };
  const [start, used] = [performance.now(), process.cpuUsage()];
  if (what === 'compiled') await InferenceSession.create(loadCompiled(source, folder).modelPath, { ...threads, graphOptimizationLevel: 'disabled' });
  else await InferenceSession.create(source, threads);
  const { user, system } = process.cpuUsage(used);
  console.log(JSON.stringify({ wallMs: performance.now() - start, processorMs: (user + system) / 1000 }));
  process.exit(0);
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Medians of both sides, taken in turn, and the ratio before / after. */
function summary(before, after) {
  const side = (each) => ({ wallMs: median(each.map(({ wallMs }) => wallMs)), processorMs: median(each.map(({ processorMs }) => processorMs)) });
  const [a, b] = [side(before), side(after)];
  return { before: a, after: b, wallRatio: a.wallMs / b.wallMs, processorRatio: a.processorMs / b.processorMs };
}

function row(label, { before, after, wallRatio, processorRatio }) {
  const number = (value, digits = 1) => value.toFixed(digits).padStart(10);
  console.log(`${label.padEnd(44)}${number(before.wallMs)}${number(after.wallMs)}${number(wallRatio, 3)}${number(before.processorMs)}${number(after.processorMs)}${number(processorRatio, 3)}`);
}

async function timeRun(session, feeds) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await session.run(feeds);
  const { user, system } = process.cpuUsage(used);
  return { wallMs: performance.now() - start, processorMs: (user + system) / 1000 };
}

async function compareSpeed(original, optimized, { input, dims }, batch, threads) {
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 };
  const sessions = [await InferenceSession.create(original, options), await InferenceSession.create(optimized, options)];
  const count = batch * dims.reduce((product, dim) => product * dim, 1);
  const feeds = { [input]: new Tensor('float32', Float32Array.from({ length: count }, (_, place) => Math.sin(place)), [batch, ...dims]) };
  for (const session of sessions) await session.run(feeds);
  const times = [[], []];
  for (let pair = 0; pair < pairs; pair++) {
    // Who goes first changes from pair to pair: the second finds the caches as the first left them.
    for (const which of pair % 2 === 0 ? [0, 1] : [1, 0]) times[which].push(await timeRun(sessions[which], feeds));
  }
  for (const session of sessions) await session.release();
  return summary(times[0], times[1]);
}

function compareOpening(original, compiled) {
  const open = (what) => JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--open', what, original, compiled], { encoding: 'utf8' }));
  const times = { exported: [], compiled: [] };
  for (const what of Object.keys(times)) open(what);
  for (let pair = 0; pair < Math.min(pairs, 7); pair++) for (const [what, list] of Object.entries(times)) list.push(open(what));
  return summary(times.exported, times.compiled);
}

async function measure(each, folder) {
  const [original, optimized, compiled] = ['exported.onnx', 'optimized.onnx', 'compiled'].map((name) => join(folder, `${each.name}-${name}`));
  writeFileSync(original, brotliDecompressSync(readFileSync(join(exported, `${each.name}_as_exported.onnx.br`))));
  let start = performance.now();
  const result = await optimizeForProvider(loadModel(original, 'read'), { fix: each.fix, name: each.name });
  const optimizeMs = performance.now() - start;
  saveModel(result.model, optimized);
  start = performance.now();
  const proof = await proveEqual(original, optimized);
  const proveMs = performance.now() - start;
  const worst = Math.max(...proof.outputs.map(({ maxAbs }) => maxAbs));
  const placed = result.releases.map(({ ort, after }) => ({ ort, coverage: after.coverage, partitions: after.partitions }));
  const least = placed.reduce((a, b) => (b.coverage < a.coverage || b.partitions > a.partitions ? b : a));
  console.log(
    `${each.name}: ${least.coverage.toFixed(1)} % in ${least.partitions} on ONNX Runtime ${least.ort}, where it is least; ` +
      `optimized in ${(optimizeMs / 1000).toFixed(1)} s, proven in ${(proveMs / 1000).toFixed(1)} s, ${proof.isIdentical ? 'bit-identical' : `max abs ${worst.toExponential(1)}`}`,
  );
  const speeds = [];
  for (const batch of each.batches) {
    for (const threads of [1, 2]) {
      const speed = { batch, threads, ...(await compareSpeed(original, optimized, each, batch, threads)) };
      row(`  run, batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}`, speed);
      speeds.push(speed);
    }
  }
  await compileModel(original, compiled);
  const opening = compareOpening(original, compiled);
  row('  session creation, exported to compiled', opening);
  for (const path of [original, optimized, compiled]) rmSync(path, { recursive: true, force: true });
  return { name: each.name, optimizeMs, proveMs, proof: { isIdentical: proof.isIdentical, holds: proof.holds, worst }, placed, speeds, opening };
}

if (process.argv[2] === '--open') {
  await openOnce(process.argv.slice(3));
} else if (!existsSync(exported)) {
  console.log(`The exported graphs are not there (${exported}): nothing to measure.`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-bench-'));
  try {
    console.log(`${''.padEnd(44)}${['before ms', 'after ms', 'ratio', 'before cpu', 'after cpu', 'ratio'].map((title) => title.padStart(10)).join('')}`);
    const results = [];
    for (const each of CASES.filter(({ name }) => [undefined, name].includes(option('--only')))) results.push(await measure(each, folder));
    mkdirSync('bench-results', { recursive: true });
    const path = join('bench-results', `optimize-${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
    writeFileSync(path, JSON.stringify({ cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg()[0], node: process.version, pairs, results }, null, 2));
    console.log(`Written to ${path}. Ratios are before / after: more than 1 is a gain.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
