import { intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Provider } from '../provider.js';
import { dimensions, judgeByTable, no, unchecked, type Check, type TableRule } from '../table.js';

/* onnxruntime/core/providers/webnn/builders: map_info.h, helper.cc, impl/base_op_builder.cc, pool_op_builder.cc, resize_op_builder.cc. */

const pool: Check = ({ proto, opType, outputs }) => {
  if ((intsAttribute(proto, 'kernel_shape') ?? [1, 1]).length !== 2)
    return no('pool.rank', `${opType} is taken in two spatial dimensions`);
  if (opType === 'LpPool' && intAttribute(proto, 'p', 2) !== 2) return no('pool.p', 'LpPool is taken with p 2 only');
  if (intAttribute(proto, 'storage_order', 0) === 1)
    return no('pool.storage-order', `${opType} with storage_order 1 is not taken`);
  return outputs.length === 1 ? null : no('pool.indices', `${opType} with indices is not taken`);
};

const globalLpPool: Check = ({ proto }) =>
  intAttribute(proto, 'p', 2) === 2 ? null : no('pool.p', 'GlobalLpPool is taken with p 2 only');

const resize: Check = ({ proto }) => {
  const mode = stringAttribute(proto, 'mode', 'nearest');
  if (mode !== 'linear' && mode !== 'nearest') return no('resize.mode', `Resize with mode ${mode} is not taken`);
  return intAttribute(proto, 'exclude_outside', 0) === 0
    ? null
    : no('resize.exclude-outside', 'Resize with exclude_outside is not taken');
};

const convolution: Check = (node) =>
  [3, 4].includes(dimensions(node, 0).length) && [3, 4].includes(dimensions(node, 1).length)
    ? null
    : no('conv.rank', `${node.opType} is taken with one or two spatial dimensions`);

/** Operators with a form of their own or made of others that have one (op_inputs_map and decomposed_op_map). */
const PLAIN =
  `Abs Add And ArgMax ArgMin BatchNormalization Cast Ceil Concat Cos Div Dropout Elu Equal Erf Exp Flatten Floor
Gather GatherElements GatherND Gelu Gemm Greater GreaterOrEqual HardSigmoid HardSwish Identity InstanceNormalization IsInf IsNaN
LayerNormalization LeakyRelu Less LessOrEqual Log MatMul Max Min Mul Neg Not Or PRelu Pow QuantizeLinear DequantizeLinear Reciprocal
Relu Round ScatterElements ScatterND Shape Sigmoid Sign Sin Softmax Softplus Softsign Sqrt Sub Tan Tanh Transpose Where Xor LSTM GRU
ConvInteger DepthToSpace DynamicQuantizeLinear Einsum GroupNormalization LRN LpNormalization MatMulInteger RotaryEmbedding
SimplifiedLayerNormalization`.split(/\s+/);

const REDUCTIONS = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'];

const RULES: Readonly<Record<string, TableRule>> = {
  ...Object.fromEntries(PLAIN.map((op) => [op, {}])),
  ...Object.fromEntries(REDUCTIONS.map((kind) => [`Reduce${kind}`, { constants: [1] }])),
  ...Object.fromEntries(['AveragePool', 'LpPool', 'MaxPool'].map((op) => [op, { ranks: [4, 4], check: pool }])),
  ...Object.fromEntries(['GlobalAveragePool', 'GlobalMaxPool'].map((op) => [op, { ranks: [4, 4] }])),
  GlobalLpPool: { ranks: [4, 4], check: globalLpPool },
  Conv: { check: convolution },
  ConvTranspose: { check: convolution },
  Clip: { constants: [1, 2] },
  CumSum: { constants: [1] },
  Expand: { constants: [1] },
  Pad: { constants: [1, 2, 3] },
  Reshape: { constants: [1] },
  Resize: { minOpset: 11, types: [DataType.FLOAT, DataType.FLOAT16], ranks: [4, 4], constants: [2, 3], check: resize },
  Slice: { constants: [1, 2, 3, 4] },
  Split: { constants: [1] },
  Squeeze: { constants: [1] },
  Tile: { constants: [1] },
  Trilu: { constants: [1] },
  Unsqueeze: { constants: [1] },
};

/** Types that have a name in WebNN (onnx_to_webnn_data_type_map). */
const TYPES = [
  DataType.FLOAT,
  DataType.FLOAT16,
  DataType.INT64,
  DataType.UINT64,
  DataType.INT32,
  DataType.UINT32,
  DataType.INT8,
  DataType.UINT8,
  DataType.BOOL,
  DataType.INT4,
  DataType.UINT4,
];

/** The WebNN provider of browsers: onnxruntime/core/providers/webnn. */
export const webnn: Provider = {
  name: 'webnn',
  title: 'WebNN',
  visitsSubgraphs: 'always',
  provenance: (target) => unchecked('WebNN', 'its source on the main branch', target),
  examine: () => ({
    verdict: (node) =>
      judgeByTable(node, { title: 'WebNN', rules: RULES, types: TYPES, newestOpset: 25, refusesEmpty: true }),
    dropped: () => null,
    notes: () => [
      'This is the most that WebNN can take: the browser tells at run time which operators, types and ranks it has (opSupportLimits), and several operators have further limits that are not part of these rules.',
    ],
  }),
};
