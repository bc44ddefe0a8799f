import { stringAttribute } from '../../model/attributes.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Einsum.
 *
 * Pattern: Einsum of one or two operands, with or without an arrow, without ellipsis and without a letter twice in one
 * operand, where the ranks are known.
 * Emits: Transpose, Unsqueeze, MatMul, Squeeze, Mul and ReduceSum. Letters in both operands and the output become batch
 * axes, letters in both operands alone are summed by MatMul, letters in one operand alone are summed first.
 * Helps: the Core ML provider, which has no Einsum; on the CPU MatMul is at least as fast.
 */
export const einsum: Rewrite = {
  name: 'einsum',
  summary: 'writes Einsum as Transpose, MatMul and sums',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    if (node.opType !== 'Einsum' || node.domain !== '') return false;
    const equation = parseEquation(stringAttribute(node, 'equation', ''));
    if (equation === undefined || equation.operands.length !== node.input.length || !bench.isFloat(node.input[0] ?? '')) return false;
    if (!equation.operands.every((letters, place) => bench.rank(node.input[place] ?? '') === letters.length)) return false;
    const [first, second] = equation.operands;
    const [a = '', b = ''] = node.input;
    if (first === undefined) return false;
    if (second === undefined) {
      bench.replace(node, (emit) => arrange(emit, sumAway(emit, { value: a, letters: first }, equation.output), equation.output));
    } else {
      bench.replace(node, (emit) => contract(emit, { value: a, letters: first }, { value: b, letters: second }, equation.output));
    }
    return true;
  },
};

interface Equation {
  readonly operands: readonly string[];
  readonly output: string;
}

/** A value with a letter for each axis. */
interface Labelled {
  readonly value: string;
  readonly letters: string;
}

/** The letters of each operand and of the output; undefined for what this rewrite leaves alone. */
export function parseEquation(text: string): Equation | undefined {
  const [left = '', right] = text.replace(/\s/g, '').split('->');
  const operands = left.split(',');
  const isPlain = (letters: string): boolean => /^[A-Za-z]*$/.test(letters) && new Set(letters).size === letters.length;
  if (!operands.every(isPlain) || operands.length > 2) return undefined;
  // Without an arrow the output has the letters that occur once, in alphabetical order.
  const all = operands.join('');
  const implied = [...new Set(all)].filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort().join('');
  const output = right ?? implied;
  return isPlain(output) && Array.from(output).every((letter) => all.includes(letter)) ? { operands, output } : undefined;
}

function contract(emit: Emitter, a: Labelled, b: Labelled, output: string): string {
  const left = sumAway(emit, a, output + b.letters);
  const right = sumAway(emit, b, output + a.letters);
  const shared = Array.from(left.letters).filter((letter) => right.letters.includes(letter));
  const batch = Array.from(output).filter((letter) => shared.includes(letter)).join('');
  const summed = shared.filter((letter) => !output.includes(letter)).join('');
  const onlyLeft = Array.from(output).filter((letter) => left.letters.includes(letter) && !shared.includes(letter)).join('');
  const onlyRight = Array.from(output).filter((letter) => right.letters.includes(letter) && !shared.includes(letter)).join('');
  const fitsMatMul = summed.length === 1 && onlyLeft.length <= 1 && onlyRight.length <= 1;
  return fitsMatMul
    ? byMatMul(emit, left, right, { batch, summed, onlyLeft, onlyRight }, output)
    : byProduct(emit, left, right, summed, output);
}

interface Roles {
  readonly batch: string;
  readonly summed: string;
  readonly onlyLeft: string;
  readonly onlyRight: string;
}

/** [batch, left, summed] x [batch, summed, right]; a missing left or right letter is an axis of 1 for the while. */
function byMatMul(emit: Emitter, left: Labelled, right: Labelled, roles: Roles, output: string): string {
  const { batch, summed, onlyLeft, onlyRight } = roles;
  let a = arrange(emit, left, batch + onlyLeft + summed);
  let b = arrange(emit, right, batch + summed + onlyRight);
  if (onlyLeft === '') a = emit.unsqueeze(a, [batch.length]);
  if (onlyRight === '') b = emit.unsqueeze(b, [batch.length + 1]);
  let product = emit.node('MatMul', [a, b]);
  const ones = [...(onlyLeft === '' ? [batch.length] : []), ...(onlyRight === '' ? [batch.length + 1] : [])];
  if (ones.length > 0) product = emit.squeeze(product, ones);
  return arrange(emit, { value: product, letters: batch + onlyLeft + onlyRight }, output);
}

/** The general way: both operands over all letters, multiplied, summed. Nothing summed is an outer product. */
function byProduct(emit: Emitter, left: Labelled, right: Labelled, summed: string, output: string): string {
  const all = output + summed;
  const product = emit.node('Mul', [spread(emit, left, all), spread(emit, right, all)]);
  return sumAway(emit, { value: product, letters: all }, output).value;
}

function spread(emit: Emitter, { value, letters }: Labelled, all: string): string {
  const order = Array.from(all).filter((letter) => letters.includes(letter)).join('');
  const missing = Array.from(all).flatMap((letter, axis) => (letters.includes(letter) ? [] : [axis]));
  const arranged = arrange(emit, { value, letters }, order);
  return missing.length === 0 ? arranged : emit.unsqueeze(arranged, missing);
}

function sumAway(emit: Emitter, operand: Labelled, wanted: string): Labelled {
  const axes = Array.from(operand.letters).flatMap((letter, axis) => (wanted.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return operand;
  const letters = Array.from(operand.letters).filter((letter) => wanted.includes(letter)).join('');
  return { value: emit.reduce('ReduceSum', operand.value, axes, false), letters };
}

function arrange(emit: Emitter, input: Labelled, order: string): string {
  if (input.letters === order) return input.value;
  return emit.transpose(input.value, Array.from(order).map((letter) => input.letters.indexOf(letter)));
}
