import type { GraphView, NodeView } from '../providers/graph-view.js';
import type { Provider, ProviderOpinion } from '../providers/provider.js';
import type { Target } from '../providers/target.js';
import { fallbackCauses } from './causes.js';
import { decide } from './decision.js';
import { describePartition, weightBytesOf } from './partitions.js';
import type { FallbackCause, NodeVerdict, Partition } from './result.js';
import { macsOf } from './work.js';

/** What a provider makes of one graph. */
export interface GraphSplit {
  readonly opinion: ProviderOpinion;
  readonly partitions: readonly Partition[];
  readonly perNode: readonly NodeVerdict[];
  readonly causes: readonly FallbackCause[];
  readonly onProvider: readonly NodeView[];
  readonly onCpu: readonly NodeView[];
}

/** Verdicts, partitions and causes of one graph, be it the main one or one inside an If, Loop or Scan. */
export function splitOf(provider: Provider, graph: GraphView, target: Target): GraphSplit {
  const { opinion, groups, reasons } = decide(provider, graph, target);
  const partitionOf = new Map(groups.flatMap((group, index) => group.map((node) => [node, index] as const)));
  const perNode = graph.nodes.map((node): NodeVerdict => {
    const partition = partitionOf.get(node) ?? null;
    return {
      index: node.index,
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      supported: partition !== null,
      partition,
      reason: partition === null ? (reasons.get(node) ?? null) : null,
      macs: macsOf(node),
      weightBytes: weightBytesOf([node]),
    };
  });
  return {
    opinion,
    partitions: groups.map((group, index) => describePartition(graph, group, index)),
    perNode,
    causes: fallbackCauses(graph, opinion, reasons, groups.length),
    onProvider: graph.nodes.filter((node) => partitionOf.has(node)),
    onCpu: graph.nodes.filter((node) => !partitionOf.has(node)),
  };
}
