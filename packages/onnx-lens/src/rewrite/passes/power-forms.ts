import type { Rewrite } from '../rewrite.js';

/**
 * Powers by a constant.
 *
 * Pattern: Pow by 2, 0.5, -1 or -0.5, on floats; Div of a constant 1.
 * Emits: Mul; Sqrt; Reciprocal; Reciprocal of Sqrt.
 * Helps: the CPU (a product in place of a general power) and Core ML's NeuralNetwork format, whose Pow is a layer of
 * its own with one operand.
 */
export const powerForms: Rewrite = {
  name: 'power-forms',
  summary: 'writes powers by a constant as products and roots',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [base = '', exponent = ''] = node.input;
    if (node.opType !== 'Pow' || node.domain !== '' || !bench.isFloat(base)) return false;
    const power = bench.scalar(exponent);
    // A larger rank of the exponent would widen the result.
    if (power === undefined) return false;
    if ((bench.rank(exponent) ?? 1) > (bench.rank(base) ?? 0) || bench.dataType(exponent) !== bench.dataType(base))
      return false;
    if (![2, 0.5, -1, -0.5].includes(power)) return false;
    bench.replace(node, (emit) => {
      if (power === 2) return emit.node('Mul', [base, base]);
      if (power === -1) return emit.node('Reciprocal', [base]);
      const root = emit.node('Sqrt', [base]);
      return power === 0.5 ? root : emit.node('Reciprocal', [root]);
    });
    return true;
  },
};
