import { intAttribute, intsAttribute, stringAttribute } from '../../../model/attributes.js';
import { elementCount } from '../../../model/tensors.js';
import type { Value } from '../values.js';
import { constantNumbers, type Lower, type Lowering } from './lowering.js';
import { range } from './padding.js';

const slice: Lower = (node) => {
  const x = node.input(0);
  const rank = x.shape.length;
  const starts = node.opset < 10 ? (intsAttribute(node.node, 'starts') ?? []) : node.numbers(1, 'starts');
  const ends = node.opset < 10 ? (intsAttribute(node.node, 'ends') ?? []) : node.numbers(2, 'ends');
  const given = node.opset < 10 ? intsAttribute(node.node, 'axes') : node.has(3) ? node.numbers(3, 'axes') : undefined;
  const axes = (given ?? starts.map((_, place) => place)).map((axis) => node.axis(axis, rank));
  const steps = node.has(4) ? node.numbers(4, 'steps') : starts.map(() => 1);
  const begin = x.shape.map(() => 0);
  const end = [...x.shape];
  const stride = x.shape.map(() => 1);
  const [beginMask, endMask] = [x.shape.map(() => true), x.shape.map(() => true)];
  for (const [place, axis] of axes.entries()) {
    const [size = 0, step = 1] = [x.shape[axis], steps[place]];
    const clamp = (value: number, low: number, high: number): number =>
      Math.min(Math.max(value < 0 ? value + size : value, low), high);
    const from = step > 0 ? clamp(starts[place] ?? 0, 0, size) : clamp(starts[place] ?? 0, 0, size - 1);
    const to = step > 0 ? clamp(ends[place] ?? size, 0, size) : clamp(ends[place] ?? -1, -1, size - 1);
    begin[axis] = from;
    end[axis] = Math.max(to, 0);
    stride[axis] = step;
    beginMask[axis] = step > 0 ? from === 0 : from === size - 1;
    endMask[axis] = step > 0 ? to === size : to === -1;
    if (Math.ceil((to - from) / step) <= 0) node.refuse('its result is empty');
  }
  node.set(
    node.op('slice_by_index', {
      x,
      begin,
      end,
      stride,
      begin_mask: beginMask,
      end_mask: endMask,
      squeeze_mask: x.shape.map(() => false),
    }),
  );
};

/** Core ML has no gather of bools. */
function throughWhole(node: Lowering, x: Value, compute: (x: Value) => Value): Value {
  return x.type === 'bool' ? node.cast(compute(node.cast(x, 'int32')), 'bool') : compute(x);
}

/** Indices from the end become indices from the start. */
function fromStart(node: Lowering, indices: Value, size: number): Value {
  if (indices.constant !== undefined) {
    const numbers = constantNumbers(indices.constant);
    return numbers.every((each) => each >= 0)
      ? indices
      : node.whole(
          numbers.map((each) => (each < 0 ? each + size : each)),
          indices.shape,
          'indices',
        );
  }
  const isNegative = node.op('less', { x: indices, y: node.like(indices, 0) });
  return node.op('add', {
    x: indices,
    y: node.op('mul', { x: node.cast(isNegative, indices.type), y: node.like(indices, size) }),
  });
}

const gather: Lower = (node) => {
  const [x, indices] = [node.input(0), node.input(1)];
  const axis = node.axis(intAttribute(node.node, 'axis', 0), x.shape.length);
  const places = fromStart(node, indices, x.shape[axis] ?? 0);
  // A result without axes: one index, then its axis away.
  const isScalar = places.shape.length === 0 && x.shape.length === 1;
  const own = isScalar ? node.reshape(places, [1]) : places;
  const result = throughWhole(node, x, (value) =>
    node.op('gather', { x: value, indices: own, axis, batch_dims: 0, validate_indices: false }),
  );
  node.set(isScalar ? node.reshape(result, []) : result);
};

const gatherElements: Lower = (node) => {
  const [x, indices] = [node.input(0), node.input(1)];
  const axis = node.axis(intAttribute(node.node, 'axis', 0), x.shape.length);
  const places = fromStart(node, indices, x.shape[axis] ?? 0);
  // Core ML wants the other axes to be alike.
  const isShort = x.shape.some((size, place) => place !== axis && size !== places.shape[place]);
  const part = isShort
    ? range(
        node,
        x,
        x.shape.map(() => 0),
        x.shape.map((size, place) => (place === axis ? size : (places.shape[place] ?? size))),
      )
    : x;
  node.set(
    throughWhole(node, part, (value) =>
      node.op('gather_along_axis', { x: value, indices: places, axis, validate_indices: false }),
    ),
  );
};

/** Indices of several axes at once. */
function allFromStart(node: Lowering, indices: Value, sizes: readonly number[]): Value {
  const width = indices.shape.at(-1) ?? 1;
  if (indices.constant !== undefined) {
    const numbers = constantNumbers(indices.constant);
    return node.whole(
      numbers.map((each, place) => (each < 0 ? each + (sizes[place % width] ?? 0) : each)),
      indices.shape,
      'indices',
    );
  }
  const isNegative = node.op('less', { x: indices, y: node.like(indices, 0) });
  const own = node.whole(sizes.slice(0, width), [width], 'sizes');
  return node.op('add', { x: indices, y: node.op('mul', { x: node.cast(isNegative, 'int32'), y: own }) });
}

const gatherNd: Lower = (node) => {
  const [x, indices] = [node.input(0), node.input(1)];
  const batch = intAttribute(node.node, 'batch_dims', 0);
  if (batch > 0 && node.builder.specification < 7) node.refuse('its batch axes came with iOS 16', 'Give --ios 16');
  const places = allFromStart(node, indices, x.shape.slice(batch));
  node.set(
    throughWhole(node, x, (value) =>
      node.op('gather_nd', { x: value, indices: places, batch_dims: batch, validate_indices: false }),
    ),
  );
};

const SCATTER_MODES: Readonly<Record<string, string>> = {
  none: 'update',
  add: 'add',
  mul: 'mul',
  max: 'max',
  min: 'min',
};

const scatterElements: Lower = (node) => {
  const [data, indices, updates] = [node.input(0), node.input(1), node.input(2)];
  const axis = node.axis(intAttribute(node.node, 'axis', 0), data.shape.length);
  const mode =
    SCATTER_MODES[stringAttribute(node.node, 'reduction', 'none')] ?? node.refuse('its reduction is unknown');
  if (data.shape.some((size, place) => place !== axis && size !== indices.shape[place]))
    node.refuse('its indices do not span the other axes');
  const places = fromStart(node, indices, data.shape[axis] ?? 0);
  node.set(node.op('scatter_along_axis', { data, indices: places, updates, axis, mode, validate_indices: false }));
};

const scatterNd: Lower = (node) => {
  const [data, indices, updates] = [node.input(0), node.input(1), node.input(2)];
  const mode =
    SCATTER_MODES[stringAttribute(node.node, 'reduction', 'none')] ?? node.refuse('its reduction is unknown');
  node.set(
    node.op('scatter_nd', {
      data,
      indices: allFromStart(node, indices, data.shape),
      updates,
      mode,
      validate_indices: false,
    }),
  );
};

const oneHot: Lower = (node) => {
  const indices = node.input(0);
  const [depth = 0] = node.numbers(1, 'depth');
  const [off = 0, on = 1] = node.numbers(2, 'values');
  const rank = indices.shape.length + 1;
  const axis = node.axis(intAttribute(node.node, 'axis', -1), rank);
  const places = node.cast(fromStart(node, indices, depth), 'int32');
  const marks = node.op('one_hot', { indices: places, one_hot_vector_size: depth, axis, on_value: on, off_value: off });
  node.set(node.cast(marks, node.input(2).type));
};

const trilu: Lower = (node) => {
  const x = node.input(0);
  const [k = 0] = node.has(1) ? node.numbers(1, 'diagonal') : [0];
  const isUpper = intAttribute(node.node, 'upper', 1) !== 0;
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  const keep = Array.from({ length: rows * columns }, (_, at) =>
    Number(isUpper ? (at % columns) - Math.floor(at / columns) >= k : (at % columns) - Math.floor(at / columns) <= k),
  );
  const whole = node.number(x);
  const mask =
    whole.type === 'int32'
      ? node.whole(keep, [rows, columns], 'mask')
      : node.cast(node.floats(keep, [rows, columns], 'mask'), whole.type);
  node.set(node.cast(node.op('mul', { x: whole, y: mask }), x.type));
};

const reverseSequence: Lower = (node) => {
  const [x, lengths] = [node.input(0), node.input(1)];
  node.set(
    node.op('reverse_sequence', {
      x,
      lengths,
      seq_axis: intAttribute(node.node, 'time_axis', 0),
      batch_axis: intAttribute(node.node, 'batch_axis', 1),
    }),
  );
};

const compress: Lower = (node) => {
  const x = node.input(0);
  const keep = node.numbers(1, 'condition').flatMap((each, place) => (each === 0 ? [] : [place]));
  const given = intAttribute(node.node, 'axis');
  const flat = given === undefined ? node.reshape(x, [elementCount(x.shape)]) : x;
  const axis = given === undefined ? 0 : node.axis(given, x.shape.length);
  node.set(
    throughWhole(node, flat, (value) =>
      node.op('gather', {
        x: value,
        indices: node.whole(keep, [keep.length], 'indices'),
        axis,
        batch_dims: 0,
        validate_indices: false,
      }),
    ),
  );
};

export const SLICING: Readonly<Record<string, Lower>> = {
  Slice: slice,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterElements: scatterElements,
  Scatter: scatterElements,
  ScatterND: scatterNd,
  OneHot: oneHot,
  Trilu: trilu,
  ReverseSequence: reverseSequence,
  Compress: compress,
};
