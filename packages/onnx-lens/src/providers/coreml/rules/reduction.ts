import { intAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { hasInput, isConstant, isMlProgram, mlProgramOnly, reason, type Check, type OperatorRule } from '../rule.js';

/* onnxruntime/core/providers/coreml/builders/impl/reduction_op_builder.cc and argmax_op_builder.cc, as of 1.21. */

const reduction: Check = (node, settings) => {
  let emptyAxes = true;
  if (hasInput(node, 1)) {
    if (!isConstant(node, 1)) return reason('reduce.axes', `${node.opType}'s axes must be a constant`);
    // ONNX Runtime asks for the length of the protobuf field int64_data, which is 0 where axes are stored as raw bytes.
    emptyAxes = node.inputs[1]?.initializer?.int64Data.length === 0;
  }
  const noop = intAttribute(node.proto, 'noop_with_empty_axes', 0) !== 0;
  if (emptyAxes && noop && !isMlProgram(settings)) {
    return reason('reduce.noop', `${node.opType} with noop_with_empty_axes is not taken in NeuralNetwork format`);
  }
  return null;
};

const mlProgramReduction: Check = (node, settings) => mlProgramOnly(node, settings) ?? reduction(node, settings);

const argMax: Check = (node, settings) => {
  if (intAttribute(node.proto, 'select_last_index', 0) !== 0) {
    return reason('argmax.last-index', 'ArgMax with select_last_index is not taken');
  }
  if (isMlProgram(settings) || node.outputEdges.length <= 1) return null;
  const int32: number = DataType.INT32;
  const castToInt32 = node.outputEdges.some(
    ({ node: reader }) => reader.opType === 'Cast' && intAttribute(reader.proto, 'to') === int32,
  );
  return castToInt32
    ? reason('argmax.cast', 'ArgMax that is read by a Cast to int32 and by other nodes is not taken')
    : null;
};

export const REDUCTION_RULES: Readonly<Record<string, OperatorRule>> = {
  ReduceMean: { supports: reduction },
  ReduceSum: { supports: reduction },
  ReduceMax: { supports: mlProgramReduction },
  ReduceMin: { supports: mlProgramReduction },
  ReduceProd: { supports: mlProgramReduction },
  ArgMax: { supports: argMax },
};
