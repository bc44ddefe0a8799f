import { intAttribute, stringAttribute } from '../../../model/attributes.js';
import { elementCount } from '../../../model/tensors.js';
import { broadcast } from '../inference.js';
import type { Value } from '../values.js';
import { isFloat, type Lower, type Lowering } from './lowering.js';
import { expandTo } from './shape.js';

/** float32's largest number; Core ML's clip wants both ends. */
const LARGEST = 3.4028234663852886e38;

const unary =
  (type: string): Lower =>
  (node) =>
    node.set(node.throughFloat(node.input(0), (x) => node.op(type, { x })));

const keepsWhole =
  (type: string): Lower =>
  (node) =>
    node.set(node.op(type, { x: node.number(node.input(0)) }));

const binary =
  (type: string): Lower =>
  (node) =>
    node.set(node.op(type, { x: node.input(0), y: node.input(1) }));

const compare =
  (type: string): Lower =>
  (node) =>
    node.set(node.op(type, { x: node.number(node.input(0)), y: node.number(node.input(1)) }));

/** Sum, Max, Min and Mean of any number of inputs. */
function chain(node: Lowering, type: string): Value {
  const inputs = node.node.input.map((_, place) => node.input(place));
  return inputs.slice(1).reduce((x, y) => node.op(type, { x, y }), inputs[0] ?? node.refuse('it has no inputs'));
}

const identityIfAlone =
  (type: string): Lower =>
  (node) => {
    const x = chain(node, type);
    node.set(node.node.input.length > 1 ? x : node.op('identity', { x }));
  };

const divide: Lower = (node) => {
  const [x, y] = [node.input(0), node.input(1)];
  node.set(isFloat(x) ? node.op('real_div', { x, y }) : wholeQuotient(node, x, y));
};

/** Towards zero, as ONNX has it; floor_div alone rounds down. */
function wholeQuotient(node: Lowering, x: Value, y: Value): Value {
  const size = node.op('floor_div', { x: node.op('abs', { x }), y: node.op('abs', { x: y }) });
  return node.op('mul', { x: size, y: node.op('mul', { x: node.op('sign', { x }), y: node.op('sign', { x: y }) }) });
}

/** ONNX's Mod has the divisor's sign (like Core ML's), with fmod the dividend's. */
const mod: Lower = (node) => {
  const [x, y] = [node.input(0), node.input(1)];
  if (intAttribute(node.node, 'fmod', 0) === 0) {
    node.set(node.op('mod', { x, y }));
    return;
  }
  const size = node.op('mod', { x: node.op('abs', { x }), y: node.op('abs', { x: y }) });
  node.set(node.op('mul', { x: size, y: node.op('sign', { x }) }));
};

const pow: Lower = (node) => {
  const [x, y] = [node.input(0), node.input(1)];
  const [exponent] = y.constant?.data.length === 1 ? Array.from(y.constant.data, Number) : [];
  if (isFloat(x) && y.type !== 'fp16' && exponent === 2) node.set(node.op('mul', { x, y: x }));
  else if (isFloat(x) && y.type !== 'fp16' && exponent === 0.5) node.set(node.op('sqrt', { x }));
  else node.set(node.throughFloat(x, (base) => node.op('pow', { x: base, y: node.cast(node.float(y), base.type) })));
};

const clip: Lower = (node) => {
  const x = node.input(0);
  const bound = (place: number, name: string): Value | number | undefined => {
    if (node.opset < 11) return node.node.attribute.find((each) => each.name === name)?.f;
    return node.optional(place);
  };
  const [low, high] = [bound(1, 'min'), bound(2, 'max')];
  const known = [low, high].map((each) => (typeof each === 'object' ? numberOf(each) : each));
  const fixed = [low, high].every((each, place) => each === undefined || known[place] !== undefined);
  if (isFloat(x) && fixed && (known[0] ?? -Infinity) <= (known[1] ?? Infinity)) {
    const finite = (value: number): number => Math.min(Math.max(value, -LARGEST), LARGEST);
    if (low === undefined && high === undefined) node.set(node.op('identity', { x }));
    else node.set(node.op('clip', { x, alpha: finite(known[0] ?? -LARGEST), beta: finite(known[1] ?? LARGEST) }));
    return;
  }
  const value = (each: Value | number): Value => (typeof each === 'number' ? node.like(x, each) : each);
  const above = low === undefined ? x : node.op('maximum', { x, y: value(low) });
  const result = high === undefined ? above : node.op('minimum', { x: above, y: value(high) });
  node.set(result === x ? node.op('identity', { x }) : result);
};

function numberOf({ constant }: Value): number | undefined {
  return constant?.data.length === 1 && constant.type === 'fp32' ? Number(constant.data[0]) : undefined;
}

const logic =
  (type: string): Lower =>
  (node) =>
    node.set(node.op(type, { x: node.input(0), y: node.input(1) }));

/** Both sides and the condition in full shape: the Neural Engine refuses those that broadcast. */
const where: Lower = (node) => {
  const [cond, a, b] = [node.input(0), node.input(1), node.input(2)];
  const shape = broadcast(cond.shape, a.shape, b.shape);
  const full = (value: Value): Value => (value.shape.join() === shape.join() ? value : filled(node, value, shape));
  node.set(node.op('select', { cond: full(cond), a: full(a), b: full(b) }));
};

/** A value in full shape; a single number becomes a constant of that shape. */
function filled(node: Lowering, value: Value, shape: readonly number[]): Value {
  const { constant } = value;
  const count = elementCount(shape);
  if (constant?.type !== 'fp32' || constant.data.length !== 1 || count > MOST_FILLED)
    return expandTo(node, value, shape);
  return node.floats(new Float32Array(count).fill(Number(constant.data[0])), shape, 'filled');
}

/** Larger constants are tiled while the model runs. */
const MOST_FILLED = 4096;

const isInf: Lower = (node) => {
  const x = node.input(0);
  const [up, down] = [intAttribute(node.node, 'detect_positive', 1), intAttribute(node.node, 'detect_negative', 1)];
  const limit = x.type === 'fp16' ? 65504 : LARGEST;
  const over = (sign: 1 | -1): Value =>
    sign === 1 ? node.op('greater', { x, y: node.like(x, limit) }) : node.op('less', { x, y: node.like(x, -limit) });
  if (up !== 0 && down !== 0) node.set(node.op('logical_or', { x: over(1), y: over(-1) }));
  else if (up !== 0 || down !== 0) node.set(over(up !== 0 ? 1 : -1));
  else node.set(node.op('not_equal', { x, y: x }));
};

const acosh: Lower = (node) => {
  const x = node.float(node.input(0));
  const root = node.op('sqrt', { x: node.op('sub', { x: node.op('mul', { x, y: x }), y: node.like(x, 1) }) });
  node.set(node.op('log', { x: node.op('add', { x, y: root }), epsilon: 0 }));
};

const asinh: Lower = (node) => {
  const x = node.float(node.input(0));
  const size = node.op('abs', { x });
  const root = node.op('sqrt', { x: node.op('add', { x: node.op('mul', { x, y: x }), y: node.like(x, 1) }) });
  const log = node.op('log', { x: node.op('add', { x: size, y: root }), epsilon: 0 });
  node.set(node.op('mul', { x: log, y: node.op('sign', { x }) }));
};

const bitShift: Lower = (node) => {
  const [x, by] = [node.input(0), node.input(1)];
  const factor = node.op('pow', { x: node.like(x, 2), y: by });
  if (stringAttribute(node.node, 'direction') === 'LEFT') node.set(node.op('mul', { x, y: factor }));
  else node.set(node.op('floor_div', { x, y: factor }));
};

const sigmoidOf: Lower = unary('sigmoid');

export const ELEMENTWISE: Readonly<Record<string, Lower>> = {
  ...Object.fromEntries(
    [
      'Acos',
      'Asin',
      'Atan',
      'Atanh',
      'Ceil',
      'Cos',
      'Cosh',
      'Erf',
      'Exp',
      'Floor',
      'Round',
      'Sin',
      'Sinh',
      'Sqrt',
      'Tan',
      'Tanh',
    ].map((name) => [name, unary(name.toLowerCase())] as const),
  ),
  Sigmoid: sigmoidOf,
  Abs: keepsWhole('abs'),
  Sign: keepsWhole('sign'),
  Neg: (node) => node.set(node.op('mul', { x: node.input(0), y: node.like(node.input(0), -1) })),
  Reciprocal: (node) => node.set(node.op('inverse', { x: node.input(0), epsilon: 0 })),
  Log: (node) => node.set(node.op('log', { x: node.input(0), epsilon: 0 })),
  Add: binary('add'),
  Sub: binary('sub'),
  Mul: binary('mul'),
  Div: divide,
  Pow: pow,
  Mod: mod,
  Sum: identityIfAlone('add'),
  Max: identityIfAlone('maximum'),
  Min: identityIfAlone('minimum'),
  Mean: (node) => {
    const x = chain(node, 'add');
    node.set(node.op('real_div', { x, y: node.like(x, node.node.input.length) }));
  },
  Clip: clip,
  Equal: compare('equal'),
  Greater: compare('greater'),
  GreaterOrEqual: compare('greater_equal'),
  Less: compare('less'),
  LessOrEqual: compare('less_equal'),
  And: logic('logical_and'),
  Or: logic('logical_or'),
  Xor: logic('logical_xor'),
  Not: (node) => node.set(node.op('logical_not', { x: node.input(0) })),
  Where: where,
  IsNaN: (node) => node.set(node.op('not_equal', { x: node.input(0), y: node.input(0) })),
  IsInf: isInf,
  Acosh: acosh,
  Asinh: asinh,
  BitShift: bitShift,
};
