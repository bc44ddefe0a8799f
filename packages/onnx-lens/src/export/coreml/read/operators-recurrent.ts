import type { Restore, Restoring } from './restoring.js';

/** Rows of a matrix or vector in another order, as blocks of equal size, with an axis for the direction before them. */
function blocks(op: Restoring, parameter: string, order: readonly number[], size: number): string {
  const places = order.flatMap((block) => Array.from({ length: size }, (_, row) => block * size + row));
  return op.step('Unsqueeze', [op.step('Gather', [op.name(parameter), op.ints(places)], { axis: 0 }), op.ints([0])]);
}

/** One value for each direction. */
function stacked(op: Restoring, parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : op.step('Concat', parts, { axis: 0 });
}

/** MIL's state [batch, directions * hidden] as ONNX's [directions, batch, hidden]. */
function state(op: Restoring, parameter: string, directions: number): string {
  const [batch = 1, width = 1] = op.value(parameter).shape;
  const split = op.step('Reshape', [op.name(parameter), op.ints([batch, directions, width / directions])]);
  return op.step('Transpose', [split], { perm: [1, 0, 2] });
}

/** MIL adds both biases beforehand: the second is zero. Gives nothing where there is none. */
function biases(op: Restoring, suffixes: readonly string[], order: readonly number[], hidden: number): string {
  if (!op.has('bias')) return '';
  const own = stacked(
    op,
    suffixes.map((suffix) => blocks(op, `bias${suffix}`, order, hidden)),
  );
  return op.step('Concat', [own, op.step('Sub', [own, own])], { axis: 1 });
}

const activation = (op: Restoring, parameter: string): string => {
  const word = op.text(parameter);
  const known: Readonly<Record<string, string>> = { sigmoid: 'Sigmoid', tanh: 'Tanh', relu: 'Relu' };
  return known[word] ?? op.refuse(`its ${parameter} is ${word}`);
};

/** Results of ONNX's operator, [steps, directions, batch, hidden] and [directions, batch, hidden], in MIL's shapes. */
function giveResults(op: Restoring, results: readonly string[]): void {
  const shapes = op.operation.outputs.map(({ shape }) => shape);
  op.results(
    results.map((result, place) => {
      const perm = place === 0 ? [0, 2, 1, 3] : [1, 0, 2];
      return ['Reshape', [op.step('Transpose', [result], { perm }), op.ints(shapes[place] ?? [])], {}] as const;
    }),
  );
}

function checked(op: Restoring): { hidden: number; suffixes: readonly string[] } {
  if (!op.flag('output_sequence')) op.refuse('it gives the last step only');
  const direction = op.text('direction');
  if (direction !== 'forward' && direction !== 'bidirectional') op.refuse(`its direction is ${direction}`);
  return {
    hidden: op.value('weight_hh').shape[1] ?? 0,
    suffixes: direction === 'forward' ? [''] : ['', '_back'],
  };
}

const lstm: Restore = (op) => {
  const { hidden, suffixes } = checked(op);
  if (op.has('clip') && op.number('clip') < 1e38) op.refuse('it clips what goes into its cells');
  // Input, forget, output, cell become input, output, forget, cell.
  const order = [0, 2, 1, 3];
  const each = (name: string, own: readonly number[]): string =>
    stacked(
      op,
      suffixes.map((suffix) => blocks(op, `${name}${suffix}`, own, hidden)),
    );
  const inputs = [
    op.name('x'),
    each('weight_ih', order),
    each('weight_hh', order),
    biases(op, suffixes, order, hidden),
    '',
    state(op, 'initial_h', suffixes.length),
    state(op, 'initial_c', suffixes.length),
    op.has('peephole') ? each('peephole', [0, 2, 1]) : '',
  ];
  const activations = ['recurrent_activation', 'cell_activation', 'activation'].map((name) => activation(op, name));
  const attributes = {
    hidden_size: hidden,
    direction: suffixes.length === 1 ? 'forward' : 'bidirectional',
    activations: suffixes.flatMap(() => activations),
  };
  giveResults(op, op.graph.nodeOutputs('LSTM', inputs, attributes, 3));
};

const rnn: Restore = (op) => {
  const { hidden } = checked(op);
  const inputs = [
    op.name('x'),
    blocks(op, 'weight_ih', [0], hidden),
    blocks(op, 'weight_hh', [0], hidden),
    biases(op, [''], [0], hidden),
    '',
    state(op, 'initial_h', 1),
  ];
  const attributes = { hidden_size: hidden, activations: [activation(op, 'activation')] };
  giveResults(op, op.graph.nodeOutputs('RNN', inputs, attributes, 2));
};

/** Operations that feed their results back. */
export const RECURRENT: Readonly<Record<string, Restore>> = { lstm, rnn };
