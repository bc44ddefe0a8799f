import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { NodeView } from '../graph-view.js';
import { constantNumbers, dimensions, no, type Check, type TableRule } from '../table.js';

/* onnxruntime/core/providers/nnapi/nnapi_builtin/builders/impl/*_op_builder.cc and *_op_support_checker.cc. */

const FLOAT_OR_BYTE = [DataType.FLOAT, DataType.UINT8];

const conv: Check = (node) => {
  const weight = dimensions(node, 1);
  if (node.inputs[1]?.isConstant !== true) return no('conv.weight', "Conv's weight must be a constant");
  if (weight.length !== 4) return no('conv.rank', 'Conv is taken with two spatial dimensions');
  const dilated = (intsAttribute(node.proto, 'dilations') ?? [1, 1]).join() !== '1,1';
  return dilated && intAttribute(node.proto, 'group', 1) !== 1 && weight[1] !== 1
    ? no('conv.dilations', 'Grouped Conv with dilations is not taken')
    : null;
};

const pool: Check = ({ proto, opType, outputs }) => {
  const isSet = (name: string): boolean => intAttribute(proto, name, 0) === 1;
  const flag = ['count_include_pad', 'storage_order', 'ceil_mode'].find(isSet);
  if (flag !== undefined) return no(`pool.${flag.replaceAll('_', '-')}`, `${opType} with ${flag} is not taken`);
  if ((intsAttribute(proto, 'kernel_shape') ?? [1, 1]).length !== 2)
    return no('pool.rank', `${opType} is taken in two spatial dimensions`);
  if ((intsAttribute(proto, 'dilations') ?? [1, 1]).join() !== '1,1')
    return no('pool.dilations', `${opType} with dilations is not taken`);
  return outputs.length === 1 ? null : no('pool.indices', `${opType} with indices is not taken`);
};

const gemm: Check = (node) => {
  const { proto } = node;
  const [b, c] = [dimensions(node, 1), dimensions(node, 2)];
  if (b.length !== 2) return no('gemm.rank', 'Gemm takes matrices');
  const transposed = intAttribute(proto, 'transB', 0) !== 0;
  if (
    intAttribute(proto, 'transA', 0) !== 0 ||
    floatAttribute(proto, 'alpha', 1) !== 1 ||
    floatAttribute(proto, 'beta', 1) !== 1
  )
    return no('gemm.attributes', 'Gemm is taken with transA 0, alpha 1 and beta 1');
  if (!transposed && node.inputs[1]?.isConstant !== true)
    return no('gemm.constant', "Gemm's B must be a constant unless transB is set");
  if ((node.inputs[2]?.name ?? '') === '') return null;
  const fits = c.length > 0 && c.slice(0, -1).every((dim) => dim === 1) && c.at(-1) === b[transposed ? 0 : 1];
  return fits ? null : no('gemm.bias', "Gemm's C must be a vector as long as the result is wide");
};

/** A product of stacks (IsSupportedBatchMatMul), or of a matrix with a constant one. */
const matMul: Check = (node) => {
  const [a, b] = [dimensions(node, 0), dimensions(node, 1)];
  const isStack = a.length >= 3 && a.length === b.length && a.slice(0, -2).every((dim, place) => dim === b[place]);
  if (isStack && node.inputs[1]?.dataType === DataType.FLOAT) return null;
  if (a.length !== 2 || b.length !== 2)
    return no(
      'matmul.rank',
      'MatMul takes two matrices, or two stacks of the same shape but for the last two dimensions',
    );
  return node.inputs[1]?.isConstant === true
    ? null
    : no('matmul.constant', "MatMul's second matrix must be a constant");
};

const binary: Check = (node) =>
  dimensions(node, 1).length > 4
    ? no('input-rank', `${node.opType} takes at most four dimensions`)
    : node.opType === 'Pow' && node.inputs[1]?.dataType !== DataType.FLOAT
      ? no('pow.types', 'Pow takes float32 for both inputs')
      : null;

const clip: Check = (node) => {
  const limit = (place: number, name: 'min' | 'max', fallback: number): number | undefined => {
    if (node.sinceVersion < 11) return floatAttribute(node.proto, name, fallback);
    return (node.inputs[place]?.name ?? '') === '' ? fallback : constantNumbers(node, place)?.[0];
  };
  const [min, max] = [limit(1, 'min', -Infinity), limit(2, 'max', Infinity)];
  return (min === 0 && max === 6) || (min === -1 && max === 1)
    ? null
    : no('clip.limits', 'Clip is taken from 0 to 6 and from -1 to 1 only');
};

const reshape: Check = (node) =>
  intAttribute(node.proto, 'allowzero', 0) === 1 && constantNumbers(node, 1)?.includes(0) === true
    ? no('reshape.zero', 'Reshape with allowzero and a 0 is not taken')
    : null;

const pad: Check = (node) => {
  const mode = stringAttribute(node.proto, 'mode', 'constant');
  if (mode !== 'constant') return no('pad.mode', `Pad with mode ${mode} is not taken`);
  return constantNumbers(node, 1)?.some((amount) => amount < 0) === true
    ? no('pad.negative', 'Pad by negative amounts is not taken')
    : null;
};

const split: Check = (node) => {
  const shape = dimensions(node, 0);
  const axis = intAttribute(node.proto, 'axis', 0);
  const size = shape[axis < 0 ? axis + shape.length : axis] ?? 0;
  const sizes = constantNumbers(node, 1);
  const isEven = sizes === undefined ? size % node.outputs.length === 0 : sizes.every((each) => each === sizes[0]);
  return isEven ? null : no('split.uneven', 'Split is taken into equal parts only');
};

const resize: Check = (node) => {
  const { proto } = node;
  const mode = stringAttribute(proto, 'mode', 'nearest');
  const coordinates = stringAttribute(proto, 'coordinate_transformation_mode', 'half_pixel');
  if (mode !== 'linear' && mode !== 'nearest') return no('resize.mode', `Resize with mode ${mode} is not taken`);
  const taken = mode === 'linear' ? ['half_pixel', 'align_corners', 'asymmetric'] : ['asymmetric'];
  if (!taken.includes(coordinates))
    return no('resize.coordinate-mode', `Resize with mode ${mode} and ${coordinates} is not taken`);
  if (mode === 'nearest' && stringAttribute(proto, 'nearest_mode', 'round_prefer_floor') !== 'floor')
    return no('resize.nearest-mode', 'Resize to the nearest is taken with nearest_mode floor only');
  if (
    intAttribute(proto, 'exclude_outside', 0) !== 0 ||
    intAttribute(proto, 'antialias', 0) !== 0 ||
    (intsAttribute(proto, 'axes') ?? []).length > 0 ||
    stringAttribute(proto, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch'
  )
    return no('resize.attributes', 'Resize with exclude_outside, antialias, axes or a kept aspect ratio is not taken');
  return resizeTarget(node);
};

function resizeTarget(node: NodeView): ReturnType<Check> {
  const shape = dimensions(node, 0);
  const given = (place: number): boolean => (node.inputs[place]?.name ?? '') !== '';
  const place = given(2) ? 2 : 3;
  const target = constantNumbers(node, place);
  if (target?.length !== 4) return no('resize.target', 'Resize needs constant scales or sizes of four dimensions');
  const [batch, channels, height = 1, width = 1] = target;
  if (place === 3)
    return batch === shape[0] && channels === shape[1]
      ? null
      : no('resize.axes', 'Resize is taken for height and width only');
  if (batch !== 1 || channels !== 1) return no('resize.axes', 'Resize is taken for height and width only');
  const isFactor = (size: number, scale: number): boolean => {
    const whole = Math.round(1 / scale);
    return scale > 0 && scale < 1 && Math.abs(1 / scale - whole) < 1e-4 && size % whole === 0;
  };
  const shrinks = height < 1 || width < 1;
  return shrinks && !(isFactor(shape[2] ?? 0, height) && isFactor(shape[3] ?? 0, width))
    ? no('resize.downsampling', 'Resize shrinks by whole factors of the input only')
    : null;
}

const cast: Check = ({ proto }) => {
  const to: DataType = intAttribute(proto, 'to', 0);
  return to === DataType.FLOAT || to === DataType.INT32 ? null : no('cast.to', 'Cast is taken to float and int32 only');
};

const ONE_TO_FOUR = [1, 4] as const;
const UNARY: TableRule = { minOpset: 6 };
const BINARY: TableRule = { minOpset: 7, ranks: [0, 4], check: binary };

/** On a phone of Android 12 or later, which has the newest level of NNAPI; older ones take less. */
export const NNAPI_RULES: Readonly<Record<string, TableRule>> = {
  ...Object.fromEntries(['Abs', 'Exp', 'Floor', 'Log', 'Neg', 'Sin', 'Sqrt', 'Tanh', 'Elu'].map((op) => [op, UNARY])),
  ...Object.fromEntries(['Add', 'Sub', 'Mul', 'Div', 'Pow'].map((op) => [op, BINARY])),
  PRelu: { ranks: [0, 4], check: binary },
  Sigmoid: { minOpset: 6, ranks: ONE_TO_FOUR },
  Relu: {},
  Identity: {},
  LeakyRelu: { minOpset: 6, ranks: [1, 99] },
  Max: { minOpset: 6, check: two },
  Min: { minOpset: 6, check: two },
  Conv: { check: conv },
  MaxPool: { types: FLOAT_OR_BYTE, ranks: [4, 4], check: pool },
  AveragePool: { ranks: [4, 4], check: pool },
  GlobalAveragePool: { ranks: [4, 4] },
  GlobalMaxPool: { ranks: [4, 4] },
  Gemm: { minOpset: 7, ranks: [2, 2], check: gemm },
  MatMul: { check: matMul },
  BatchNormalization: { minOpset: 7, ranks: [0, 4], constants: [1, 2, 3, 4], check: oneOutput },
  Cast: { minOpset: 6, check: cast },
  Clip: { check: clip },
  Concat: { types: FLOAT_OR_BYTE, ranks: ONE_TO_FOUR },
  DepthToSpace: {
    ranks: [4, 4],
    check: ({ proto }) =>
      stringAttribute(proto, 'mode', 'DCR') === 'DCR'
        ? null
        : no('depth-to-space.mode', 'DepthToSpace is taken as DCR only'),
  },
  Flatten: { ranks: ONE_TO_FOUR },
  Gather: {
    ranks: ONE_TO_FOUR,
    check: ({ inputs }) =>
      inputs[1]?.isConstant === true || inputs[1]?.dataType === DataType.INT32
        ? null
        : no('gather.indices', "Gather's indices must be constants or int32"),
  },
  LRN: { ranks: [4, 4] },
  Pad: { minOpset: 11, ranks: ONE_TO_FOUR, constants: [1, 2], check: pad },
  ReduceMean: { ranks: ONE_TO_FOUR, constants: [1] },
  Reshape: { minOpset: 5, ranks: ONE_TO_FOUR, constants: [1], check: reshape },
  Resize: { minOpset: 11, types: FLOAT_OR_BYTE, ranks: [4, 4], check: resize },
  Slice: { minOpset: 10, ranks: [0, 4], constants: [1, 2, 3, 4] },
  Softmax: {
    check: (node) =>
      [2, 4].includes(dimensions(node, 0).length) ? null : no('input-rank', 'Softmax takes two or four dimensions'),
  },
  Split: { minOpset: 13, constants: [1], check: split },
  Squeeze: { ranks: ONE_TO_FOUR, constants: [1] },
  Transpose: { types: FLOAT_OR_BYTE, ranks: ONE_TO_FOUR },
  Unsqueeze: { ranks: ONE_TO_FOUR, constants: [1] },
};

function two({ opType, inputs }: NodeView): ReturnType<Check> {
  return inputs.length === 2 ? null : no('inputs', `${opType} is taken with two inputs`);
}

function oneOutput({ opType, outputs }: NodeView): ReturnType<Check> {
  return outputs.length === 1 ? null : no('training', `${opType} is taken as for inference, with one output`);
}
