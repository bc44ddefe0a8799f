import type { MilType, Value } from './values.js';

/** What an operation was given, by parameter. */
export type Inputs = Readonly<Record<string, Value | readonly Value[]>>;
/** Type and shape of a result. */
export interface ResultType {
  readonly type: MilType;
  readonly shape: readonly number[];
}

type Infer = (inputs: Reader) => readonly ResultType[];

/** Typed access to an operation's inputs. */
class Reader {
  readonly #inputs: Inputs;
  constructor(inputs: Inputs) {
    this.#inputs = inputs;
  }
  get x(): Value {
    return this.value('x');
  }
  value(name: string): Value {
    const found = this.#inputs[name];
    if (found === undefined || isList(found)) throw new RangeError(`The operation has no value ${name}.`);
    return found;
  }
  values(name: string): readonly Value[] {
    const found = this.#inputs[name];
    return found === undefined ? [] : isList(found) ? found : [found];
  }
  has(name: string): boolean {
    return this.#inputs[name] !== undefined;
  }
  ints(name: string): number[] {
    return Array.from(this.value(name).constant?.data ?? [], Number);
  }
  int(name: string): number {
    return this.ints(name)[0] ?? 0;
  }
  flag(name: string): boolean {
    return this.int(name) !== 0;
  }
  text(name: string): string {
    return String(this.value(name).constant?.data[0] ?? '');
  }
}

function isList(input: Value | readonly Value[]): input is readonly Value[] {
  return Array.isArray(input);
}

/** The shape to which shapes broadcast, as in NumPy. @throws RangeError when they do not. */
export function broadcast(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, place) => {
    const sizes = new Set(shapes.map((shape) => shape[place - rank + shape.length] ?? 1).filter((size) => size !== 1));
    if (sizes.size > 1)
      throw new RangeError(`Shapes ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ')} do not broadcast.`);
    return [...sizes][0] ?? 1;
  });
}

const same: Infer = ({ x }) => [{ type: x.type, shape: x.shape }];
const binary: Infer = (i) => [{ type: i.x.type, shape: broadcast(i.x.shape, i.value('y').shape) }];
const compare: Infer = (i) => [{ type: 'bool', shape: broadcast(i.x.shape, i.value('y').shape) }];
const reduced = (shape: readonly number[], axes: readonly number[], keep: boolean): number[] =>
  shape.flatMap((size, axis) =>
    axes.includes(axis) || axes.includes(axis - shape.length) ? (keep ? [1] : []) : [size],
  );
const reduce: Infer = (i) => [{ type: i.x.type, shape: reduced(i.x.shape, i.ints('axes'), i.flag('keep_dims')) }];
const argReduce: Infer = (i) => [{ type: 'int32', shape: reduced(i.x.shape, [i.int('axis')], i.flag('keep_dims')) }];
const window = (
  i: Reader,
  kernel: readonly number[],
  channels: number,
  ceil: boolean,
  dilations?: readonly number[],
): ResultType => {
  const [strides, pad] = [i.ints('strides'), i.text('pad_type') === 'custom' ? i.ints('pad') : []];
  const spatial = kernel.map((size, axis) => {
    const [begin, end, stride] = [pad[2 * axis] ?? 0, pad[2 * axis + 1] ?? 0, strides[axis] ?? 1];
    const input = i.x.shape[axis + 2] ?? 0;
    const free = input + begin + end - ((size - 1) * (dilations?.[axis] ?? 1) + 1);
    const steps = ceil ? Math.ceil(free / stride) : Math.floor(free / stride);
    return ceil && steps * stride >= input + begin ? steps : steps + 1;
  });
  return { type: i.x.type, shape: [i.x.shape[0] ?? 1, channels, ...spatial] };
};
const pool: Infer = (i) => [window(i, i.ints('kernel_sizes'), i.x.shape[1] ?? 0, i.flag('ceil_mode'))];
const blocks =
  (parameter: string, up: boolean): Infer =>
  (i) => {
    const [n = 1, c = 1, h = 1, w = 1] = i.x.shape;
    const b = i.int(parameter);
    return [{ type: i.x.type, shape: up ? [n, c / b / b, h * b, w * b] : [n, c * b * b, h / b, w / b] }];
  };

const RULES: Readonly<Record<string, Infer>> = {
  ...each('add sub mul real_div floor_div maximum minimum mod pow logical_and logical_or logical_xor', binary),
  ...each('equal not_equal greater greater_equal less less_equal', compare),
  ...each(
    'reduce_l1_norm reduce_l2_norm reduce_log_sum reduce_log_sum_exp reduce_max reduce_mean reduce_min reduce_prod reduce_sum reduce_sum_square',
    reduce,
  ),
  ...each('reduce_argmax reduce_argmin', argReduce),
  ...each('max_pool avg_pool', pool),
  ...each('scatter_along_axis scatter_nd', (i) => [{ type: i.value('data').type, shape: i.value('data').shape }]),
  conv: (i) => [
    window(i, i.value('weight').shape.slice(2), i.value('weight').shape[0] ?? 0, false, i.ints('dilations')),
  ],
  conv_transpose: (i) => {
    const [weight, pad, strides, dilations] = [
      i.value('weight').shape,
      i.ints('pad'),
      i.ints('strides'),
      i.ints('dilations'),
    ];
    const padded = i.text('pad_type') === 'custom';
    const spatial = weight.slice(2).map((size, axis) => {
      const cut = padded ? (pad[2 * axis] ?? 0) + (pad[2 * axis + 1] ?? 0) : 0;
      return ((i.x.shape[axis + 2] ?? 1) - 1) * (strides[axis] ?? 1) + (size - 1) * (dilations[axis] ?? 1) + 1 - cut;
    });
    return [{ type: i.x.type, shape: [i.x.shape[0] ?? 1, (weight[1] ?? 0) * i.int('groups'), ...spatial] }];
  },
  linear: (i) => [{ type: i.x.type, shape: [...i.x.shape.slice(0, -1), i.value('weight').shape[0] ?? 0] }],
  matmul: (i) => {
    const [x, y] = [i.x.shape, i.value('y').shape];
    const rows = x.at(i.flag('transpose_x') ? -1 : -2) ?? 1;
    const columns = y.at(i.flag('transpose_y') ? -2 : -1) ?? 1;
    return [{ type: i.x.type, shape: [...broadcast(x.slice(0, -2), y.slice(0, -2)), rows, columns] }];
  },
  lstm: (i) => {
    const [steps = 0, batch = 0] = i.x.shape;
    const last = { type: i.x.type, shape: [batch, i.value('initial_h').shape[1] ?? 0] };
    return [{ type: i.x.type, shape: [steps, ...last.shape] }, last, last];
  },
  rnn: (i) => {
    const [steps = 0, batch = 0] = i.x.shape;
    const last = { type: i.x.type, shape: [batch, i.value('initial_h').shape[1] ?? 0] };
    return [{ type: i.x.type, shape: [steps, ...last.shape] }, last];
  },
  concat: (i) => {
    const values = i.values('values');
    const [first] = values;
    const axis = i.int('axis');
    const total = values.reduce((sum, { shape }) => sum + (shape.at(axis) ?? 0), 0);
    return [{ type: first?.type ?? 'fp32', shape: (first?.shape ?? []).with(axis, total) }];
  },
  split: (i) => i.ints('split_sizes').map((size) => ({ type: i.x.type, shape: i.x.shape.with(i.int('axis'), size) })),
  slice_by_index: (i) => {
    const [begin, end, stride, beginMask, endMask, squeeze] = (
      ['begin', 'end', 'stride', 'begin_mask', 'end_mask', 'squeeze_mask'] as const
    ).map((name) => i.ints(name)) as [number[], number[], number[], number[], number[], number[]];
    const shape = i.x.shape.flatMap((size, axis) => {
      if (squeeze[axis] === 1) return [];
      const step = stride[axis] ?? 1;
      const from = beginMask[axis] === 1 ? (step > 0 ? 0 : size - 1) : (begin[axis] ?? 0);
      const to = endMask[axis] === 1 ? (step > 0 ? size : -1) : (end[axis] ?? 0);
      return [Math.max(0, Math.ceil((to - from) / step))];
    });
    return [{ type: i.x.type, shape }];
  },
  reshape: (i) => [{ type: i.x.type, shape: i.ints('shape') }],
  transpose: (i) => [{ type: i.x.type, shape: i.ints('perm').map((axis) => i.x.shape[axis] ?? 1) }],
  expand_dims: (i) => {
    const shape = [...i.x.shape];
    for (const axis of i.ints('axes')) shape.splice(axis, 0, 1);
    return [{ type: i.x.type, shape }];
  },
  squeeze: (i) => [{ type: i.x.type, shape: i.x.shape.filter((_, axis) => !i.ints('axes').includes(axis)) }],
  tile: (i) => [{ type: i.x.type, shape: i.x.shape.map((size, axis) => size * (i.ints('reps')[axis] ?? 1)) }],
  pad: (i) => {
    const pad = i.ints('pad');
    return [
      { type: i.x.type, shape: i.x.shape.map((size, axis) => size + (pad[2 * axis] ?? 0) + (pad[2 * axis + 1] ?? 0)) },
    ];
  },
  gather: (i) => [
    {
      type: i.x.type,
      shape: [...i.x.shape.slice(0, i.int('axis')), ...i.value('indices').shape, ...i.x.shape.slice(i.int('axis') + 1)],
    },
  ],
  gather_along_axis: (i) => [{ type: i.x.type, shape: i.value('indices').shape }],
  gather_nd: (i) => {
    const indices = i.value('indices').shape;
    const batch = i.has('batch_dims') ? i.int('batch_dims') : 0;
    return [{ type: i.x.type, shape: [...indices.slice(0, -1), ...i.x.shape.slice(batch + (indices.at(-1) ?? 0))] }];
  },
  one_hot: (i) => [
    {
      type: i.value('on_value').type,
      shape: i.value('indices').shape.toSpliced(i.int('axis'), 0, i.int('one_hot_vector_size')),
    },
  ],
  topk: (i) => {
    const shape = i.x.shape.with(i.int('axis'), i.int('k'));
    return [
      { type: i.x.type, shape },
      { type: 'int32', shape },
    ];
  },
  select: (i) => [
    { type: i.value('a').type, shape: broadcast(i.value('cond').shape, i.value('a').shape, i.value('b').shape) },
  ],
  cast: (i) => [{ type: i.text('dtype') as MilType, shape: i.x.shape }],
  depth_to_space: blocks('block_size', true),
  pixel_shuffle: blocks('upscale_factor', true),
  space_to_depth: blocks('block_size', false),
  upsample_nearest_neighbor: (i) => [scaled(i)],
  upsample_bilinear: (i) => [scaled(i)],
  resize_bilinear: (i) => [
    { type: i.x.type, shape: [...i.x.shape.slice(0, -2), i.int('target_size_height'), i.int('target_size_width')] },
  ],
  resample: (i) => [{ type: i.x.type, shape: [...i.x.shape.slice(0, 2), ...i.value('coordinates').shape.slice(1, 3)] }],
  constexpr_affine_dequantize: (i) => [{ type: i.value('scale').type, shape: i.value('quantized_data').shape }],
};

function scaled(i: Reader): ResultType {
  const [h = 1, w = 1] = i.x.shape.slice(-2);
  return {
    type: i.x.type,
    shape: [
      ...i.x.shape.slice(0, -2),
      Math.floor(h * i.int('scale_factor_height')),
      Math.floor(w * i.int('scale_factor_width')),
    ],
  };
}

function each(names: string, rule: Infer): Readonly<Record<string, Infer>> {
  return Object.fromEntries(names.split(' ').map((name) => [name, rule]));
}

/**
 * Types and shapes of an operation's results, as Core ML infers them; an operation without a rule gives what it takes.
 */
export function inferResults(operation: string, inputs: Inputs): readonly ResultType[] {
  return (RULES[operation] ?? same)(new Reader(inputs));
}
