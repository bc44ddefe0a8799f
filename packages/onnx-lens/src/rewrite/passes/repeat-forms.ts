import type { NodeProto } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/** A Concat of more copies than this is left a Tile. */
const MOST_COPIES = 16;

/**
 * Values that are repeated.
 *
 * Pattern: Expand or Tile of computed floats along axes of known length; the batch may be free where it is not
 * repeated. Emits: Mul by ones of the length of each axis of 1, which broadcasts; Concat of the value with itself for
 * other axes. Helps: the Core ML provider, which has no Expand, and no Tile before 1.27. Bit-identical.
 */
export const repeatForms: Rewrite = {
  name: 'repeat-forms',
  summary: 'repeats by a product with ones, or by Concat',
  purpose: 'provider',
  apply(node, bench) {
    const [value = ''] = node.input;
    if (node.domain !== '' || !bench.isFloat(value) || bench.isConstant(value)) return false;
    const times =
      node.opType === 'Expand' ? expandTimes(node, bench) : node.opType === 'Tile' ? tileTimes(node, bench) : undefined;
    const from = bench.shape(value);
    if (times === undefined || from === undefined || times.every((each) => each === 1)) return false;
    const missing = times.length - from.length;
    const isSpread = times.map((_, axis) => axis < missing || from[axis - missing] === 1);
    if (times.some((each, axis) => isSpread[axis] !== true && each > MOST_COPIES)) return false;
    const dataType = bench.dataType(value);
    bench.replace(node, (emit) => {
      const copied = times.reduce((soFar, each, axis) => {
        if (each === 1 || isSpread[axis] === true) return soFar;
        return emit.node('Concat', new Array<string>(each).fill(soFar), { axis: axis - missing });
      }, value);
      const ones = times.map((each, axis) => (isSpread[axis] === true ? each : 1));
      if (missing === 0 && ones.every((each) => each === 1)) return copied;
      return emit.node('Mul', [
        copied,
        emit.floats(dataType, ones, new Array<number>(ones.reduce((a, b) => a * b, 1)).fill(1)),
      ]);
    });
    return true;
  },
};

/** How often each axis of the result is repeated; undefined where that is not known. */
function expandTimes(node: NodeProto, bench: Workbench): number[] | undefined {
  const [from, to] = [bench.shape(node.input[0] ?? ''), bench.shape(node.output[0] ?? '')];
  if (from === undefined || to === undefined) return undefined;
  const times = to.map((dim, axis): number => {
    const own = from[axis - (to.length - from.length)] ?? 1;
    if (own === dim && dim !== '') return 1;
    return own === 1 && typeof dim === 'number' && dim > 0 ? dim : NaN;
  });
  return times.some(Number.isNaN) ? undefined : times;
}

function tileTimes(node: NodeProto, bench: Workbench): number[] | undefined {
  const times = bench.numbers(node.input[1]);
  return times?.every((each) => each >= 1) === true && times.length === bench.rank(node.input[0] ?? '')
    ? times
    : undefined;
}
