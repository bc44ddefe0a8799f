import { groupSupportedNodes } from '../partition/groups.js';
import type { GraphView, NodeView } from '../providers/graph-view.js';
import type { ProviderOpinion } from '../providers/provider.js';
import type { Reason } from '../providers/target.js';
import type { FallbackCause } from './result.js';

/** Rules that say nothing about one operator in particular: their causes are told apart by operator type. */
const GENERAL_RULES: ReadonlySet<string> = new Set(['op-type', 'format', 'opset', 'input-type', 'external-weights']);

/**
 * Nodes left behind, grouped by cause, the cause that alone costs most partitions first. For each cause the graph is
 * partitioned again as if its nodes were supported.
 */
export function fallbackCauses(
  graph: GraphView,
  opinion: ProviderOpinion,
  reasons: ReadonlyMap<NodeView, Reason>,
  partitions: number,
): FallbackCause[] {
  const byCause = new Map<string, { rule: string; nodes: NodeView[] }>();
  for (const [node, { rule }] of reasons) {
    const key = GENERAL_RULES.has(rule) || rule.startsWith('input-shape') ? `${rule} ${node.opType}` : rule;
    const cause = byCause.get(key);
    if (cause === undefined) byCause.set(key, { rule, nodes: [node] });
    else cause.nodes.push(node);
  }
  const causes = [...byCause.values()].map(({ rule, nodes }): FallbackCause => {
    const freed = new Set(nodes);
    const groups = groupSupportedNodes(
      graph,
      (node) => freed.has(node) || opinion.verdict(node) === null,
      // A group that was dropped is kept when its nodes are the ones in question.
      (group) => opinion.dropped(group) === null || group.every((node) => freed.has(node)),
    );
    return {
      rule,
      text: causeText(nodes, reasons),
      opTypes: [...new Set(nodes.map(({ opType }) => opType))],
      nodes: nodes.map(({ index }) => index),
      partitionsWithout: groups.length,
      partitionsSaved: partitions - groups.length,
    };
  });
  return causes.sort((a, b) => b.partitionsSaved - a.partitionsSaved || b.nodes.length - a.nodes.length);
}

/** The sentence that most nodes of the cause share, marked as an example when others differ in detail. */
function causeText(nodes: readonly NodeView[], reasons: ReadonlyMap<NodeView, Reason>): string {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const text = reasons.get(node)?.text ?? '';
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const [first = ['', 0]] = [...counts].sort((a, b) => b[1] - a[1]);
  return counts.size === 1 ? first[0] : `${first[0]} (for example)`;
}
