/**
 * The graphs that Face Mirror builds against the same networks as PyTorch exports them: same machine, same run, in pairs
 * A B A B, medians. Needs the exported graphs (brotli) in ../shared/models/exported, or FACEMIRROR_SHARED.
 *
 *   npm run bench -- models [--pairs 3]
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { serializeModel } from '../packages/onnx-lens/dist/index.js';
import { ARCHITECTURES } from '../packages/facemirror/dist/models/architectures/identify.js';
import { randomWeights } from '../packages/facemirror/dist/models/architectures/weights.js';

const shared = process.env.FACEMIRROR_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));
const exported = join(shared, 'models/exported');
const at = process.argv.indexOf('--pairs');
const pairs = at < 0 ? 3 : Number(process.argv[at + 1]);

/** Runs of one measurement: enough for a median, few enough for STAR. */
const CASES = [
  { name: 'retinaface', input: 'input', dims: [3, 640, 640], runs: 10 },
  { name: 'star', input: 'input_image', dims: [3, 256, 256], runs: 3 },
  { name: 'mtl', input: 'input_face', dims: [3, 224, 224], runs: 10 },
];

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

async function measure(session, feeds, runs) {
  await session.run(feeds);
  const times = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  return median(times);
}

async function compare({ name, input, dims, runs }, threads, batch, folder) {
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 };
  const architecture = ARCHITECTURES[name];
  const model = join(folder, `${name}.onnx`);
  if (!existsSync(model)) writeFileSync(model, serializeModel(architecture.build(randomWeights(architecture.tensors(), 1))));
  const original = join(folder, `${name}-exported.onnx`);
  if (!existsSync(original)) writeFileSync(original, brotliDecompressSync(readFileSync(join(exported, `${name}_as_exported.onnx.br`))));
  const sessions = [await InferenceSession.create(original, options), await InferenceSession.create(model, options)];
  const count = batch * dims.reduce((product, dim) => product * dim, 1);
  const feeds = { [input]: new Tensor('float32', Float32Array.from({ length: count }, (_, place) => Math.sin(place)), [batch, ...dims]) };
  const times = [[], []];
  for (let pair = 0; pair < pairs; pair++) {
    for (const [which, session] of sessions.entries()) times[which].push(await measure(session, feeds, Math.max(2, Math.ceil(runs / batch))));
  }
  for (const session of sessions) await session.release();
  const [exportedMs, builtMs] = times.map(median);
  return { name, threads, batch, exportedMs, builtMs, ratio: builtMs / exportedMs };
}

if (!existsSync(exported)) {
  console.log(`The exported graphs are not there (${exported}): nothing to compare with.`);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'facemirror-bench-models-'));
  try {
    console.log(`${'network'.padEnd(12)}${'threads'.padStart(8)}${'batch'.padStart(7)}${'exported ms'.padStart(13)}${'built ms'.padStart(10)}${'built / exported'.padStart(18)}`);
    const results = [];
    for (const each of CASES) {
      for (const threads of [1, 2]) {
        for (const batch of each.name === 'mtl' ? [1, 2, 8] : [1, 8]) {
          const result = await compare(each, threads, batch, folder);
          results.push(result);
          console.log(`${each.name.padEnd(12)}${String(threads).padStart(8)}${String(batch).padStart(7)}${result.exportedMs.toFixed(1).padStart(13)}${result.builtMs.toFixed(1).padStart(10)}${result.ratio.toFixed(3).padStart(18)}`);
        }
      }
    }
    mkdirSync('bench-results', { recursive: true });
    const path = join('bench-results', `models-${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
    writeFileSync(path, JSON.stringify({ cpu: cpus()[0]?.model, results }, null, 2));
    console.log(`Written to ${path}.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
