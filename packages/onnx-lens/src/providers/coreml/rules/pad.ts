import { stringAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import type { NodeView } from '../../graph-view.js';
import type { Verdict } from '../../provider.js';
import {
  firstInputOneOf,
  floatInput,
  hasInput,
  isInitializer,
  isMlProgram,
  knownShape,
  numbersOf,
  positiveAxis,
  reason,
  showShape,
  type Check,
  type OperatorRule,
  type Settings,
} from '../rule.js';

/* onnxruntime/core/providers/coreml/builders/impl/pad_op_builder.cc, as of 1.21 and, reworked for ML Program, as of 1.26. */

/** The version that learnt padding in ML Programs, and reflection. */
const REWORKED = 26;

const pad: Check = (node, settings) => {
  const shape = knownShape(node, 0);
  const leastRank = settings.ort >= REWORKED && isMlProgram(settings) ? 1 : 2;
  if (shape.length < leastRank)
    return reason('pad.rank', `Pad takes ${leastRank} or more dimensions; the input is ${showShape(shape)}`);
  const mode = stringAttribute(node.proto, 'mode', 'constant');
  if (mode !== 'constant' && !(mode === 'reflect' && settings.ort >= REWORKED && isMlProgram(settings))) {
    return reason(
      'pad.mode',
      `Pad is taken with mode constant${isMlProgram(settings) ? ' or reflect' : ''}, not ${mode}`,
    );
  }
  return (mode === 'constant' ? padValue(node, settings) : null) ?? padAmounts(node, shape, mode, settings);
};

function padValue(node: NodeView, settings: Settings): Verdict {
  const given = settings.ort >= REWORKED ? hasInput(node, 2) : node.inputs.length > 2;
  if (!given) {
    // An ML Program pads with 0 when it is not told with what.
    return isMlProgram(settings)
      ? null
      : reason('pad.value', 'Pad is taken with its constant_value given as an input only');
  }
  if (!isInitializer(node, 2)) return reason('pad.value', "Pad's constant_value must be an initializer");
  return settings.ort >= REWORKED && !isMlProgram(settings) && node.inputs[2]?.dataType !== DataType.FLOAT
    ? reason('pad.value', "Pad's constant_value must be float in NeuralNetwork format")
    : null;
}

function padAmounts(node: NodeView, shape: readonly number[], mode: string, settings: Settings): Verdict {
  if (!isInitializer(node, 1)) return reason('pad.computed', "Pad's amounts must be an initializer");
  const pads = numbersOf(node, 1) ?? [];
  if (pads.some((amount) => amount < 0))
    return reason('pad.negative', `Pad by negative amounts, [${pads.join(', ')}], is not taken`);
  const hasAxes = settings.ort >= REWORKED ? hasInput(node, 3) : node.inputs.length > 3;
  if (hasAxes && !isInitializer(node, 3)) return reason('pad.computed', "Pad's axes must be an initializer");
  if (hasAxes && node.inputs[3]?.dataType !== DataType.INT64) {
    return reason('crash.pad-axes', 'Pad with axes of int32 makes this version of ONNX Runtime fail');
  }
  const axes = hasAxes
    ? (numbersOf(node, 3) ?? []).map((axis) => positiveAxis(axis, shape.length))
    : shape.map((_, axis) => axis);
  const anyAxis = settings.ort >= REWORKED && isMlProgram(settings) && mode === 'constant';
  const other = axes.find(
    (axis, place) => axis < shape.length - 2 && (pads[place] !== 0 || pads[place + axes.length] !== 0),
  );
  if (other !== undefined && !anyAxis) {
    return reason(
      'pad.axes',
      `Pad is taken for the last two dimensions only; this one pads axis ${other} of ${showShape(shape)}`,
    );
  }
  const tooFar = (axis: number, place: number): boolean =>
    Math.max(pads[place] ?? 0, pads[place + axes.length] ?? 0) >= (shape[axis] ?? -1);
  return mode === 'reflect' && axes.some(tooFar)
    ? reason(
        'pad.reflect',
        `Pad reflects less than a dimension's size only; it pads ${showShape(shape)} by [${pads.join(', ')}]`,
      )
    : null;
}

/** From the rework on, Pad has a type check of its own, without int64. */
const padTypes: Check = (node, settings) =>
  settings.ort < REWORKED
    ? floatInput(node, settings)
    : firstInputOneOf((each) => (isMlProgram(each) ? [DataType.FLOAT, DataType.FLOAT16] : [DataType.FLOAT]))(
        node,
        settings,
      );

export const PAD_RULES: Readonly<Record<string, OperatorRule>> = {
  // Before opset 11 the amounts are an attribute.
  Pad: { mlProgramSince: REWORKED, minOpset: 11, inputTypes: padTypes, supports: pad },
};
