import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  analyseCoverage,
  compileModel,
  fixDimensions,
  optimizeForProvider,
  ORT_VERSIONS,
  saveModel,
  serializeModel,
  Session,
  withSession,
  type CoreMlFormat,
  type ModelProto,
  type OrtVersion,
  type Tensor,
} from 'onnx-lens';
import { median } from 'facemirror-core/arithmetic.js';
import type { AssumedSizes } from '../../inference/assumed-sizes.js';
import type { Trial, Untried } from '../../results/facts.js';

/** Pairs of timed runs; the medians count. Fewer where one takes long: see {@link PAIRS_MS}. */
const PAIRS = 7;
const FEWEST_PAIRS = 2;
/** No pair is begun after so long. */
const PAIRS_MS = 4000;
const BATCHES = [2, 4, 8] as const;
/** No larger batch is begun after so long. */
const BATCHES_MS = 6000;

/** A network to try things on. */
export interface TrialSubject extends AssumedSizes {
  readonly name: string;
  readonly model: ModelProto;
  readonly target: { readonly format: CoreMlFormat; readonly ort?: OrtVersion };
  /**
   * True for the run's own networks: free sizes are fixed when they are opened, so that to fix them is no gain, and
   * they are compiled as they were built.
   */
  readonly isOfRun: boolean;
}

export type TrialOutcome =
  { readonly kind: 'tried'; readonly trial: Trial } | { readonly kind: 'untried'; readonly untried: Untried };

/**
 * Tries on this machine's CPU what the recommendations are about, the cheapest first: the model opened prepared, fed in
 * batches, and rewritten for fewer partitions. Each is timed in pairs, before and after in turn, so that a machine that
 * slows down slows both.
 */
export async function runTrials(subject: TrialSubject, tell: (outcome: TrialOutcome) => void): Promise<void> {
  const settled = await isNothingToReduce(subject);
  if (settled !== null) tell(settled);
  for (const attempt of [tryPrecompiled, tryBatches]) tell(await attempt(subject));
  if (settled === null) tell(await tryRewrite(subject));
}

/** A network that is one partition has nothing to gain from a rewrite, which would take long to find out. */
async function isNothingToReduce({ name, model, sizes, target, isOfRun }: TrialSubject): Promise<TrialOutcome | null> {
  const given = isOfRun ? fixDimensions(model, sizes) : model;
  const { cpu, nodes, partitions } = await analyseCoverage(given, {
    provider: 'coreml',
    compareVariants: false,
    ...target,
  });
  if (cpu > 0 || partitions.length !== 1) return null;
  return untried({
    kind: 'rewrite',
    model: name,
    why: `nothing to reduce, all ${nodes} nodes are one partition on Core ML`,
  });
}

/** Opens the file as it is and as `onnx-lens compile`, or the run's own cache, prepares it. */
async function tryPrecompiled({ name, model, isOfRun }: TrialSubject): Promise<TrialOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'facemirror-trial-'));
  try {
    const original = join(folder, 'model.onnx');
    saveModel(model, original);
    const { modelPath } = await compileModel(original, join(folder, 'compiled'), { simplify: !isOfRun });
    const opening = (path: string, optimization: 'all' | 'disabled') => async (): Promise<number> => {
      const startedAt = performance.now();
      const session = await Session.open(path, { optimization, threads: 1 });
      const took = performance.now() - startedAt;
      await session.close();
      return took;
    };
    const [beforeMs, afterMs] = await medianPair(opening(original, 'all'), opening(modelPath, 'disabled'));
    return tried({
      kind: 'precompile',
      model: name,
      beforeMs,
      afterMs,
      what: 'opening as it is against opening prepared',
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tryBatches({ name, model, sizes, batchName }: TrialSubject): Promise<TrialOutcome> {
  if (batchName === null) return untried({ kind: 'batch', model: name, why: 'its batch is fixed in the graph' });
  const others = Object.fromEntries(Object.entries(sizes).filter(([dimension]) => dimension !== batchName));
  const free = serializeModel(fixDimensions(model, others));
  return withSession(free, { threads: 1 }, async (session) => {
    let best: Trial | null = null;
    const startedAt = performance.now();
    for (const batch of BATCHES) {
      if (performance.now() - startedAt > BATCHES_MS) break;
      const [single, several] = await medianPair(
        () => timeRun(session, { ...sizes, [batchName]: 1 }),
        () => timeRun(session, { ...sizes, [batchName]: batch }),
      );
      const trial: Trial = {
        kind: 'batch',
        model: name,
        beforeMs: single,
        afterMs: several / batch,
        what: `batch 1 against batch ${batch}, per item`,
      };
      if (best === null || trial.afterMs / trial.beforeMs < best.afterMs / best.beforeMs) best = trial;
    }
    return best === null ? untried({ kind: 'batch', model: name, why: 'no batch was tried' }) : tried(best);
  });
}

async function tryRewrite({ name, model, sizes, target, isOfRun }: TrialSubject): Promise<TrialOutcome> {
  const given = isOfRun ? fixDimensions(model, sizes) : model;
  const {
    model: rewritten,
    isChanged,
    releases,
  } = await optimizeForProvider(given, { provider: 'coreml', name, fix: isOfRun ? {} : sizes, ...target });
  // The rewrites are judged by all releases; the report is about one of them.
  const ort = target.ort ?? ORT_VERSIONS.at(-1);
  const release = releases.find((each) => each.ort === ort) ?? releases.at(-1);
  if (release === undefined || !isChanged) return untried({ kind: 'rewrite', model: name, why: 'no rewrite helps' });
  const partitions = { before: release.before.partitions, after: release.after.partitions };
  return withSession(serializeModel(given), { threads: 1, freeDimensions: sizes }, (first) =>
    withSession(serializeModel(rewritten), { threads: 1, freeDimensions: sizes }, async (second) => {
      const [beforeMs, afterMs] = await medianPair(
        () => timeRun(first, sizes),
        () => timeRun(second, sizes),
      );
      return tried({
        kind: 'rewrite',
        model: name,
        beforeMs,
        afterMs,
        what: 'as it is against rewritten, one item on the CPU',
        partitions,
      });
    }),
  );
}

async function timeRun(session: Session, sizes: AssumedSizes['sizes']): Promise<number> {
  const feeds = new Map(
    session.inputs.map((input): [string, Tensor] => {
      const dims = input.shape.map((dim, axis) =>
        typeof dim === 'number' ? dim : (sizes[dim] ?? sizes[`${input.name}[${axis}]`] ?? 1),
      );
      return [input.name, { dataType: input.dataType, dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) }];
    }),
  );
  const startedAt = performance.now();
  await session.run(feeds);
  return performance.now() - startedAt;
}

/** Medians of two measurements taken in turn, after one of each that does not count. */
async function medianPair(first: () => Promise<number>, second: () => Promise<number>): Promise<[number, number]> {
  await first();
  await second();
  const startedAt = performance.now();
  const firsts: number[] = [];
  const seconds: number[] = [];
  while (firsts.length < FEWEST_PAIRS || (firsts.length < PAIRS && performance.now() - startedAt < PAIRS_MS)) {
    firsts.push(await first());
    seconds.push(await second());
  }
  return [median(firsts), median(seconds)];
}

function tried(trial: Trial): TrialOutcome {
  return { kind: 'tried', trial };
}

function untried(why: Untried): TrialOutcome {
  return { kind: 'untried', untried: why };
}
