import { intAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import {
  isConstant,
  isInitializer,
  isMlProgram,
  knownShape,
  reason,
  showShape,
  typeName,
  type Check,
  type OperatorRule,
} from '../rule.js';

/*
 * onnxruntime/core/providers/coreml/builders/impl/batch_norm_op_builder.cc, normalization_op_builder.cc and
 * LRN_op_builder.cc, as of 1.21.
 */

const batchNormalization: Check = (node) => {
  if (node.outputs.length !== 1) {
    return reason(
      'training',
      `BatchNormalization has ${node.outputs.length} outputs, as in training; export the model for inference`,
    );
  }
  const shape = knownShape(node, 0);
  if (shape.length !== 4) {
    return reason('batchnorm.rank', `BatchNormalization takes four dimensions; the input is ${showShape(shape)}`);
  }
  if (intAttribute(node.proto, 'spatial', 1) !== 1)
    return reason('batchnorm.spatial', 'BatchNormalization with spatial 0 is not taken');
  const names = ['input', 'scale', 'bias', 'mean', 'variance'];
  const computed = [1, 2, 3, 4].find((place) => !isInitializer(node, place));
  return computed === undefined
    ? null
    : reason('batchnorm.constants', `BatchNormalization's ${names[computed] ?? ''} must be an initializer`);
};

const normalizationTypes: Check = (node, settings) => {
  if (!isMlProgram(settings))
    return reason('format', `${node.opType} has a form in ML Program only, not in NeuralNetwork`);
  const types = [0, 1, ...(node.inputs.length > 2 ? [2] : [])].map(
    (place) => node.inputs[place]?.dataType ?? DataType.UNDEFINED,
  );
  if (types.some((type) => type === DataType.UNDEFINED || type !== types[0])) {
    return reason(
      'normalization.types',
      `${node.opType} needs inputs of one type; they are ${types.map(typeName).join(', ')}`,
    );
  }
  return types[0] === DataType.FLOAT || types[0] === DataType.FLOAT16
    ? null
    : reason('input-type', `${node.opType} takes float and float16, not ${typeName(types[0] ?? DataType.UNDEFINED)}`);
};

const normalization: Check = (node) => {
  if (node.outputs.length !== 1) {
    return reason(
      'training',
      `${node.opType} has ${node.outputs.length} outputs, as in training; export the model for inference`,
    );
  }
  if (node.opType !== 'InstanceNormalization' && intAttribute(node.proto, 'stash_type', 1) !== 1) {
    return reason('normalization.stash-type', `${node.opType} with stash_type other than 1 is not taken`);
  }
  if (!isConstant(node, 1)) return reason('normalization.constants', `${node.opType}'s scale must be a constant`);
  if (node.inputs.length > 2 && !isConstant(node, 2)) {
    return reason('normalization.constants', `${node.opType}'s bias must be a constant`);
  }
  return null;
};

const localResponse: Check = (node) => {
  const shape = knownShape(node, 0);
  return shape.length === 3 || shape.length === 4
    ? null
    : reason('lrn.rank', `LRN takes three or four dimensions; the input is ${showShape(shape)}`);
};

const normalizationRule: OperatorRule = { inputTypes: normalizationTypes, supports: normalization };

export const NORMALIZATION_RULES: Readonly<Record<string, OperatorRule>> = {
  // Before opset 7 BatchNormalization has attributes that are not supported.
  BatchNormalization: { minOpset: 7, supports: batchNormalization },
  GroupNormalization: normalizationRule,
  InstanceNormalization: normalizationRule,
  LayerNormalization: normalizationRule,
  LRN: { mlProgramSince: Infinity, supports: localResponse },
};
