import { floatAttribute, intAttribute } from '../../model/attributes.js';
import { NodeProtoSchema } from '../../model/generated/onnx_pb.js';
import { copyMessage } from '../../model/copy.js';
import { floatsOfType } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';

/**
 * BatchNormalization behind a transposed convolution.
 *
 * Pattern: ConvTranspose of any number of groups with constant weights, read by a BatchNormalization alone, which has
 * constant parameters and is not training.
 * Emits: the ConvTranspose with weights and bias multiplied by scale / sqrt(variance + epsilon) of their output
 * channel, which is channel g * (channels a group) + c for weight [i, c] of an input channel i of group g. Helps: every
 * provider; ONNX Runtime folds normalization into Conv only.
 */
export const convNorm: Rewrite = {
  name: 'conv-norm',
  summary: 'folds batch normalization into the transposed convolution before it',
  purpose: 'simplify',
  rounds: true,
  apply(node, bench) {
    const [value = '', ...parameters] = node.input;
    if (node.opType !== 'BatchNormalization' || node.domain !== '' || node.output.length !== 1) return false;
    if (intAttribute(node, 'training_mode', 0) !== 0 || intAttribute(node, 'spatial', 1) !== 1) return false;
    const conv = bench.producer(value);
    if (conv?.opType !== 'ConvTranspose' || conv.domain !== '' || bench.soleConsumer(value) !== node) return false;
    const weight = bench.constant(conv.input[1]);
    const numbers = bench.numbers(conv.input[1]);
    const [scale, shift, mean, variance] = parameters.map((name) => bench.numbers(name));
    const hasBias = (conv.input[2] ?? '') !== '';
    const bias = hasBias ? bench.numbers(conv.input[2]) : undefined;
    if (weight === undefined || numbers === undefined || !bench.isFloat(value)) return false;
    if (scale === undefined || shift === undefined || mean === undefined || variance === undefined) return false;
    const [inputs = 0, perGroup = 0] = weight.dims;
    const groups = intAttribute(conv, 'group', 1);
    const isConsistent = perGroup * groups === scale.length && inputs % groups === 0 && inputs > 0;
    if (!isConsistent || (hasBias && bias === undefined)) return false;
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const factor = scale.map((each, channel) => each / Math.sqrt((variance[channel] ?? 0) + epsilon));
    const kernel = numbers.length / (inputs * perGroup);
    const scaled = numbers.map((each, at) => {
      const row = Math.floor(at / kernel);
      const group = Math.floor(Math.floor(row / perGroup) / (inputs / groups));
      return each * (factor[group * perGroup + (row % perGroup)] ?? 0);
    });
    const offset = shift.map(
      (each, channel) => each + ((bias?.[channel] ?? 0) - (mean[channel] ?? 0)) * (factor[channel] ?? 0),
    );
    const name = conv.name === '' ? 'ConvTranspose' : conv.name;
    const folded = [
      bench.addConstant(floatsOfType(weight.dataType, weight.dims, scaled), `${name}/weight`),
      bench.addConstant(floatsOfType(weight.dataType, [offset.length], offset), `${name}/bias`),
    ];
    bench.exchange(
      node,
      copyMessage(NodeProtoSchema, conv, { input: [conv.input[0] ?? '', ...folded], output: [...node.output] }),
    );
    bench.remove(new Set([conv]));
    return true;
  },
};
