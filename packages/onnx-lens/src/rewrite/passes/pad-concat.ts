import { intsAttribute, stringAttribute } from '../../model/attributes.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';

/** Each row of padding is a Slice of its own: wider reflections would be more nodes than they save. */
const WIDEST = 8;

/**
 * Reflecting and repeating borders.
 *
 * Pattern: Pad of mode reflect or edge with constant, non-negative pads of at most 8 on each side, along axes of known
 * length.
 * Emits: for each padded axis the border rows by Slice, in order, and Concat.
 * Helps: the Core ML provider, which takes constant padding only. Bit-identical: values are only copied.
 */
export const padConcat: Rewrite = {
  name: 'pad-concat',
  summary: 'writes reflect and edge padding as Slice and Concat',
  purpose: 'provider',
  apply(node, bench) {
    const [value = '', padsInput, , axesInput] = node.input;
    const mode = stringAttribute(node, 'mode', 'constant');
    const shape = bench.shape(value);
    const rank = shape?.length;
    if (node.opType !== 'Pad' || node.domain !== '' || (mode !== 'reflect' && mode !== 'edge') || rank === undefined) return false;
    const pads = bench.numbers(padsInput) ?? intsAttribute(node, 'pads');
    const axes = axesInput === undefined || axesInput === '' ? Array.from({ length: rank }, (_, axis) => axis) : bench.numbers(axesInput);
    if (pads === undefined || axes === undefined || bench.opset < 10) return false;
    const borders = axes.map((axis, place) => ({
      axis: (axis + rank) % rank,
      before: pads[place] ?? 0,
      after: pads[place + axes.length] ?? 0,
      length: shape?.[(axis + rank) % rank],
    }));
    const padded = borders.filter(({ before, after }) => before !== 0 || after !== 0);
    const isDoable = padded.every(({ before, after, length }) => {
      const widest = Math.max(before, after);
      return before >= 0 && after >= 0 && widest <= WIDEST && typeof length === 'number' && length > (mode === 'reflect' ? widest : 0);
    });
    if (!isDoable || padded.length === 0) return false;
    bench.replace(node, (emit) =>
      padded.reduce((soFar, { axis, before, after, length }) => padAxis(emit, soFar, mode, axis, Number(length), before, after), value),
    );
    return true;
  },
};

function padAxis(emit: Emitter, value: string, mode: 'reflect' | 'edge', axis: number, length: number, before: number, after: number): string {
  const row = (at: number): string => emit.slice(value, [at], [at + 1], [axis]);
  const source = (place: number): number => (mode === 'edge' ? Math.min(Math.max(place, 0), length - 1) : place < 0 ? -place : 2 * (length - 1) - place);
  const rows = (places: readonly number[]): string[] => {
    const made = new Map<number, string>();
    return places.map((place) => {
      const at = source(place);
      const known = made.get(at) ?? row(at);
      made.set(at, known);
      return known;
    });
  };
  const left = rows(Array.from({ length: before }, (_, place) => place - before));
  const right = rows(Array.from({ length: after }, (_, place) => length + place));
  return emit.node('Concat', [...left, value, ...right], { axis });
}
