import { intAttribute } from '../../model/attributes.js';
import type { Rewrite } from '../rewrite.js';

/** A list of single rows longer than this stays a Gather. */
const MOST_PIECES = 16;

/**
 * Gather with constant indices.
 *
 * Pattern: Gather of one index, or of a short list of indices, that are constant, from floats along an axis of known
 * length. Emits: Slice and Squeeze for a scalar index; one Slice for a run of neighbours; Slices and Concat otherwise.
 * Helps: the Core ML provider: MLProgram has no Gather, NeuralNetwork none with a scalar index. Bit-identical.
 */
export const gatherSlice: Rewrite = {
  name: 'gather-slice',
  summary: 'takes constant indices by Slice',
  purpose: 'provider',
  apply(node, bench) {
    const [data = '', indicesName = ''] = node.input;
    const indices = bench.constant(indicesName);
    const shape = bench.shape(data);
    if (
      node.opType !== 'Gather' ||
      node.domain !== '' ||
      indices === undefined ||
      shape === undefined ||
      !bench.isFloat(data) ||
      bench.opset < 10
    )
      return false;
    const axis = (intAttribute(node, 'axis', 0) + shape.length) % shape.length;
    const length = shape[axis];
    if (typeof length !== 'number' || indices.dims.length > 1 || indices.data.length === 0 || bench.isConstant(data))
      return false;
    const places = (bench.numbers(indicesName) ?? []).map((place) => (place < 0 ? place + length : place));
    const runs = toRuns(places);
    if (runs.length > MOST_PIECES || places.some((place) => place < 0 || place >= length)) return false;
    bench.replace(node, (emit) => {
      const pieces = runs.map(({ start, end }) => emit.slice(data, [start], [end], [axis]));
      const [first = ''] = pieces;
      const taken = pieces.length === 1 ? first : emit.node('Concat', pieces, { axis });
      return indices.dims.length === 0 ? emit.squeeze(taken, [axis]) : taken;
    });
    return true;
  },
};

interface Run {
  readonly start: number;
  /** One past the last. */
  readonly end: number;
}

/** 3, 4, 5, 9, 1 as 3-6, 9-10, 1-2. */
function toRuns(places: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const place of places) {
    const last = runs[runs.length - 1];
    if (last?.end === place) runs[runs.length - 1] = { start: last.start, end: place + 1 };
    else runs.push({ start: place, end: place + 1 });
  }
  return runs;
}
