import { subgraphsOf } from '../../model/attributes.js';
import { copyMessage } from '../../model/copy.js';
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type NodeProto,
} from '../../model/generated/onnx_pb.js';
import type { GraphRewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * If of a known condition.
 *
 * Pattern: If whose condition is a constant.
 * Emits: the nodes and weights of the branch that is taken, in the graph itself.
 * Helps: every provider; accelerators leave an If and all that is inside to the CPU.
 */
export const constantIf: GraphRewrite = {
  name: 'constant-if',
  summary: 'puts the branch of an If in its place where the condition is known',
  purpose: 'simplify',
  applyToGraph(bench) {
    let places = 0;
    for (const node of [...bench.nodes]) {
      if (node.opType !== 'If' || node.domain !== '') continue;
      const condition = bench.scalar(node.input[0]);
      if (condition === undefined) continue;
      const branch = node.attribute.find(({ name }) => name === (condition === 0 ? 'else_branch' : 'then_branch'))?.g;
      if (branch === undefined || branch.sparseInitializer.length > 0) continue;
      inline(node, branch, bench);
      places++;
    }
    return places;
  },
};

function inline(node: NodeProto, branch: GraphProto, bench: Workbench): void {
  const names = new Map<string, string>();
  const own = [...branch.initializer.map(({ name }) => name), ...branch.node.flatMap(({ output }) => output)];
  for (const name of own) if (name !== '') names.set(name, bench.fresh(name));
  const renamed = branch.node.map((each) => renameNode(each, names));
  const results = branch.output.map(({ name }) => names.get(name) ?? name);
  bench.graph.initializer.push(
    ...branch.initializer.map((tensor) =>
      copyMessage(TensorProtoSchema, tensor, { name: names.get(tensor.name) ?? tensor.name }),
    ),
  );
  bench.replace(node, (emit) => {
    emit.nodes.push(...renamed);
    // A branch may give the same value twice, or a value from outside: Identity keeps each output its own.
    return results.map((value) => emit.node('Identity', [value]));
  });
}

function renameNode(node: NodeProto, names: ReadonlyMap<string, string>): NodeProto {
  const to = (name: string): string => names.get(name) ?? name;
  return copyMessage(NodeProtoSchema, node, {
    input: node.input.map(to),
    output: node.output.map(to),
    attribute:
      subgraphsOf(node).length === 0
        ? node.attribute
        : node.attribute.map((each) =>
            each.g === undefined ? each : copyMessage(AttributeProtoSchema, each, { g: renameInside(each.g, names) }),
          ),
  });
}

/** Inside a nested graph its own names hide those outside. */
function renameInside(graph: GraphProto, names: ReadonlyMap<string, string>): GraphProto {
  const own = new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
  const outside = new Map([...names].filter(([name]) => !own.has(name)));
  return copyMessage(GraphProtoSchema, graph, {
    node: graph.node.map((node) => renameNode(node, outside)),
    output: graph.output.map((output) =>
      copyMessage(ValueInfoProtoSchema, output, { name: outside.get(output.name) ?? output.name }),
    ),
  });
}
