import { subgraphsOf } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import { capturedValues } from '../../model/graph.js';
import type { GraphRewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Dead outputs.
 *
 * Pattern: nodes whose outputs nobody reads; initializers nobody reads; trailing optional outputs nobody reads.
 * Emits: nothing.
 * Helps: every provider; ONNX Runtime drops dead nodes too, but an unread second output (MaxPool's indices, Dropout's
 * mask, BatchNormalization's running mean) makes the Core ML provider refuse the node.
 */
export const deadNodes: GraphRewrite = {
  name: 'dead-nodes',
  summary: 'takes out nodes, outputs and weights that nothing reads',
  purpose: 'simplify',
  applyToGraph: removeDead,
};

/** @returns the number of nodes and outputs taken out. */
export function removeDead(bench: Workbench): number {
  const alive = aliveValues(bench);
  const dead = new Set(bench.nodes.filter((node) => !node.output.some((output) => alive.has(output))));
  const before = bench.nodes.length;
  bench.remove(dead);
  let trimmed = 0;
  for (const node of bench.nodes) trimmed += trimOutputs(node, alive);
  const unread = new Set(bench.graph.initializer.map((tensor) => tensor.name).filter((name) => !alive.has(name)));
  if (unread.size > 0) {
    bench.removeInitializers(unread);
    // An initializer that is listed as an input too (IR version 3) is no input to the caller: it goes with its value.
    bench.graph.input = bench.graph.input.filter((input) => !unread.has(input.name));
  }
  bench.touched();
  return before - bench.nodes.length + trimmed;
}

function aliveValues(bench: Workbench): ReadonlySet<string> {
  const alive = new Set(bench.graph.output.map((output) => output.name));
  for (const node of [...bench.nodes].reverse()) {
    if (!node.output.some((output) => alive.has(output))) continue;
    for (const name of [...node.input, ...capturedValues(node)]) alive.add(name);
  }
  return alive;
}

/** Outputs that an operator may leave out at its end; others are needed for the count of outputs to mean something. */
const OPTIONAL_OUTPUTS: Readonly<Record<string, number>> = {
  MaxPool: 1,
  Dropout: 1,
  BatchNormalization: 1,
  LayerNormalization: 1,
};

function trimOutputs(node: NodeProto, alive: ReadonlySet<string>): number {
  const needed = OPTIONAL_OUTPUTS[node.opType];
  if (needed === undefined || subgraphsOf(node).length > 0) return 0;
  const inTraining = node.attribute.some((each) => each.name === 'training_mode' && each.i !== 0n);
  if (inTraining) return 0;
  let trimmed = 0;
  while (node.output.length > needed && !alive.has(node.output[node.output.length - 1] ?? '')) {
    node.output.pop();
    trimmed++;
  }
  return trimmed;
}
