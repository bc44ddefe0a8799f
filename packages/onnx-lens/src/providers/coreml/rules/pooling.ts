import { intAttribute, intsAttribute } from '../../../model/attributes.js';
import { isMlProgram, knownShape, reason, showShape, type Check, type OperatorRule } from '../rule.js';

/* onnxruntime/core/providers/coreml/builders/impl/pool_op_builder.cc, as of 1.21. */

const rankFour: Check = (node) => {
  const shape = knownShape(node, 0);
  return shape.length === 4
    ? null
    : reason('pool.rank', `${node.opType} takes four dimensions; the input is ${showShape(shape)}`);
};

const pool: Check = (node, settings) => {
  const rank = rankFour(node, settings);
  if (rank !== null) return rank;
  if (intAttribute(node.proto, 'storage_order') === 1) {
    return reason('pool.storage-order', `${node.opType} with storage_order 1 is not taken`);
  }
  const kernel = intsAttribute(node.proto, 'kernel_shape') ?? [1, 1];
  if (kernel.length !== 2)
    return reason(
      'pool.rank',
      `${node.opType} is taken in two spatial dimensions; kernel_shape is [${kernel.join(', ')}]`,
    );
  if (!isMlProgram(settings) && intAttribute(node.proto, 'ceil_mode') === 1) {
    return reason('pool.ceil-mode', `${node.opType} with ceil_mode 1 is not taken in NeuralNetwork format`);
  }
  const dilations = intsAttribute(node.proto, 'dilations') ?? [1, 1];
  if (dilations.join() !== '1,1')
    return reason('pool.dilations', `${node.opType} with dilations [${dilations.join(', ')}] is not taken`);
  if (node.outputs.length !== 1)
    return reason('pool.indices', `${node.opType} with its second output, the indices, is not taken`);
  return null;
};

export const POOLING_RULES: Readonly<Record<string, OperatorRule>> = {
  AveragePool: { supports: pool },
  MaxPool: { supports: pool },
  GlobalAveragePool: { supports: rankFour },
  GlobalMaxPool: { supports: rankFour },
};
