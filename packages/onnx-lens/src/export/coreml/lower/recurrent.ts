import { attribute, intAttribute, stringAttribute } from '../../../model/attributes.js';
import { elementCount } from '../../../model/tensors.js';
import type { Value } from '../values.js';
import { constantNumbers, type Lower, type Lowering } from './lowering.js';

/** What the three recurrent operators share. Shapes as in ONNX: x [steps, batch, inputs]. */
export interface Recurrent {
  readonly x: Value;
  readonly batch: number;
  readonly hidden: number;
  readonly directions: readonly ('forward' | 'reverse')[];
  /** For each direction, in its order. */
  readonly activations: readonly string[];
}

/** Sizes, directions and activations; refuses what Core ML has no parameter for. */
export function recurrent(node: Lowering, perDirection: readonly string[]): Recurrent {
  const given = node.float(node.input(0));
  const full = node.cast(given, 'fp32');
  const x = isBatchFirst(node) ? node.transpose(full, [1, 0, 2]) : full;
  const [steps = 0, batch = 1] = x.shape;
  const lengths = node.has(4) ? node.numbers(4, 'sequence lengths') : [];
  if (lengths.some((length) => length !== steps)) node.refuse('its sequences are not all of full length');
  if (attribute(node.node, 'clip') !== undefined) node.refuse('it clips what goes into its activations');
  const direction = stringAttribute(node.node, 'direction', 'forward');
  const directions =
    direction === 'bidirectional'
      ? (['forward', 'reverse'] as const)
      : [direction === 'reverse' ? 'reverse' : 'forward'];
  const named = attribute(node.node, 'activations')?.strings.map((bytes) => new TextDecoder().decode(bytes));
  const activations = named ?? directions.flatMap(() => perDirection);
  const hidden = intAttribute(node.node, 'hidden_size') ?? node.input(2).shape[2] ?? 0;
  return { x, batch, hidden, directions: directions as Recurrent['directions'], activations };
}

function isBatchFirst(node: Lowering): boolean {
  return intAttribute(node.node, 'layout', 0) !== 0;
}

/** MIL's word for an activation of ONNX's without parameters of its own. */
export function activationOf(node: Lowering, name: string): string {
  const known: Readonly<Record<string, string>> = { sigmoid: 'sigmoid', tanh: 'tanh', relu: 'relu' };
  return known[name.toLowerCase()] ?? node.refuse(`its activation is ${name}`);
}

/** Rows of one direction's constant, blocks of `hidden` rows put into another order. */
export function rows(
  node: Lowering,
  place: number,
  direction: number,
  hidden: number,
  blocks: readonly number[],
): Float32Array {
  const { shape, constant } = node.input(place);
  if (constant === undefined)
    return node.refuse('its weights are computed while the model runs', 'Export it with constant weights');
  const width = shape[2] ?? 1;
  const size = elementCount(shape.slice(1));
  const own = Float32Array.from(constantNumbers(constant)).subarray(direction * size, (direction + 1) * size);
  const result = new Float32Array(blocks.length * hidden * width);
  for (const [to, from] of blocks.entries())
    result.set(own.subarray(from * hidden * width, (from + 1) * hidden * width), to * hidden * width);
  return result;
}

/** Biases of both kinds, added; zeros where there are none. */
function biasSum(node: Lowering, direction: number, hidden: number, blocks: readonly number[]): Float32Array {
  if (!node.has(3)) return new Float32Array(blocks.length * hidden);
  const gates = (node.input(3).shape[1] ?? 0) / hidden / 2;
  const [input, own] = [0, gates].map((first) =>
    rows(
      node,
      3,
      direction,
      hidden,
      blocks.map((block) => first + block),
    ),
  ) as [Float32Array, Float32Array];
  return input.map((value, at) => value + (own[at] ?? 0));
}

/** A state [directions, batch, hidden] (or batch first) as MIL has it: [batch, directions * hidden]; zeros where none is given. */
export function initialState(node: Lowering, place: number, { batch, hidden, directions }: Recurrent): Value {
  const width = directions.length * hidden;
  if (!node.has(place)) return node.floats(new Float32Array(batch * width), [batch, width], 'zeros');
  const state = node.cast(node.input(place), 'fp32');
  return node.reshape(isBatchFirst(node) ? state : node.transpose(state, [1, 0, 2]), [batch, width]);
}

/** Gives all steps [steps, batch, directions * hidden] and last states [batch, directions * hidden] in ONNX's shapes. */
export function give(node: Lowering, how: Recurrent, sequence: Value, states: readonly (Value | undefined)[]): void {
  const { batch, hidden, directions } = how;
  const [steps = 0, count] = [how.x.shape[0], directions.length];
  const type = node.input(0).type;
  if (node.wants(0)) {
    const split = node.reshape(sequence, [steps, batch, count, hidden]);
    node.set(node.cast(node.transpose(split, isBatchFirst(node) ? [1, 0, 2, 3] : [0, 2, 1, 3]), type));
  }
  for (const [place, state] of states.entries()) {
    if (state === undefined || !node.wants(place + 1)) continue;
    const split = node.reshape(state, [batch, count, hidden]);
    node.set(node.cast(isBatchFirst(node) ? split : node.transpose(split, [1, 0, 2]), type), place + 1);
  }
}

/** Runs a layer of one direction: the reverse one on the sequence turned round. */
export function directed(
  node: Lowering,
  x: Value,
  direction: 'forward' | 'reverse',
  run: (x: Value) => readonly [Value, Value, ...Value[]],
): readonly [Value, Value, ...Value[]] {
  if (direction === 'forward') return run(x);
  const [sequence, ...states] = run(node.op('reverse', { x, axes: [0] }));
  return [node.op('reverse', { x: sequence, axes: [0] }), ...states] as [Value, Value, ...Value[]];
}

/** The largest finite float32. */
const LARGEST_FLOAT = 2 ** 128 - 2 ** 104;

const lstm: Lower = (node) => {
  const how = recurrent(node, ['Sigmoid', 'Tanh', 'Tanh']);
  const { hidden, directions, activations } = how;
  if (intAttribute(node.node, 'input_forget', 0) !== 0) node.refuse('its input and forget gates are coupled');
  const words = activations.map((name) => activationOf(node, name));
  if (words.some((word, place) => word !== words[place % 3])) node.refuse('its directions have different activations');
  const [recurrent_activation = 'sigmoid', cell_activation = 'tanh', activation = 'tanh'] = words;
  // Gates: input, output, forget, cell in ONNX; input, forget, output, cell here.
  const order = [0, 2, 1, 3];
  const weights = (direction: number, suffix: string) => {
    const inputs = how.x.shape[2] ?? 0;
    const bias = biasSum(node, direction, hidden, order);
    return {
      [`weight_ih${suffix}`]: node.floats(rows(node, 1, direction, hidden, order), [4 * hidden, inputs], 'weight_ih'),
      [`weight_hh${suffix}`]: node.floats(rows(node, 2, direction, hidden, order), [4 * hidden, hidden], 'weight_hh'),
      [`bias${suffix}`]: node.floats(bias, [4 * hidden], 'bias'),
      // Peepholes: input, output, forget in ONNX; input, forget, output here.
      [`peephole${suffix}`]: node.floats(
        node.has(7) ? rows(node, 7, direction, hidden, [0, 2, 1]) : new Float32Array(3 * hidden),
        [3 * hidden],
        'peephole',
      ),
    };
  };
  const common = {
    initial_h: initialState(node, 5, how),
    initial_c: initialState(node, 6, how),
    output_sequence: true,
    recurrent_activation,
    cell_activation,
    activation,
    // Every parameter is written: this clips nothing.
    clip: LARGEST_FLOAT,
  };
  const isBoth = directions.length === 2;
  const forward = weights(0, '');
  // Unread in one direction: there the same weights once more take no room.
  const back = isBoth
    ? weights(1, '_back')
    : Object.fromEntries(Object.entries(forward).map(([name, value]) => [`${name}_back`, value]));
  const direction = isBoth ? 'bidirectional' : 'forward';
  const run = (x: Value) => node.ops('lstm', { x, ...common, ...forward, ...back, direction }) as [Value, Value, Value];
  const [sequence, ...states] = directed(node, how.x, isBoth ? 'forward' : (directions[0] ?? 'forward'), run);
  give(node, how, sequence, states);
};

const rnn: Lower = (node) => {
  const how = recurrent(node, ['Tanh']);
  const { hidden, directions } = how;
  const initial = initialState(node, 5, how);
  const layers = directions.map((direction, place) => {
    const bias = biasSum(node, place, hidden, [0]);
    return directed(node, how.x, direction, (x) => {
      const results = node.ops('rnn', {
        x,
        initial_h: part(node, initial, place, how),
        weight_ih: node.floats(rows(node, 1, place, hidden, [0]), [hidden, how.x.shape[2] ?? 0], 'weight_ih'),
        weight_hh: node.floats(rows(node, 2, place, hidden, [0]), [hidden, hidden], 'weight_hh'),
        bias: node.floats(bias, [hidden], 'bias'),
        direction: 'forward',
        output_sequence: true,
        activation: activationOf(node, how.activations[place] ?? 'Tanh'),
      });
      return results as [Value, Value];
    });
  });
  give(
    node,
    how,
    joined(
      node,
      layers.map(([all]) => all),
      2,
    ),
    [
      joined(
        node,
        layers.map(([, last]) => last),
        1,
      ),
    ],
  );
};

/** One direction's part of a state of several. */
export function part(node: Lowering, state: Value, direction: number, { batch, hidden, directions }: Recurrent): Value {
  if (directions.length === 1) return state;
  const [begin, end] = [
    [0, direction * hidden],
    [batch, (direction + 1) * hidden],
  ];
  const no = [false, false];
  return node.op('slice_by_index', {
    x: state,
    begin,
    end,
    stride: [1, 1],
    begin_mask: no,
    end_mask: no,
    squeeze_mask: no,
  });
}

export function joined(node: Lowering, values: readonly Value[], axis: number): Value {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : node.op('concat', { values, axis, interleave: false });
}

export const RECURRENT: Readonly<Record<string, Lower>> = { LSTM: lstm, RNN: rnn };
