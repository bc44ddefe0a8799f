import type { OperatorContext, Translation } from '../context.js';
import { asIs, inverse, type Value } from '../value.js';

interface AxisRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly length: number;
}

function sliceRanges(context: OperatorContext, input: Value, ranges: readonly AxisRange[]): Value {
  const changed = ranges.flatMap((range, axis) =>
    range.length === input.shape[axis] && range.step === 1 ? [] : [axis],
  );
  if (changed.length === 0) return { ...input, name: context.outputName(0) };
  const order = context.commonOrder([input]);
  const places = inverse(order);
  const pick = (read: (range: AxisRange) => number): string =>
    context.graph.ints(changed.map((axis) => read(ranges[axis] ?? { start: 0, end: 0, step: 1, length: 0 })));
  const result = context.node('Slice', [
    context.as(input, order),
    pick((range) => range.start),
    pick((range) => range.end),
    context.graph.ints(changed.map((axis) => places[axis] ?? 0)),
    pick((range) => range.step),
  ]);
  return context.made(
    result,
    ranges.map((range) => range.length),
    input.dataType,
    order,
  );
}

/** One axis of a strided slice as TensorFlow defines it: masks, negative indices, clamping (as Python slices). */
function stridedRange(size: number, begin: number | null, end: number | null, step: number): AxisRange {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const place = (index: number): number => Math.max(low, Math.min(high, index < 0 ? index + size : index));
  const start = begin === null ? (step > 0 ? 0 : size - 1) : place(begin);
  const stop = end === null ? (step > 0 ? size : -1) : place(end);
  const length = Math.max(0, Math.ceil((stop - start) / step));
  // ONNX reads -1 as the last element; far below 0 it is clamped to "before the first".
  return { start, end: stop < 0 ? -(2 ** 31) : stop, step, length };
}

const stridedSlice: Translation = (context) => {
  const input = context.input(0);
  const begin = context.constantNumbers(1, 'begin');
  const end = context.constantNumbers(2, 'end');
  const steps = context.constantNumbers(3, 'strides');
  const [beginMask, endMask, ellipsisMask, newAxisMask, shrinkMask] = [0, 1, 2, 3, 4].map((slot) =>
    context.option((table) => table.int32(slot), 0),
  ) as [number, number, number, number, number];
  if (ellipsisMask !== 0 || newAxisMask !== 0)
    throw context.unsupported('has an ellipsis or new-axis mask, which is not covered');
  if (context.option((table) => table.flag(5), false))
    throw context.unsupported('counts its end from its begin, which is not covered');
  if (begin.length > input.shape.length || end.length !== begin.length || steps.length !== begin.length) {
    throw context.damaged('has begin, end and strides of different lengths');
  }
  const ranges = input.shape.map((size, axis): AxisRange => {
    const bit = 1 << axis;
    const first = begin[axis];
    if (first === undefined) return { start: 0, end: size, step: 1, length: size };
    const step = steps[axis] ?? 1;
    if (step === 0) throw context.damaged('has a stride of 0');
    if ((shrinkMask & bit) !== 0) {
      const at = first < 0 ? first + size : first;
      if (at < 0 || at >= size) throw context.damaged(`takes element ${first} of an axis of ${size}`);
      return { start: at, end: at + 1, step: 1, length: 1 };
    }
    return stridedRange(
      size,
      (beginMask & bit) !== 0 ? null : first,
      (endMask & bit) !== 0 ? null : (end[axis] ?? 0),
      step,
    );
  });
  const sliced = sliceRanges(context, input, ranges);
  const kept = sliced.shape.filter((_, axis) => (shrinkMask & (1 << axis)) === 0);
  return [kept.length === sliced.shape.length ? sliced : context.reshaped(sliced, kept, context.outputName(0))];
};

const slice: Translation = (context) => {
  const input = context.input(0);
  const begin = context.constantNumbers(1, 'begin');
  const sizes = context.constantNumbers(2, 'size');
  const ranges = input.shape.map((size, axis): AxisRange => {
    const start = begin[axis] ?? 0;
    const wanted = sizes[axis] ?? -1;
    const length = wanted === -1 ? size - start : wanted;
    if (start < 0 || length < 0 || start + length > size)
      throw context.damaged(`takes elements ${start} to ${start + length} of an axis of ${size}`);
    return { start, end: start + length, step: 1, length };
  });
  return [sliceRanges(context, input, ranges)];
};

const reverse: Translation = (context) => {
  const input = context.input(0);
  const axes = context.constantNumbers(1, 'axes').map((axis) => context.normalAxis(axis, input.shape.length));
  return [
    sliceRanges(
      context,
      input,
      input.shape.map((size, axis): AxisRange =>
        axes.includes(axis)
          ? { start: size - 1, end: -(2 ** 31), step: -1, length: size }
          : { start: 0, end: size, step: 1, length: size },
      ),
    ),
  ];
};

const gather: Translation = (context) => {
  const [input, indices] = [context.input(0), context.input(1)];
  if (context.option((table) => table.int32(1), 0) !== 0)
    throw context.unsupported('has batch dimensions, which are not covered');
  const axis = context.normalAxis(
    context.option((table) => table.int32(0), 0),
    input.shape.length,
  );
  const result = context.node(
    'Gather',
    [context.as(input, asIs(input.shape.length)), context.as(indices, asIs(indices.shape.length))],
    { axis },
  );
  return [
    context.made(
      result,
      [...input.shape.slice(0, axis), ...indices.shape, ...input.shape.slice(axis + 1)],
      input.dataType,
    ),
  ];
};

/** Operators that take parts of a value. */
export const SLICING: Readonly<Record<string, Translation>> = {
  STRIDED_SLICE: stridedSlice,
  SLICE: slice,
  REVERSE_V2: reverse,
  GATHER: gather,
};
