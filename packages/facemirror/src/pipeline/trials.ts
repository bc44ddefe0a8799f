import { loadModel, optimize, optimizeForProvider, parseModel, serializeModel, Session, withSession, type Tensor } from 'onnx-lens';
import type { ModelSource } from '../inference/request.js';
import { median } from '../profile/median.js';
import type { Trial } from '../profile/report/facts.js';

/** Timed runs of each side of a pair; the medians count. */
const PAIRS = 7;
const BATCHES = [2, 4, 8] as const;

/**
 * Tries on this machine's CPU what the recommendations are about: the graph rewritten, opened prepared, and fed in
 * batches. Each is timed in pairs, before and after in turn, so that a machine that slows down slows both.
 *
 * @returns what could be tried: no rewrite of a graph that nothing helps, no batch of one whose batch is fixed.
 */
export async function runTrials({ name, model }: ModelSource): Promise<Trial[]> {
  const proto = typeof model === 'string' ? loadModel(model, 'read') : parseModel(model, name);
  const original = typeof model === 'string' ? serializeModel(proto) : model;
  const trials: Trial[] = [];
  const rewritten = await optimizeForProvider(proto, { provider: 'cpu', name });
  if (rewritten.isChanged) {
    const [beforeMs, afterMs] = await timeRuns(original, serializeModel(rewritten.model), 1);
    trials.push({ kind: 'rewrite', model: name, beforeMs, afterMs, what: 'as it is against rewritten, one item' });
  }
  const prepared = serializeModel(await optimize(proto, 'all'));
  const [createMs, preparedMs] = await timeOpenings(original, prepared);
  trials.push({ kind: 'precompile', model: name, beforeMs: createMs, afterMs: preparedMs, what: 'opening as it is against opening prepared' });
  const batch = await bestBatch(original);
  if (batch !== null) trials.push({ kind: 'batch', model: name, ...batch });
  return trials;
}

async function bestBatch(model: Uint8Array): Promise<Omit<Trial, 'kind' | 'model'> | null> {
  return withSession(model, { threads: 1 }, async (session) => {
    if (!session.inputs.every(({ shape }) => typeof shape[0] === 'string')) return null;
    const single = await medianOf(PAIRS, () => timeRun(session, 1));
    let best: Omit<Trial, 'kind' | 'model'> | null = null;
    for (const batch of BATCHES) {
      const perItem = (await medianOf(PAIRS, () => timeRun(session, batch))) / batch;
      if (perItem < (best?.afterMs ?? Infinity)) best = { beforeMs: single, afterMs: perItem, what: `batch 1 against batch ${batch}, per item` };
    }
    return best;
  });
}

async function timeRuns(before: Uint8Array, after: Uint8Array, batch: number): Promise<[beforeMs: number, afterMs: number]> {
  return withSession(before, { threads: 1 }, (first) =>
    withSession(after, { threads: 1 }, (second) => medianPair(() => timeRun(first, batch), () => timeRun(second, batch))),
  );
}

function timeOpenings(original: Uint8Array, prepared: Uint8Array): Promise<[beforeMs: number, afterMs: number]> {
  const opening = (model: Uint8Array, optimization: 'all' | 'disabled') => async (): Promise<number> => {
    const startedAt = performance.now();
    const session = await Session.open(model, { optimization, threads: 1 });
    const took = performance.now() - startedAt;
    await session.close();
    return took;
  };
  return medianPair(opening(original, 'all'), opening(prepared, 'disabled'));
}

async function timeRun(session: Session, batch: number): Promise<number> {
  const feeds = new Map(session.inputs.map((input): [string, Tensor] => {
    const dims = input.shape.map((dim) => (typeof dim === 'number' ? dim : batch));
    return [input.name, { dataType: input.dataType, dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) }];
  }));
  const startedAt = performance.now();
  await session.run(feeds);
  return performance.now() - startedAt;
}

/** Medians of two measurements taken in turn, after one of each that does not count. */
async function medianPair(first: () => Promise<number>, second: () => Promise<number>): Promise<[number, number]> {
  await first();
  await second();
  const firsts: number[] = [];
  const seconds: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    firsts.push(await first());
    seconds.push(await second());
  }
  return [median(firsts), median(seconds)];
}

async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  await measure();
  const values: number[] = [];
  for (let run = 0; run < runs; run++) values.push(await measure());
  return median(values);
}
