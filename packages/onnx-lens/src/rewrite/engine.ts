import type { AnyRewrite } from './rewrite.js';
import type { Workbench } from './workbench.js';

/** How often one rewrite changed the graph. */
export type RewriteCounts = ReadonlyMap<string, number>;

/**
 * Rewrites feed each other (folded shapes make constants, constants make patterns), but a chain this long is a quarrel.
 */
const MOST_ROUNDS = 30;

/**
 * Applies rewrites, in their order, again and again until none changes anything.
 *
 * @param tidy called after each rewrite that changed something, before types are asked for again.
 * @returns how many places each rewrite changed; rewrites that changed nothing are not listed.
 */
export async function rewriteToFixedPoint(
  bench: Workbench,
  rewrites: readonly AnyRewrite[],
  tidy: (bench: Workbench) => void,
): Promise<RewriteCounts> {
  const counts = new Map<string, number>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let changed = 0;
    for (const rewrite of rewrites) {
      const places = await applyOnce(bench, rewrite);
      if (places === 0) continue;
      changed += places;
      counts.set(rewrite.name, (counts.get(rewrite.name) ?? 0) + places);
      tidy(bench);
      await bench.refreshTypes();
    }
    if (changed === 0) break;
  }
  return counts;
}

/** Before opset 7 element-wise operators did not broadcast, and ONNX Runtime does not run them. */
const OLDEST_TO_EMIT = 7;

async function applyOnce(bench: Workbench, rewrite: AnyRewrite): Promise<number> {
  if (rewrite.purpose === 'provider' && bench.opset < OLDEST_TO_EMIT) return 0;
  if ('applyToGraph' in rewrite) return rewrite.applyToGraph(bench);
  let places = 0;
  // Over the nodes as they stood: what a rewrite makes has no known types before the next look.
  for (const node of [...bench.nodes]) {
    if (bench.has(node) && rewrite.apply(node, bench)) places++;
  }
  return places;
}
