import type { NodeProto } from '../model/generated/onnx_pb.js';
import type { Workbench } from './workbench.js';

/**
 * Why a rewrite is there, which decides when it is kept.
 * - `simplify`: the graph after it does less work or has fewer nodes on every provider; always kept.
 * - `provider`: it writes something in another form for the sake of a provider; kept only where the coverage analysis
 *   shows that the whole is worse without it.
 */
export type RewritePurpose = 'simplify' | 'provider';

/**
 * One graph rewrite: a pattern that is looked for at each node of the main graph, and what is put in its place.
 *
 * A rewrite must compute the same values for every input that the original accepts, within the rounding of the
 * operators it emits. Where it cannot know (a shape, a constant, an operator version), it leaves the node alone.
 */
export interface Rewrite {
  /** Name for tables and for `--passes`. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  readonly purpose: RewritePurpose;
  /** True when what it emits rounds otherwise: it is then kept only for partitions or nodes, never for speed alone. */
  readonly rounds?: true;
  /**
   * Looks at one node and rewrites it through the workbench when it is the anchor of the pattern.
   * @returns true when the graph was changed.
   */
  readonly apply: (node: NodeProto, bench: Workbench) => boolean;
}

/** A rewrite that has to see the whole graph at once, such as folding constants or taking out dead nodes. */
export interface GraphRewrite {
  readonly name: string;
  readonly summary: string;
  readonly purpose: RewritePurpose;
  readonly rounds?: true;
  /** @returns how many places were changed. */
  readonly applyToGraph: (bench: Workbench) => Promise<number> | number;
}

/** A rewrite of single nodes, or of the whole graph at once. */
export type AnyRewrite = Rewrite | GraphRewrite;
