import { intAttribute, intsAttribute } from '../../../model/attributes.js';
import { elementCount } from '../../../model/tensors.js';
import type { Value } from '../values.js';
import { MOST_AXES } from '../program.js';
import type { Lower, Lowering } from './lowering.js';

const identity: Lower = (node) => {
  const x = node.input(0);
  node.set(x);
};

/** Nothing, where the model is not being trained; its mask keeps everything. */
const dropout: Lower = (node) => {
  const x = node.input(0);
  const isTraining = node.has(2) && node.numbers(2, 'mode')[0] !== 0;
  const [ratio = 0.5] = node.has(1) ? node.numbers(1, 'ratio') : [];
  if (isTraining && ratio !== 0) node.refuse('it is in training mode', 'Export the model in evaluation mode');
  node.set(x);
  if (node.wants(1)) node.set(node.cast(node.whole(Array<number>(elementCount(x.shape)).fill(1), x.shape), 'bool'), 1);
};

const reshape: Lower = (node) => {
  const x = node.input(0);
  const wanted = node.opset < 5 ? (intsAttribute(node.node, 'shape') ?? []) : node.numbers(1, 'sizes');
  const keepsZero = intAttribute(node.node, 'allowzero', 0) !== 0;
  const shape = wanted.map((size, axis) => (size === 0 && !keepsZero ? (x.shape[axis] ?? 0) : size));
  const known = elementCount(shape.filter((size) => size !== -1));
  const full = shape.map((size) => (size === -1 ? elementCount(x.shape) / known : size));
  node.set(node.reshape(x, full));
};

const flatten: Lower = (node) => {
  const x = node.input(0);
  const given = intAttribute(node.node, 'axis', 1);
  const axis = given < 0 ? given + x.shape.length : given;
  node.set(node.op('reshape', { x, shape: [elementCount(x.shape.slice(0, axis)), elementCount(x.shape.slice(axis))] }));
};

const transpose: Lower = (node) => {
  const x = node.input(0);
  const perm = intsAttribute(node.node, 'perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  node.set(node.transpose(x, perm));
};

function axesOf(node: Lowering, rank: number): number[] | undefined {
  const given = node.has(1) ? node.numbers(1, 'axes') : intsAttribute(node.node, 'axes');
  return given?.map((axis) => node.axis(axis, rank)).sort((a, b) => a - b);
}

const unsqueeze: Lower = (node) => {
  const x = node.input(0);
  const count = node.has(1) ? node.numbers(1, 'axes').length : (intsAttribute(node.node, 'axes')?.length ?? 0);
  const axes = axesOf(node, x.shape.length + count) ?? [];
  if (axes.length === 0) node.set(node.op('identity', { x }));
  else if (x.shape.length + axes.length > MOST_AXES) node.set(node.reshape(x, inserted(x.shape, axes)));
  else node.set(node.op('expand_dims', { x, axes }));
};

/** A shape with axes of size 1 in some places of the result. */
function inserted(shape: readonly number[], axes: readonly number[]): number[] {
  const result = [...shape];
  for (const axis of axes) result.splice(axis, 0, 1);
  return result;
}

const squeeze: Lower = (node) => {
  const x = node.input(0);
  const axes = axesOf(node, x.shape.length) ?? x.shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
  if (axes.length === 0) node.set(node.op('identity', { x }));
  else if (axes.length === x.shape.length || x.view !== undefined)
    node.set(
      node.reshape(
        x,
        x.shape.filter((_, axis) => !axes.includes(axis)),
      ),
    );
  else node.set(node.op('squeeze', { x, axes }));
};

const concat: Lower = (node) => {
  const inputs = node.node.input.map((_, place) => node.input(place));
  const [first] = inputs;
  const axis = node.axis(intAttribute(node.node, 'axis', 1), first?.shape.length ?? 0);
  // Empty ones add nothing, and were reported to be compiled wrongly.
  const values = inputs.filter(({ shape }) => elementCount(shape) > 0);
  const [only] = values;
  if (only === undefined) node.refuse('it has no elements');
  else if (values.length === 1) node.set(node.op('identity', { x: only }));
  else node.set(node.op('concat', { values, axis, interleave: false }));
};

const split: Lower = (node) => {
  const x = node.input(0);
  const axis = node.axis(intAttribute(node.node, 'axis', 0), x.shape.length);
  const given = node.has(1) ? node.numbers(1, 'sizes') : intsAttribute(node.node, 'split');
  const parts = node.node.output.length;
  const each = Math.ceil((x.shape[axis] ?? 0) / parts);
  const even = Array.from({ length: parts }, (_, place) => Math.min(each, (x.shape[axis] ?? 0) - place * each));
  const sizes = given ?? even;
  if (sizes.some((size) => size <= 0)) node.refuse('a part of it is empty');
  if (sizes.length === 1) node.set(node.op('identity', { x }));
  else for (const [place, part] of node.ops('split', { x, split_sizes: sizes, axis }).entries()) node.set(part, place);
};

const expand: Lower = (node) => {
  const x = node.input(0);
  node.set(expandTo(node, x, node.numbers(1, 'sizes')));
};

/** Repeats axes of size 1 so that the value fills a shape. */
export function expandTo(node: Lowering, x: Value, wanted: readonly number[]): Value {
  const rank = Math.max(wanted.length, x.shape.length);
  const from = [...Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const to = [...Array<number>(rank - wanted.length).fill(1), ...wanted];
  const reps = from.map((size, axis) => (size === 1 ? Math.max(to[axis] ?? 1, 0) : 1));
  const whole = node.reshape(x, from);
  return reps.every((each) => each === 1) ? node.op('identity', { x: whole }) : node.op('tile', { x: whole, reps });
}

const tile: Lower = (node) => {
  const x = node.input(0);
  const reps = node.numbers(1, 'repeats');
  node.set(reps.every((each) => each === 1) ? node.op('identity', { x }) : node.op('tile', { x, reps }));
};

const depthToSpace: Lower = (node) => {
  const x = node.input(0);
  const block = intAttribute(node.node, 'blocksize', 1);
  const isCrd = node.node.attribute.some(({ name, s }) => name === 'mode' && new TextDecoder().decode(s) === 'CRD');
  node.set(
    node.throughFloat(x, (value) =>
      isCrd
        ? node.op('pixel_shuffle', { x: value, upscale_factor: block })
        : node.op('depth_to_space', { x: value, block_size: block }),
    ),
  );
};

const spaceToDepth: Lower = (node) =>
  node.set(
    node.throughFloat(node.input(0), (x) =>
      node.op('space_to_depth', { x, block_size: intAttribute(node.node, 'blocksize', 1) }),
    ),
  );

/** Sizes are fixed here, so a shape is a constant. */
const shape: Lower = (node) => {
  const { shape: own } = node.input(0);
  const rank = own.length;
  const place = (axis: number): number => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  const sizes = own.slice(place(intAttribute(node.node, 'start', 0)), place(intAttribute(node.node, 'end', rank)));
  node.set(node.whole(sizes, [sizes.length], 'shape'));
};

const size: Lower = (node) => node.set(node.whole([elementCount(node.input(0).shape)], [], 'size'));

export const SHAPE: Readonly<Record<string, Lower>> = {
  Identity: identity,
  Dropout: dropout,
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Concat: concat,
  Split: split,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Shape: shape,
  Size: size,
};
