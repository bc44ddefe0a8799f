import { floatAttribute, intAttribute, stringAttribute } from '../../../model/attributes.js';
import type { Value } from '../values.js';
import type { Lower, Lowering } from './lowering.js';

interface Resize {
  /** Sizes of the result, and how many times larger it is, for each axis. */
  readonly sizes: readonly number[];
  readonly scales: readonly number[];
  readonly coordinates: string;
}

function resizeOf(node: Lowering, x: Value): Resize {
  const old = node.opset < 11;
  const coordinates = old ? 'asymmetric' : stringAttribute(node.node, 'coordinate_transformation_mode', 'half_pixel');
  const scalesAt = old ? 1 : 2;
  const axes =
    node.node.attribute
      .find(({ name }) => name === 'axes')
      ?.ints.map((axis) => node.axis(Number(axis), x.shape.length)) ?? x.shape.map((_, axis) => axis);
  const spread = (values: readonly number[], usual: (axis: number) => number): number[] =>
    x.shape.map((_, axis) => (axes.includes(axis) ? (values[axes.indexOf(axis)] ?? usual(axis)) : usual(axis)));
  if (stringAttribute(node.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    node.refuse('it keeps the aspect ratio');
  const given =
    node.node.opType === 'Upsample' && node.opset < 9
      ? node.node.attribute.find(({ name }) => name === 'scales')?.floats
      : undefined;
  const own = given ?? (node.has(scalesAt) ? node.numbers(scalesAt, 'scales') : []);
  if (own.length > 0) {
    const scales = spread(own, () => 1);
    return { scales, sizes: x.shape.map((size, axis) => Math.floor(size * (scales[axis] ?? 1) + 1e-9)), coordinates };
  }
  const sizes = spread(node.numbers(3, 'sizes'), (axis) => x.shape[axis] ?? 1);
  return { sizes, scales: sizes.map((size, axis) => size / (x.shape[axis] ?? 1)), coordinates };
}

const resize: Lower = (node) => {
  const x = node.input(0);
  const resized = resizeOf(node, x);
  const mode = stringAttribute(node.node, 'mode', 'nearest');
  if (intAttribute(node.node, 'antialias', 0) !== 0 && resized.scales.some((scale) => scale < 1))
    node.refuse('Core ML does not smooth what it makes smaller');
  if (resized.sizes.every((size, axis) => size === x.shape[axis]) && resized.coordinates !== 'tf_crop_and_resize') {
    node.set(node.op('identity', { x }));
    return;
  }
  if (mode === 'nearest') node.set(nearest(node, x, resized));
  else if (mode === 'linear' || mode === 'bilinear') node.set(linear(node, x, resized));
  else node.set(byMatrices(node, x, resized, cubicTable(node)));
};

/** Where the sample of a place lies on the input's axis. */
function sourceOf(
  node: Lowering,
  { coordinates, scales, sizes }: Resize,
  axis: number,
  size: number,
): (at: number) => number {
  const [scale = 1, count = 1] = [scales[axis], sizes[axis]];
  switch (coordinates) {
    case 'half_pixel':
      return (at) => (at + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const shift = (size / 2) * (1 - count / (scale * size));
      return (at) => shift + (at + 0.5) / scale - 0.5;
    }
    case 'pytorch_half_pixel':
      return (at) => (count > 1 ? (at + 0.5) / scale - 0.5 : 0);
    case 'align_corners':
      return (at) => (count > 1 ? (at * (size - 1)) / (count - 1) : 0);
    case 'asymmetric':
      return (at) => at / scale;
    case 'tf_half_pixel_for_nn':
      return (at) => (at + 0.5) / scale;
    default:
      return node.refuse(`its coordinates are ${coordinates}`);
  }
}

function nearest(node: Lowering, x: Value, how: Resize): Value {
  const rounding = node.opset < 11 ? 'floor' : stringAttribute(node.node, 'nearest_mode', 'round_prefer_floor');
  const round = (value: number): number => {
    if (rounding === 'floor') return Math.floor(value);
    if (rounding === 'ceil') return Math.ceil(value);
    return rounding === 'round_prefer_ceil' ? Math.floor(value + 0.5) : Math.ceil(value - 0.5);
  };
  const tables = x.shape.map((size, axis) => {
    const source = sourceOf(node, how, axis, size);
    return Array.from({ length: how.sizes[axis] ?? 1 }, (_, at) =>
      Math.min(Math.max(round(Math.fround(source(at))), 0), size - 1),
    );
  });
  const rank = x.shape.length;
  const factor = (axis: number): number => (how.sizes[axis] ?? 1) / (x.shape[axis] ?? 1);
  const repeats = (axis: number): boolean =>
    (tables[axis] ?? []).every((from, at) => from === Math.floor(at / factor(axis)));
  const isWhole =
    rank === 4 &&
    [2, 3].every((axis) => Number.isInteger(factor(axis)) && repeats(axis)) &&
    [0, 1].every((axis) => factor(axis) === 1 && repeats(axis));
  if (isWhole) {
    const scale = { scale_factor_height: factor(2), scale_factor_width: factor(3) };
    return node.throughFloat(x, (value) => node.op('upsample_nearest_neighbor', { x: value, ...scale }));
  }
  return tables.reduce((value, table, axis) => {
    if (table.length === x.shape[axis] && table.every((from, at) => from === at)) return value;
    return node.op('gather', {
      x: value,
      indices: node.whole(table, [table.length], 'rows'),
      axis,
      batch_dims: 0,
      validate_indices: false,
    });
  }, x);
}

/** Core ML's sampling modes by ONNX's coordinates, where sizes are what the scales make of them. */
const SAMPLING: Readonly<Record<string, string>> = {
  half_pixel: 'UNALIGN_CORNERS',
  align_corners: 'STRICT_ALIGN_CORNERS',
  asymmetric: 'DEFAULT',
};

function linear(node: Lowering, x: Value, how: Resize): Value {
  const [h = 1, w = 1] = how.sizes.slice(-2);
  const isPlain = x.shape.length === 4 && how.sizes[0] === x.shape[0] && how.sizes[1] === x.shape[1];
  const isExact = how.sizes.every(
    (size, axis) => Math.abs(size - (x.shape[axis] ?? 1) * (how.scales[axis] ?? 1)) < 1e-6,
  );
  const coordinates = how.coordinates === 'pytorch_half_pixel' && h > 1 && w > 1 ? 'half_pixel' : how.coordinates;
  const sampling_mode = SAMPLING[coordinates];
  if (isPlain && sampling_mode !== undefined && (isExact || coordinates === 'align_corners'))
    return node.throughFloat(x, (value) =>
      node.op('resize_bilinear', { x: value, target_size_height: h, target_size_width: w, sampling_mode }),
    );
  return byMatrices(node, x, how, () => ({ offsets: [0, 1], weights: (part) => [1 - part, part] }));
}

/** Weights of the neighbours of a place between two samples. */
type Table = () => { readonly offsets: readonly number[]; readonly weights: (part: number) => readonly number[] };

const cubicTable =
  (node: Lowering): Table =>
  () => {
    const a = floatAttribute(node.node, 'cubic_coeff_a', -0.75);
    const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
    const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
    return { offsets: [-1, 0, 1, 2], weights: (part) => [far(1 + part), near(part), near(1 - part), far(2 - part)] };
  };

/** A resize is linear along each axis: a product with a matrix that holds its weights. */
function byMatrices(node: Lowering, x: Value, how: Resize, table: Table): Value {
  const { offsets, weights } = table();
  const excludes = intAttribute(node.node, 'exclude_outside', 0) !== 0;
  const rank = x.shape.length;
  return x.shape.reduce((value, size, axis) => {
    const count = how.sizes[axis] ?? 1;
    if (count === size && how.scales[axis] === 1) return value;
    const source = sourceOf(node, how, axis, size);
    const matrix = new Float32Array(size * count);
    for (let at = 0; at < count; at++) {
      const place = source(at);
      const clamped = offsets.length === 2 ? Math.min(Math.max(place, 0), size - 1) : place;
      const base = Math.floor(clamped);
      const own = weights(clamped - base).map((weight, tap) => {
        const from = base + (offsets[tap] ?? 0);
        return excludes && (from < 0 || from >= size) ? 0 : weight;
      });
      const total = excludes ? own.reduce((sum, weight) => sum + weight, 0) : 1;
      for (const [tap, weight] of own.entries()) {
        const from = Math.min(Math.max(base + (offsets[tap] ?? 0), 0), size - 1);
        matrix[from * count + at] = (matrix[from * count + at] ?? 0) + weight / total;
      }
    }
    const last = rank - 1;
    const swap = x.shape.map((_, place) => (place === axis ? last : place === last ? axis : place));
    const y = node.cast(node.floats(matrix, [size, count], 'weights'), value.type);
    return node.transpose(
      node.op('matmul', { x: node.transpose(value, swap), y, transpose_x: false, transpose_y: false }),
      swap,
    );
  }, x);
}

/** Core ML samples [N, C, H, W] at coordinates [N, H, W, 2] of x and y from -1 to 1, as ONNX does. */
const gridSample: Lower = (node) => {
  const [x, coordinates] = [node.input(0), node.input(1)];
  if (x.shape.length !== 4) node.refuse('Core ML samples pictures of two axes only');
  const mode = stringAttribute(node.node, 'mode', 'linear');
  const padding = stringAttribute(node.node, 'padding_mode', 'zeros');
  if (mode === 'cubic' || mode === 'bicubic') node.refuse('Core ML does not sample with cubic weights');
  const paddings: Readonly<Record<string, string>> = { zeros: 'constant', border: 'border', reflection: 'reflection' };
  node.set(
    node.op('resample', {
      x,
      coordinates,
      sampling_mode: mode === 'nearest' ? 'nearest' : 'bilinear',
      padding_mode: paddings[padding] ?? node.refuse(`its padding is ${padding}`),
      padding_value: 0,
      coordinates_mode: 'normalized_minus_one_to_one',
      align_corners: intAttribute(node.node, 'align_corners', 0) !== 0,
    }),
  );
};

export const RESAMPLING: Readonly<Record<string, Lower>> = { Resize: resize, Upsample: resize, GridSample: gridSample };
