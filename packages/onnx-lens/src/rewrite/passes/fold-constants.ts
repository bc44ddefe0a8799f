import { create } from '@bufbuild/protobuf';
import { subgraphsOf } from '../../model/attributes.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  ValueInfoProtoSchema,
  type ModelProto,
  type NodeProto,
} from '../../model/generated/onnx_pb.js';
import { serializeModel } from '../../model/serialize.js';
import { elementBytes, elementCount, type Tensor } from '../../model/tensors.js';
import { withSession } from '../../runtime/session.js';
import { copyMessage } from '../../model/copy.js';
import type { GraphRewrite } from '../rewrite.js';
import { isStandard } from '../../model/opset.js';
import type { Workbench } from '../workbench.js';

/** A folded value larger than this would make the file grow for nothing: the node stays. */
const LARGEST_FOLDED_BYTES = 32 << 20;
/** A few bytes a node can ask for as much as that each; together no more is computed at a time. */
const MOST_FOLDED_BYTES = 1 << 30;

/**
 * Constant folding.
 *
 * Pattern: any deterministic node of the standard operators all of whose inputs are constants, and chains of them
 * (ConstantOfShape, EyeLike, Range, Expand, Tile, Einsum of constants and so on), whose result is at most 32 MiB.
 * Emits: initializers, computed by ONNX Runtime itself.
 * Helps: every provider. For Core ML, a constant where a computed value stood is often what lets the reader be taken.
 */
export const foldConstants: GraphRewrite = {
  name: 'fold-constants',
  summary: 'computes now what does not depend on the inputs',
  purpose: 'simplify',
  async applyToGraph(bench) {
    const foldable = findFoldable(bench);
    if (foldable.length === 0) return 0;
    const values = await computeValues(bench, foldable);
    const folded = new Set<NodeProto>();
    for (const node of foldable) {
      if (!node.output.every((output) => output === '' || values.has(output))) continue;
      for (const output of node.output) {
        const value = values.get(output);
        if (value !== undefined) bench.setConstant(output, value);
      }
      folded.add(node);
    }
    bench.remove(folded);
    return folded.size;
  },
};

const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
]);
/** Dequantized weights are what makes a quantized model small, and the pattern that providers look for. */
const LEFT_ALONE = new Set(['DequantizeLinear', 'QuantizeLinear', 'DynamicQuantizeLinear']);

function findFoldable(bench: Workbench): NodeProto[] {
  const constant = new Set<string>();
  const isConstant = (name: string): boolean => name === '' || constant.has(name) || bench.isConstant(name);
  const foldable: NodeProto[] = [];
  let total = 0;
  for (const node of bench.nodes) {
    const isDeterministic = isStandard(node.domain) && !RANDOM.has(node.opType) && !LEFT_ALONE.has(node.opType);
    // A constant that is a graph output stays a node's output: providers expect an output to be computed.
    const isFree = !node.output.some((output) => bench.isKept(output)) && subgraphsOf(node).length === 0;
    if (!isDeterministic || !isFree || !node.input.every(isConstant) || !isSmall(node, bench)) continue;
    const bytes = node.output.reduce((sum, output) => sum + (knownBytes(output, bench) ?? 0), 0);
    if (total + bytes > MOST_FOLDED_BYTES) continue;
    total += bytes;
    for (const output of node.output) constant.add(output);
    foldable.push(node);
  }
  return foldable;
}

/** Unknown shapes count as small only for operators that cannot make much out of little. */
function isSmall(node: NodeProto, bench: Workbench): boolean {
  return node.output.every((output) => {
    if (output === '') return true;
    if (elementBytes(bench.dataType(output)) === undefined) return false;
    const bytes = knownBytes(output, bench);
    return bytes === undefined ? !MAKES_MUCH_OF_LITTLE.has(node.opType) : bytes <= LARGEST_FOLDED_BYTES;
  });
}

/** Bytes of a value whose type and shape are known. */
function knownBytes(value: string, bench: Workbench): number | undefined {
  const [shape, bytes] = [bench.staticShape(value), elementBytes(bench.dataType(value))];
  return shape === undefined || bytes === undefined ? undefined : elementCount(shape) * bytes;
}

const MAKES_MUCH_OF_LITTLE = new Set([
  'ConstantOfShape',
  'Expand',
  'Tile',
  'Range',
  'Resize',
  'Upsample',
  'Pad',
  'OneHot',
  'Loop',
  'MatMul',
  'Einsum',
]);

async function computeValues(bench: Workbench, nodes: readonly NodeProto[]): Promise<ReadonlyMap<string, Tensor>> {
  const read = new Set(nodes.flatMap((node) => node.input));
  const made = nodes.flatMap((node) => node.output).filter((name) => name !== '');
  const model: ModelProto = copyMessage(ModelProtoSchema, bench.model, {
    graph: create(GraphProtoSchema, {
      name: 'constants',
      node: [...nodes],
      initializer: bench.graph.initializer.filter((tensor) => read.has(tensor.name)),
      output: made.map((name) => create(ValueInfoProtoSchema, { name })),
    }),
  });
  try {
    return await withSession(
      serializeModel(model),
      { optimization: 'disabled', threads: 1, origin: "the model's constant part" },
      (session) => session.run(new Map()),
    );
  } catch {
    // One operator that the CPU cannot run spoils the whole: then each node is tried alone, and the rest stays as it
    // is.
    return nodes.length === 1 ? new Map() : computeOneByOne(bench, nodes);
  }
}

async function computeOneByOne(bench: Workbench, nodes: readonly NodeProto[]): Promise<ReadonlyMap<string, Tensor>> {
  const values = new Map<string, Tensor>();
  for (const node of nodes) {
    if (!node.input.every((name) => name === '' || bench.isConstant(name))) continue;
    for (const [name, value] of await computeValues(bench, [node])) values.set(name, value);
  }
  return values;
}
