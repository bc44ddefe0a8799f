import { intAttribute } from '../../model/attributes.js';
import { TensorProto_DataType as DataType, type NodeProto } from '../../model/generated/onnx_pb.js';
import { hasIndicator, indicator, staysFinite } from '../indicators.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Comparisons that become numbers.
 *
 * Pattern: Cast to a float type, or Where between finite values, of a boolean made of Greater, Less, GreaterOrEqual,
 * LessOrEqual, Equal on floats and of Not, And, Or, Xor; Where by a constant mask, also with an infinite branch.
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

/** Exporters write `mask.long().float()` as two casts: 0 and 1 are the same in every type. */
function castBoolean(node: NodeProto, bench: Workbench): string {
  const [value = ''] = node.input;
  const before = bench.producer(value);
  const isWhole = bench.dataType(value) === DataType.INT64 || bench.dataType(value) === DataType.INT32;
  return before?.opType === 'Cast' &&
    before.domain === '' &&
    isWhole &&
    bench.dataType(before.input[0] ?? '') === DataType.BOOL
    ? (before.input[0] ?? '')
    : value;
}

function rewriteCast(node: NodeProto, bench: Workbench): boolean {
  const condition = castBoolean(node, bench);
  const dataType = comparedType(bench, condition);
  if (dataType === undefined || intAttribute(node, 'to') !== dataType || !hasIndicator(bench, condition, dataType))
    return false;
  bench.replace(node, (emit) => indicator(emit, bench, condition, dataType));
  return true;
}

function rewriteWhere(node: NodeProto, bench: Workbench): boolean {
  const [condition = '', yes = '', no = ''] = node.input;
  const dataType = bench.dataType(yes);
  if (bench.isFloat(yes) && bench.isConstant(condition)) return selectByMask(node, bench, dataType);
  if (
    !bench.isFloat(yes) ||
    !hasIndicator(bench, condition, dataType) ||
    !staysFinite(bench, yes) ||
    !staysFinite(bench, no)
  )
    return false;
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

/**
 * A constant condition: both branches times a mask, or where the other is the same infinity throughout a sum with it.
 */
function selectByMask(node: NodeProto, bench: Workbench, dataType: DataType): boolean {
  const [condition = '', yes = '', no = ''] = node.input;
  const mask = bench.numbers(condition);
  const dims = bench.constant(condition)?.dims;
  if (mask === undefined || dims === undefined || (bench.isConstant(yes) && bench.isConstant(no))) return false;
  const far = bench.scalar(no) ?? bench.scalar(yes);
  const other = bench.scalar(no) !== undefined ? yes : no;
  if (far !== undefined && Math.abs(far) === Infinity) {
    const isChosen = (each: number): boolean => (each !== 0) === (other === yes);
    if (!staysFinite(bench, other) || !addsNoShape(bench, other === yes ? no : yes, other, condition)) return false;
    bench.replace(node, (emit) =>
      emit.node('Add', [
        other,
        emit.floats(
          dataType,
          dims,
          mask.map((each) => (isChosen(each) ? 0 : far)),
        ),
      ]),
    );
    return true;
  }
  if (!staysFinite(bench, yes) || !staysFinite(bench, no)) return false;
  bench.replace(node, (emit) => {
    const part = (value: string, isPart: (each: number) => boolean): string =>
      emit.node('Mul', [
        value,
        emit.floats(
          dataType,
          dims,
          mask.map((each) => Number(isPart(each))),
        ),
      ]);
    return emit.node('Add', [part(yes, (each) => each !== 0), part(no, (each) => each === 0)]);
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
