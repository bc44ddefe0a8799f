import { floatAttribute, intAttribute } from '../../../model/attributes.js';
import { isConstant, isMlProgram, knownShape, reason, showShape, type Check, type OperatorRule } from '../rule.js';

/* onnxruntime/core/providers/coreml/builders/impl/gemm_op_builder.cc, as of 1.21. */

const matMul: Check = (node, settings) => {
  const [a, b] = [knownShape(node, 0), knownShape(node, 1)];
  if (isMlProgram(settings)) {
    return (a.length === 1 && b.length > 1) || (a.length > 1 && b.length === 1)
      ? reason(
          'matmul.vector',
          `MatMul of ${showShape(a)} and ${showShape(b)} meets a bug in Core ML with vectors and is not taken`,
        )
      : null;
  }
  if (!isConstant(node, 1))
    return reason('matmul.constant', "MatMul's second input must be a constant in NeuralNetwork format");
  if (a.length !== 2 || b.length !== 2) {
    return reason(
      'matmul.rank',
      `MatMul takes matrices only in NeuralNetwork format; the inputs are ${showShape(a)} and ${showShape(b)}`,
    );
  }
  return node.inputs.length > 2
    ? reason('matmul.third-input', 'MatMul with a third input is not taken in NeuralNetwork format')
    : null;
};

const gemm: Check = (node) => {
  if (!isConstant(node, 1)) return reason('gemm.constant', "Gemm's input B must be a constant");
  const transA = intAttribute(node.proto, 'transA', 0);
  const alpha = floatAttribute(node.proto, 'alpha', 1);
  const beta = floatAttribute(node.proto, 'beta', 1);
  if (transA !== 0 || alpha !== 1 || beta !== 1) {
    return reason(
      'gemm.attributes',
      `Gemm is taken with transA 0, alpha 1 and beta 1; here they are ${transA}, ${alpha} and ${beta}`,
    );
  }
  if (node.inputs.length !== 3) return null;
  if (!isConstant(node, 2)) return reason('gemm.bias', "Gemm's input C must be a constant");
  const b = knownShape(node, 1);
  const columns = intAttribute(node.proto, 'transB', 0) !== 0 ? b[0] : b[1];
  const c = knownShape(node, 2);
  const fits =
    c.length === 0 ||
    (c.length === 1 && (c[0] === 1 || c[0] === columns)) ||
    (c.length === 2 && c[0] === 1 && c[1] === columns);
  return fits
    ? null
    : reason(
        'gemm.bias',
        `Gemm's input C must be a scalar, [1], [${columns ?? '?'}] or [1, ${columns ?? '?'}]; it is ${showShape(c)}`,
      );
};

export const MATRIX_RULES: Readonly<Record<string, OperatorRule>> = {
  MatMul: { supports: matMul },
  Gemm: { supports: gemm },
};
