import { intAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import { positive, staysFinite } from '../indicators.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/** Every element is compared with every other: beyond this the square is no bargain. */
const LONGEST_AXIS = 64;

/**
 * The k largest, by threshold.
 *
 * Pattern: x >= t cast to float, where t is one of the values of TopK(x) along an axis of at most 64 elements, taken
 * out by Gather or Slice and brought back to the axis by Reshape, Unsqueeze or nothing. Also x < t, t <= x and t > x.
 * Emits: Unsqueeze, Sub, Mul, Clip and ReduceSum that count for each element how many are larger (smaller, for the
 * smallest k): x is at least the k-th largest exactly when fewer than k are larger, equal elements included. Helps: the
 * Core ML provider, which has neither TopK nor comparisons.
 */
export const topkThreshold: Rewrite = {
  name: 'topk-threshold',
  summary: 'counts larger elements in place of a TopK threshold',
  purpose: 'provider',
  apply(node, bench) {
    const found = match(node, bench);
    if (found === undefined) return false;
    const { value, axis, place, isLargest, isInside } = found;
    const dataType = bench.dataType(value);
    bench.replace(node, (emit) => {
      // pairs[..., k, j] along (axis, axis + 1): element k against element j, summed over k.
      const [others, own] = [emit.unsqueeze(value, [axis + 1]), emit.unsqueeze(value, [axis])];
      const isAhead = positive(emit, emit.node('Sub', isLargest ? [others, own] : [own, others]), dataType);
      const ahead = emit.reduce('ReduceSum', isAhead, [axis], false);
      // `ahead` counts whole numbers: place + 1 - ahead is at least 1 inside the first place + 1, at most 0 outside.
      const inside = emit.clip(emit.node('Sub', [emit.scalar(dataType, place + 1), ahead]), dataType, 0, 1);
      return isInside ? inside : emit.node('Sub', [emit.scalar(dataType, 1), inside]);
    });
    return true;
  },
};

interface Threshold {
  readonly value: string;
  readonly axis: number;
  /** 0 for the largest (smallest), k - 1 for the last of the k. */
  readonly place: number;
  readonly isLargest: boolean;
  readonly isInside: boolean;
}

function match(node: NodeProto, bench: Workbench): Threshold | undefined {
  if (node.opType !== 'Cast' || node.domain !== '') return undefined;
  const comparison = bench.producer(node.input[0] ?? '');
  const [a = '', b = ''] = comparison?.input ?? [];
  if (comparison === undefined || bench.dataType(a) !== intAttribute(node, 'to') || !bench.isFloat(a)) return undefined;
  const onLeft = thresholdOf(bench, a, b);
  const onRight = onLeft === undefined ? thresholdOf(bench, b, a) : undefined;
  const found = onLeft ?? onRight;
  if (found === undefined || !staysFinite(bench, found.value)) return undefined;
  const operator = onLeft === undefined ? MIRRORED[comparison.opType] : comparison.opType;
  const [inside, outside] = found.isLargest ? ['GreaterOrEqual', 'Less'] : ['LessOrEqual', 'Greater'];
  if (operator !== inside && operator !== outside) return undefined;
  return { ...found, isInside: operator === inside };
}

const MIRRORED: Readonly<Record<string, string>> = {
  GreaterOrEqual: 'LessOrEqual',
  LessOrEqual: 'GreaterOrEqual',
  Greater: 'Less',
  Less: 'Greater',
};

/** `threshold` as a value of TopK(`value`), one for each row, standing on the axis where TopK was taken. */
function thresholdOf(bench: Workbench, value: string, threshold: string): Omit<Threshold, 'isInside'> | undefined {
  const shape = bench.shape(value);
  const rank = shape?.length;
  if (shape === undefined || rank === undefined) return undefined;
  const taken = findTopK(bench, threshold);
  if (taken === undefined || taken.topk.input[0] !== value) return undefined;
  const axis = (intAttribute(taken.topk, 'axis', -1) + rank) % rank;
  const length = shape[axis];
  const k = bench.scalar(taken.topk.input[1]);
  if (typeof length !== 'number' || length > LONGEST_AXIS || rank > 4 || k === undefined || k > length || k < 1)
    return undefined;
  // With sorted = 0 the k values come in no particular order.
  if (intAttribute(taken.topk, 'sorted', 1) !== 1 && k > 1) return undefined;
  const place = taken.index < 0 ? taken.index + k : taken.index;
  const stands = bench.shape(threshold);
  const isOnAxis =
    stands?.length === rank &&
    stands.every((dim, at) => (at === axis ? dim === 1 : dim === shape[at] || dim === '' || typeof dim === 'string'));
  if (place < 0 || place >= k || !isOnAxis || taken.axis !== axis) return undefined;
  return { value, axis, place, isLargest: intAttribute(taken.topk, 'largest', 1) === 1 };
}

/** Follows a threshold back through the ways of taking one of the k values. */
function findTopK(bench: Workbench, threshold: string): { topk: NodeProto; index: number; axis: number } | undefined {
  let value = threshold;
  for (let step = 0; step < 4; step++) {
    const node = bench.producer(value);
    const [first = '', second] = node?.input ?? [];
    const rank = bench.rank(first);
    if (node === undefined || rank === undefined) return undefined;
    if (node.opType === 'TopK')
      return node.output[0] === value && bench.scalar(second) === 1
        ? { topk: node, index: 0, axis: topkAxis(node, rank) }
        : undefined;
    if (['Reshape', 'Unsqueeze', 'Squeeze', 'Identity'].includes(node.opType)) {
      if (!keepsRows(bench, first, value)) return undefined;
      value = first;
      continue;
    }
    const topk = bench.producer(first);
    if (topk?.opType !== 'TopK' || topk.output[0] !== first) return undefined;
    const axis = topkAxis(topk, rank);
    const index = takenIndex(node, bench, axis, rank);
    return index === undefined ? undefined : { topk, index, axis };
  }
  return undefined;
}

function topkAxis(topk: NodeProto, rank: number): number {
  return (intAttribute(topk, 'axis', -1) + rank) % rank;
}

/** A reshape of rows must keep their order and number: only axes of 1 may come and go. */
function keepsRows(bench: Workbench, before: string, after: string): boolean {
  const real = (value: string): string | undefined => {
    const dims = bench.shape(value)?.filter((dim) => dim !== 1);
    return dims === undefined || dims.filter((dim) => typeof dim !== 'number').length > 1
      ? undefined
      : dims.map((dim) => (typeof dim === 'number' ? dim : '?')).join('x');
  };
  const [own, other] = [real(before), real(after)];
  return own !== undefined && own === other;
}

function takenIndex(node: NodeProto, bench: Workbench, axis: number, rank: number): number | undefined {
  if (node.opType === 'Gather') {
    return (intAttribute(node, 'axis', 0) + rank) % rank === axis ? bench.scalar(node.input[1]) : undefined;
  }
  if (node.opType !== 'Slice') return undefined;
  const [start, end, along] = [bench.scalar(node.input[1]), bench.scalar(node.input[2]), bench.scalar(node.input[3])];
  if (start === undefined || end === undefined || along === undefined || (along + rank) % rank !== axis)
    return undefined;
  const isOne = end === start + 1 || (start === -1 && end > 2 ** 31);
  return isOne ? start : undefined;
}
