import { OnnxLensError } from '../errors.js';
import type { Tensor } from '../model/tensors.js';
import { seededTensor } from '../rewrite/seeded-inputs.js';
import { withSession, type OptimizationLevel, type Session } from '../runtime/session.js';

/** What to measure. */
export interface BatchCurveOptions {
  /** Thread counts; default 1. */
  readonly threads?: readonly number[];
  /** Largest batch to try; default 64. */
  readonly largest?: number;
  /** The batches to try, rising, instead of 1, 2, 4 ... */
  readonly batches?: readonly number[];
  /** Longest time of a run in milliseconds: the curve ends before a batch that would take more. Default: no bound. */
  readonly longestMs?: number;
  /** Most bytes of session and run, in the same way. Default: no bound. */
  readonly mostBytes?: number;
  /** How the session is opened; default 'all'. A compiled model is opened with 'disabled'. */
  readonly optimization?: OptimizationLevel;
  /** Timed runs for each point; default 5, after one to warm up. The median counts. */
  readonly runs?: number;
  /** Sizes of free dimensions other than the batch, by name. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** One measured batch size. */
export interface BatchPoint {
  readonly threads: number;
  readonly batch: number;
  /** Median time of one run, divided by the batch. */
  readonly msPerItem: number;
  /** Resident memory with this session and its runs, beyond what there was before the first session, in bytes. */
  readonly memoryBytes: number;
}

/** The curve of one thread count. */
export interface BatchCurve {
  readonly threads: number;
  readonly points: readonly BatchPoint[];
  /** The smallest batch whose time per item is within 5 % of the best. */
  readonly knee: number;
}

/** A larger batch has to be at least this much faster per item to be worth its latency and memory. */
const WORTH = 0.95;

/**
 * Time per item and memory for batch 1, 2, 4 ..., for each thread count, until twice in a row a larger batch is not at
 * least 5 % faster per item than the best before it, or a bound is reached. The first batch is always measured.
 *
 * @param source path of an .onnx file, or its bytes; the first axis of every input must be free.
 * @throws OnnxLensError UNSUPPORTED_MODEL when the batch is fixed, RUNTIME_REFUSED.
 *
 * @example
 * const [curve] = await measureBatchCurve('model.onnx', { threads: [1], batches: [1, 2], runs: 3 });
 * curve?.points.length; // 2
 */
export async function measureBatchCurve(
  source: string | Uint8Array,
  options: BatchCurveOptions = {},
): Promise<BatchCurve[]> {
  // Against the very beginning: what a session gives back stays the process's, and the next one seemed to need little.
  const startBytes = process.memoryUsage.rss();
  const curves: BatchCurve[] = [];
  for (const threads of options.threads ?? [1]) {
    const points: BatchPoint[] = [];
    let [best, misses] = [Infinity, 0];
    for (const batch of batchesOf(options)) {
      if (misses >= 2 || (points.length > 0 && best * batch > (options.longestMs ?? Infinity))) break;
      const point = await measurePoint(source, { threads, batch, startBytes }, options);
      if (points.length > 0 && point.memoryBytes > (options.mostBytes ?? Infinity)) break;
      points.push(point);
      misses = point.msPerItem < best * WORTH ? 0 : misses + 1;
      best = Math.min(best, point.msPerItem);
    }
    curves.push({ threads, points, knee: kneeOf(points) });
  }
  return curves;
}

function batchesOf({ batches, largest = 64 }: BatchCurveOptions): readonly number[] {
  return batches ?? Array.from({ length: Math.floor(Math.log2(largest)) + 1 }, (_, power) => 2 ** power);
}

/** The smallest batch whose time per item is within 5 % of the best. */
export function kneeOf(points: readonly BatchPoint[]): number {
  const best = Math.min(...points.map((point) => point.msPerItem));
  return points.find((point) => point.msPerItem * WORTH <= best)?.batch ?? 1;
}

async function measurePoint(
  source: string | Uint8Array,
  { threads, batch, startBytes }: { threads: number; batch: number; startBytes: number },
  options: BatchCurveOptions,
): Promise<BatchPoint> {
  return withSession(source, { threads, optimization: options.optimization ?? 'all' }, async (session) => {
    const feeds = feedsOf(session, batch, options.sizes ?? {});
    await session.run(feeds);
    const times: number[] = [];
    for (let run = 0; run < (options.runs ?? 5); run++) {
      const start = performance.now();
      await session.run(feeds);
      times.push(performance.now() - start);
    }
    const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    return {
      threads,
      batch,
      msPerItem: median / batch,
      memoryBytes: Math.max(0, process.memoryUsage.rss() - startBytes),
    };
  });
}

function feedsOf(session: Session, batch: number, sizes: Readonly<Record<string, number>>): Map<string, Tensor> {
  return new Map(
    session.inputs.map((input) => {
      if (typeof input.shape[0] === 'number') {
        throw new OnnxLensError(
          'UNSUPPORTED_MODEL',
          `The batch of input "${input.name}" is fixed to ${input.shape[0]}; a batch curve needs a model with a free first axis.`,
        );
      }
      const dims = input.shape.map((dim, axis) => {
        if (axis === 0) return batch;
        const size = typeof dim === 'number' ? dim : (sizes[dim] ?? sizes[`${input.name}[${axis}]`]);
        if (size === undefined) {
          throw new OnnxLensError(
            'USAGE',
            `Dimension "${dim}" of input "${input.name}" is free; give its size, e.g. --size ${dim}=640.`,
          );
        }
        return size;
      });
      return [input.name, seededTensor(input.dataType, dims, 0)];
    }),
  );
}
