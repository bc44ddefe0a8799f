import type { Provider } from '../providers/provider.js';
import type { Target } from '../providers/target.js';
import type { InnerGraph } from './inner-graphs.js';
import type { SubgraphCoverage } from './result.js';
import { splitOf } from './split.js';

/** The graphs inside If, Loop and Scan nodes, taken together. */
export interface InnerFigures {
  readonly nodes: number;
  /** Nodes that the provider takes, or would take if it were asked. */
  readonly supported: number;
  readonly partitions: number;
  readonly visits: Provider['visitsSubgraphs'];
  /** True when the provider is asked about these graphs. */
  readonly visited: boolean;
  /** The graph with most nodes. */
  readonly largest: SubgraphCoverage | undefined;
}

/** What a provider makes of each inner graph. Control-flow nodes there stay on the CPU, as in the main graph. */
export function subgraphCoverage(
  inner: readonly InnerGraph[],
  provider: Provider,
  target: Target,
  visited: boolean,
): { subgraphs: SubgraphCoverage[]; notes: string[] } {
  const notes: string[] = [];
  const subgraphs = inner.map(({ path, nodes, graph }): SubgraphCoverage => {
    if (graph === null) {
      notes.push(`${path} is not judged: ONNX Runtime infers no types for it when it is opened alone.`);
      return { path, visited, judged: false, nodes, supported: 0, partitions: [], perNode: [], causes: [] };
    }
    const { opinion, partitions, perNode, causes, onProvider } = splitOf(provider, graph, target);
    // Without a visit nothing there can fail.
    if (visited) notes.push(...opinion.notes().filter((note) => note.startsWith('Opening this model')));
    return {
      path,
      visited,
      judged: true,
      nodes: perNode.length,
      supported: onProvider.length,
      partitions,
      perNode,
      causes,
    };
  });
  return { subgraphs, notes };
}

/** Sums over inner graphs. */
export function innerFigures(
  subgraphs: readonly SubgraphCoverage[],
  { visitsSubgraphs }: Provider,
  visited: boolean,
): InnerFigures {
  const sum = (of: (each: SubgraphCoverage) => number): number =>
    subgraphs.reduce((total, each) => total + of(each), 0);
  return {
    nodes: sum(({ nodes }) => nodes),
    supported: sum(({ supported }) => supported),
    partitions: sum(({ partitions }) => partitions.length),
    visits: visitsSubgraphs,
    visited,
    largest: subgraphs.toSorted((a, b) => b.nodes - a.nodes)[0],
  };
}

/** What happens to the nodes inside If, Loop and Scan, in one sentence; none without such nodes. */
export function subgraphNote({ nodes, visits, visited }: InnerFigures): string[] {
  if (nodes === 0) return [];
  const counted = `The ${nodes} nodes inside the subgraphs of If, Loop or Scan are counted apart from the main graph, as ONNX Runtime does`;
  switch (visits) {
    case 'always':
      return [`${counted}; this provider is asked about each subgraph by itself.`];
    case 'never':
      return [`${counted}. They run on the CPU: this provider is never asked about them.`];
    case 'option':
      return [
        visited
          ? `${counted}; with EnableOnSubgraphs, Core ML is asked about each subgraph by itself. Without the option they run on the CPU.`
          : `${counted}. They run on the CPU: Core ML is asked about them only with its option EnableOnSubgraphs; --subgraphs shows what it takes then.`,
      ];
  }
}
