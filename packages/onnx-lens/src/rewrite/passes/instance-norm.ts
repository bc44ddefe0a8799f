import { floatAttribute } from '../../model/attributes.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Instance normalization.
 *
 * Pattern: InstanceNormalization of a value of rank 3 to 5 with constant scale and bias.
 * Emits: ReduceMean, Sub, Mul, ReduceMean, Add, Sqrt, Div, Mul, Add: (x - mean) / sqrt(variance + epsilon) * scale +
 * bias. Helps: Core ML's NeuralNetwork format, which does not take InstanceNormalization; MLProgram does, and there the
 * coverage analysis drops this rewrite.
 */
export const instanceNorm: Rewrite = {
  name: 'instance-norm',
  summary: 'writes InstanceNormalization as means and products',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [value = '', scaleName, biasName] = node.input;
    if (node.opType !== 'InstanceNormalization' || node.domain !== '' || !bench.isFloat(value)) return false;
    const rank = bench.rank(value);
    const [scale, bias] = [bench.numbers(scaleName), bench.numbers(biasName)];
    if (rank === undefined || rank < 3 || rank > 5 || scale === undefined || bias === undefined) return false;
    const dataType = bench.dataType(value);
    const axes = Array.from({ length: rank - 2 }, (_, place) => place + 2);
    const perChannel = [scale.length, ...axes.map(() => 1)];
    bench.replace(node, (emit) => {
      const centred = emit.node('Sub', [value, emit.reduce('ReduceMean', value, axes, true)]);
      const variance = emit.reduce('ReduceMean', emit.node('Mul', [centred, centred]), axes, true);
      const deviation = emit.node('Sqrt', [
        emit.node('Add', [variance, emit.scalar(dataType, floatAttribute(node, 'epsilon', 1e-5))]),
      ]);
      const normal = emit.node('Div', [centred, deviation]);
      const scaled = scale.every((each) => each === 1)
        ? normal
        : emit.node('Mul', [normal, emit.floats(dataType, perChannel, scale)]);
      return emit.node('Add', [scaled, emit.floats(dataType, perChannel, bias)]);
    });
    return true;
  },
};
