import type { OperatorContext, Translation } from '../context.js';
import { permuteShape, type Value } from '../value.js';

function padAmounts(context: OperatorContext, rank: number): { before: number[]; after: number[] } {
  const pairs = context.constantNumbers(1, 'paddings');
  if (pairs.length !== 2 * rank) throw context.damaged(`has ${pairs.length} paddings for a value of rank ${rank}`);
  return { before: pairs.filter((_, place) => place % 2 === 0), after: pairs.filter((_, place) => place % 2 === 1) };
}

/** Zeros are not made yet: a convolution that follows takes them along. */
const pad: Translation = (context) => {
  const input = context.input(0);
  const { before, after } = padAmounts(context, input.shape.length);
  const shape = input.shape.map((dim, axis) => dim + (before[axis] ?? 0) + (after[axis] ?? 0));
  const name = context.outputName(0);
  const order = context.commonOrder([input]);
  const pending: Value = {
    name,
    shape,
    dataType: input.dataType,
    constant: null,
    forms: new Map(),
    padding: { of: input, before, after },
  };
  const isSpatial = shape.length === 4 && before[0] === 0 && after[0] === 0 && before[3] === 0 && after[3] === 0;
  if (!isSpatial) context.as(pending, order);
  return [pending];
};

function padWith(mode: 'constant' | 'reflect' | 'symmetric'): Translation {
  return (context) => {
    const input = context.input(0);
    const { before, after } = padAmounts(context, input.shape.length);
    const order = context.commonOrder([input]);
    const shape = input.shape.map((dim, axis) => dim + (before[axis] ?? 0) + (after[axis] ?? 0));
    const inputs = [
      context.as(input, order),
      context.graph.ints([...permuteShape(before, order), ...permuteShape(after, order)]),
    ];
    if (mode === 'constant') inputs.push(context.as(context.reshaped(context.input(2), []), []));
    return [context.made(context.node('Pad', inputs, { mode }), shape, input.dataType, order)];
  };
}

const mirrorPad: Translation = (context) => {
  if (context.option((table) => table.int8(0), 0) !== 0) {
    throw context.unsupported('mirrors with the border pixel repeated (SYMMETRIC), which is not covered');
  }
  return padWith('reflect')(context);
};

/** Operators that put something around a value. */
export const PADDING: Readonly<Record<string, Translation>> = {
  PAD: pad,
  PADV2: padWith('constant'),
  MIRROR_PAD: mirrorPad,
};
