import { intAttribute, intsAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import type { NodeView } from '../../graph-view.js';
import type { Verdict } from '../../provider.js';
import {
  firstInputOneOf,
  hasInput,
  integersOf,
  isConstant,
  isMlProgram,
  isStatic,
  knownShape,
  mlProgramOnly,
  numbersOf,
  positiveAxis,
  reason,
  showShape,
  typeName,
  type Check,
  type OperatorRule,
} from '../rule.js';

/*
 * onnxruntime/core/providers/coreml/builders/impl/slice_op_builder.cc, gather_op_builder.cc, split_op_builder.cc and
 * concat_op_builder.cc, as of 1.21; Gather changed in 1.22, 1.24 and 1.27, Split in 1.27, which added GatherND and
 * Tile; the ranges of Slice as in core/providers/cpu/tensor/slice_helper.h.
 */

const slice: Check = (node) => {
  const shape = knownShape(node, 0);
  if (!isStatic(shape))
    return reason('input-shape.dynamic', `Slice needs a fixed input shape; it is ${showShape(shape)}`);
  const names = ['data', 'starts', 'ends', 'axes', 'steps'];
  const computed = [1, 2, 3, 4].find((place) => (place < 3 || hasInput(node, place)) && !isConstant(node, place));
  if (computed !== undefined) return reason('slice.computed', `Slice's ${names[computed] ?? ''} must be a constant`);
  return sliceRanges(node, shape);
};

function sliceRanges(node: NodeView, shape: readonly number[]): Verdict {
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((place) => integersOf(node, place) ?? []);
  if (starts === undefined || ends === undefined) return null;
  const sliced = axes !== undefined && axes.length > 0 ? axes.map(Number) : starts.map((_, place) => place);
  const seen = new Set<number>();
  for (const [place, given] of sliced.entries()) {
    const axis = positiveAxis(given, shape.length);
    const size = shape[axis];
    if (size === undefined || seen.has(axis))
      return reason('slice.axes', `Slice's axes [${sliced.join(', ')}] are out of range or repeated`);
    seen.add(axis);
    const step = steps?.[place] ?? 1n;
    if (step === 0n) return reason('slice.step', 'Slice with a step of 0 is not taken');
    const [start, end] = sliceRange(starts[place] ?? 0n, ends[place] ?? 0n, step > 0n, BigInt(size));
    if (step > 0n ? start >= end : start <= end) {
      return reason('slice.empty', `Slice of an empty range, ${start} to ${end} of axis ${axis}, is not taken`);
    }
  }
  return null;
}

const TO_THE_END: readonly bigint[] = [2n ** 31n - 1n, 2n ** 63n - 1n];

function sliceRange(start: bigint, end: bigint, forwards: boolean, size: bigint): [bigint, bigint] {
  const clamp = (value: bigint, low: bigint, high: bigint): bigint => (value < low ? low : value > high ? high : value);
  const fromStart = clamp(start < 0n ? start + size : start, 0n, forwards ? size : size - 1n);
  if (TO_THE_END.includes(end)) return [fromStart, forwards ? size : -1n];
  return [fromStart, clamp(end < 0n ? end + size : end, forwards ? 0n : -1n, size)];
}

const gather: Check = (node, settings) => {
  const [data, indices] = [knownShape(node, 0), knownShape(node, 1)];
  if (indices.length === 0) {
    if (settings.ort < 27) return reason('gather.scalar', 'Gather with scalar indices is not taken');
    if (!isStatic(data))
      return reason(
        'gather.scalar',
        `Gather with scalar indices needs data of a fixed shape; it is ${showShape(data)}`,
      );
    if (data.length > 4)
      return reason(
        'gather.scalar',
        `Gather with scalar indices takes at most four dimensions; the data is ${showShape(data)}`,
      );
  }
  return data.length + indices.length - 1 > 5
    ? reason(
        'gather.rank',
        `Gather makes at most five dimensions; it takes ${showShape(indices)} from ${showShape(data)}`,
      )
    : null;
};

const gatherNdTypes: Check = (node) => {
  const [data, indices] = [node.inputs[0], node.inputs[1]].map((value) => value?.dataType ?? DataType.UNDEFINED);
  const types = [DataType.FLOAT, DataType.FLOAT16, DataType.INT32, DataType.INT64, DataType.BOOL];
  if (data === undefined || !types.includes(data))
    return reason('input-type', `GatherND takes ${types.map(typeName).join(', ')}`);
  return indices === DataType.INT64 || indices === DataType.INT32
    ? null
    : reason('input-type', "GatherND's indices must be int32 or int64");
};

const gatherNd: Check = (node, settings) => {
  const format = mlProgramOnly(node, settings);
  if (format !== null) return format;
  if (intAttribute(node.proto, 'batch_dims', 0) !== 0)
    return reason('gathernd.batch-dims', 'GatherND with batch_dims is not taken');
  if (!isConstant(node, 1)) return reason('gathernd.computed', "GatherND's indices must be a constant");
  const [data, indices] = [knownShape(node, 0), knownShape(node, 1)];
  const depth = indices[indices.length - 1];
  if (depth === undefined || depth > data.length || data.slice(0, depth).includes(-1)) {
    return reason(
      'gathernd.shape',
      `GatherND by ${showShape(indices)} from ${showShape(data)} is not taken: the indexed dimensions must be fixed`,
    );
  }
  return null;
};

/** tile_op_builder.cc, since 1.27. */
const tile: Check = (node, settings) => {
  if (!isMlProgram(settings) && !isConstant(node, 1))
    return reason('tile.computed', "Tile's repeats must be a constant in NeuralNetwork format");
  if (!isConstant(node, 1)) return null;
  const repeats = numbersOf(node, 1) ?? [];
  return repeats.length === knownShape(node, 0).length && repeats.every((times) => times >= 1)
    ? null
    : reason('tile.repeats', `Tile by [${repeats.join(', ')}] of ${showShape(knownShape(node, 0))} is not taken`);
};

const split: Check = (node, settings) => {
  const shape = knownShape(node, 0);
  const axis = positiveAxis(intAttribute(node.proto, 'axis', 0), shape.length);
  const size = shape[axis] ?? -1;
  if (hasInput(node, 1)) return splitSizes(node, axis, size);
  const sizes = settings.ort >= 27 ? intsAttribute(node.proto, 'split') : undefined;
  if (sizes !== undefined) return splitVerdict(sizes, axis, size);
  if (node.sinceVersion < 18) return settings.ort >= 27 ? evenSplit(node, axis, size) : null;
  const outputs = intAttribute(node.proto, 'num_outputs');
  if (outputs === undefined) return reason('split.num-outputs', 'Split has no num_outputs');
  if (outputs < 2) return reason('split.num-outputs', `Split is taken into two or more outputs, not ${outputs}`);
  return outputs !== node.outputs.length || outputs > size
    ? reason(
        'split.num-outputs',
        `Split into ${outputs} of axis ${axis} of ${showShape(shape)} with ${node.outputs.length} outputs is not taken`,
      )
    : null;
};

function splitSizes(node: NodeView, axis: number, size: number): Verdict {
  if (!isConstant(node, 1)) return reason('split.computed', "Split's sizes must be a constant");
  return splitVerdict(numbersOf(node, 1) ?? [], axis, size);
}

/** From 1.27 on a Split before opset 18 without sizes must come out even. */
function evenSplit(node: NodeView, axis: number, size: number): Verdict {
  const outputs = node.outputs.length;
  if (outputs < 2) return reason('split.num-outputs', 'Split is taken into two or more outputs');
  return size > 0 && size % outputs === 0
    ? null
    : reason(
        'split.sizes',
        `Split into ${outputs} equal parts of axis ${axis}, of ${size < 0 ? 'unknown size' : `size ${size}`}, is not taken`,
      );
}

function splitVerdict(sizes: readonly number[], axis: number, size: number): Verdict {
  if (sizes.length < 2) return reason('split.num-outputs', 'Split is taken into two or more outputs');
  const sum = sizes.reduce((total, each) => total + each, 0);
  if (sum !== size) {
    return reason(
      'split.sizes',
      `Split's sizes add up to ${sum}, but axis ${axis} is of ${size < 0 ? 'unknown size' : `size ${size}`}`,
    );
  }
  return sizes.includes(0) ? reason('split.sizes', "Split's sizes hold a 0") : null;
}

const concat: Check = (node, settings) => {
  if (node.inputs.length < 2) return reason('concat.inputs', 'Concat of a single input is not taken');
  if (isMlProgram(settings)) return null;
  const shape = knownShape(node, 0);
  if (shape.length !== 4) {
    return reason(
      'concat.rank',
      `Concat takes four dimensions in NeuralNetwork format; the first input is ${showShape(shape)}`,
    );
  }
  const axis = positiveAxis(intAttribute(node.proto, 'axis', 1), 4);
  return axis === 1
    ? null
    : reason(
        'concat.axis',
        `Concat is taken along the channels (axis 1) in NeuralNetwork format, not along axis ${axis}`,
      );
};

export const INDEXING_RULES: Readonly<Record<string, OperatorRule>> = {
  // Before opset 10 starts and ends are attributes.
  Slice: {
    minOpset: 10,
    inputTypes: firstInputOneOf((settings) =>
      isMlProgram(settings) ? [DataType.FLOAT, DataType.INT64, DataType.FLOAT16] : [DataType.FLOAT, DataType.INT64],
    ),
    supports: slice,
  },
  Gather: {
    mlProgramSince: 22,
    inputTypes: firstInputOneOf((settings) =>
      isMlProgram(settings) && settings.ort >= 24
        ? [DataType.FLOAT, DataType.INT64, DataType.FLOAT16]
        : [DataType.FLOAT, DataType.INT64],
    ),
    supports: gather,
  },
  GatherND: { since: 27, inputTypes: gatherNdTypes, supports: gatherNd },
  Tile: {
    since: 27,
    isTrivial: true,
    inputTypes: firstInputOneOf((settings) => [
      DataType.FLOAT,
      DataType.INT32,
      DataType.INT64,
      DataType.BOOL,
      ...(isMlProgram(settings) ? [DataType.FLOAT16] : []),
    ]),
    supports: tile,
  },
  // Before opset 13 the sizes are an attribute, which is read from 1.27 on.
  Split: { minOpset: ({ ort }) => (ort >= 27 ? 1 : 13), supports: split },
  Concat: { supports: concat },
};
