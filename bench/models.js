/**
 * The graphs that Face Mirror builds against the same networks as PyTorch exports them: same machine, same run, single
 * runs in turn (A B B A ...), each pair giving a ratio; the median of the ratios counts. The ratio of processor time is
 * shown beside that of wall time: on a machine that is not quiet it is the one to look at. Needs the exported graphs
 * (brotli) in ../shared/models/exported, or FACEMIRROR_SHARED.
 *
 *   npm run bench -- models [--seconds 20] [--network star]
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { serializeModel } from '../packages/onnx-lens/dist/index.js';
import { median } from '../packages/core/dist/arithmetic.js';
import { ARCHITECTURES } from '../packages/core/dist/suites/openface3/architectures/identify.js';
import { randomWeights } from '../packages/core/dist/suites/openface3/architectures/weights.js';
import { option, SHARED } from './options.js';

const exported = join(SHARED, 'models/exported');
/** How long the pairs of one case may take, and how many there are at least and at most. */
const milliseconds = 1000 * Number(option('--seconds', '20'));
const [FEWEST, MOST] = [7, 151];
/** A ratio up to this is no loss: what two measurements of the same graph differ by. */
const NOISE = 1.02;

const CASES = [
  { name: 'retinaface', input: 'input', dims: [3, 640, 640], batches: [1, 8] },
  { name: 'star', input: 'input_image', dims: [3, 256, 256], batches: [1, 8] },
  { name: 'mtl', input: 'input_face', dims: [3, 224, 224], batches: [1, 2, 8] },
].filter(({ name }) => option('--network', name) === name);

async function timeRun(session, feeds) {
  const before = process.cpuUsage();
  const start = performance.now();
  await session.run(feeds);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

/** Pairs of runs; which of the two goes first changes from pair to pair. */
async function timePairs(exportedSession, builtSession, feeds) {
  const pairs = [];
  await timeRun(exportedSession, feeds);
  await timeRun(builtSession, feeds);
  const startedAt = performance.now();
  while (pairs.length < FEWEST || (pairs.length < MOST && performance.now() - startedAt < milliseconds)) {
    if (pairs.length % 2 === 0) {
      const exported = await timeRun(exportedSession, feeds);
      pairs.push({ exported, built: await timeRun(builtSession, feeds) });
    } else {
      const built = await timeRun(builtSession, feeds);
      pairs.push({ built, exported: await timeRun(exportedSession, feeds) });
    }
  }
  return pairs;
}

async function compare({ name, input, dims }, threads, batch, folder) {
  // No spinning: threads that wait actively would be counted as processor time.
  /** @type {import('onnxruntime-node').InferenceSession.SessionOptions} */
  const options = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  const architecture = ARCHITECTURES[name];
  const model = join(folder, `${name}.onnx`);
  if (!existsSync(model))
    writeFileSync(model, serializeModel(architecture.build(randomWeights(architecture.tensors(), 1))));
  const original = join(folder, `${name}-exported.onnx`);
  if (!existsSync(original))
    writeFileSync(original, brotliDecompressSync(readFileSync(join(exported, `${name}_as_exported.onnx.br`))));
  const sessions = [await InferenceSession.create(original, options), await InferenceSession.create(model, options)];
  const count = batch * dims.reduce((product, dim) => product * dim, 1);
  const feeds = {
    [input]: new Tensor(
      'float32',
      Float32Array.from({ length: count }, (_, place) => Math.sin(place)),
      [batch, ...dims],
    ),
  };
  const pairs = await timePairs(...sessions, feeds);
  for (const session of sessions) await session.release();
  const ratio = (figure) => median(pairs.map(({ exported, built }) => built[figure] / exported[figure]));
  const [exportedMs, builtMs] = ['exported', 'built'].map((which) => median(pairs.map((pair) => pair[which].wallMs)));
  return {
    name,
    threads,
    batch,
    pairs: pairs.length,
    exportedMs,
    builtMs,
    ratio: ratio('wallMs'),
    cpuRatio: ratio('cpuMs'),
  };
}

if (!existsSync(exported)) {
  console.log(`The exported graphs are not there (${exported}): nothing to compare with.`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'facemirror-bench-models-'));
  try {
    console.log(
      `${'network'.padEnd(12)}${'threads'.padStart(8)}${'batch'.padStart(7)}${'pairs'.padStart(7)}${'exported ms'.padStart(13)}${'built ms'.padStart(10)}${'built / exported'.padStart(18)}${'processor time'.padStart(16)}`,
    );
    const results = [];
    for (const each of CASES) {
      for (const threads of [1, 2]) {
        for (const batch of each.batches) {
          const result = await compare(each, threads, batch, folder);
          results.push(result);
          const cells = [
            String(threads).padStart(8),
            String(batch).padStart(7),
            String(result.pairs).padStart(7),
            result.exportedMs.toFixed(1).padStart(13),
            result.builtMs.toFixed(1).padStart(10),
            result.ratio.toFixed(3).padStart(18),
            result.cpuRatio.toFixed(3).padStart(16),
          ];
          console.log(each.name.padEnd(12) + cells.join(''));
        }
      }
    }
    const slower = results.filter(({ ratio }) => ratio > NOISE);
    console.log(
      slower.length === 0
        ? `\nNever slower than the export (medians of the pairs' ratios, ${NOISE} being noise).`
        : `\nSlower than the export by wall time: ${slower.map(({ name, threads, batch, ratio }) => `${name} with ${threads} thread${threads === 1 ? '' : 's'} and batch ${batch} (${ratio.toFixed(3)})`).join(', ')}.`,
    );
    mkdirSync('bench-results', { recursive: true });
    const path = join('bench-results', `models-${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
    writeFileSync(path, JSON.stringify({ cpu: cpus()[0]?.model, results }, null, 2));
    console.log(`Written to ${path}.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
