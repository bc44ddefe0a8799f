import { stringAttribute } from '../../model/attributes.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Einsum.
 *
 * Pattern: Einsum of any number of operands, with or without an arrow or an ellipsis, without a letter twice in one
 * operand, where the ranks are known.
 * Emits: Transpose, Unsqueeze, MatMul, Squeeze, Mul and ReduceSum. Letters in both operands and the output become batch
 * axes, letters in both operands alone are summed by MatMul, letters in one operand alone are summed first. Of
 * several operands two at a time, from the left.
 * Helps: the Core ML provider, which has no Einsum; on the CPU MatMul is at least as fast.
 */
export const einsum: Rewrite = {
  name: 'einsum',
  summary: 'writes Einsum as Transpose, MatMul and sums',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    if (node.opType !== 'Einsum' || node.domain !== '') return false;
    const ranks = node.input.map((name) => bench.rank(name) ?? -1);
    const equation = parseEquation(stringAttribute(node, 'equation', ''), ranks);
    if (equation === undefined || equation.operands.length !== node.input.length || !bench.isFloat(node.input[0] ?? ''))
      return false;
    if (!equation.operands.every((letters, place) => ranks[place] === letters.length)) return false;
    bench.replace(node, (emit) => {
      const [first = { value: '', letters: '' }, ...rest] = equation.operands.map((letters, place): Labelled => ({
        value: node.input[place] ?? '',
        letters,
      }));
      if (rest.length === 0) return arrange(emit, sumAway(emit, first, equation.output), equation.output);
      return rest.reduce((soFar, next, place): Labelled => {
        // What neither the output nor a later operand asks for is summed at once.
        const asked =
          equation.output +
          rest
            .slice(place + 1)
            .map(({ letters }) => letters)
            .join('');
        const output =
          place === rest.length - 1
            ? equation.output
            : Array.from(new Set(soFar.letters + next.letters))
                .filter((letter) => asked.includes(letter))
                .join('');
        return { value: contract(emit, soFar, next, output), letters: output };
      }, first).value;
    });
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

/** Letters for the axes that an ellipsis stands for; equations of exporters use a few lower-case ones. */
const ELLIPSIS_LETTERS = 'ZYXWVU';

/** The letters of each operand and of the output; undefined for what this rewrite leaves alone. */
function parseEquation(text: string, ranks: readonly number[]): Equation | undefined {
  const plain = withoutEllipsis(text.replace(/\s/g, ''), ranks);
  if (plain === undefined) return undefined;
  const [left = '', right] = plain.split('->');
  const operands = left.split(',');
  const isPlain = (letters: string): boolean => /^[A-Za-z]*$/.test(letters) && new Set(letters).size === letters.length;
  if (!operands.every(isPlain)) return undefined;
  // Without an arrow the output has the letters that occur once, in alphabetical order.
  const all = operands.join('');
  const implied = [...new Set(all)]
    .filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter))
    .sort()
    .join('');
  const output = right ?? implied;
  return isPlain(output) && Array.from(output).every((letter) => all.includes(letter))
    ? { operands, output }
    : undefined;
}

/**
 * Letters in the place of ellipses, when every operand's stands for as many axes; the output must say where they go.
 */
function withoutEllipsis(text: string, ranks: readonly number[]): string | undefined {
  if (!text.includes('...')) return text;
  const [left = '', right] = text.split('->');
  const counts = left
    .split(',')
    .map((letters, place) => (letters.includes('...') ? (ranks[place] ?? -1) - (letters.length - 3) : undefined));
  const [count, ...others] = [...new Set(counts.filter((each) => each !== undefined))];
  const isFree = !Array.from(ELLIPSIS_LETTERS).some((letter) => text.includes(letter));
  if (
    count === undefined ||
    others.length > 0 ||
    count < 0 ||
    count > ELLIPSIS_LETTERS.length ||
    right === undefined ||
    !isFree
  )
    return undefined;
  return text.replaceAll('...', ELLIPSIS_LETTERS.slice(0, count));
}

function contract(emit: Emitter, a: Labelled, b: Labelled, output: string): string {
  const left = sumAway(emit, a, output + b.letters);
  const right = sumAway(emit, b, output + a.letters);
  const shared = Array.from(left.letters).filter((letter) => right.letters.includes(letter));
  const batch = Array.from(output)
    .filter((letter) => shared.includes(letter))
    .join('');
  const summed = shared.filter((letter) => !output.includes(letter)).join('');
  const onlyLeft = Array.from(output)
    .filter((letter) => left.letters.includes(letter) && !shared.includes(letter))
    .join('');
  const onlyRight = Array.from(output)
    .filter((letter) => right.letters.includes(letter) && !shared.includes(letter))
    .join('');
  // MatMul broadcasts what stands before the last two axes: one side may have more axes of its own where the other has
  // one.
  const fitsMatMul = summed.length === 1 && (onlyLeft.length <= 1 || onlyRight.length <= 1);
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

/**
 * [batch, left, summed] x [batch, summed, right]; a missing left or right letter is an axis of 1 for the while. The
 * further axes of the side that has several stand between the batch and the matrix, as axes of 1 on the other side.
 */
function byMatMul(emit: Emitter, left: Labelled, right: Labelled, roles: Roles, output: string): string {
  const { batch, summed, onlyLeft, onlyRight } = roles;
  const further = onlyLeft.length > 1 ? onlyLeft.slice(0, -1) : onlyRight.slice(0, Math.max(0, onlyRight.length - 1));
  const isLeftLong = onlyLeft.length > 1;
  const [row, column] = [onlyLeft.slice(isLeftLong ? -1 : 0), onlyRight.slice(isLeftLong ? 0 : further.length)];
  const front = batch + further;
  const ones = Array.from(further, (_, place) => batch.length + place);
  const isShared = batch === '' || further === '';
  let a = arrange(emit, left, (isLeftLong ? front : batch) + row + summed);
  let b = arrange(emit, right, (isLeftLong ? batch : front) + summed + column);
  if (row === '') a = emit.unsqueeze(a, [isLeftLong ? front.length : batch.length]);
  if (column === '') b = emit.unsqueeze(b, [(isLeftLong ? batch.length : front.length) + 1]);
  // Without a batch a matrix broadcasts over leading axes by itself.
  if (!isShared && isLeftLong) b = emit.unsqueeze(b, ones);
  if (!isShared && !isLeftLong) a = emit.unsqueeze(a, ones);
  let product = emit.node('MatMul', [a, b]);
  const removed = [...(row === '' ? [front.length] : []), ...(column === '' ? [front.length + 1] : [])];
  if (removed.length > 0) product = emit.squeeze(product, removed);
  return arrange(emit, { value: product, letters: front + row + column }, output);
}

/** The general way: both operands over all letters, multiplied, summed. Nothing summed is an outer product. */
function byProduct(emit: Emitter, left: Labelled, right: Labelled, summed: string, output: string): string {
  const all = output + summed;
  const product = emit.node('Mul', [spread(emit, left, all), spread(emit, right, all)]);
  return sumAway(emit, { value: product, letters: all }, output).value;
}

function spread(emit: Emitter, { value, letters }: Labelled, all: string): string {
  const order = Array.from(all)
    .filter((letter) => letters.includes(letter))
    .join('');
  const missing = Array.from(all).flatMap((letter, axis) => (letters.includes(letter) ? [] : [axis]));
  const arranged = arrange(emit, { value, letters }, order);
  return missing.length === 0 ? arranged : emit.unsqueeze(arranged, missing);
}

function sumAway(emit: Emitter, operand: Labelled, wanted: string): Labelled {
  const axes = Array.from(operand.letters).flatMap((letter, axis) => (wanted.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return operand;
  const letters = Array.from(operand.letters)
    .filter((letter) => wanted.includes(letter))
    .join('');
  return { value: emit.reduce('ReduceSum', operand.value, axes, false), letters };
}

function arrange(emit: Emitter, input: Labelled, order: string): string {
  if (input.letters === order) return input.value;
  return emit.transpose(
    input.value,
    Array.from(order).map((letter) => input.letters.indexOf(letter)),
  );
}
