import { attribute, intAttribute, intsAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import {
  firstInputOneOf,
  isConstant,
  isMlProgram,
  isStatic,
  knownShape,
  mlProgramOnly,
  numbersOf,
  reason,
  showShape,
  type Check,
  type OperatorRule,
} from '../rule.js';

/*
 * onnxruntime/core/providers/coreml/builders/impl/shape_op_builder.cc, reshape_op_builder.cc, squeeze_op_builder.cc,
 * flatten_op_builder.cc and transpose_op_builder.cc, as of 1.21.
 */

const shape: Check = (node, settings) => {
  const hasEnd = attribute(node.proto, 'end') !== undefined;
  const start = intAttribute(node.proto, 'start', 0);
  if (!isMlProgram(settings)) {
    return hasEnd || start !== 0
      ? reason('shape.slice', 'Shape with start or end is not taken in NeuralNetwork format')
      : null;
  }
  const rank = knownShape(node, 0).length;
  const end = intAttribute(node.proto, 'end', rank);
  const isAxis = (axis: number): boolean => axis >= -rank && axis < rank;
  if ((hasEnd && !isAxis(end)) || !isAxis(start)) {
    return reason(
      'crash.shape-slice',
      `Shape from ${start} to ${hasEnd ? end : 'the end'} of ${rank} dimensions makes this version of ONNX Runtime fail`,
    );
  }
  const size = (end < 0 ? end + rank : end) - (start < 0 ? start + rank : start);
  return size === 0 ? reason('shape.empty', 'Shape of no dimension at all is not taken') : null;
};

const reshape: Check = (node) => {
  if (!isConstant(node, 1)) {
    const producer = node.inputEdges.find(({ to }) => to === 1)?.node;
    const computed = producer === undefined ? '' : `; it is computed by ${producer.opType}`;
    return reason('reshape.computed-shape', `Reshape's new shape must be a constant${computed}`);
  }
  const target = numbersOf(node, 1) ?? [];
  if (target.length === 0) return reason('reshape.scalar', 'Reshape to a scalar is not taken');
  const input = knownShape(node, 0);
  if (!isStatic(input))
    return reason('input-shape.dynamic', `Reshape needs a fixed input shape; it is ${showShape(input)}`);
  if (input.length === 0) return reason('reshape.scalar', 'Reshape of a scalar is not taken');
  if (target.length > 5) {
    return reason('reshape.rank', `Reshape makes at most five dimensions; the new shape is [${target.join(', ')}]`);
  }
  return intAttribute(node.proto, 'allowzero', 0) === 1 && target.includes(0)
    ? reason('reshape.allowzero', 'Reshape with allowzero and a 0 in the new shape is not taken')
    : null;
};

/** From opset 13 on the axes are an input. */
const squeeze: Check = (node) =>
  node.sinceVersion > 12 && node.inputs.length > 1 && !isConstant(node, 1)
    ? reason('squeeze.axes', `${node.opType}'s axes must be a constant`)
    : null;

const unsqueeze: Check = (node, settings) => {
  const axes = squeeze(node, settings);
  if (axes !== null) return axes;
  const format = mlProgramOnly(node, settings);
  if (format !== null) return format;
  const added =
    node.sinceVersion > 12 ? (knownShape(node, 1)[0] ?? 1) : (intsAttribute(node.proto, 'axes') ?? []).length;
  const rank = knownShape(node, 0).length + added;
  return rank > 5 ? reason('unsqueeze.rank', `Unsqueeze makes at most five dimensions; this one makes ${rank}`) : null;
};

const flatten: Check = (node) =>
  knownShape(node, 0).length === 0 ? reason('flatten.scalar', 'Flatten of a scalar is not taken') : null;

export const SHAPE_RULES: Readonly<Record<string, OperatorRule>> = {
  Shape: {
    inputTypes: firstInputOneOf((settings) => {
      if (!isMlProgram(settings)) return [DataType.FLOAT];
      const types = [DataType.INT32, DataType.FLOAT, DataType.FLOAT16];
      return settings.ort >= 23 ? [...types, DataType.INT64] : types;
    }),
    supports: shape,
  },
  // Before opset 5 the new shape is an attribute.
  Reshape: { minOpset: 5, isTrivial: true, supports: reshape },
  Squeeze: { isTrivial: true, supports: squeeze },
  Unsqueeze: { isTrivial: true, supports: unsqueeze },
  Flatten: { mlProgramSince: Infinity, isTrivial: true, supports: flatten },
  Transpose: { isTrivial: true },
};
