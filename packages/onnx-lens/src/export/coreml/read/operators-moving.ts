import type { Restore, Restoring } from './restoring.js';
import { dataTypeOf } from './restoring.js';

const slice: Restore = (op) => {
  const { shape } = op.value('x');
  const [begin, end, stride] = [op.numbers('begin'), op.numbers('end'), op.numbers('stride')];
  const [beginMask, endMask, squeeze] = [op.numbers('begin_mask'), op.numbers('end_mask'), op.numbers('squeeze_mask')];
  if (squeeze.some((each) => each !== 0)) op.refuse('it drops axes');
  const far = 2 ** 40;
  const starts = begin.map((from, axis) => (beginMask[axis] !== 1 ? from : (stride[axis] ?? 1) > 0 ? 0 : far));
  const ends = end.map((to, axis) => (endMask[axis] !== 1 ? to : (stride[axis] ?? 1) > 0 ? far : -far));
  op.node('Slice', [
    op.name('x'),
    op.ints(starts),
    op.ints(ends),
    op.ints(shape.map((_, axis) => axis)),
    op.ints(stride),
  ]);
};

const pad: Restore = (op) => {
  const sides = op.numbers('pad');
  const pads = op.ints([
    ...sides.filter((_, place) => place % 2 === 0),
    ...sides.filter((_, place) => place % 2 === 1),
  ]);
  const mode = op.text('mode');
  if (mode === 'constant') op.node('Pad', [op.name('x'), pads, op.name('constant_val')], { mode });
  else op.node('Pad', [op.name('x'), pads], { mode: mode === 'replicate' ? 'edge' : 'reflect' });
};

const upsampleNearest: Restore = (op) => {
  const { shape } = op.value('x');
  const scales = [
    ...shape.slice(0, -2).map(() => 1),
    op.number('scale_factor_height'),
    op.number('scale_factor_width'),
  ];
  op.node('Resize', [op.name('x'), '', op.graph.floats([scales.length], scales)], {
    mode: 'nearest',
    nearest_mode: 'floor',
    coordinate_transformation_mode: 'asymmetric',
  });
};

const COORDINATES: Readonly<Record<string, string>> = {
  UNALIGN_CORNERS: 'half_pixel',
  STRICT_ALIGN_CORNERS: 'align_corners',
  DEFAULT: 'asymmetric',
};

const resizeBilinear: Restore = (op) => {
  const { shape } = op.value('x');
  const coordinates = COORDINATES[op.text('sampling_mode')] ?? op.refuse(`its sampling is ${op.text('sampling_mode')}`);
  const sizes = [...shape.slice(0, -2), op.number('target_size_height'), op.number('target_size_width')];
  op.node('Resize', [op.name('x'), '', '', op.ints(sizes)], {
    mode: 'linear',
    coordinate_transformation_mode: coordinates,
  });
};

const wide = (op: Restoring, parameter: string): string => op.step('Cast', [op.name(parameter)], { to: 7 });

const oneHot: Restore = (op) => {
  const rank = op.result.shape.length;
  const values = op.step(
    'Concat',
    ['off_value', 'on_value'].map((name) => op.step('Reshape', [op.name(name), op.ints([1])])),
    { axis: 0 },
  );
  const axis = op.number('axis');
  op.node('OneHot', [wide(op, 'indices'), op.ints([op.number('one_hot_vector_size')]), values], {
    axis: axis < 0 ? axis + rank : axis,
  });
};

const topK: Restore = (op) => {
  const [values, places] = op.operation.outputs;
  const [first, second] = op.graph.nodeOutputs(
    'TopK',
    [op.name('x'), op.ints([op.number('k')])],
    { axis: op.number('axis'), largest: Number(!op.flag('ascending')), sorted: 1 },
    2,
  );
  if (values === undefined || places === undefined || first === undefined || second === undefined)
    return op.refuse('it gives no indices');
  op.results([
    ['Identity', first, {}],
    ['Cast', second, { to: dataTypeOf('int32') }],
  ]);
};

const SCATTER: Readonly<Record<string, string>> = { update: 'none', add: 'add', mul: 'mul', max: 'max', min: 'min' };

const resample: Restore = (op) => {
  const paddings: Readonly<Record<string, string>> = { constant: 'zeros', border: 'border', reflection: 'reflection' };
  if (op.text('coordinates_mode') !== 'normalized_minus_one_to_one')
    op.refuse(`its coordinates are ${op.text('coordinates_mode')}`);
  op.node('GridSample', [op.name('x'), op.name('coordinates')], {
    mode: op.text('sampling_mode') === 'nearest' ? 'nearest' : 'linear',
    padding_mode: paddings[op.text('padding_mode')] ?? op.refuse(`its padding is ${op.text('padding_mode')}`),
    align_corners: Number(op.flag('align_corners')),
  });
};

/** Operations that move values about. */
export const MOVING: Readonly<Record<string, Restore>> = {
  slice_by_index: slice,
  pad,
  upsample_nearest_neighbor: upsampleNearest,
  resize_bilinear: resizeBilinear,
  resample,
  concat: (op) => op.node('Concat', op.list('values'), { axis: op.number('axis') }),
  split: (op) => op.node('Split', [op.name('x'), op.ints(op.numbers('split_sizes'))], { axis: op.number('axis') }),
  reshape: (op) => op.node('Reshape', [op.name('x'), op.ints(op.numbers('shape'))]),
  transpose: (op) => op.node('Transpose', [op.name('x')], { perm: op.numbers('perm') }),
  expand_dims: (op) => op.node('Unsqueeze', [op.name('x'), op.ints(op.numbers('axes'))]),
  squeeze: (op) => op.node('Squeeze', [op.name('x'), op.ints(op.numbers('axes'))]),
  tile: (op) => op.node('Tile', [op.name('x'), op.ints(op.numbers('reps'))]),
  reverse: (op) => {
    const axes = op.numbers('axes');
    const all = (value: number): string => op.ints(axes.map(() => value));
    op.node('Slice', [op.name('x'), all(-1), all(-(2 ** 40)), op.ints(axes), all(-1)]);
  },
  gather: (op) => {
    if (op.has('batch_dims') && op.number('batch_dims') !== 0) op.refuse('it has batch axes');
    op.node('Gather', [op.name('x'), op.name('indices')], { axis: op.number('axis') });
  },
  gather_along_axis: (op) => op.node('GatherElements', [op.name('x'), op.name('indices')], { axis: op.number('axis') }),
  gather_nd: (op) =>
    op.node(
      'GatherND',
      [op.name('x'), wide(op, 'indices')],
      op.has('batch_dims') ? { batch_dims: op.number('batch_dims') } : {},
    ),
  scatter_along_axis: (op) =>
    op.node('ScatterElements', [op.name('data'), op.name('indices'), op.name('updates')], {
      axis: op.number('axis'),
      reduction: SCATTER[op.text('mode')] ?? op.refuse(op.text('mode')),
    }),
  scatter_nd: (op) =>
    op.node('ScatterND', [op.name('data'), wide(op, 'indices'), op.name('updates')], {
      reduction: SCATTER[op.text('mode')] ?? op.refuse(op.text('mode')),
    }),
  one_hot: oneHot,
  topk: topK,
  select: (op) => op.node('Where', [op.name('cond'), op.name('a'), op.name('b')]),
  depth_to_space: (op) => op.node('DepthToSpace', [op.name('x')], { blocksize: op.number('block_size'), mode: 'DCR' }),
  pixel_shuffle: (op) =>
    op.node('DepthToSpace', [op.name('x')], { blocksize: op.number('upscale_factor'), mode: 'CRD' }),
  space_to_depth: (op) => op.node('SpaceToDepth', [op.name('x')], { blocksize: op.number('block_size') }),
  reverse_sequence: (op) =>
    op.node('ReverseSequence', [op.name('x'), wide(op, 'lengths')], {
      time_axis: op.number('seq_axis'),
      batch_axis: op.number('batch_axis'),
    }),
};
