import type { GraphView, NodeView } from '../providers/graph-view.js';

/**
 * Groups supported nodes as ONNX Runtime does: CreateSupportedPartitionNodeGroups in
 * onnxruntime/core/providers/partitioning_utils.cc (the same from 1.21 to 1.30), without node units.
 *
 * A variant of Kahn's topological sort: nodes are taken as they become ready; a supported node joins the open group; an
 * unsupported node that reads from the open group waits until the group is closed, which happens when nothing else is
 * ready. The order in which nodes become ready decides how many groups there are, so it is kept to the letter.
 *
 * @param keeps tells of a closed group whether the provider keeps it; nodes of a dropped group stay on the CPU.
 * @returns the kept groups in the order in which they were closed, each in the order in which its nodes joined.
 */
export function groupSupportedNodes(
  graph: GraphView,
  isSupported: (node: NodeView) => boolean,
  keeps: (group: readonly NodeView[]) => boolean = () => true,
): NodeView[][] {
  const groups: NodeView[][] = [];
  const waitsFor = new Map(graph.nodes.map((node) => [node, node.inputEdges.length]));
  let ready = graph.topologicalOrder().filter((node) => node.inputEdges.length === 0);
  let nextReady: NodeView[] = [];
  let group: NodeView[] = [];
  const border = new Set<NodeView>();
  const closeGroup = (): void => {
    if (group.length > 0 && keeps(group)) groups.push(group);
    group = [];
    border.clear();
  };
  for (let place = 0; ; place++) {
    const node = ready[place];
    if (node === undefined) {
      if (nextReady.length === 0) break;
      closeGroup();
      ready = nextReady;
      nextReady = [];
      place = -1;
      continue;
    }
    const supported = isSupported(node);
    if (!supported && border.has(node)) {
      nextReady.push(node);
      continue;
    }
    if (supported) {
      group.push(node);
      border.delete(node);
    }
    for (const { node: reader } of node.outputEdges) {
      if (supported) border.add(reader);
      const left = (waitsFor.get(reader) ?? 0) - 1;
      waitsFor.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  closeGroup();
  return groups;
}
