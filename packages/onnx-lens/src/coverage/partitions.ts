import type { GraphView, NodeView, ValueView } from '../providers/graph-view.js';
import type { Partition } from './result.js';
import { boundaryTensor, macsOf, weightsOf } from './work.js';

/** What a group of nodes takes from outside and gives to outside. */
interface Crossing {
  readonly inputs: readonly ValueView[];
  readonly outputs: readonly ValueView[];
}

/**
 * What crosses the edges of a group of nodes: MakeComputeCapability in
 * onnxruntime/core/providers/partitioning_utils.cc, with constant initializers dropped from the inputs.
 */
function crossingOf(graph: GraphView, group: readonly NodeView[]): Crossing {
  const inside = new Set(group);
  const made = new Set<string>();
  const inputs = new Map<string, ValueView>();
  const outputs = new Map<string, ValueView>();
  const graphOutputs = new Set(graph.outputs);
  for (const node of group) {
    for (const value of node.inputs) {
      if (value.name !== '' && !made.has(value.name) && !value.isConstant) inputs.set(value.name, value);
    }
    for (const value of node.outputs) {
      if (value.name === '') continue;
      made.add(value.name);
      if (graphOutputs.has(value.name)) outputs.set(value.name, value);
    }
    for (const { node: reader, from } of node.outputEdges) {
      const value = node.outputs[from];
      if (value !== undefined && !inside.has(reader)) outputs.set(value.name, value);
    }
  }
  return { inputs: [...inputs.values()], outputs: [...outputs.values()] };
}

/** The values that cross the edges of a group of nodes, those it takes first. */
export function boundaryOf(graph: GraphView, group: readonly NodeView[]): ValueView[] {
  const { inputs, outputs } = crossingOf(graph, group);
  return [...inputs, ...outputs];
}

/** A group of nodes with what crosses its edges. */
export function describePartition(graph: GraphView, group: readonly NodeView[], index: number): Partition {
  const { inputs, outputs } = crossingOf(graph, group);
  const boundary = { inputs: inputs.map(boundaryTensor), outputs: outputs.map(boundaryTensor) };
  return {
    index,
    nodes: group.map((node) => node.index),
    ...boundary,
    boundaryBytes: [...boundary.inputs, ...boundary.outputs].reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    macs: group.reduce((sum, node) => sum + macsOf(node), 0),
    weightBytes: weightBytesOf(group),
  };
}

/** Whether some tensor at a boundary has a free dimension, which counts as 1 in bytes and multiply-accumulates. */
export function crossesFreeDimensions(partitions: readonly Partition[]): boolean {
  return partitions.some(({ inputs, outputs }) =>
    [...inputs, ...outputs].some(({ shape }) => shape.some((dimension) => typeof dimension !== 'number')),
  );
}

/** Bytes of the constants that some nodes read, each constant counted once. */
export function weightBytesOf(nodes: readonly NodeView[]): number {
  const weights = new Map(nodes.flatMap((node) => [...weightsOf(node)]));
  return [...weights.values()].reduce((sum, bytes) => sum + bytes, 0);
}
