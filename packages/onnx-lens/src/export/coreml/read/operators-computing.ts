import { float, type AttributeValue } from '../../../model/attributes.js';
import { dataTypeOf, type Restore, type Restoring } from './restoring.js';

const plain =
  (opType: string, ...parameters: readonly string[]): Restore =>
  (op) =>
    op.node(
      opType,
      parameters.map((name) => op.name(name)),
    );

const unary = (opType: string): Restore => plain(opType, 'x');
const binary = (opType: string): Restore => plain(opType, 'x', 'y');

const withFloats =
  (opType: string, ...parameters: readonly string[]): Restore =>
  (op) =>
    op.node(opType, [op.name('x')], Object.fromEntries(parameters.map((name) => [name, float(op.number(name))])));

/** Core ML adds epsilon before it takes the logarithm, root or inverse. */
function withEpsilon(op: Restoring): string {
  const epsilon = op.number('epsilon');
  return epsilon === 0 ? op.name('x') : op.step('Add', [op.name('x'), op.scalar(epsilon)]);
}

const reduce =
  (opType: string): Restore =>
  (op) =>
    op.node(opType, [op.name('x'), op.ints(op.numbers('axes'))], { keepdims: Number(op.flag('keep_dims')) });

/** Core ML's pads are pairs, one for each axis. */
function onnxPads(op: Restoring): number[] {
  const pad = op.text('pad_type') === 'valid' ? op.numbers('pad').map(() => 0) : op.numbers('pad');
  return [...pad.filter((_, place) => place % 2 === 0), ...pad.filter((_, place) => place % 2 === 1)];
}

const convolution =
  (opType: string): Restore =>
  (op) => {
    if (op.has('output_shape')) op.refuse('it tells its output shape');
    const strides = op.numbers('strides');
    op.node(opType, [op.name('x'), op.name('weight'), ...(op.has('bias') ? [op.name('bias')] : [])], {
      strides,
      dilations: op.numbers('dilations'),
      group: op.number('groups'),
      pads: onnxPads(op),
      kernel_shape: op.value('weight').shape.slice(2),
    });
  };

const pool =
  (opType: string): Restore =>
  (op) =>
    op.node(opType, [op.name('x')], {
      kernel_shape: op.numbers('kernel_sizes'),
      strides: op.numbers('strides'),
      pads: onnxPads(op),
      ceil_mode: Number(op.flag('ceil_mode')),
      ...(opType === 'AveragePool' ? { count_include_pad: Number(!op.flag('exclude_padding_from_average')) } : {}),
    });

/** Scale and bias of a normalization, ones and zeros where there are none. */
function affine(op: Restoring, size: number): [string, string] {
  const filled = (value: number): string => op.step('Expand', [op.scalar(value), op.ints([size])]);
  return [op.has('gamma') ? op.name('gamma') : filled(1), op.has('beta') ? op.name('beta') : filled(0)];
}

const batchNorm: Restore = (op) => {
  const [gamma, beta] = affine(op, op.value('x').shape[1] ?? 0);
  op.node('BatchNormalization', [op.name('x'), gamma, beta, op.name('mean'), op.name('variance')], {
    epsilon: float(op.number('epsilon')),
  });
};

const instanceNorm: Restore = (op) => {
  const [gamma, beta] = affine(op, op.value('x').shape[1] ?? 0);
  op.node('InstanceNormalization', [op.name('x'), gamma, beta], { epsilon: float(op.number('epsilon')) });
};

const layerNorm: Restore = (op) => {
  const axes = op.numbers('axes');
  const { shape } = op.value('x');
  const [first = 0] = axes;
  if (axes.some((axis, place) => axis !== first + place) || first + axes.length !== shape.length)
    op.refuse('its axes are not the last');
  const ones = op.has('gamma') ? op.name('gamma') : op.step('Expand', [op.scalar(1), op.ints(shape.slice(first))]);
  op.node('LayerNormalization', [op.name('x'), ones, ...(op.has('beta') ? [op.name('beta')] : [])], {
    axis: first,
    epsilon: float(op.number('epsilon')),
  });
};

const linear: Restore = (op) => {
  const { shape } = op.value('x');
  if (shape.length === 2) {
    op.node('Gemm', [op.name('x'), op.name('weight'), ...(op.has('bias') ? [op.name('bias')] : [])], { transB: 1 });
    return;
  }
  const product = [op.name('x'), op.step('Transpose', [op.name('weight')], { perm: [1, 0] })];
  if (op.has('bias')) op.node('Add', [op.step('MatMul', product), op.name('bias')]);
  else op.node('MatMul', product);
};

const matmul: Restore = (op) => {
  const side = (name: string): string => {
    if (!op.flag(`transpose_${name}`)) return op.name(name);
    const rank = op.value(name).shape.length;
    const perm = Array.from({ length: rank }, (_, axis) =>
      axis === rank - 1 ? rank - 2 : axis === rank - 2 ? rank - 1 : axis,
    );
    return op.step('Transpose', [op.name(name)], { perm });
  };
  op.node('MatMul', [side('x'), side('y')]);
};

const clip: Restore = (op) => op.node('Clip', [op.name('x'), op.name('alpha'), op.name('beta')]);

const prelu: Restore = (op) => {
  const { shape } = op.value('x');
  const slope = op.step('Reshape', [op.name('alpha'), op.ints([-1, ...shape.slice(2).map(() => 1)])]);
  op.node('PRelu', [op.name('x'), slope]);
};

const gelu: Restore = (op) => {
  const mode = op.text('mode');
  if (mode !== 'EXACT' && mode !== 'TANH_APPROXIMATION') op.refuse(`its mode is ${mode}`);
  op.node('Gelu', [op.name('x')], { approximate: mode === 'EXACT' ? 'none' : 'tanh' });
};

const cast: Restore = (op) => op.node('Cast', [op.name('x')], { to: dataTypeOf(op.result.type) });

/** Floors the quotient, also of negative numbers: ONNX cuts whole ones towards zero. */
const floorDiv: Restore = (op) => {
  if (op.result.type !== 'int32') {
    op.node('Floor', [op.step('Div', [op.name('x'), op.name('y')])]);
    return;
  }
  const remainder = op.step('Mod', [op.name('x'), op.name('y')]);
  op.node('Div', [op.step('Sub', [op.name('x'), remainder]), op.name('y')]);
};

/** The divisor's sign, of floats too: x - floor(x / y) * y. */
const mod: Restore = (op) => {
  if (op.result.type === 'int32') {
    op.node('Mod', [op.name('x'), op.name('y')]);
    return;
  }
  const rest = op.step('Mod', [op.name('x'), op.name('y')], { fmod: 1 });
  const isOther = op.step('Less', [op.step('Mul', [rest, op.name('y')]), op.scalar(0)]);
  op.node('Where', [isOther, op.step('Add', [rest, op.name('y')]), rest]);
};

const silu: Restore = (op) => op.node('Mul', [op.name('x'), op.step('Sigmoid', [op.name('x')])]);

const affineDequantize: Restore = (op) => {
  const inputs = [op.name('quantized_data'), op.name('scale'), op.name('zero_point')];
  op.node('DequantizeLinear', inputs, op.value('scale').shape.length === 0 ? {} : { axis: op.number('axis') });
};

const softmaxAxis = (op: Restoring): Readonly<Record<string, AttributeValue>> => ({ axis: op.number('axis') });

const arg =
  (opType: string): Restore =>
  (op) =>
    op.node(
      'Cast',
      [op.step(opType, [op.name('x')], { axis: op.number('axis'), keepdims: Number(op.flag('keep_dims')) })],
      { to: dataTypeOf('int32') },
    );

const UNARY =
  'abs:Abs acos:Acos asin:Asin atan:Atan atanh:Atanh ceil:Ceil cos:Cos cosh:Cosh erf:Erf exp:Exp floor:Floor relu:Relu round:Round sigmoid:Sigmoid sign:Sign sin:Sin sinh:Sinh softplus:Softplus softsign:Softsign sqrt:Sqrt tan:Tan tanh:Tanh identity:Identity logical_not:Not';
const BINARY =
  'add:Add sub:Sub mul:Mul real_div:Div maximum:Max minimum:Min pow:Pow equal:Equal greater:Greater greater_equal:GreaterOrEqual less:Less less_equal:LessOrEqual logical_and:And logical_or:Or logical_xor:Xor';
const REDUCTIONS =
  'reduce_mean:ReduceMean reduce_sum:ReduceSum reduce_max:ReduceMax reduce_min:ReduceMin reduce_prod:ReduceProd reduce_l1_norm:ReduceL1 reduce_l2_norm:ReduceL2 reduce_sum_square:ReduceSumSquare';

function table(pairs: string, make: (opType: string) => Restore): [string, Restore][] {
  return pairs.split(' ').map((pair) => {
    const [mil = '', onnx = ''] = pair.split(':');
    return [mil, make(onnx)];
  });
}

/** Operations that compute. */
export const COMPUTING: Readonly<Record<string, Restore>> = {
  ...Object.fromEntries([...table(UNARY, unary), ...table(BINARY, binary), ...table(REDUCTIONS, reduce)]),
  not_equal: (op) => op.node('Not', [op.step('Equal', [op.name('x'), op.name('y')])]),
  square: (op) => op.node('Mul', [op.name('x'), op.name('x')]),
  relu6: (op) => op.node('Clip', [op.name('x'), op.scalar(0), op.scalar(6)]),
  log: (op) => op.node('Log', [withEpsilon(op)]),
  inverse: (op) => op.node('Reciprocal', [withEpsilon(op)]),
  rsqrt: (op) => op.node('Reciprocal', [op.step('Sqrt', [withEpsilon(op)])]),
  leaky_relu: withFloats('LeakyRelu', 'alpha'),
  elu: withFloats('Elu', 'alpha'),
  sigmoid_hard: withFloats('HardSigmoid', 'alpha', 'beta'),
  conv: convolution('Conv'),
  conv_transpose: convolution('ConvTranspose'),
  max_pool: pool('MaxPool'),
  avg_pool: pool('AveragePool'),
  batch_norm: batchNorm,
  instance_norm: instanceNorm,
  layer_norm: layerNorm,
  local_response_norm: (op) =>
    op.node('LRN', [op.name('x')], {
      size: op.number('size'),
      alpha: float(op.number('alpha')),
      beta: float(op.number('beta')),
      bias: float(op.number('k')),
    }),
  linear,
  matmul,
  clip,
  prelu,
  gelu,
  silu,
  cast,
  floor_div: floorDiv,
  mod,
  softmax: (op) => op.node('Softmax', [op.name('x')], softmaxAxis(op)),
  cumsum: (op) =>
    op.node('CumSum', [op.name('x'), op.graph.ints([op.number('axis')])], {
      exclusive: Number(op.flag('exclusive')),
      reverse: Number(op.flag('reverse')),
    }),
  reduce_argmax: arg('ArgMax'),
  reduce_argmin: arg('ArgMin'),
  constexpr_affine_dequantize: affineDequantize,
};
