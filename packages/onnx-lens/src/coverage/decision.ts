import { groupSupportedNodes } from '../partition/groups.js';
import type { GraphView, NodeView } from '../providers/graph-view.js';
import type { Provider, ProviderOpinion } from '../providers/provider.js';
import type { Reason, Target } from '../providers/target.js';

/** A provider's decision on a graph. */
export interface Decision {
  readonly opinion: ProviderOpinion;
  readonly groups: readonly (readonly NodeView[])[];
  /** Why each node that is in no group is not. */
  readonly reasons: ReadonlyMap<NodeView, Reason>;
}

/** Asks a provider about every node and groups what it takes. */
export function decide(provider: Provider, graph: GraphView, target: Target): Decision {
  const opinion = provider.examine(graph, target);
  const reasons = new Map<NodeView, Reason>();
  for (const node of graph.nodes) {
    const verdict = opinion.verdict(node);
    if (verdict !== null) reasons.set(node, verdict);
  }
  const kept = groupSupportedNodes(
    graph,
    (node) => opinion.verdict(node) === null,
    (group) => {
      const why = opinion.dropped(group);
      if (why !== null) for (const node of group) reasons.set(node, why);
      return why === null;
    },
  );
  return { opinion, groups: kept, reasons };
}
