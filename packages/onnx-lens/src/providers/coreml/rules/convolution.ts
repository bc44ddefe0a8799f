import { attribute, intsAttribute, stringAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import type { NodeView, ValueView } from '../../graph-view.js';
import type { Verdict } from '../../provider.js';
import {
  isConstant,
  isMlProgram,
  knownShape,
  mlProgramOnly,
  negativeDimension,
  reason,
  shapeOf,
  showShape,
  typeName,
  type Check,
  type OperatorRule,
} from '../rule.js';

/* onnxruntime/core/providers/coreml/builders/impl/conv_op_builder.cc and convtranspose_op_builder.cc, as of 1.21; size limit since 1.23, FusedConv since 1.27. */

/** A kernel_shape attribute adds nothing, but it must agree with the weight. */
function kernelShape(node: NodeView, weight: readonly number[]): Verdict {
  const kernel = intsAttribute(node.proto, 'kernel_shape');
  if (kernel === undefined) return null;
  const spatial = weight.slice(2);
  // ONNX Runtime compares with dim_value(), which is 0 for a dimension that is not a number.
  const agrees = kernel.length === spatial.length && spatial.every((dim, place) => kernel[place] === Math.max(dim, 0));
  return agrees
    ? null
    : reason('conv.kernel-shape', `kernel_shape [${kernel.join(', ')}] does not match the weight ${showShape(weight)}`);
}

/** CheckShapeForConvMemoryLimit in core/providers/coreml/builders/helper.cc, since 1.23. */
function memoryLimit(opType: string, values: readonly (ValueView | undefined)[]): Verdict {
  for (const value of values) {
    const shape = shapeOf(value);
    const name = value?.name ?? '';
    if (shape === undefined) return reason('input-shape.unknown', `${opType} needs to know the rank of "${name}"`);
    const negative = negativeDimension(value);
    if (negative !== null) return reason('crash.negative-dimension', `"${name}" ${negative}`);
    if (shape.some((dim) => dim > 16384)) {
      return reason(
        'conv.memory-limit',
        `${opType} with a dimension beyond 16384 is not taken; "${name}" is ${showShape(shape)}`,
      );
    }
  }
  return null;
}

const conv: Check = (node, settings) => {
  if (!isMlProgram(settings) && !isConstant(node, 1)) {
    return reason('conv.weight', "Conv's weight must be a constant in NeuralNetwork format");
  }
  const limit = settings.ort >= 23 ? memoryLimit(node.opType, [node.inputs[1], node.inputs[0], node.outputs[0]]) : null;
  if (limit !== null) return limit;
  const weight = shapeOf(node.inputs[1]);
  if (weight === undefined || (weight.length !== 3 && weight.length !== 4)) {
    const what = weight === undefined ? 'a weight of unknown shape' : `${weight.length - 2} spatial dimensions`;
    return reason('conv.rank', `Conv is taken with one or two spatial dimensions; this one has ${what}`);
  }
  if (node.inputs.length > 2 && !isConstant(node, 2)) return reason('conv.bias', "Conv's bias must be a constant");
  return kernelShape(node, weight);
};

const convTranspose: Check = (node, settings) => {
  const format = mlProgramOnly(node, settings);
  if (format !== null) return format;
  if (!isConstant(node, 1)) return reason('conv.weight', "ConvTranspose's weight must be a constant");
  if (node.inputs.length > 2 && !isConstant(node, 2))
    return reason('conv.bias', "ConvTranspose's bias must be a constant");
  const limit = settings.ort >= 23 ? memoryLimit(node.opType, [node.inputs[1], node.inputs[0]]) : null;
  if (limit !== null) return limit;
  const autoPad = stringAttribute(node.proto, 'auto_pad', 'NOTSET');
  if (autoPad === 'SAME_LOWER' || autoPad === 'SAME_UPPER') {
    return reason('convtranspose.auto-pad', `ConvTranspose with auto_pad ${autoPad} is not taken`);
  }
  if (autoPad === 'NOTSET') {
    const pads = intsAttribute(node.proto, 'pads');
    if (pads === undefined) {
      return reason(
        'crash.convtranspose-pads',
        'ConvTranspose without a pads attribute crashes this version of ONNX Runtime',
      );
    }
    if (pads.some((pad) => pad !== pads[0])) {
      return reason(
        'convtranspose.pads',
        `ConvTranspose needs the same padding on all sides; pads is [${pads.join(', ')}]`,
      );
    }
  }
  const mismatch = kernelShape(node, knownShape(node, 1));
  if (mismatch !== null) return mismatch;
  if (intsAttribute(node.proto, 'output_shape') !== undefined) {
    return reason('convtranspose.output-shape', 'ConvTranspose with an output_shape attribute is not taken');
  }
  const outputPadding = intsAttribute(node.proto, 'output_padding') ?? [];
  if (outputPadding.some((padding) => padding !== 0)) {
    return reason(
      'convtranspose.output-padding',
      `ConvTranspose with output_padding [${outputPadding.join(', ')}] is not taken`,
    );
  }
  return null;
};

/** Activations that may be fused into a convolution, with the number of their activation_params. */
const FUSED_ACTIVATIONS: ReadonlyMap<string, number> = new Map([
  ['Relu', 0],
  ['Sigmoid', 0],
  ['Tanh', 0],
  ['LeakyRelu', 1],
  ['Clip', 2],
  ['HardSigmoid', 2],
]);

const fusedConv: Check = (node, settings) => {
  const format = mlProgramOnly(node, settings);
  if (format !== null) return format;
  if (node.inputs.length > 3) return reason('fusedconv.sum', 'FusedConv that adds a fourth input is not taken');
  const dataType = node.inputs[0]?.dataType ?? DataType.UNDEFINED;
  if (dataType !== DataType.FLOAT && dataType !== DataType.FLOAT16) {
    return reason('input-type', `FusedConv takes float and float16, not ${typeName(dataType)}`);
  }
  const activation = stringAttribute(node.proto, 'activation', '');
  const given = attribute(node.proto, 'activation_params')?.floats.length ?? 0;
  if (FUSED_ACTIVATIONS.get(activation) !== given) {
    return reason(
      'fusedconv.activation',
      `FusedConv with activation "${activation}" and ${given} parameters is not taken`,
    );
  }
  return conv(node, settings);
};

export const CONVOLUTION_RULES: Readonly<Record<string, OperatorRule>> = {
  Conv: { supports: conv },
  FusedConv: { since: 27, supports: fusedConv },
  ConvTranspose: { supports: convTranspose },
};
