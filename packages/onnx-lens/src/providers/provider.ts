import type { Reason, Target } from './target.js';
import type { GraphView, NodeView } from './graph-view.js';

/** What a provider says of one node: null when it can take it, else why not. */
export type Verdict = Reason | null;

/** Answers about one graph under one target. */
export interface ProviderOpinion {
  /** What the provider says of the node alone, before nodes are grouped. */
  verdict(node: NodeView): Verdict;
  /**
   * Why the provider gives a whole group of supported nodes back, or null when it keeps it.
   * @param group nodes in the order in which they joined.
   */
  dropped(group: readonly NodeView[]): Reason | null;
  /** Things about this graph and target that a reader must know, such as a crash of that version. */
  notes(): string[];
}

/** An execution provider whose decisions can be predicted. */
export interface Provider {
  readonly name: Target['provider'];
  /** How people call it: "Core ML". */
  readonly title: string;
  /** Whether it is asked about the graphs inside If, Loop and Scan: always, never, or by an option of its own. */
  readonly visitsSubgraphs: 'always' | 'never' | 'option';
  /** Where the rules were read and how far they have been checked, for a target. */
  provenance(target: Target): string;
  /** The provider's opinion of a graph. */
  examine(graph: GraphView, target: Target): ProviderOpinion;
}
