import { floatAttribute, intsAttribute, stringAttribute } from '../../../model/attributes.js';
import type { Value } from '../values.js';
import type { Lower, Lowering } from './lowering.js';

/** A part of a value, from (inclusive) to (exclusive) along each axis. */
export function range(node: Lowering, x: Value, begin: readonly number[], end: readonly number[]): Value {
  const all = x.shape.map((size, axis) => begin[axis] === 0 && end[axis] === size);
  return node.op('slice_by_index', {
    x,
    begin,
    end,
    stride: x.shape.map(() => 1),
    begin_mask: all,
    end_mask: all,
    squeeze_mask: x.shape.map(() => false),
  });
}

const pad: Lower = (node) => {
  const x = node.input(0);
  const rank = x.shape.length;
  const mode = stringAttribute(node.node, 'mode', 'constant');
  const given =
    node.opset < 11
      ? (intsAttribute(node.node, 'pads') ?? intsAttribute(node.node, 'paddings') ?? [])
      : node.numbers(1, 'paddings');
  const axes = node.has(3)
    ? node.numbers(3, 'axes').map((axis) => node.axis(axis, rank))
    : x.shape.map((_, axis) => axis);
  const sides = x.shape.flatMap(() => [0, 0]);
  for (const [place, axis] of axes.entries()) {
    sides[2 * axis] = given[place] ?? 0;
    sides[2 * axis + 1] = given[place + axes.length] ?? 0;
  }
  const [constant = 0] =
    node.opset < 11 ? [floatAttribute(node.node, 'value', 0)] : node.has(2) ? node.numbers(2, 'value') : [];
  const cut = sides.some((side) => side < 0) ? cropped(node, x, sides) : x;
  const grow = sides.map((side) => Math.max(side, 0));
  if (grow.every((side) => side === 0)) {
    node.set(cut === x ? node.op('identity', { x }) : cut);
    return;
  }
  if (mode === 'wrap') {
    node.set(wrapped(node, cut, grow));
    return;
  }
  const how = mode === 'edge' ? 'replicate' : mode;
  node.set(node.throughFloat(cut, (value) => padAxes(node, value, grow, how, constant)));
};

function cropped(node: Lowering, x: Value, sides: readonly number[]): Value {
  return range(
    node,
    x,
    x.shape.map((_, axis) => Math.max(0, -(sides[2 * axis] ?? 0))),
    x.shape.map((size, axis) => size - Math.max(0, -(sides[2 * axis + 1] ?? 0))),
  );
}

/** Core ML mirrors and repeats edges along the last two axes only; other axes are brought there. */
function padAxes(node: Lowering, x: Value, sides: readonly number[], mode: string, constant: number): Value {
  const rank = x.shape.length;
  const isLastTwo = sides.every((side, place) => side === 0 || place >= 2 * (rank - 2));
  if (mode === 'constant' || isLastTwo)
    return node.op('pad', { x, pad: sides, mode, constant_val: mode === 'constant' ? constant : 0 });
  const axis = sides.findIndex((side) => side !== 0) >> 1;
  const swap = x.shape.map((_, place) => (place === axis ? rank - 1 : place === rank - 1 ? axis : place));
  const own = x.shape.flatMap((_, place) => (place === rank - 1 ? sides.slice(2 * axis, 2 * axis + 2) : [0, 0]));
  const padded = node.transpose(node.op('pad', { x: node.transpose(x, swap), pad: own, mode, constant_val: 0 }), swap);
  const rest = sides.map((side, place) => (place >> 1 === axis ? 0 : side));
  return rest.every((side) => side === 0) ? padded : padAxes(node, padded, rest, mode, constant);
}

function wrapped(node: Lowering, x: Value, sides: readonly number[]): Value {
  let whole = x;
  for (let axis = 0; axis < x.shape.length; axis++) {
    const [before = 0, after = 0, size = 0] = [sides[2 * axis], sides[2 * axis + 1], x.shape[axis]];
    if (before === 0 && after === 0) continue;
    if (before > size || after > size) node.refuse('it wraps more than once around');
    const part = (from: number, to: number): Value =>
      range(
        node,
        whole,
        whole.shape.map((_, place) => (place === axis ? from : 0)),
        whole.shape.map((own, place) => (place === axis ? to : own)),
      );
    const values = [...(before > 0 ? [part(size - before, size)] : []), whole, ...(after > 0 ? [part(0, after)] : [])];
    whole = node.op('concat', { values, axis, interleave: false });
  }
  return whole;
}

export const PADDING: Readonly<Record<string, Lower>> = { Pad: pad };
