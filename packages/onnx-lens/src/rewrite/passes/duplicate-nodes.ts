import { toBinary } from '@bufbuild/protobuf';
import { createHash } from 'node:crypto';
import { subgraphsOf } from '../../model/attributes.js';
import { AttributeProtoSchema, type NodeProto, type TensorProto } from '../../model/generated/onnx_pb.js';
import type { GraphRewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Duplicate nodes and weights.
 *
 * Pattern: two nodes of the same operator with the same inputs and attributes; two initializers with the same content.
 * Emits: nothing; readers of the second read the first.
 * Helps: every provider computes the value once; shape arithmetic that an exporter wrote once per use becomes one
 * chain.
 */
export const duplicateNodes: GraphRewrite = {
  name: 'duplicate-nodes',
  summary: 'computes once what several nodes compute alike',
  purpose: 'simplify',
  applyToGraph: (bench) => mergeConstants(bench) + mergeNodes(bench),
};

/** Two of these with equal inputs give different values. */
const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
  'Dropout',
]);

function mergeNodes(bench: Workbench): number {
  const seen = new Map<string, NodeProto>();
  const removed = new Set<NodeProto>();
  const redirect = new Map<string, string>();
  for (const node of bench.nodes) {
    node.input = node.input.map((name) => redirect.get(name) ?? name);
    if (RANDOM.has(node.opType) || subgraphsOf(node).length > 0 || node.output.length === 0) continue;
    const key = keyOf(node);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, node);
    else if (!node.output.some((output) => bench.isKept(output))) {
      for (const [place, output] of node.output.entries()) redirect.set(output, first.output[place] ?? '');
      removed.add(node);
    }
  }
  bench.remove(removed);
  return removed.size;
}

function keyOf(node: NodeProto): string {
  const attributes = [...node.attribute]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((each) => Buffer.from(toBinary(AttributeProtoSchema, each)).toString('base64'));
  // Which outputs are left out is part of what a node computes.
  return JSON.stringify([
    node.domain,
    node.opType,
    node.overload,
    node.input,
    attributes,
    node.output.map((output) => output !== ''),
  ]);
}

function mergeConstants(bench: Workbench): number {
  const seen = new Map<string, string>();
  const redirect = new Map<string, string>();
  for (const tensor of bench.graph.initializer) {
    if (!bench.isConstant(tensor.name) || bench.isKept(tensor.name) || tensor.rawData.length === 0) continue;
    const key = contentKey(tensor);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, tensor.name);
    else redirect.set(tensor.name, first);
  }
  if (redirect.size === 0) return 0;
  for (const node of bench.nodes) node.input = node.input.map((name) => redirect.get(name) ?? name);
  bench.removeInitializers(new Set(redirect.keys()));
  // Merging weights alone is no change that a reader of the table would look for; it only lets nodes be found alike.
  return 0;
}

/** Weights are the same objects from round to round; reading hundreds of megabytes once is enough. */
const contentKeys = new WeakMap<TensorProto, string>();

function contentKey(tensor: TensorProto): string {
  const known = contentKeys.get(tensor);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(tensor.rawData).digest('base64');
  const key = `${tensor.dataType}|${tensor.dims.join('x')}|${hash}`;
  contentKeys.set(tensor, key);
  return key;
}
