import { float } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { elementCount, tensorNumbers } from '../../../model/tensors.js';
import { constantValue, type OperatorContext, type Translation } from '../context.js';
import { dequantized, withDims, type Constant } from '../quantization.js';
import { broadcastShapes, channelsSecond, permuteTensor, type Permutation, type Value } from '../value.js';
import { activate, clip, elementwise, fusedActivation } from './activation.js';

/** A value as an operand that broadcasts against others under the order; constants lose their leading ones. */
export function operand(context: OperatorContext, value: Value, order: Permutation): string {
  const wide = context.widen(value, order.length);
  if (wide.constant === null) return context.as(wide, order);
  const permuted = permuteTensor(wide.constant, order);
  const leading = permuted.dims.findIndex((dim) => dim !== 1);
  const dims = leading === -1 ? [] : permuted.dims.slice(leading);
  return context.constant(withDims(permuted, dims));
}

function sharedShape(context: OperatorContext, values: readonly Value[]): number[] {
  return values.reduce<number[]>((shape, value) => {
    const both = broadcastShapes(shape, value.shape);
    if (both === null)
      throw context.damaged(
        `has inputs of shapes [${shape.join(', ')}] and [${value.shape.join(', ')}], which do not fit`,
      );
    return both;
  }, []);
}

type MakeBinary = (context: OperatorContext, left: string, right: string) => string;

/** A translation of an operator on two values that broadcast. */
function binary(make: string | MakeBinary, resultType?: DataType): Translation {
  return (context) => {
    const [left, right] = [context.input(0), context.input(1)];
    if (left.dataType !== right.dataType) throw context.damaged('has inputs of two types');
    const shape = sharedShape(context, [left, right]);
    const order = orderFor(context, [left, right], shape.length);
    const operands = [operand(context, left, order), operand(context, right, order)] as const;
    const result = typeof make === 'string' ? context.node(make, operands) : make(context, ...operands);
    const fused = HAS_ACTIVATION.has(context.operator.name) ? fusedActivation(context, 0) : 'NONE';
    return [context.made(activate(context, result, fused), shape, resultType ?? left.dataType, order)];
  };
}

function orderFor(context: OperatorContext, values: readonly Value[], rank: number): Permutation {
  const order = context.commonOrder(values);
  return order.length === rank ? order : Array.from({ length: rank }, (_, axis) => axis);
}

const HAS_ACTIVATION = new Set(['ADD', 'SUB', 'MUL', 'DIV']);

const floorDivide: MakeBinary = (context, left, right) => context.node('Floor', [context.node('Div', [left, right])]);

const floorModulo: MakeBinary = (context, left, right) =>
  context.node('Sub', [left, context.node('Mul', [floorDivide(context, left, right), right])]);

const squaredDifference: MakeBinary = (context, left, right) => {
  const difference = context.node('Sub', [left, right]);
  return context.node('Mul', [difference, difference]);
};

/** Division of integers rounds differently in the two formats. */
function floatOnly(translation: Translation): Translation {
  return (context) => {
    if (context.input(0).dataType !== (DataType.FLOAT as number))
      throw context.unsupported('works on integers, for which it is not covered');
    return translation(context);
  };
}

function unary(opType: string): Translation {
  return elementwise((context, name) => context.node(opType, [name]));
}

const prelu: Translation = (context) => {
  const value = context.input(0);
  const slope = context.input(1);
  const shape = sharedShape(context, [value, slope]);
  if (String(shape) !== String(value.shape)) throw context.unsupported('has slopes of more elements than its input');
  const channels = shape.at(-1) ?? 1;
  if (
    context.settings.prelu === 'convolutions' &&
    shape.length === 4 &&
    slope.constant !== null &&
    elementCount(slope.shape) === channels
  ) {
    return [preluByConvolutions(context, value, slope.constant, channels)];
  }
  const order = context.commonOrder([value]);
  return [
    context.made(
      context.node('PRelu', [context.as(value, order), operand(context, slope, order)]),
      shape,
      value.dataType,
      order,
    ),
  ];
};

/**
 * x + (1 - slope) * relu(-x), each factor as a 1x1 convolution of each channel by itself: ONNX Runtime makes one node
 * of the first with Relu, and one of the second with Add. Where x is not in the blocked layout Add would not be either,
 * and all that is added to its result: there slope * x + (1 - slope) * relu(x), whose Add takes two convolutions.
 */
function preluByConvolutions(context: OperatorContext, value: Value, slope: Constant, channels: number): Value {
  const slopes = tensorNumbers(dequantized(slope));
  const rest = slopes.map((each) => 1 - each);
  const source = context.as(value, channelsSecond(4));
  const scale = (name: string, factors: readonly number[]): string =>
    context.node('Conv', [name, context.graph.floats([channels, 1, 1, 1], factors)], {
      kernel_shape: [1, 1],
      group: channels,
    });
  const relu = (name: string): string => context.node('Relu', [name]);
  const terms = context.settings.blocked.has(source)
    ? [
        source,
        scale(
          relu(
            scale(
              source,
              slopes.map(() => -1),
            ),
          ),
          rest,
        ),
      ]
    : [scale(relu(source), rest), scale(source, slopes)];
  return context.made(context.node('Add', terms), value.shape, value.dataType, channelsSecond(4));
}

const gelu: Translation = elementwise((context, name) => {
  const isApproximate = context.option((table) => table.flag(0), false);
  const constant = (value: number): string => context.graph.floats([], [value]);
  const half = context.node('Mul', [name, constant(0.5)]);
  const bell = isApproximate
    ? context.node('Tanh', [
        context.node('Mul', [
          context.node('Add', [
            name,
            context.node('Mul', [context.node('Mul', [context.node('Mul', [name, name]), name]), constant(0.044715)]),
          ]),
          constant(Math.sqrt(2 / Math.PI)),
        ]),
      ])
    : context.node('Erf', [context.node('Mul', [name, constant(Math.SQRT1_2)])]);
  return context.node('Mul', [half, context.node('Add', [bell, constant(1)])]);
});

const select: Translation = (context) => {
  const [condition, yes, no] = [context.input(0), context.input(1), context.input(2)];
  // The older SELECT takes a condition of rank 1 along the first axis, not the last.
  const isRowwise = context.operator.name === 'SELECT' && condition.shape.length === 1 && yes.shape.length > 1;
  const mask = isRowwise
    ? context.reshaped(condition, [...condition.shape, ...yes.shape.slice(1).map(() => 1)])
    : condition;
  const shape = sharedShape(context, [mask, yes, no]);
  const order = orderFor(context, [yes, no, mask], shape.length);
  const inputs = [mask, yes, no].map((value) => operand(context, value, order));
  return [context.made(context.node('Where', inputs), shape, yes.dataType, order)];
};

const addAll: Translation = (context) => {
  const values = context.inputs;
  const shape = sharedShape(context, values);
  const order = orderFor(context, values, shape.length);
  const sum = context.node(
    'Sum',
    values.map((value) => operand(context, value, order)),
  );
  return [context.made(sum, shape, context.input(0).dataType, order)];
};

const CAST_TYPES: Readonly<Record<number, DataType>> = {
  0: DataType.FLOAT,
  2: DataType.INT32,
  3: DataType.UINT8,
  4: DataType.INT64,
  6: DataType.BOOL,
  7: DataType.INT16,
  9: DataType.INT8,
};

const cast: Translation = (context) => {
  const value = context.input(0);
  const code = context.option((table) => table.int8(1), 0);
  const to = CAST_TYPES[code];
  if (to === undefined) throw context.unsupported(`casts to element type ${code}, which is not covered`);
  const order = context.commonOrder([value]);
  return [context.made(context.node('Cast', [context.as(value, order)], { to }), value.shape, to, order)];
};

/**
 * Between operators numbers are real ones already: constants are widened and computed values dequantized where they are
 * read, and quantized where an operator's result is kept as integers.
 */
const realNumbers: Translation = (context) => {
  const value = context.input(0);
  if (value.dataType !== (DataType.FLOAT as number))
    throw context.unsupported(
      `works on ${DataType[value.dataType] ?? 'numbers'} without a scale, which is not covered`,
    );
  if (value.constant !== null) return [constantValue(context.outputName(0), dequantized(value.constant))];
  return [{ ...value, name: context.outputName(0) }];
};

/** Operators that act element by element. */
export const ELEMENTWISE: Readonly<Record<string, Translation>> = {
  ADD: binary('Add'),
  SUB: binary('Sub'),
  MUL: binary('Mul'),
  DIV: floatOnly(binary('Div')),
  POW: floatOnly(binary('Pow')),
  MAXIMUM: binary('Max'),
  MINIMUM: binary('Min'),
  SQUARED_DIFFERENCE: binary(squaredDifference),
  FLOOR_DIV: floatOnly(binary(floorDivide)),
  FLOOR_MOD: floatOnly(binary(floorModulo)),
  LESS: binary('Less', DataType.BOOL),
  LESS_EQUAL: binary('LessOrEqual', DataType.BOOL),
  GREATER: binary('Greater', DataType.BOOL),
  GREATER_EQUAL: binary('GreaterOrEqual', DataType.BOOL),
  EQUAL: binary('Equal', DataType.BOOL),
  NOT_EQUAL: binary(
    (context, left, right) => context.node('Not', [context.node('Equal', [left, right])]),
    DataType.BOOL,
  ),
  LOGICAL_AND: binary('And', DataType.BOOL),
  LOGICAL_OR: binary('Or', DataType.BOOL),
  LOGICAL_NOT: unary('Not'),
  ADD_N: addAll,
  SELECT: select,
  SELECT_V2: select,
  PRELU: prelu,
  RELU: unary('Relu'),
  RELU6: elementwise((context, name) => clip(context, name, 0, 6)),
  RELU_N1_TO_1: elementwise((context, name) => clip(context, name, -1, 1)),
  RELU_0_TO_1: elementwise((context, name) => clip(context, name, 0, 1)),
  LEAKY_RELU: elementwise((context, name) =>
    context.node('LeakyRelu', [name], { alpha: float(context.option((table) => table.float32(0), 0)) }),
  ),
  ELU: unary('Elu'),
  HARD_SWISH: unary('HardSwish'),
  GELU: gelu,
  LOGISTIC: unary('Sigmoid'),
  TANH: unary('Tanh'),
  ABS: unary('Abs'),
  NEG: unary('Neg'),
  EXP: unary('Exp'),
  LOG: unary('Log'),
  SQRT: unary('Sqrt'),
  RSQRT: elementwise((context, name) => context.node('Reciprocal', [context.node('Sqrt', [name])])),
  SQUARE: elementwise((context, name) => context.node('Mul', [name, name])),
  SIN: unary('Sin'),
  COS: unary('Cos'),
  FLOOR: unary('Floor'),
  CEIL: unary('Ceil'),
  ROUND: unary('Round'),
  CAST: cast,
  DEQUANTIZE: realNumbers,
  QUANTIZE: realNumbers,
  DENSIFY: realNumbers,
};
