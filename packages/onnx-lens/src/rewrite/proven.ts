import type { ModelProto } from '../model/generated/onnx_pb.js';
import { serializeModel } from '../model/serialize.js';
import { optimizeForProvider, type RewriteOptions, type RewrittenModel } from './optimize.js';
import { proveEqual, type Proof, type ProofOptions } from './proof.js';
import { selectRewrites } from './registry.js';
import type { AnyRewrite } from './rewrite.js';

/** A rewritten model and its proof. */
export interface ProvenModel {
  readonly result: RewrittenModel;
  /** The model as it was proven; undefined where nothing helps and there is nothing to prove. */
  readonly bytes: Uint8Array | undefined;
  readonly proof: Proof | undefined;
  /** Names of the rewrites that were left out because the proof did not hold with them. */
  readonly leftOut: readonly string[];
}

/** How {@link optimizeProven} tells what it does. */
export interface ProvenOptions extends RewriteOptions {
  /** Told before each proof. */
  readonly onProof?: () => void;
}

/** Rewrites left out one after the other before it is given up. */
const MOST_LEFT_OUT = 8;

/**
 * Rewrites a model and proves that it computes the same. Where the proof does not hold, rewrites are left out until it
 * does: the single one without which it holds, else the one without which the difference is smallest, and so on. Those
 * that round otherwise are tried first.
 *
 * @returns the first result whose proof holds; where none does, the last one with its proof.
 * @throws OnnxLensError as {@link optimizeForProvider} and {@link proveEqual} do.
 *
 * @example
 * const model = loadModel('model.onnx', 'read');
 * const { result, proof } = await optimizeProven(model, 'model.onnx', {}, { samples: 2 });
 * result.isChanged ? proof?.holds : 'nothing to change'; // 'nothing to change'
 */
export async function optimizeProven(
  original: ModelProto,
  source: string | ModelProto,
  options: ProvenOptions,
  how: ProofOptions,
): Promise<ProvenModel> {
  const all = options.rewrites ?? selectRewrites(options.passes);
  const attempt = async (left: readonly AnyRewrite[]): Promise<ProvenModel> => {
    const rewrites = all.filter((rewrite) => !left.includes(rewrite));
    const result = await optimizeForProvider(original, { ...options, rewrites });
    const leftOut = left.map(({ name }) => name);
    if (!result.isChanged) return { result, bytes: undefined, proof: undefined, leftOut };
    options.onProof?.();
    const bytes = serializeModel(result.model);
    return { result, bytes, proof: await proveEqual(source, bytes, how), leftOut };
  };
  let best = await attempt([]);
  let left: readonly AnyRewrite[] = [];
  while (!isProven(best) && left.length < MOST_LEFT_OUT) {
    const candidates = suspects(all, best.result);
    if (candidates.length === 0) return best;
    let next: { readonly tried: ProvenModel; readonly left: readonly AnyRewrite[] } | undefined;
    for (const candidate of candidates) {
      const without = [...left, candidate];
      const tried = await attempt(without);
      if (next === undefined || excess(tried) < excess(next.tried)) next = { tried, left: without };
      if (isProven(tried)) break;
    }
    if (next === undefined) return best;
    [best, left] = [next.tried, next.left];
  }
  return best;
}

function isProven({ proof }: ProvenModel): boolean {
  return proof === undefined || proof.holds;
}

/**
 * The rewrites in a result that may be the cause: first those that round otherwise, then the other ones, last tried
 * first.
 */
function suspects(all: readonly AnyRewrite[], result: RewrittenModel): readonly AnyRewrite[] {
  const acted = all
    .filter(({ name }) => result.passes.some((row) => row.name === name && row.outcome === 'kept'))
    .toReversed();
  return [...acted.filter(({ rounds }) => rounds === true), ...acted.filter(({ rounds }) => rounds !== true)];
}

/** By how much the worst output is off that is not within. */
function excess({ proof }: ProvenModel): number {
  return Math.max(0, ...(proof?.outputs ?? []).filter(({ isWithin }) => !isWithin).map(({ maxAbs }) => maxAbs));
}
