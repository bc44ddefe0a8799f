import type { Impact, VariantFigures } from './result.js';
import type { InnerFigures } from './subgraphs.js';

/** What the impact rule looks at. */
export interface SplitFigures {
  readonly nodes: number;
  readonly supported: number;
  readonly partitions: number;
}

/** Up to this many partitions a split costs little: each adds one copy in and one copy out per inference. */
const FEW_PARTITIONS = 5;
/** Beyond this many the copies and the starts of Core ML models outweigh what it saves on networks of this size. */
const MANY_PARTITIONS = 20;
/** Fewer nodes than this per partition, over many partitions, leave Core ML nothing to optimize. */
const SHORT_PARTITION = 8;

/**
 * The performance impact of a split, by counting alone:
 *
 * - NONE: nothing is split. All nodes are in one partition, or the provider takes none.
 * - LOW: at most 5 partitions.
 * - HIGH: more than 20 partitions, or more than 5 of fewer than 8 nodes each on average, or more than 5 that together
 *   hold less than half of the nodes.
 * - MEDIUM: everything between.
 *
 * The seed's three models get the answers that its author gave by hand: 28 partitions HIGH, 3 LOW, 18 MEDIUM.
 */
export function impactOf({ nodes, supported, partitions }: SplitFigures): Impact {
  if (partitions === 0 || (partitions === 1 && supported === nodes)) return 'NONE';
  if (partitions <= FEW_PARTITIONS) return 'LOW';
  if (partitions > MANY_PARTITIONS || supported < partitions * SHORT_PARTITION || supported < nodes / 2) return 'HIGH';
  return 'MEDIUM';
}

const RANK: Readonly<Record<Impact, number>> = { NONE: 0, LOW: 1, MEDIUM: 2, HIGH: 3 };

/** What advice is made of. */
export interface AdviceInput {
  readonly title: string;
  readonly figures: SplitFigures;
  readonly current: { readonly format: VariantFigures['format']; readonly fixedShapes: boolean };
  readonly variants: readonly VariantFigures[];
  readonly topCause:
    | {
        readonly text: string;
        readonly opTypes: readonly string[];
        readonly nodes: number;
        readonly partitionsWithout: number;
      }
    | undefined;
  readonly macs: { readonly provider: number; readonly cpu: number };
  /** The graphs inside If, Loop and Scan, which the figures leave out. */
  readonly inner: InnerFigures;
  /** Weights of nodes left behind that the graph also lists among its inputs, which makes them no constants. */
  readonly listedWeights?: number;
}

/** One line on what to do about the split. */
export function adviceOf(input: AdviceInput): string {
  const { title, figures, topCause } = input;
  const impact = impactOf(figures);
  // Where subgraphs hold most nodes, figures of the main graph say little.
  if (input.inner.nodes > figures.nodes) return innerAdvice(input);
  const { listedWeights = 0 } = input;
  if (listedWeights > 0) {
    const what = listedWeights === 1 ? '1 weight' : `${listedWeights} weights`;
    return `Take ${what} off the graph's list of inputs first, as onnx-lens optimize does: a caller may replace an initializer that is also an input, so neither ${title} nor ONNX Runtime's optimizer takes it for a constant.`;
  }
  const better = betterVariant(input);
  if (figures.supported === 0 && better === undefined)
    return `Keep this model on the CPU: ${title} takes none of its ${figures.nodes} nodes.`;
  const total = input.macs.provider + input.macs.cpu;
  if (RANK[impact] <= RANK.LOW && figures.supported > 0) {
    const share = total === 0 ? 1 : input.macs.provider / total;
    if (share < 0.5 && better === undefined) {
      return `Keep this model on the CPU: only ${Math.round(share * 100)} % of its multiply-accumulates would run on ${title}.`;
    }
    if (share >= 0.5 && better === undefined)
      return `Run it on ${title} as it is: ${figures.supported} of ${figures.nodes} nodes in ${count(figures.partitions)}.`;
  }
  if (better !== undefined) {
    return `Use ${better.label}: ${better.supported} of ${better.nodes} nodes in ${count(better.partitions)} instead of ${figures.supported} in ${figures.partitions}.`;
  }
  if (
    topCause !== undefined &&
    figures.partitions - topCause.partitionsWithout >= Math.max(1, figures.partitions / 4)
  ) {
    return `Rewrite its ${topCause.nodes} ${topCause.opTypes.join(', ')} nodes first (${topCause.text}): ${count(topCause.partitionsWithout)} would remain of ${figures.partitions}.`;
  }
  return impact === 'HIGH'
    ? `Keep this model on the CPU: ${count(figures.partitions)} cost more in copies than ${title} saves, and no setting makes them fewer.`
    : `Measure it on the device before choosing ${title}: ${count(figures.partitions)} are neither few nor many.`;
}

/** Advice on a model that is mostly inside an If, Loop or Scan. */
function innerAdvice({ title, figures, inner }: AdviceInput): string {
  const { largest, visited, visits, supported, partitions, nodes } = inner;
  const where = `${nodes} of ${nodes + figures.nodes} nodes are inside If, Loop or Scan${largest === undefined ? '' : `, most in ${largest.path}`}`;
  const [cause] = largest?.causes ?? [];
  const left =
    cause === undefined
      ? ''
      : ` Left to the CPU there: ${cause.nodes.length} ${cause.opTypes.join(', ')} (${cause.text}).`;
  if (visits === 'never')
    return `Take the subgraphs out of the model, or keep it on the CPU: ${where}, where ${title} is never asked.`;
  if (supported === 0) return `Keep this model on the CPU: ${where}, and ${title} takes none of them.${left}`;
  const takes = `${supported} of them in ${count(partitions)}`;
  if (impactOf(inner) === 'HIGH')
    return `Keep this model on the CPU, or take the subgraphs out of it: ${where}, and ${title} takes only ${takes}.${left}`;
  return visited
    ? `Measure it on the device: ${where}; ${title} takes ${takes}.${left}`
    : `Set EnableOnSubgraphs in the session, or take the subgraphs out of the model: ${where}, where ${title} is not asked by default; with the option it takes ${takes}.${left}`;
}

function count(partitions: number): string {
  return partitions === 1 ? '1 partition' : `${partitions} partitions`;
}

/** A setting with a lower impact, or fewer partitions by a third, that takes no smaller share of the nodes. */
function betterVariant({ figures, current, variants }: AdviceInput): VariantFigures | undefined {
  const rank = (each: SplitFigures): number => (each.partitions === 0 ? RANK.HIGH + 1 : RANK[impactOf(each)]);
  const others = variants.filter((each) => each.format !== current.format || each.fixedShapes !== current.fixedShapes);
  const best = others.toSorted(
    (a, b) => rank(a) - rank(b) || a.partitions - b.partitions || b.coverage - a.coverage,
  )[0];
  if (best === undefined || best.partitions === 0) return undefined;
  const coverage = figures.nodes === 0 ? 0 : (100 * figures.supported) / figures.nodes;
  const isBetter =
    rank(best) < rank(figures) || (best.partitions * 3 <= figures.partitions * 2 && rank(best) <= rank(figures));
  return isBetter && best.coverage >= coverage ? best : undefined;
}
