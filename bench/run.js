/**
 * The bench: what the whole program costs over only decoding a video and encoding it three times, on this machine, in
 * this run. Prints tables, writes bench-results/<time>.json.
 *
 *   npm run bench                  300 frames of 1080x1920, three pairs, and 3,000 frames once for the memory
 *   npm run bench -- --quick       one pair of 300 frames
 *   npm run bench -- profiler      what measuring a run costs (bench/profiler.js)
 *   npm run bench -- models        the suite openface3's graphs against PyTorch's exports (bench/models.js)
 *   npm run bench -- optimize      what onnx-lens optimize and compile bring to PyTorch's exports (bench/optimize.js)
 *   npm run bench -- memory        what workers of the suite openface3 take, and whether memory stays flat (bench/memory.js)
 *   npm run bench -- detector      faces that its detector finds in smaller and smaller pictures (bench/detector.js)
 *   npm run bench -- kernels       the WebAssembly kernels, each by itself (bench/kernels.js)
 *   npm run bench -- quality       what small and blurred faces cost the measures (bench/quality.js)
 *   npm run bench -- one-sided     known one-sided movements against what is measured of them (bench/one-sided.js)
 *   npm run bench -- simplifiers   onnx-lens optimize beside OnnxSlim and onnxsim (bench/simplifiers.js)
 *   npm run bench -- trace         speed and memory of onnx-lens trace on a profile above 512 MiB (bench/trace.js)
 *   npm run bench -- coreml-operators   the ONNX project's operator tests as Core ML packages (bench/coreml-operators.js)
 *   npm run bench -- coreml-converters  onnx-lens export beside onnx2coreml and onnxsim (bench/coreml-converters.js)
 *   npm run bench -- queue         the queue: its cost, its listing, and killed workers (bench/queue.js)
 *   npm run bench -- browser       the browser edition: its speed and its tab's memory (bench/browser.js)
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { median } from '../packages/core/dist/arithmetic.js';
import { writeClip } from './clip.js';
import { NODE_FLAGS } from './options.js';

if (
  [
    'profiler',
    'queue',
    'models',
    'optimize',
    'memory',
    'detector',
    'kernels',
    'quality',
    'one-sided',
    'coreml-converters',
    'coreml-operators',
    'simplifiers',
    'trace',
    'browser',
  ].includes(process.argv[2])
) {
  await import(`./${process.argv[2]}.js`);
  process.exit();
}

const FRAMES = 300;
const LONG_FRAMES = 3000;
const LIMITS = { ratio: 1.5, peakMB: 400, growth: 0.05 };
const isQuick = process.argv.includes('--quick');
const pairs = isQuick ? 1 : 3;
const run = promisify(execFile);
const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'facemirror-bench-'));

async function measure(kind, clip) {
  const out = join(folder, 'out');
  mkdirSync(out, { recursive: true });
  const { stdout } = await run(process.execPath, [...NODE_FLAGS, join(root, 'bench/child.js'), kind, clip, out], {
    maxBuffer: 1 << 28,
  });
  rmSync(out, { recursive: true });
  const result = JSON.parse(stdout.trim().split('\n').at(-1));
  console.log(
    `  ${kind.padEnd(9)} ${(result.wallMs / 1000).toFixed(2)} s, ${((result.frames * 1000) / result.wallMs).toFixed(1)} frames a second, peak ${result.peakMB.toFixed(0)} MB`,
  );
  return result;
}

function printStages({ profile, frames }) {
  console.log(
    `\n${'stage'.padEnd(14)}${'calls'.padStart(8)}${'mean ms'.padStart(10)}${'p95 ms'.padStart(10)}${'ms a frame'.padStart(12)}${'share'.padStart(8)}`,
  );
  for (const { stage, count, totalMs, meanMs, p95Ms, share } of profile.stages) {
    const cells = [
      String(count).padStart(8),
      meanMs.toFixed(2).padStart(10),
      p95Ms.toFixed(2).padStart(10),
      (totalMs / frames).toFixed(2).padStart(12),
      `${(share * 100).toFixed(1)} %`.padStart(8),
    ];
    console.log(stage.padEnd(14) + cells.join(''));
  }
  for (const { model, items, inference } of profile.models)
    console.log(`  ${model}: ${items} items, ${inference.meanMs.toFixed(2)} ms each`);
}

function verdict(name, value, limit, unit) {
  const isMet = value <= limit;
  console.log(`${isMet ? 'met   ' : 'MISSED'}  ${name}: ${value.toFixed(2)}${unit}, at most ${limit}${unit}`);
  return isMet;
}

try {
  console.log(`Making a clip of ${FRAMES} frames, 1080x1920 ...`);
  const clip = join(folder, 'clip.mp4');
  await writeClip(clip, FRAMES);
  const measured = { pipeline: [], baseline: [] };
  for (let pair = 0; pair < pairs; pair++) {
    for (const kind of ['pipeline', 'baseline']) measured[kind].push(await measure(kind, clip));
  }
  const ratio =
    median(measured.pipeline.map((each) => each.wallMs)) / median(measured.baseline.map((each) => each.wallMs));
  const peakMB = median(measured.pipeline.map((each) => each.peakMB));
  let long = null;
  if (!isQuick) {
    console.log(`Making a clip of ${LONG_FRAMES} frames ...`);
    const longClip = join(folder, 'long.mp4');
    await writeClip(longClip, LONG_FRAMES);
    long = await measure('pipeline', longClip);
  }
  printStages(measured.pipeline.at(-1));
  console.log(`\n${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.version}`);
  const cpuRatio =
    median(measured.pipeline.map((each) => each.cpuMs)) / median(measured.baseline.map((each) => each.cpuMs));
  // Other programs' load changes the wall time's ratio, hardly this one.
  console.log(`processor time over decoding and encoding alone: ${cpuRatio.toFixed(2)} times`);
  const verdicts = [
    verdict('wall time over decoding and encoding alone (medians)', ratio, LIMITS.ratio, ' times'),
    verdict('peak memory', peakMB, LIMITS.peakMB, ' MB'),
  ];
  if (long !== null)
    verdicts.push(
      verdict(
        `growth of the peak at ${LONG_FRAMES} frames`,
        (long.peakMB / peakMB - 1) * 100,
        LIMITS.growth * 100,
        ' %',
      ),
    );
  mkdirSync(join(root, 'bench-results'), { recursive: true });
  const file = join(root, 'bench-results', `${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(
    file,
    `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, frames: FRAMES, ratio, cpuRatio, peakMB, limits: LIMITS, ...measured, long }, null, 2)}\n`,
  );
  console.log(`\nFigures: ${file}`);
  process.exitCode = verdicts.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
