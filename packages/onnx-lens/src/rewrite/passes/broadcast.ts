import { attribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import { floatTensor, readTensor } from '../../model/tensors.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';
import { knownEntries } from './shape-arithmetic.js';

/** Operators that broadcast their operands by themselves. */
const BROADCASTING = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Pow',
  'Max',
  'Min',
  'PRelu',
  'Equal',
  'Greater',
  'Less',
  'GreaterOrEqual',
  'LessOrEqual',
  'And',
  'Or',
  'Xor',
  'Where',
  'Sum',
  'Mean',
  'Mod',
]);

/**
 * Expand and Tile in front of operators that broadcast.
 *
 * Pattern: Expand, Tile of axes of 1, or ConstantOfShape, read by element-wise operators that broadcast, where another
 * operand of the reader already has the expanded shape.
 * Emits: nothing; the readers read the value that was expanded (for ConstantOfShape a scalar).
 * Helps: every provider (less memory); Core ML has no Expand, and no Tile before 1.30.
 */
export const broadcast: Rewrite = {
  name: 'broadcast',
  summary: 'leaves expanding to the operators that broadcast anyway',
  purpose: 'simplify',
  apply(node, bench) {
    const [source = '', target = ''] = node.input;
    const output = node.output[0] ?? '';
    if (node.domain !== '' || bench.isKept(output)) return false;
    if (node.opType === 'ConstantOfShape') return spreadConstant(node, bench, source, output);
    const expanded =
      node.opType === 'Expand'
        ? expandedShape(bench, source, output, target)
        : node.opType === 'Tile'
          ? tiledShape(bench, source, output, target)
          : undefined;
    return expanded !== undefined && readUnexpanded(bench, source, output, expanded, source);
  },
};

/** A uniform constant of computed shape is a scalar to readers that take their shape from another operand. */
function spreadConstant(node: NodeProto, bench: Workbench, target: string, output: string): boolean {
  const entries = knownEntries(bench, target);
  const shape =
    bench.shape(output)?.includes('') === false ? bench.shape(output) : entries?.map((entry) => entry ?? '');
  if (shape === undefined) return false;
  const value = attribute(node, 'value')?.t;
  const tensor = value === undefined ? floatTensor([1], [0]) : readTensor(value);
  return readUnexpanded(bench, target, output, shape, () =>
    bench.addConstant({ ...tensor, dims: [] }, `${output}/uniform`),
  );
}

/** Lets those readers that get the shape from elsewhere read the value before it was expanded. */
function readUnexpanded(
  bench: Workbench,
  source: string,
  output: string,
  expanded: Shape,
  replacement: string | (() => string),
): boolean {
  const readers = bench
    .consumers(output)
    .filter((reader) => reader.input.includes(output) && hasFullOperand(reader, bench, source, output, expanded));
  if (readers.length === 0) return false;
  const instead = typeof replacement === 'string' ? replacement : replacement();
  for (const reader of readers) reader.input = reader.input.map((name) => (name === output ? instead : name));
  bench.touched();
  return true;
}

type Shape = readonly (number | string)[];

function expandedShape(bench: Workbench, source: string, output: string, target: string): Shape | undefined {
  const from = bench.shape(source);
  const entries = knownEntries(bench, target);
  const inferred = bench.shape(output);
  if (from === undefined) return undefined;
  if (inferred?.every((dim) => dim !== '') === true) return inferred;
  if (entries === undefined) return undefined;
  const rank = Math.max(from.length, entries.length);
  const shape = Array.from({ length: rank }, (_, axis): number | string => {
    const own = from[axis - (rank - from.length)] ?? 1;
    const wanted = axis < rank - entries.length ? 1 : (entries[axis - (rank - entries.length)] ?? '');
    return own === 1 ? wanted : own;
  });
  return shape.includes('') ? undefined : shape;
}

function tiledShape(bench: Workbench, source: string, output: string, repeats: string): Shape | undefined {
  const from = bench.staticShape(source);
  const times = knownEntries(bench, repeats);
  if (from === undefined || times?.length !== from.length) return undefined;
  const isBroadcast = from.every((dim, axis) => dim === 1 || times[axis] === 1);
  const shape = from.map((dim, axis) => (dim === 1 ? (times[axis] ?? '') : dim));
  if (!isBroadcast) return undefined;
  return shape.includes('') ? bench.shape(output) : shape;
}

/** True when the reader broadcasts, and without the expanded value its other operands already span its shape. */
function hasFullOperand(reader: NodeProto, bench: Workbench, source: string, output: string, expanded: Shape): boolean {
  if (!BROADCASTING.has(reader.opType) || reader.domain !== '') return false;
  // PRelu broadcasts its slope only towards the data.
  if (reader.opType === 'PRelu' && reader.input[0] === output) return false;
  return reader.input.some((other) => {
    if (other === output || other === source) return false;
    const shape = bench.shape(other);
    return (
      shape !== undefined &&
      shape.length >= expanded.length &&
      expanded.every((dim, axis) => {
        const theirs = shape[axis + shape.length - expanded.length];
        return dim === 1 || (dim !== '' && dim === theirs);
      })
    );
  });
}
