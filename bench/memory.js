/**
 * Memory of the suite openface3: what one worker takes, what each further one adds to it, and whether memory stays flat
 * over a long video.
 *
 *   npm run bench -- memory [--models FOLDER] [--workers 2] [--frames 3000]
 *
 * Without --models only flatness is measured. That is done with small networks in the places of STAR and MTL, of the same
 * inputs and outputs: what could grow with a video is all but inside of sessions, and 3,000 frames take two minutes, not
 * a quarter of an hour. With --models and --real, the given networks do it.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DataType, GraphBuilder, serializeModel } from '../packages/onnx-lens/dist/index.js';
import { writeSmallClip } from './clip.js';
import { NODE_FLAGS, PROGRAM, SHARED, option } from './options.js';

/** Growth as in the bench of the default suite: a share of the memory that a short run takes. */
const LIMITS = { oneWorkerMB: 900, beyondSessionsMB: 40, growth: 0.05 };
/** What two workers with the real networks take, of which small ones grow the same number of bytes. */
const REAL_MB = 767;
/** Everything has been used by then. */
const SETTLED_FRAMES = 300;
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'facemirror-bench-'));

/** The record of a run. */
async function recordOf(clip, models, workers) {
  const out = join(folder, 'out');
  await run(
    process.execPath,
    [
      ...NODE_FLAGS,
      PROGRAM,
      'run',
      clip,
      '--suite',
      'openface3',
      '--models',
      models,
      '--workers',
      String(workers),
      '--batch',
      '1',
      '--out',
      out,
      '--force',
    ],
    { maxBuffer: 1 << 28 },
  );
  return JSON.parse(readFileSync(join(out, 'clip.json'), 'utf8'));
}

async function measureWorkers(models, most) {
  const clip = join(folder, 'clip.mp4');
  await writeSmallClip(clip, 100);
  // The first one fills the cache with what is made of a network once.
  await recordOf(clip, models, 1);
  let before = null;
  for (let workers = 1; workers <= most; workers++) {
    const { profile, suite } = await recordOf(clip, models, workers);
    const peak = profile.memory.peakRssBytes / 1e6;
    const { measuredBytes, allPredictedBytes, allMeasuredBytes } = suite.workerMemory;
    console.log(
      `${workers} workers: peak ${peak.toFixed(0)} MB; all workers ${mb(allPredictedBytes)} predicted, ${mb(allMeasuredBytes)} measured; one worker's sessions ${mb(measuredBytes)}`,
    );
    if (before === null) verdict('one worker', peak, LIMITS.oneWorkerMB, ' MB');
    else
      verdict(
        `worker ${workers}, beyond its sessions`,
        peak - before - measuredBytes / 1e6,
        LIMITS.beyondSessionsMB,
        ' MB',
      );
    before = peak;
  }
}

async function measureGrowth(models, isReal, workers, frames) {
  const clip = join(folder, 'clip.mp4');
  await writeSmallClip(clip, frames);
  const { profile } = await recordOf(clip, models, workers);
  const until = secondsAt(profile, SETTLED_FRAMES);
  const peak = (points) => Math.max(...points.map(({ max }) => max)) / 1e6;
  const early = peak(profile.memory.rssOverTime.filter(({ at }) => at <= until));
  const late = peak(profile.memory.rssOverTime.filter(({ at }) => at > until));
  console.log(
    `${frames} frames: peak ${early.toFixed(0)} MB until frame ${SETTLED_FRAMES}, ${late.toFixed(0)} MB afterwards`,
  );
  verdict(
    `growth from ${SETTLED_FRAMES} to ${frames} frames`,
    late - early,
    LIMITS.growth * (isReal ? early : REAL_MB),
    ' MB',
  );
}

/** When that many frames were finished, in seconds since the start, counted back from the end. */
function secondsAt({ wallMs, frameIntervalMs }, frames) {
  const stretch = frameIntervalMs.length > 1 ? frameIntervalMs[1].at - frameIntervalMs[0].at : 1;
  const after = frameIntervalMs.filter(({ at }) => at >= frames).reduce((sum, { mean }) => sum + mean * stretch, 0);
  return (wallMs - after) / 1000;
}

/** RetinaFace's own weights, and networks that are next to nothing in the places of the two large ones. */
function writeSmallNetworks() {
  const models = join(folder, 'models');
  mkdirSync(models);
  const weights = join(SHARED, 'models/mobilenet0.25_Final.pth');
  if (!existsSync(weights))
    throw new Error(
      `Flatness is measured with RetinaFace's weights, which are not at ${weights}: give FACEMIRROR_SHARED.`,
    );
  copyFileSync(weights, join(models, 'mobilenet0.25_Final.pth'));
  let seed = 1;
  const values = (count, size) =>
    Float32Array.from({ length: count }, () => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed / 0x7fffffff - 0.5) * size;
    });
  const features = (graph, name, side) => {
    const convolved = graph.node(
      'Conv',
      [
        graph.input(name, DataType.FLOAT, ['batch', 3, side, side]),
        graph.floats([16, 3, 7, 7], values(16 * 3 * 49, 0.05)),
      ],
      { kernel_shape: [7, 7], strides: [4, 4], pads: [3, 3, 3, 3] },
    );
    return graph.node('Flatten', [graph.node('GlobalAveragePool', [graph.node('Relu', [convolved])])], { axis: 1 });
  };
  const star = new GraphBuilder('star');
  const oval = Float32Array.from(
    { length: 196 },
    (_, place) => 0.55 * (place % 2 === 0 ? Math.sin : Math.cos)(((place >> 1) / 98) * 2 * Math.PI),
  );
  const moved = star.node('Add', [
    star.node('MatMul', [features(star, 'input_image', 256), star.floats([16, 196], values(16 * 196, 0.02))]),
    star.floats([196], oval),
  ]);
  star.output(star.node('Reshape', [moved, star.ints([-1, 98, 2])], {}, { outputs: ['landmarks'] }), DataType.FLOAT, [
    'batch',
    98,
    2,
  ]);
  writeFileSync(join(models, 'star.onnx'), serializeModel(star.toModel({ opset: 17 })));
  const mtl = new GraphBuilder('mtl');
  const pooled = features(mtl, 'input_face', 224);
  for (const [name, count] of /** @type {const} */ ([
    ['emotion', 8],
    ['gaze', 2],
    ['au', 8],
  ])) {
    mtl.output(
      mtl.node('MatMul', [pooled, mtl.floats([16, count], values(16 * count, 1))], {}, { outputs: [name] }),
      DataType.FLOAT,
      ['batch', count],
    );
  }
  writeFileSync(join(models, 'mtl.onnx'), serializeModel(mtl.toModel({ opset: 17 })));
  return models;
}

function mb(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function verdict(name, value, limit, unit) {
  const isMet = value <= limit;
  console.log(
    `${isMet ? 'met   ' : 'MISSED'}  ${name}: ${value.toFixed(1)}${unit}, at most ${limit.toFixed(1)}${unit}`,
  );
  if (!isMet) process.exitCode = 1;
}

try {
  const models = option('--models', null);
  const workers = Number(option('--workers', '2'));
  const frames = Number(option('--frames', '3000'));
  if (models !== null) await measureWorkers(models, workers);
  const isReal = models !== null && process.argv.includes('--real');
  if (frames > SETTLED_FRAMES) await measureGrowth(isReal ? models : writeSmallNetworks(), isReal, workers, frames);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
