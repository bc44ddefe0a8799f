import { floatAttribute, intAttribute } from '../../model/attributes.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Batch normalization of other than images.
 *
 * Pattern: BatchNormalization outside training, with constant parameters, of a value whose rank is not 4.
 * Emits: Mul and Add with factor = scale / sqrt(variance + epsilon) and offset = bias - mean * factor for each channel.
 * Helps: the Core ML provider, which takes BatchNormalization of rank 4 only.
 */
export const batchNorm: Rewrite = {
  name: 'batch-norm',
  summary: 'writes batch normalization of 1-D and 3-D data as Mul and Add',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [value = '', ...parameters] = node.input;
    if (node.opType !== 'BatchNormalization' || node.domain !== '' || !bench.isFloat(value)) return false;
    const rank = bench.rank(value);
    const [scale, bias, mean, variance] = parameters.map((name) => bench.numbers(name));
    if (
      rank === undefined ||
      rank < 2 ||
      rank === 4 ||
      intAttribute(node, 'training_mode', 0) !== 0 ||
      intAttribute(node, 'spatial', 1) !== 1
    )
      return false;
    if (scale === undefined || bias === undefined || mean === undefined || variance === undefined) return false;
    if (
      node.output
        .slice(1)
        .some((output) => output !== '' && (bench.isKept(output) || bench.consumers(output).length > 0))
    )
      return false;
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const factor = scale.map((each, channel) => each / Math.sqrt((variance[channel] ?? 0) + epsilon));
    const offset = bias.map((each, channel) => each - (mean[channel] ?? 0) * (factor[channel] ?? 0));
    const perChannel = [scale.length, ...Array.from({ length: rank - 2 }, () => 1)];
    const dataType = bench.dataType(value);
    bench.replace(node, (emit) =>
      emit.node('Add', [
        emit.node('Mul', [value, emit.floats(dataType, perChannel, factor)]),
        emit.floats(dataType, perChannel, offset),
      ]),
    );
    return true;
  },
};
