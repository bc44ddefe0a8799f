import { create } from '@bufbuild/protobuf';
import {
  attribute,
  floatAttribute,
  intAttribute,
  intsAttribute,
  makeAttribute,
  stringAttribute,
  subgraphsOf,
} from '../../model/attributes.js';
import { NodeProtoSchema, type AttributeProto, type NodeProto } from '../../model/generated/onnx_pb.js';
import { floatTensor, int64Tensor, type Tensor } from '../../model/tensors.js';
import { floatsOfType } from '../emitter.js';
import { copyMessage } from '../../model/copy.js';
import type { GraphRewrite } from '../rewrite.js';
import { isStandard } from '../../model/opset.js';
import type { Workbench } from '../workbench.js';

/**
 * The version that gave axes, sizes and splits as inputs and Softmax one axis: what accelerators' rules are written
 * for.
 */
const TARGET = 13;
/** Older models differ in broadcasting and batch normalization by more than their attributes. */
const OLDEST = 7;

/**
 * Older operator sets.
 *
 * Pattern: a model of opset 7 to 12 without subgraphs and functions, whose every standard operator has a known meaning
 * in 13. Emits: the same operators in the form of opset 13: axes of Squeeze, Unsqueeze and ReduceSum, sizes of Split,
 * limits of Clip, pads of Pad, bounds of Slice, k of TopK as inputs; Upsample and the first Resize as Resize; Softmax
 * over one axis, between Flatten-like Reshapes where it ran over several. Helps: the Core ML provider takes Split from
 * opset 13 only, and the other rewrites emit today's forms.
 */
export const raiseOpset: GraphRewrite = {
  name: 'raise-opset',
  summary: `writes a model of an older operator set in the form of opset ${TARGET}`,
  purpose: 'provider',
  applyToGraph(bench) {
    const isCandidate = bench.opset >= OLDEST && bench.opset < TARGET && bench.model.functions.length === 0;
    if (!isCandidate) return 0;
    const conversions = bench.nodes.map((node) => planFor(node, bench));
    if (conversions.some((plan) => plan === undefined)) return 0;
    const changed = conversions.filter((plan) => plan !== undefined && plan !== 'same');
    for (const convert of changed) if (typeof convert === 'function') convert();
    bench.setOpset(TARGET);
    return Math.max(changed.length, 1);
  },
};

/** How to convert one node: not at all, by doing something, or (undefined) in no way that is known here. */
type Plan = 'same' | (() => void) | undefined;

/** Operators whose meaning and form did not change from opset 7 to 13, but for more types and negative axes. */
const UNCHANGED = new Set([
  ...[
    'Abs',
    'Acos',
    'Acosh',
    'Add',
    'And',
    'ArgMax',
    'ArgMin',
    'Asin',
    'Asinh',
    'Atan',
    'Atanh',
    'AveragePool',
    'Cast',
    'Ceil',
    'Concat',
  ],
  ...[
    'Constant',
    'ConstantOfShape',
    'Conv',
    'ConvTranspose',
    'Cos',
    'Cosh',
    'CumSum',
    'DepthToSpace',
    'Div',
    'Einsum',
    'Elu',
    'Equal',
    'Erf',
  ],
  ...[
    'Exp',
    'Expand',
    'EyeLike',
    'Flatten',
    'Floor',
    'Gather',
    'GatherElements',
    'GatherND',
    'Gemm',
    'GlobalAveragePool',
    'GlobalMaxPool',
  ],
  ...[
    'Greater',
    'GreaterOrEqual',
    'HardSigmoid',
    'Identity',
    'InstanceNormalization',
    'IsInf',
    'IsNaN',
    'LRN',
    'LeakyRelu',
    'Less',
  ],
  ...[
    'LessOrEqual',
    'Log',
    'LpNormalization',
    'MatMul',
    'Max',
    'MaxPool',
    'Mean',
    'MeanVarianceNormalization',
    'Min',
    'Mod',
    'Mul',
    'Neg',
  ],
  ...[
    'NonMaxSuppression',
    'NonZero',
    'Not',
    'OneHot',
    'Or',
    'PRelu',
    'Pow',
    'Range',
    'Reciprocal',
    'ReduceL1',
    'ReduceL2',
    'ReduceLogSum',
  ],
  ...[
    'ReduceLogSumExp',
    'ReduceMax',
    'ReduceMean',
    'ReduceMin',
    'ReduceProd',
    'ReduceSumSquare',
    'Relu',
    'Reshape',
    'Round',
    'ScatterElements',
  ],
  ...[
    'ScatterND',
    'Selu',
    'Shape',
    'Sigmoid',
    'Sign',
    'Sin',
    'Sinh',
    'Size',
    'Softplus',
    'Softsign',
    'SpaceToDepth',
    'Sqrt',
    'Sub',
    'Sum',
    'Tan',
  ],
  ...['Tanh', 'ThresholdedRelu', 'Tile', 'Transpose', 'Where', 'Xor', 'Celu'],
]);

function planFor(node: NodeProto, bench: Workbench): Plan {
  if (!isStandard(node.domain)) return 'same';
  if (subgraphsOf(node).length > 0) return undefined;
  if (UNCHANGED.has(node.opType)) return 'same';
  switch (node.opType) {
    case 'BatchNormalization':
      return intAttribute(node, 'spatial', 1) === 1 && node.output.length === 1
        ? () => rewriteNode(node, bench, node.input, ['spatial'])
        : undefined;
    case 'Dropout':
      return node.output.length === 1 ? () => bench.exchange(node, identityOf(node)) : undefined;
    case 'Squeeze':
    case 'Unsqueeze':
    case 'ReduceSum':
      return () => moveInts(node, bench, 'axes', 1);
    case 'Split':
      return () => moveInts(node, bench, 'split', 1);
    case 'Clip':
      return bench.opset >= 11 ? 'same' : clipPlan(node, bench);
    case 'Pad':
      return bench.opset >= 11 ? 'same' : padPlan(node, bench);
    case 'Slice':
      return bench.opset >= 10 ? 'same' : () => slicePlan(node, bench);
    case 'TopK':
      return bench.opset >= 10 ? 'same' : () => moveScalar(node, bench, 'k');
    case 'Resize':
      return bench.opset >= 11 ? 'same' : resizePlan(node, bench, node.input[1] ?? '');
    case 'Upsample':
      return resizePlan(node, bench, bench.opset >= 9 ? (node.input[1] ?? '') : undefined);
    case 'Softmax':
    case 'LogSoftmax':
    case 'Hardmax':
      return softmaxPlan(node, bench);
    case 'QuantizeLinear':
    case 'DequantizeLinear':
      // Opset 13 brought an axis for scales of more than one element; before it there were none.
      return 'same';
    default:
      return undefined;
  }
}

function rewriteNode(
  node: NodeProto,
  bench: Workbench,
  input: readonly string[],
  without: readonly string[],
  added: readonly AttributeProto[] = [],
): void {
  const kept = node.attribute.filter((each) => !without.includes(each.name));
  bench.exchange(
    node,
    copyMessage(NodeProtoSchema, node, { input: [...input], output: [...node.output], attribute: [...kept, ...added] }),
  );
}

function identityOf(node: NodeProto): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: 'Identity',
    input: node.input.slice(0, 1),
    output: [...node.output],
  });
}

function constantFor(node: NodeProto, bench: Workbench, hint: string, tensor: Tensor): string {
  return bench.addConstant(tensor, `${node.name === '' ? node.opType : node.name}/${hint}`);
}

function moveInts(node: NodeProto, bench: Workbench, name: string, place: number): void {
  const values = intsAttribute(node, name);
  if (values === undefined) return;
  const input = [...node.input];
  input[place] = constantFor(node, bench, name, int64Tensor([values.length], values));
  rewriteNode(node, bench, input, [name]);
}

function moveScalar(node: NodeProto, bench: Workbench, name: string): void {
  const value = intAttribute(node, name, 1);
  rewriteNode(node, bench, [node.input[0] ?? '', constantFor(node, bench, name, int64Tensor([1], [value]))], [name]);
}

function clipPlan(node: NodeProto, bench: Workbench): Plan {
  const dataType = bench.dataType(node.input[0] ?? '');
  if (!bench.isFloat(node.input[0] ?? '')) return undefined;
  return () => {
    const limit = (name: string): string => {
      const value = floatAttribute(node, name);
      return value === undefined ? '' : constantFor(node, bench, name, floatsOfType(dataType, [], [value]));
    };
    rewriteNode(node, bench, [node.input[0] ?? '', limit('min'), limit('max')], ['min', 'max']);
  };
}

function padPlan(node: NodeProto, bench: Workbench): Plan {
  const dataType = bench.dataType(node.input[0] ?? '');
  const pads = intsAttribute(node, 'pads');
  if (!bench.isFloat(node.input[0] ?? '') || pads === undefined) return undefined;
  return () => {
    const amounts = constantFor(node, bench, 'pads', int64Tensor([pads.length], pads));
    const value = constantFor(node, bench, 'value', floatsOfType(dataType, [], [floatAttribute(node, 'value', 0)]));
    rewriteNode(node, bench, [node.input[0] ?? '', amounts, value], ['pads', 'value']);
  };
}

function slicePlan(node: NodeProto, bench: Workbench): void {
  const starts = intsAttribute(node, 'starts') ?? [];
  const input = (['starts', 'ends', 'axes'] as const).map((name) => {
    const values = intsAttribute(node, name) ?? starts.map((_, axis) => axis);
    return constantFor(node, bench, name, int64Tensor([values.length], values));
  });
  rewriteNode(node, bench, [node.input[0] ?? '', ...input], ['starts', 'ends', 'axes']);
}

/** Upsample and the first Resize put source pixel floor(i / scale) (nearest) or i / scale (linear): asymmetric. */
function resizePlan(node: NodeProto, bench: Workbench, scalesInput: string | undefined): Plan {
  const mode = stringAttribute(node, 'mode', 'nearest');
  const listed = attribute(node, 'scales')?.floats;
  if (mode !== 'nearest' && mode !== 'linear') return undefined;
  if (scalesInput === undefined && listed === undefined) return undefined;
  return () => {
    const scales = scalesInput ?? constantFor(node, bench, 'scales', floatTensor([listed?.length ?? 0], listed ?? []));
    const added = [
      makeAttribute('coordinate_transformation_mode', 'asymmetric'),
      ...(mode === 'nearest' ? [makeAttribute('nearest_mode', 'floor')] : []),
    ];
    const resize = copyMessage(NodeProtoSchema, node, { opType: 'Resize' });
    bench.exchange(node, resize);
    rewriteNode(resize, bench, [node.input[0] ?? '', '', scales], ['scales'], added);
  };
}

/** Before opset 13 these ran over all axes from `axis` (default 1) on, as if they were one. */
function softmaxPlan(node: NodeProto, bench: Workbench): Plan {
  const [value = ''] = node.input;
  const rank = bench.rank(value);
  if (rank === undefined || rank === 0) return undefined;
  const axis = (intAttribute(node, 'axis', 1) + rank) % rank;
  const shape = bench.shape(value) ?? [];
  if (shape.slice(axis + 1).every((dim) => dim === 1))
    return () => rewriteNode(node, bench, node.input, ['axis'], [makeAttribute('axis', axis)]);
  const tail = shape.slice(axis);
  if (!tail.every((dim) => typeof dim === 'number')) return undefined;
  return () => {
    bench.replace(node, (emit) => {
      const flat = emit.reshape(value, [...Array.from({ length: axis }, () => 0), -1]);
      const result = emit.node(node.opType, [flat], { axis: -1 });
      return emit.reshape(result, [...Array.from({ length: axis }, () => 0), ...tail.map(Number)]);
    });
  };
}
