import type { Batching, BatchCurveInFrames } from 'facemirror-core/inference/batching.js';
import { measureBatchCurve, type BatchPoint } from 'onnx-lens';
import { MachineLoad } from '../machine/machine-load.js';
import { keepFigures, readFigures } from './machine-figures.js';

/** Frames that are tried: more would wait for frames that are not decoded yet. */
const FRAMES = [1, 2, 4] as const;
/** A run must not keep a worker from its other work, or its owner from an answer, for longer. */
const LONGEST_MS = 1000;
const MOST_BYTES = 300e6;
/** What other work disturbed is measured again, as soon as that may be over. */
const DISTURBED_KEPT_MS = 60 * 60 * 1000;
/** Timed runs of each size; their median counts. */
const RUNS = 3;

/**
 * The best batch of a network on one thread of this machine's CPU: measured once, then read from beside the network in
 * the cache; again after an hour, where other programs disturbed it.
 * @param model path of the network compiled for this machine, with a free batch.
 * @param path where the figures are kept.
 * @param itemsPerFrame how many of the network's items a frame makes.
 */
export async function bestBatch(model: string, path: string, itemsPerFrame: number): Promise<Batching> {
  const { curve: kept, disturbedAt = null } = (await readFigures(path)) ?? {};
  if (isCurve(kept) && isFresh(disturbedAt)) return { frames: kept.knee, chosen: 'measured', curve: kept };
  const load = new MachineLoad();
  const curve = await measure(model, itemsPerFrame);
  keepFigures(path, { curve, ...(load.isDisturbed() ? { disturbedAt: new Date().toISOString() } : {}) });
  return { frames: curve.knee, chosen: 'measured', curve };
}

async function measure(model: string, itemsPerFrame: number): Promise<BatchCurveInFrames> {
  const [curve] = await measureBatchCurve(model, {
    batches: FRAMES.map((frames) => frames * itemsPerFrame),
    runs: RUNS,
    longestMs: LONGEST_MS,
    mostBytes: MOST_BYTES,
    optimization: 'disabled',
  });
  const points: readonly BatchPoint[] = curve?.points ?? [];
  return {
    knee: (curve?.knee ?? itemsPerFrame) / itemsPerFrame,
    points: points.map(({ batch, msPerItem, memoryBytes }) => ({
      frames: batch / itemsPerFrame,
      msPerFrame: msPerItem * itemsPerFrame,
      memoryBytes,
    })),
  };
}

/** Null for what nothing disturbed. */
function isFresh(disturbedAt: unknown): boolean {
  if (disturbedAt === null) return true;
  const age = typeof disturbedAt === 'string' ? Date.now() - Date.parse(disturbedAt) : NaN;
  return age >= 0 && age < DISTURBED_KEPT_MS;
}

function isCurve(value: unknown): value is BatchCurveInFrames {
  const { knee, points } = (value ?? {}) as Partial<Record<keyof BatchCurveInFrames, unknown>>;
  return (FRAMES as readonly unknown[]).includes(knee) && Array.isArray(points);
}
