import type { SplitSummary } from './cost.js';
import type { Judged } from './judge.js';

/** What one rewrite did and whether it stayed. */
export interface PassRow {
  readonly name: string;
  readonly summary: string;
  /** Places in the graph that it changed. */
  readonly changed: number;
  readonly before: SplitSummary;
  readonly after: SplitSummary;
  /** `dropped`: the whole is at least as good without it. `refused`: ONNX Runtime did not take what it made. */
  readonly outcome: 'kept' | 'dropped' | 'refused';
  /** Why it was dropped or refused, in words. */
  readonly reason: string | null;
}

/** A {@link PassRow} whose figures are still to be taken, when all is known of shapes that will be. */
export type Row = Omit<PassRow, 'before' | 'after'> & { readonly before: Judged; readonly after: Judged };

export function fixRow(fix: Readonly<Record<string, number | readonly number[]>>, before: Judged, after: Judged): Row {
  const sizes = Object.entries(fix).map(([name, size]) => `${name}=${String(size)}`);
  return {
    name: 'fix',
    summary: `fixes ${sizes.join(', ')}`,
    changed: sizes.length,
    before,
    after,
    outcome: 'kept',
    reason: null,
  };
}

export function levelOneRow(before: Judged, after: Judged): Row {
  const nodes = ({ model }: Judged): number => model.graph?.node.length ?? 0;
  return {
    name: 'level-one',
    summary: "writes the graph as ONNX Runtime's level 1 leaves it, for other programs too",
    changed: Math.max(1, nodes(before) - nodes(after)),
    before,
    after,
    outcome: 'kept',
    reason: null,
  };
}

export function withoutGain(row: Row, isFixed: boolean): Row {
  if (row.outcome !== 'kept' || (isFixed && row.name === 'fix')) return row;
  return {
    ...row,
    outcome: 'dropped',
    reason: 'brings nothing: what ONNX Runtime makes of the model is no better for it',
  };
}
