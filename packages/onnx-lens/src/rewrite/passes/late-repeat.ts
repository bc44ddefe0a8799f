import { intAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';
import { knownEntries } from './shape-arithmetic.js';

/** Operators that treat each element (or pair of elements) for itself. */
const PER_ELEMENT = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Pow',
  'Max',
  'Min',
  'Sqrt',
  'Neg',
  'Abs',
  'Exp',
  'Log',
  'Relu',
  'Sigmoid',
  'Tanh',
  'Reciprocal',
  'Cast',
  'Clip',
]);

/**
 * Constants that are repeated for each item of the batch, and then computed with.
 *
 * Pattern: an element-wise operator whose operands are constants repeated along the batch (Tile, Expand, by the same
 * amount) and plain constants of at most one element; ReduceMax or ReduceMin over all of such a value.
 * Emits: the operator on the constants, which fold-constants computes, and one Tile or Expand of the result.
 * Helps: models with a free batch: position maps (CoordConv, soft-argmax) are computed once, and what is left of the
 * repetition goes by `broadcast` and `concat-conv`.
 */
export const lateRepeat: Rewrite = {
  name: 'late-repeat',
  summary: 'computes with a constant before it is repeated for the batch',
  purpose: 'simplify',
  apply(node, bench) {
    if (node.domain !== '') return false;
    if (node.opType === 'ReduceMax' || node.opType === 'ReduceMin') return reduceOnce(node, bench);
    if (!PER_ELEMENT.has(node.opType)) return false;
    const repeats = node.input.map((input) => (input === '' ? undefined : batchRepeat(bench, input)));
    const found = repeats.filter((repeat) => repeat !== undefined);
    const [first] = found;
    const isSame = found.every(
      (repeat) =>
        repeat.by === first?.by &&
        repeat.opType === first.opType &&
        bench.rank(repeat.source) === bench.rank(first.source),
    );
    const restIsPlain = node.input.every(
      (input, place) => repeats[place] !== undefined || input === '' || isOneElement(bench, input),
    );
    if (first === undefined || !isSame || !restIsPlain) return false;
    const { attribute } = node;
    bench.replace(node, (emit) => {
      const made = emit.node(
        node.opType,
        node.input.map((input, place) => repeats[place]?.source ?? input),
      );
      emit.nodes[0]?.attribute.push(...attribute);
      return emit.node(first.opType, [made, first.by]);
    });
    return true;
  },
};

function isOneElement(bench: Workbench, value: string): boolean {
  return bench.constant(value)?.data.length === 1 && (bench.rank(value) ?? 2) <= 1;
}

/** The largest of several copies is the largest of one. */
function reduceOnce(node: NodeProto, bench: Workbench): boolean {
  const [value = '', axes = ''] = node.input;
  const repeat = batchRepeat(bench, value);
  const isOverAll =
    axes === '' &&
    !node.attribute.some((each) => each.name === 'axes') &&
    intAttribute(node, 'noop_with_empty_axes', 0) === 0;
  if (repeat === undefined || !isOverAll) return false;
  const { attribute } = node;
  bench.replace(node, (emit) => {
    const made = emit.node(node.opType, [repeat.source]);
    emit.nodes[0]?.attribute.push(...attribute);
    return made;
  });
  return true;
}

/** A constant with a batch axis of 1 and what repeats it along that axis alone. */
export interface BatchRepeat {
  readonly source: string;
  /** The value that says how often (Tile) or to what shape (Expand). */
  readonly by: string;
  readonly opType: 'Tile' | 'Expand';
}

/** Recognizes Tile or Expand of a constant float map [1, ...] along its first axis only. */
export function batchRepeat(bench: Workbench, value: string): BatchRepeat | undefined {
  const node = bench.producer(value);
  const [source = '', by = ''] = node?.input ?? [];
  if (node === undefined || node.domain !== '' || (node.opType !== 'Tile' && node.opType !== 'Expand'))
    return undefined;
  const shape = bench.staticShape(source);
  const entries = knownEntries(bench, by);
  if (
    !bench.isConstant(source) ||
    shape === undefined ||
    shape.length < 2 ||
    shape[0] !== 1 ||
    entries?.length !== shape.length
  )
    return undefined;
  const isAlongBatch = entries
    .slice(1)
    .every((entry, place) => entry === 1 || (node.opType === 'Expand' && entry === shape[place + 1]));
  return isAlongBatch ? { source, by, opType: node.opType } : undefined;
}
