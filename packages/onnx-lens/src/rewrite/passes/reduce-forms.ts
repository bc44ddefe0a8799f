import { intAttribute, intsAttribute } from '../../model/attributes.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Norms and other composed reductions.
 *
 * Pattern: ReduceL2, ReduceL1, ReduceSumSquare on floats, with constant axes.
 * Emits: Mul, ReduceSum and Sqrt (L2); Mul by -1, Max and ReduceSum (L1).
 * Helps: the Core ML provider, which has the plain reductions only.
 */
export const reduceForms: Rewrite = {
  name: 'reduce-forms',
  summary: 'writes norms as plain reductions',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [value = '', axesInput] = node.input;
    if (node.domain !== '' || !isNorm(node.opType) || !bench.isFloat(value)) return false;
    const rank = bench.rank(value);
    const axes = intsAttribute(node, 'axes') ?? bench.numbers(axesInput);
    const isAll = axes === undefined && (axesInput === undefined || axesInput === '');
    if (rank === undefined || (axes === undefined && !isAll) || intAttribute(node, 'noop_with_empty_axes', 0) !== 0)
      return false;
    const over = axes === undefined || axes.length === 0 ? Array.from({ length: rank }, (_, axis) => axis) : axes;
    const keepdims = intAttribute(node, 'keepdims', 1) === 1;
    const dataType = bench.dataType(value);
    bench.replace(node, (emit) => {
      const sum = (inner: string): string => emit.reduce('ReduceSum', inner, over, keepdims);
      switch (node.opType) {
        case 'ReduceL2':
          return emit.node('Sqrt', [sum(emit.node('Mul', [value, value]))]);
        case 'ReduceSumSquare':
          return sum(emit.node('Mul', [value, value]));
        default:
          return sum(absolute(emit, value, emit.scalar(dataType, -1)));
      }
    });
    return true;
  },
};

function isNorm(opType: string): opType is 'ReduceL2' | 'ReduceL1' | 'ReduceSumSquare' {
  return ['ReduceL2', 'ReduceL1', 'ReduceSumSquare'].includes(opType);
}

function absolute(emit: Emitter, value: string, minusOne: string): string {
  return emit.node('Max', [value, emit.node('Mul', [value, minusOne])]);
}
