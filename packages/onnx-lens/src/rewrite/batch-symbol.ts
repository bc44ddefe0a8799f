import { intAttribute, intsAttribute } from '../model/attributes.js';
import type { GraphProto, NodeProto, TensorProto } from '../model/generated/onnx_pb.js';
import { readTensor, tensorNumbers } from '../model/tensors.js';
import type { ValueType } from '../shapes/value-type.js';

/** Operators whose output has its first input's first axis, whatever else they do. */
const KEEPS_BATCH = new Set([
  ...['Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool', 'LRN'],
  ...[
    'BatchNormalization',
    'InstanceNormalization',
    'Relu',
    'LeakyRelu',
    'PRelu',
    'Sigmoid',
    'Tanh',
    'Elu',
    'Clip',
    'Cast',
    'Sqrt',
    'Neg',
    'Abs',
    'Exp',
  ],
  ...[
    'HardSigmoid',
    'HardSwish',
    'Softmax',
    'Identity',
    'Dropout',
    'DepthToSpace',
    'SpaceToDepth',
    'Reciprocal',
    'Erf',
    'Not',
  ],
]);
const BROADCASTS = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Pow',
  'Max',
  'Min',
  'Greater',
  'Less',
  'GreaterOrEqual',
  'LessOrEqual',
  'Equal',
  'Where',
  'Sum',
  'Mean',
]);

/**
 * Follows the name of the first axis where ONNX Runtime's inference loses it (it does at every Resize): an axis that is
 * only handed on has the name that it had before.
 */
export function completeBatch(graph: GraphProto, types: Map<string, ValueType>): void {
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.node) {
    if (node.domain !== '') continue;
    for (const output of node.output) {
      const type = types.get(output);
      if (type?.shape?.[0] !== '') continue;
      const name = batchName(node, types, type.shape.length, initializers);
      if (name !== undefined) types.set(output, { ...type, shape: [name, ...type.shape.slice(1)] });
    }
  }
}

function batchName(
  node: NodeProto,
  types: ReadonlyMap<string, ValueType>,
  rank: number,
  initializers: ReadonlyMap<string, TensorProto>,
): number | string | undefined {
  const shape = types.get(node.input[0] ?? '')?.shape ?? undefined;
  const own = shape?.[0] === '' ? undefined : shape?.[0];
  if (KEEPS_BATCH.has(node.opType)) return shape?.length === rank ? own : undefined;
  if (BROADCASTS.has(node.opType)) return broadcastName(node, types, rank);
  switch (node.opType) {
    case 'Resize':
    case 'Upsample': {
      const scales = initializers.get(node.input[node.opType === 'Resize' ? 2 : 1] ?? '');
      return scales !== undefined && tensorNumbers(readTensor(scales))[0] === 1 ? own : undefined;
    }
    case 'Transpose':
      return intsAttribute(node, 'perm')?.[0] === 0 ? own : undefined;
    case 'Concat':
    case 'Split': {
      const axis = intAttribute(node, 'axis', 0);
      return axis !== 0 && axis !== -rank ? own : undefined;
    }
    default:
      return undefined;
  }
}

function broadcastName(
  node: NodeProto,
  types: ReadonlyMap<string, ValueType>,
  rank: number,
): number | string | undefined {
  const first = node.input.map((input) => {
    const shape = types.get(input)?.shape ?? undefined;
    return shape === undefined ? '' : shape.length < rank ? 1 : (shape[0] ?? '');
  });
  const names = [...new Set(first.filter((dim) => dim !== 1))];
  return names.length === 1 && names[0] !== '' ? names[0] : undefined;
}
