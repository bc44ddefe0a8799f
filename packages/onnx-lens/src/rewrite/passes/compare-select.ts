import { intAttribute } from '../../model/attributes.js';
import type { TensorProto_DataType as DataType, NodeProto } from '../../model/generated/onnx_pb.js';
import { hasIndicator, indicator, staysFinite } from '../indicators.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Comparisons that become numbers.
 *
 * Pattern: Cast to a float type, or Where between finite values, of a boolean made of Greater, Less, GreaterOrEqual,
 * LessOrEqual, Equal on floats and of Not, And, Or, Xor.
 * Emits: Sub, Mul and Clip for the comparison (see indicators.ts; exact, ties included, for finite values), and
 * condition * yes + (1 - condition) * no for Where.
 * Helps: the Core ML provider, which has neither booleans nor Where before 1.30.
 */
export const compareSelect: Rewrite = {
  name: 'compare-select',
  summary: 'writes comparisons with Cast or Where as arithmetic',
  purpose: 'provider',
  apply(node, bench) {
    if (node.domain !== '') return false;
    if (node.opType === 'Cast') return rewriteCast(node, bench);
    return node.opType === 'Where' && rewriteWhere(node, bench);
  },
};

function rewriteCast(node: NodeProto, bench: Workbench): boolean {
  const [condition = ''] = node.input;
  const dataType = comparedType(bench, condition);
  if (dataType === undefined || intAttribute(node, 'to') !== dataType || !hasIndicator(bench, condition, dataType)) return false;
  bench.replace(node, (emit) => indicator(emit, bench, condition, dataType));
  return true;
}

function rewriteWhere(node: NodeProto, bench: Workbench): boolean {
  const [condition = '', yes = '', no = ''] = node.input;
  const dataType = bench.dataType(yes);
  if (!bench.isFloat(yes) || !hasIndicator(bench, condition, dataType) || !staysFinite(bench, yes) || !staysFinite(bench, no)) return false;
  bench.replace(node, (emit) => {
    const chosen = indicator(emit, bench, condition, dataType);
    const isZero = (value: string): boolean => bench.numbers(value)?.every((each) => each === 0) === true;
    // The shape of an all-zero branch still counts when it is larger than the other two.
    if (isZero(no) && addsNoShape(bench, no, yes, condition)) return emit.node('Mul', [chosen, yes]);
    const other = emit.node('Mul', [emit.node('Sub', [emit.scalar(dataType, 1), chosen]), no]);
    if (isZero(yes) && addsNoShape(bench, yes, no, condition)) return other;
    return emit.node('Add', [emit.node('Mul', [chosen, yes]), other]);
  });
  return true;
}

/** The type that is compared at the bottom of a boolean value. */
function comparedType(bench: Workbench, value: string): DataType | undefined {
  const node = bench.producer(value);
  const first = node?.input[0];
  if (first === undefined) return undefined;
  return bench.isFloat(first) ? bench.dataType(first) : comparedType(bench, first);
}

/** True when broadcasting with `value` leaves the shape that the other two have together. */
function addsNoShape(bench: Workbench, value: string, ...others: readonly string[]): boolean {
  const own = bench.shape(value);
  if (own === undefined) return false;
  return own.every((dim, axis) => {
    const fromEnd = own.length - axis;
    return others.some((other) => {
      const shape = bench.shape(other);
      const theirs = shape?.at(-fromEnd);
      return shape !== undefined && fromEnd <= shape.length && (dim === 1 || (dim !== '' && theirs === dim));
    });
  });
}
