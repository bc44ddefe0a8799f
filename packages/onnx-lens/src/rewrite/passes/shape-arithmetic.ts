import { intAttribute, intsAttribute } from '../../model/attributes.js';
import { TensorProto_DataType as DataType, type NodeProto } from '../../model/generated/onnx_pb.js';
import type { Tensor } from '../../model/tensors.js';
import { floatsOfType } from '../emitter.js';
import type { GraphRewrite } from '../rewrite.js';
import { isStandard } from '../../model/opset.js';
import type { Workbench } from '../workbench.js';

/** One entry of a value that is made of dimensions: its number, the name of a free dimension, or undefined. */
type Entry = number | string | undefined;
/** A scalar or one-dimensional value of a few entries. */
interface ShapeValue {
  readonly entries: readonly Entry[];
  readonly isScalar: boolean;
}

/** Anything longer is data, not the description of a shape. */
const MOST_ENTRIES = 16;

/**
 * Shape arithmetic.
 *
 * Pattern: Shape and what exporters compute from it (Gather, Slice, Concat, Squeeze, Unsqueeze, Cast, Add, Sub, Mul,
 * Div, Ceil, Floor, Min, Max, Neg, Size, Equal, Where), entry by entry, so that the fixed entries are known where
 * others are free. Emits: an initializer where all entries are known; Reshape to a constant with 0 and at most one -1
 * where the rest is known to be the input's own dimensions. Helps: every provider; Core ML takes Reshape, Resize and
 * Pad only with constant parameters.
 */
export const shapeArithmetic: GraphRewrite = {
  name: 'shape-arithmetic',
  summary: 'replaces computed shapes by what is known of them',
  purpose: 'simplify',
  applyToGraph(bench) {
    const known = new Map<string, ShapeValue>();
    const folded = new Set<NodeProto>();
    let reshapes = 0;
    for (const node of bench.nodes) {
      const output = node.output[0];
      if (output === undefined || !isStandard(node.domain)) continue;
      const value = evaluate(node, bench, (name) => known.get(name) ?? constantValue(bench, name));
      if (value !== undefined && value.entries.length <= MOST_ENTRIES) known.set(output, value);
      if (node.opType === 'Reshape' && fixReshape(node, bench, known)) reshapes++;
      const numbers = value?.entries.filter((entry) => typeof entry === 'number');
      if (
        value === undefined ||
        numbers?.length !== value.entries.length ||
        bench.isKept(output) ||
        node.output.length > 1
      )
        continue;
      const tensor = tensorOf(bench.dataType(output), value, numbers);
      if (tensor === undefined) continue;
      bench.setConstant(output, tensor);
      folded.add(node);
    }
    bench.remove(folded);
    return folded.size + reshapes;
  },
};

/**
 * The entries of a shape-like value (the target of an Expand or Reshape) as far as they are known: numbers, names of
 * free dimensions, undefined.
 */
export function knownEntries(bench: Workbench, name: string): readonly (number | string | undefined)[] | undefined {
  const own = constantValue(bench, name);
  if (own !== undefined) return own.entries;
  const producer = bench.producer(name);
  return producer === undefined ? undefined : follow(producer, bench, new Map())?.entries;
}

function follow(
  node: NodeProto,
  bench: Workbench,
  seen: Map<NodeProto, ShapeValue | undefined>,
): ShapeValue | undefined {
  if (seen.has(node)) return seen.get(node);
  seen.set(node, undefined);
  const value = evaluate(node, bench, (name) => {
    if ((bench.rank(name) ?? 0) > 1) return undefined;
    const producer = bench.producer(name);
    return producer === undefined ? constantValue(bench, name) : follow(producer, bench, seen);
  });
  seen.set(node, value);
  return value;
}

function constantValue(bench: Workbench, name: string): ShapeValue | undefined {
  if (name === '' || (bench.rank(name) ?? 2) > 1) return undefined;
  const tensor = bench.constant(name);
  if (tensor === undefined || tensor.data.length > MOST_ENTRIES) return undefined;
  return { entries: bench.numbers(name) ?? [], isScalar: tensor.dims.length === 0 };
}

type Lookup = (name: string) => ShapeValue | undefined;

function evaluate(node: NodeProto, bench: Workbench, lookup: Lookup): ShapeValue | undefined {
  const [first = '', second = ''] = node.input;
  switch (node.opType) {
    case 'Shape':
      return shapeOf(node, bench, first, lookup);
    case 'Size': {
      const shape = bench.staticShape(first);
      return shape === undefined ? undefined : { entries: [shape.reduce((a, b) => a * b, 1)], isScalar: true };
    }
    case 'Gather':
      return gather(lookup(first), lookup(second), intAttribute(node, 'axis', 0));
    case 'Slice':
      return slice(node, bench, lookup(first));
    case 'Concat':
      return concat(node.input.map(lookup));
    case 'Unsqueeze':
    case 'Squeeze': {
      const value = lookup(first);
      const rank = bench.rank(node.output[0] ?? '');
      return value === undefined || value.entries.length !== 1 || rank === undefined || rank > 1
        ? undefined
        : { ...value, isScalar: rank === 0 };
    }
    case 'Identity':
    case 'Cast':
      return cast(node, lookup(first));
    case 'Ceil':
    case 'Floor':
    case 'Neg':
      return unary(node.opType, lookup(first));
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Max':
    case 'Min':
      return node.input.length === 2
        ? binary(node.opType, lookup(first), lookup(second), isInteger(bench.dataType(first)))
        : undefined;
    case 'Equal':
      return compareEqual(lookup(first), lookup(second));
    case 'Where':
      return select(lookup(first), lookup(second), lookup(node.input[2] ?? ''));
    default:
      return undefined;
  }
}

function isInteger(dataType: DataType): boolean {
  return dataType === DataType.INT64 || dataType === DataType.INT32;
}

function shapeOf(node: NodeProto, bench: Workbench, input: string, lookup: Lookup): ShapeValue | undefined {
  const shape = repeatedShape(bench, input, lookup) ?? bench.shape(input);
  if (shape === undefined) return undefined;
  const entries = shape.map((dim): Entry => (dim === '' ? undefined : dim));
  return {
    entries: entries.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', shape.length)),
    isScalar: false,
  };
}

/** ONNX Runtime does not follow how often Tile repeats when that is computed; here it may be known. */
function repeatedShape(bench: Workbench, value: string, lookup: Lookup): readonly (number | string)[] | undefined {
  const tile = bench.producer(value);
  if (tile?.opType !== 'Tile' || tile.domain !== '') return undefined;
  const from = bench.shape(tile.input[0] ?? '');
  const times = lookup(tile.input[1] ?? '')?.entries;
  if (from === undefined || times?.length !== from.length) return undefined;
  return from.map((dim, axis) => {
    const by = times[axis] ?? '';
    if (by === 1) return dim;
    if (dim === 1) return by;
    return typeof dim === 'number' && typeof by === 'number' ? dim * by : '';
  });
}

function gather(data: ShapeValue | undefined, indices: ShapeValue | undefined, axis: number): ShapeValue | undefined {
  if (data === undefined || indices === undefined || data.isScalar || axis !== 0) return undefined;
  const entries = indices.entries.map((index): Entry =>
    typeof index === 'number' ? data.entries.at(index) : undefined,
  );
  return { entries, isScalar: indices.isScalar };
}

function slice(node: NodeProto, bench: Workbench, data: ShapeValue | undefined): ShapeValue | undefined {
  // Before opset 10 the bounds were attributes.
  const bound = (place: number, name: string): number | undefined => {
    const listed = intsAttribute(node, name);
    return bench.opset >= 10 ? bench.scalar(node.input[place]) : listed?.length === 1 ? listed[0] : undefined;
  };
  const [start, end] = [bound(1, 'starts'), bound(2, 'ends')];
  const step = node.input[4] === undefined || node.input[4] === '' ? 1 : bench.scalar(node.input[4]);
  const hasAxes = bench.opset >= 10 ? (node.input[3] ?? '') !== '' : intsAttribute(node, 'axes') !== undefined;
  const axis = hasAxes ? bound(3, 'axes') : 0;
  if (data === undefined || data.isScalar || start === undefined || end === undefined || step !== 1 || axis !== 0)
    return undefined;
  return { entries: data.entries.slice(start, end), isScalar: false };
}

function concat(parts: readonly (ShapeValue | undefined)[]): ShapeValue | undefined {
  if (parts.some((part) => part === undefined || part.isScalar)) return undefined;
  return { entries: parts.flatMap((part) => part?.entries ?? []), isScalar: false };
}

function cast(node: NodeProto, value: ShapeValue | undefined): ShapeValue | undefined {
  if (value === undefined || node.opType === 'Identity') return value;
  const to = intAttribute(node, 'to', 0) as DataType;
  if (isInteger(to))
    return { ...value, entries: value.entries.map((entry) => (typeof entry === 'number' ? Math.trunc(entry) : entry)) };
  // Whole numbers of this size are exact in float32 and float64; nothing else is followed.
  const isExact = value.entries.every((entry) => typeof entry !== 'number' || Math.abs(entry) < 2 ** 24);
  return (to === DataType.FLOAT || to === DataType.DOUBLE) && isExact ? value : undefined;
}

function unary(opType: 'Ceil' | 'Floor' | 'Neg', value: ShapeValue | undefined): ShapeValue | undefined {
  if (value === undefined) return undefined;
  const compute = { Ceil: Math.ceil, Floor: Math.floor, Neg: (x: number) => (x === 0 ? 0 : -x) }[opType];
  return { ...value, entries: value.entries.map((entry) => (typeof entry === 'number' ? compute(entry) : undefined)) };
}

type BinaryOperator = 'Add' | 'Sub' | 'Mul' | 'Div' | 'Max' | 'Min';

function binary(
  opType: BinaryOperator,
  a: ShapeValue | undefined,
  b: ShapeValue | undefined,
  isIntegral: boolean,
): ShapeValue | undefined {
  if (a === undefined || b === undefined) return undefined;
  const count = Math.max(a.entries.length, b.entries.length);
  if (![1, count].includes(a.entries.length) || ![1, count].includes(b.entries.length)) return undefined;
  const entries = Array.from({ length: count }, (_, place): Entry => {
    const [x, y] = [a.entries[a.entries.length === 1 ? 0 : place], b.entries[b.entries.length === 1 ? 0 : place]];
    if (y === 1 && (opType === 'Mul' || opType === 'Div')) return x;
    if (x === 1 && opType === 'Mul') return y;
    return typeof x === 'number' && typeof y === 'number' ? calculate(opType, x, y, isIntegral) : undefined;
  });
  return { entries, isScalar: a.isScalar && b.isScalar };
}

function calculate(opType: BinaryOperator, x: number, y: number, isIntegral: boolean): Entry {
  switch (opType) {
    case 'Add':
      return exact(x + y, isIntegral);
    case 'Sub':
      return exact(x - y, isIntegral);
    case 'Mul':
      return exact(x * y, isIntegral);
    case 'Div':
      if (y === 0) return undefined;
      return isIntegral ? Math.trunc(x / y) : exact(x / y, false);
    case 'Max':
      return Math.max(x, y);
    case 'Min':
      return Math.min(x, y);
  }
}

/** 1 and 0 for true and false; a dimension, whatever it is, is never negative. */
function compareEqual(a: ShapeValue | undefined, b: ShapeValue | undefined): ShapeValue | undefined {
  return zip([a, b], ([x, y]) => {
    if (typeof x === 'number' && typeof y === 'number') return Number(x === y);
    if (x !== undefined && x === y) return 1;
    const number = typeof x === 'number' ? x : y;
    return x !== undefined && y !== undefined && typeof number === 'number' && number < 0 ? 0 : undefined;
  });
}

function select(
  condition: ShapeValue | undefined,
  yes: ShapeValue | undefined,
  no: ShapeValue | undefined,
): ShapeValue | undefined {
  return zip([condition, yes, no], ([choice, x, y]) => (choice === undefined ? undefined : choice === 0 ? y : x));
}

function zip(
  values: readonly (ShapeValue | undefined)[],
  combine: (entries: readonly Entry[]) => Entry,
): ShapeValue | undefined {
  const all = values.filter((value) => value !== undefined);
  if (all.length < values.length) return undefined;
  const count = Math.max(...all.map((value) => value.entries.length));
  if (all.some((value) => value.entries.length !== 1 && value.entries.length !== count)) return undefined;
  const entries = Array.from({ length: count }, (_, place) =>
    combine(all.map((value) => value.entries[value.entries.length === 1 ? 0 : place])),
  );
  return { entries, isScalar: all.every((value) => value.isScalar) };
}

/** Float arithmetic is followed only where float32 gives the very same number. */
function exact(result: number, isIntegral: boolean): Entry {
  if (isIntegral) return Number.isSafeInteger(result) ? result : undefined;
  return Math.fround(result) === result ? result : undefined;
}

function tensorOf(dataType: DataType, { isScalar }: ShapeValue, numbers: readonly number[]): Tensor | undefined {
  const dims = isScalar ? [] : [numbers.length];
  if (dataType === DataType.INT64) return { dataType, dims, data: BigInt64Array.from(numbers, (each) => BigInt(each)) };
  if (dataType === DataType.INT32) return { dataType, dims, data: Int32Array.from(numbers) };
  return dataType === DataType.FLOAT || dataType === DataType.DOUBLE
    ? floatsOfType(dataType, dims, numbers)
    : undefined;
}

/** A Reshape whose target is partly known: own dimensions become 0, one unknown becomes -1. */
function fixReshape(node: NodeProto, bench: Workbench, known: ReadonlyMap<string, ShapeValue>): boolean {
  const [data = '', target = ''] = node.input;
  const value = known.get(target);
  if (value === undefined || bench.isConstant(target) || intAttribute(node, 'allowzero', 0) !== 0) return false;
  const shape = bench.shape(data);
  const entries = value.entries.map((entry, axis): number => {
    if (typeof entry === 'number') return entry;
    return entry !== undefined && shape?.[axis] === entry ? 0 : -1;
  });
  if (entries.filter((entry) => entry === -1).length > 1) return false;
  bench.replace(node, (emit) => emit.reshape(data, entries));
  return true;
}
