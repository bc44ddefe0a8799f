import { valueType } from '../../shapes/value-type.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';
import { batchRepeat } from './late-repeat.js';
import { knownEntries } from './shape-arithmetic.js';

/**
 * Constant maps that are repeated for each item of a free batch.
 *
 * Pattern: Tile or Expand of a constant [1, ...] along the first axis alone, as often as a float input of the graph has
 * items (position channels of CoordConv, the maps that remain after late-repeat).
 * Emits: Add of the constant and a zero for each item, which is made of the input: ReduceMax, Clip to finite, Mul by 0.
 * Helps: the Core ML provider, which has no Expand and no Tile before 1.27, and then counts no batch. Bit-identical
 * unless the input holds NaN (0 + x is x; a zero may change its sign).
 */
export const batchMaps: Rewrite = {
  name: 'batch-maps',
  summary: 'adds a constant to a zero for each item instead of repeating it for the batch',
  purpose: 'provider',
  apply(node, bench) {
    const output = node.output[0] ?? '';
    const repeat = batchRepeat(bench, output);
    if (repeat === undefined || bench.isKept(output)) return false;
    const batch = knownEntries(bench, repeat.by)?.[0];
    const input = typeof batch === 'string' && batch !== '' ? inputWithBatch(bench, batch, repeat.source) : undefined;
    const rank = bench.rank(repeat.source);
    if (input === undefined || rank === undefined) return false;
    bench.replace(node, (emit) => emit.node('Add', [zeroForEachItem(emit, bench, input, rank), repeat.source]));
    return true;
  },
};

/**
 * An input of the constant's type whose first axis bears the batch's name, without other free axes, which may be empty.
 */
function inputWithBatch(bench: Workbench, batch: string, constant: string): string | undefined {
  const isUsable = (shape: readonly (number | string)[] | null): boolean =>
    shape !== null &&
    shape.length > 1 &&
    shape[0] === batch &&
    shape.slice(1).every((dim) => typeof dim === 'number' && dim > 0);
  return bench.graph.input.find(({ name, type }) => {
    const { dataType, shape } = valueType(type);
    return !bench.isConstant(name) && dataType === bench.dataType(constant) && isUsable(shape);
  })?.name;
}

/** [batch, 1, ..., 1] of a rank, all zero whatever the input holds but NaN. */
function zeroForEachItem(emit: Emitter, bench: Workbench, input: string, rank: number): string {
  const dataType = bench.dataType(input);
  const inputRank = bench.rank(input) ?? rank;
  const largest = emit.reduce('ReduceMax', input, axesFrom(1, inputRank), true);
  const zero = emit.node('Mul', [emit.clip(largest, dataType, -1, 1), emit.scalar(dataType, 0)]);
  if (rank > inputRank) return emit.unsqueeze(zero, axesFrom(inputRank, rank));
  return rank < inputRank ? emit.squeeze(zero, axesFrom(rank, inputRank)) : zero;
}

function axesFrom(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, place) => first + place);
}
