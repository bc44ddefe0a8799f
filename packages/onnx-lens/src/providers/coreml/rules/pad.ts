import { stringAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import type { Verdict } from '../../provider.js';
import type { NodeView } from '../../graph-view.js';
import { isInitializer, knownShape, numbersOf, positiveAxis, reason, showShape, type Check, type OperatorRule } from '../rule.js';

/* onnxruntime/core/providers/coreml/builders/impl/pad_op_builder.cc, as of 1.21. */

const pad: Check = (node) => {
  const shape = knownShape(node, 0);
  if (shape.length < 2) return reason('pad.rank', `Pad takes two or more dimensions; the input is ${showShape(shape)}`);
  const mode = stringAttribute(node.proto, 'mode', 'constant');
  if (mode !== 'constant') return reason('pad.mode', `Pad is taken with mode constant, not ${mode}`);
  if (node.inputs.length < 3) return reason('pad.value', 'Pad is taken with its constant_value given as an input only');
  if (!isInitializer(node, 2)) return reason('pad.value', "Pad's constant_value must be an initializer");
  return padAmounts(node, shape);
};

function padAmounts(node: NodeView, shape: readonly number[]): Verdict {
  if (!isInitializer(node, 1)) return reason('pad.computed', "Pad's amounts must be an initializer");
  const pads = numbersOf(node, 1) ?? [];
  if (pads.some((amount) => amount < 0)) return reason('pad.negative', `Pad by negative amounts, [${pads.join(', ')}], is not taken`);
  if (node.inputs.length > 3 && !isInitializer(node, 3)) return reason('pad.computed', "Pad's axes must be an initializer");
  if (node.inputs.length > 3 && node.inputs[3]?.dataType !== DataType.INT64) {
    return reason('crash.pad-axes', 'Pad with axes of int32 makes this version of ONNX Runtime fail');
  }
  const axes = node.inputs.length > 3 ? (numbersOf(node, 3) ?? []).map((axis) => positiveAxis(axis, shape.length)) : shape.map((_, axis) => axis);
  const other = axes.find((axis, place) => axis < shape.length - 2 && (pads[place] !== 0 || pads[place + axes.length] !== 0));
  return other === undefined
    ? null
    : reason('pad.axes', `Pad is taken for the last two dimensions only; this one pads axis ${other} of ${showShape(shape)}`);
}

export const PAD_RULES: Readonly<Record<string, OperatorRule>> = {
  // Before opset 11 the amounts are an attribute.
  Pad: { mlProgram: false, minOpset: 11, supports: pad },
};
