import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import {
  firstInputOneOf,
  floatInput,
  isConstant,
  isStatic,
  knownShape,
  mlProgramOnly,
  reason,
  showShape,
  type Check,
  type OperatorRule,
} from '../rule.js';

/*
 * onnxruntime/core/providers/coreml/builders/impl/activation_op_builder.cc, unary_op_builder.cc, binary_op_builder.cc
 * and softmax_op_builder.cc, as of 1.21; Softmax changed in 1.23, operators were added in 1.24, 1.26, 1.27 and 1.28
 * (with quick_gelu_op_builder.cc, logical_op_builder.cc, where_op_builder.cc and identity_op_builder.cc).
 */

/** All activations before opset 6 have a consumed_inputs attribute. */
const activation: OperatorRule = { minOpset: 6 };

const pRelu: Check = (node) => {
  const x = knownShape(node, 0);
  if (x.length !== 3 && x.length !== 4) {
    return reason('prelu.rank', `PRelu takes inputs of 3 or 4 dimensions; this one is ${showShape(x)}`);
  }
  const channels = x[x.length - 3];
  if (channels === -1)
    return reason('prelu.channels', `PRelu needs a known number of channels; the input is ${showShape(x)}`);
  if (!isConstant(node, 1)) return reason('prelu.slope', "PRelu's slope must be a constant");
  const slope = knownShape(node, 1);
  if (!isStatic(slope))
    return reason('prelu.slope', `PRelu's slope must have a fixed shape; it is ${showShape(slope)}`);
  const perChannel = slope.length === 3 && slope[1] === 1 && slope[2] === 1;
  const single = slope.reduce((product, dim) => product * dim, 1) === 1;
  if (!perChannel && !single) {
    return reason('prelu.slope', `PRelu's slope must be [C, 1, 1] or a single value; it is ${showShape(slope)}`);
  }
  if (single && channels === 1)
    return reason('prelu.single-slope', 'PRelu with one slope for one channel crashes Core ML and is not taken');
  return null;
};

/** Add, Sub, Mul, Div before opset 7 have a broadcast attribute. */
const binary: OperatorRule = { minOpset: 7 };

const sameFloatTypes: Check = (node, settings) => {
  const [base, exponent] = [node.inputs[0]?.dataType, node.inputs[1]?.dataType];
  if (base === undefined || exponent === undefined || base === DataType.UNDEFINED || base !== exponent) {
    return reason('pow.types', "Pow's base and exponent must be of the same type");
  }
  return floatInput(node, settings);
};

const softmax: Check = (node, settings) => {
  const shape = knownShape(node, 0);
  // From 1.23 on only the older definition, which flattens the input, needs to know all dimensions.
  if (settings.ort >= 23 && node.sinceVersion >= 13) return null;
  if (!isStatic(shape))
    return reason('input-shape.dynamic', `Softmax needs a fixed input shape; it is ${showShape(shape)}`);
  return shape.includes(0) ? reason('input-shape.empty', 'Softmax of an empty tensor is not taken') : null;
};

const whereTypes: Check = (node) => {
  const [condition, x, y] = [0, 1, 2].map((place) => node.inputs[place]?.dataType ?? DataType.UNDEFINED);
  if (condition !== DataType.BOOL) return reason('where.types', "Where's condition must be bool");
  return (x === DataType.FLOAT || x === DataType.FLOAT16) && x === y
    ? null
    : reason('where.types', "Where's values must both be float, or both float16");
};

const logicalTypes: Check = (node) =>
  node.inputs[0]?.dataType === DataType.BOOL && node.inputs[1]?.dataType === DataType.BOOL
    ? null
    : reason('input-type', `${node.opType} takes bool`);

export const ACTIVATION_RULES: Readonly<Record<string, OperatorRule>> = {
  Sigmoid: activation,
  Tanh: activation,
  Relu: activation,
  LeakyRelu: activation,
  Gelu: { ...activation, supports: mlProgramOnly },
  Elu: { ...activation, since: 24, supports: mlProgramOnly },
  Softplus: { since: 24, supports: mlProgramOnly },
  HardSigmoid: { ...activation, since: 26, supports: firstInputOneOf(() => [DataType.FLOAT, DataType.FLOAT16]) },
  QuickGelu: { since: 26, supports: mlProgramOnly },
  PRelu: { ...activation, supports: pRelu },
  Erf: { supports: mlProgramOnly },
  Round: { supports: mlProgramOnly },
  Exp: { since: 24, supports: mlProgramOnly },
  Sin: { since: 27, supports: mlProgramOnly },
  Cos: { since: 27, supports: mlProgramOnly },
  Ceil: { since: 27, isTrivial: true, supports: mlProgramOnly },
  Reciprocal: {},
  Sqrt: {},
  Add: binary,
  Sub: binary,
  Mul: binary,
  Div: binary,
  Pow: { ...binary, inputTypes: sameFloatTypes },
  Max: { ...binary, supports: mlProgramOnly },
  And: { since: 28, inputTypes: logicalTypes, supports: mlProgramOnly },
  Where: { since: 28, inputTypes: whereTypes, supports: mlProgramOnly },
  Identity: { since: 27, isTrivial: true },
  Softmax: { supports: softmax },
};
