import { floatAttribute, intAttribute } from '../../model/attributes.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Matrix products that Gemm writes in one and a provider takes in parts.
 *
 * Pattern: Gemm whose second matrix is computed, or with alpha, beta or transA other than the default; MatMul with a
 * vector as one operand.
 * Emits: Transpose, MatMul, Mul and Add; Unsqueeze, MatMul and Squeeze.
 * Helps: the Core ML provider: its Gemm has a constant second matrix and no factors, its MatMul no vectors.
 */
export const gemmForms: Rewrite = {
  name: 'gemm-forms',
  summary: 'writes unusual Gemm and vector MatMul as plain MatMul',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [a = '', b = '', c = ''] = node.input;
    if (node.domain !== '' || !bench.isFloat(a)) return false;
    const dataType = bench.dataType(a);
    if (node.opType === 'MatMul') {
      const [rankA, rankB] = [bench.rank(a), bench.rank(b)];
      if (rankA === undefined || rankB === undefined || (rankA === 1) === (rankB === 1)) return false;
      bench.replace(node, (emit) =>
        rankA === 1
          ? emit.squeeze(emit.node('MatMul', [emit.unsqueeze(a, [0]), b]), [rankB - 2])
          : emit.squeeze(emit.node('MatMul', [a, emit.unsqueeze(b, [1])]), [rankA - 1]),
      );
      return true;
    }
    if (node.opType !== 'Gemm') return false;
    const [alpha, beta] = [floatAttribute(node, 'alpha', 1), floatAttribute(node, 'beta', 1)];
    const [isTransposedA, isTransposedB] = [
      intAttribute(node, 'transA', 0) !== 0,
      intAttribute(node, 'transB', 0) !== 0,
    ];
    const isPlain =
      alpha === 1 && beta === 1 && !isTransposedA && bench.isConstant(b) && (c === '' || bench.isConstant(c));
    if (isPlain) return false;
    bench.replace(node, (emit) => {
      const left = isTransposedA ? emit.transpose(a, [1, 0]) : a;
      const right = isTransposedB ? emit.transpose(b, [1, 0]) : b;
      const product = emit.node('MatMul', [left, right]);
      const scaled = alpha === 1 ? product : emit.node('Mul', [product, emit.scalar(dataType, alpha)]);
      if (c === '') return scaled;
      return emit.node('Add', [scaled, beta === 1 ? c : emit.node('Mul', [c, emit.scalar(dataType, beta)])]);
    });
    return true;
  },
};
