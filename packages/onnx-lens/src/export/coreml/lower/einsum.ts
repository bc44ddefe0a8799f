import { elementCount } from '../../../model/tensors.js';
import type { Value } from '../values.js';
import type { Lowering } from './lowering.js';

/** A value whose axes bear letters. */
interface Lettered {
  readonly value: Value;
  readonly letters: readonly string[];
}

/**
 * An Einstein sum of any number of values as transposes, sums and matrix products, two values at a time.
 */
export function lowerEinsum(node: Lowering, equation: string, inputs: readonly Value[]): Value {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',').map((term, place) => expand(node, term, inputs[place]?.shape.length ?? 0));
  const all = terms.flat();
  const wanted = right === undefined ? implicitOutput(all) : expandOutput(right, all);
  let [current, ...rest] = terms.map((letters, place) =>
    diagonal(node, { value: inputs[place] ?? node.input(place), letters }),
  );
  if (current === undefined) return node.refuse('its equation has no terms');
  while (rest.length > 0) {
    const [next, ...others] = rest;
    if (next === undefined) break;
    const later = new Set([...wanted, ...others.flatMap(({ letters }) => letters)]);
    current = contract(node, current, next, later);
    rest = others;
  }
  const summed = sumOver(node, current, (letter) => !wanted.includes(letter));
  const missing = wanted.some((letter) => !summed.letters.includes(letter));
  if (missing) node.refuse(`its equation ${equation} makes an axis of nothing`);
  return node.transpose(
    summed.value,
    wanted.map((letter) => summed.letters.indexOf(letter)),
  );
}

/**
 * Of a letter that occurs twice, only the elements at equal places count: the others are multiplied by zero and summed
 * away.
 */
function diagonal(node: Lowering, term: Lettered): Lettered {
  const second = term.letters.findIndex((letter, place) => term.letters.indexOf(letter) < place);
  if (second < 0) return term;
  const { value, letters } = term;
  const first = letters.indexOf(letters[second] ?? '');
  const size = value.shape[first] ?? 1;
  const isOnce = (axis: number): boolean => axis === first || axis === second;
  const ones = Array.from({ length: size * size }, (_, at) => Number(at % size === Math.floor(at / size)));
  const shape = value.shape.map((own, axis) => (isOnce(axis) ? own : 1));
  const mask =
    value.type === 'int32' ? node.whole(ones, shape, 'mask') : node.cast(node.floats(ones, shape, 'mask'), value.type);
  const kept = node.op('mul', { x: value, y: mask });
  const summed = node.op('reduce_sum', { x: kept, axes: [second], keep_dims: false });
  return diagonal(node, { value: summed, letters: letters.toSpliced(second, 1) });
}

/** An ellipsis stands for the axes that have no letter; they get digits, counted from the last. */
function expand(node: Lowering, term: string, rank: number): string[] {
  if (!term.includes('...')) return term.split('');
  const [before = '', after = ''] = term.split('...');
  const count = rank - before.length - after.length;
  if (count < 0 || count > 9) node.refuse('its ellipsis does not fit');
  return [
    ...before.split(''),
    ...Array.from({ length: count }, (_, place) => String(count - place)),
    ...after.split(''),
  ];
}

function expandOutput(term: string, all: readonly string[]): string[] {
  const digits = [...new Set(all.filter((letter) => /\d/.test(letter)))].sort((a, b) => Number(b) - Number(a));
  const [before = '', after] = term.split('...');
  return after === undefined ? before.split('') : [...before.split(''), ...digits, ...after.split('')];
}

function implicitOutput(all: readonly string[]): string[] {
  const digits = [...new Set(all.filter((letter) => /\d/.test(letter)))].sort((a, b) => Number(b) - Number(a));
  const once = all.filter((letter) => !/\d/.test(letter) && all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  return [...digits, ...once];
}

function sumOver(node: Lowering, { value, letters }: Lettered, leaves: (letter: string) => boolean): Lettered {
  const axes = letters.flatMap((letter, axis) => (leaves(letter) ? [axis] : []));
  if (axes.length === 0) return { value, letters };
  const isScalar = axes.length === letters.length;
  const sum = node.op('reduce_sum', { x: value, axes, keep_dims: isScalar });
  return { value: isScalar ? node.reshape(sum, []) : sum, letters: letters.filter((letter) => !leaves(letter)) };
}

/** One matrix product: shared letters that stay are its batch, those that go are summed over. */
function contract(node: Lowering, first: Lettered, second: Lettered, later: ReadonlySet<string>): Lettered {
  const a = sumOver(node, first, (letter) => !later.has(letter) && !second.letters.includes(letter));
  const b = sumOver(node, second, (letter) => !later.has(letter) && !first.letters.includes(letter));
  const shared = a.letters.filter((letter) => b.letters.includes(letter));
  const batch = shared.filter((letter) => later.has(letter));
  const summed = shared.filter((letter) => !later.has(letter));
  const rows = a.letters.filter((letter) => !shared.includes(letter));
  const columns = b.letters.filter((letter) => !shared.includes(letter));
  const sizes = new Map([...sizesOf(b), ...sizesOf(a).filter(([, size]) => size !== 1)]);
  for (const [letter, size] of sizesOf(a)) if (!sizes.has(letter)) sizes.set(letter, size);
  const count = (letters: readonly string[], of: Lettered): number =>
    elementCount(letters.map((letter) => of.value.shape[of.letters.indexOf(letter)] ?? 1));
  const arrange = (of: Lettered, order: readonly string[]): Value =>
    node.transpose(
      of.value,
      order.map((letter) => of.letters.indexOf(letter)),
    );
  const own = (of: Lettered): number[] => batch.map((letter) => of.value.shape[of.letters.indexOf(letter)] ?? 1);
  const x = node.reshape(arrange(a, [...batch, ...rows, ...summed]), [...own(a), count(rows, a), count(summed, a)]);
  const y = node.reshape(arrange(b, [...batch, ...summed, ...columns]), [
    ...own(b),
    count(summed, b),
    count(columns, b),
  ]);
  const product = node.op('matmul', { x, y, transpose_x: false, transpose_y: false });
  const letters = [...batch, ...rows, ...columns];
  return {
    value: node.reshape(
      product,
      letters.map((letter) => sizes.get(letter) ?? 1),
    ),
    letters,
  };
}

function sizesOf({ value, letters }: Lettered): [string, number][] {
  return letters.map((letter, axis) => [letter, value.shape[axis] ?? 1]);
}
