import { attribute, intAttribute } from '../../../model/attributes.js';
import { TensorProto_DataType as DataType } from '../../../model/generated/onnx_pb.js';
import { readTensor } from '../../../model/tensors.js';
import { elementCount } from '../../../model/tensors.js';
import type { Value } from '../values.js';
import { constantNumbers, constantOf, isFloat, milTypeFor, type Lower, type Lowering } from './lowering.js';

const cast: Lower = (node) => {
  const x = node.input(0);
  const to = intAttribute(node.node, 'to', DataType.UNDEFINED) as DataType;
  node.set(castTo(node, x, to));
};

/** Whole numbers of eight bits wrap around in ONNX: those that floats and wider numbers become. */
function castTo(node: Lowering, x: Value, to: DataType): Value {
  const type = milTypeFor(to) ?? node.refuse(`Core ML has no ${DataType[to] ?? 'such'} values`);
  if (type === x.type) return node.op('identity', { x });
  return node.cast(x, type);
}

const castLike: Lower = (node) => node.set(node.op('identity', { x: node.cast(node.input(0), node.input(1).type) }));

const constant: Lower = (node) => {
  const tensor = attribute(node.node, 'value')?.t;
  if (tensor !== undefined) {
    const value = constantOf(readTensor(tensor)) ?? node.refuse('its element type has no form');
    node.set({ hint: node.node.output[0] ?? 'const', type: value.type, shape: value.shape, constant: value });
    return;
  }
  const given = (name: string) => attribute(node.node, name);
  const [float, floats, int, ints] = [
    given('value_float'),
    given('value_floats'),
    given('value_int'),
    given('value_ints'),
  ];
  if (float !== undefined) node.set(node.floats([float.f], []));
  else if (floats !== undefined) node.set(node.floats(floats.floats, [floats.floats.length]));
  else if (int !== undefined) node.set(node.whole([Number(int.i)], []));
  else if (ints !== undefined) node.set(node.whole(ints.ints.map(Number), [ints.ints.length]));
  else node.refuse('it holds no numbers');
};

const constantOfShape: Lower = (node) => {
  const shape = node.numbers(0, 'sizes');
  const count = elementCount(shape);
  if (count > 2 ** 26) node.refuse(`its shape [${shape.join(', ')}] is too large`);
  const tensor = attribute(node.node, 'value')?.t;
  const value = tensor === undefined ? undefined : constantOf(readTensor(tensor));
  const [fill = 0] = value === undefined ? [0] : constantNumbers(value);
  const filled = Array<number>(count).fill(fill);
  if (value?.type === 'int32') node.set(node.whole(filled, shape));
  else if (value?.type === 'bool') node.set(node.cast(node.whole(filled, shape), 'bool'));
  else node.set(node.floats(filled, shape));
};

const range: Lower = (node) => {
  const [[start = 0], [limit = 0], [step = 1]] = [
    node.numbers(0, 'start'),
    node.numbers(1, 'limit'),
    node.numbers(2, 'step'),
  ];
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (count === 0 || count > 2 ** 26) node.refuse(`it makes ${count} numbers`);
  const values = Array.from({ length: count }, (_, at) => start + at * step);
  node.set(isFloat(node.input(0)) ? node.floats(values, [count]) : node.whole(values, [count]));
};

const eyeLike: Lower = (node) => {
  const x = node.input(0);
  const [rows = 1, columns = 1] = x.shape;
  const k = intAttribute(node.node, 'k', 0);
  const values = Array.from({ length: rows * columns }, (_, at) =>
    Number((at % columns) - Math.floor(at / columns) === k),
  );
  const to = intAttribute(node.node, 'dtype');
  const type = to === undefined ? x.type : (milTypeFor(to) ?? node.refuse('its element type has no form'));
  node.set(
    type === 'int32' ? node.whole(values, [rows, columns]) : node.cast(node.floats(values, [rows, columns]), type),
  );
};

/** scale * (x - zero point), per tensor or along one axis. */
const dequantizeLinear: Lower = (node) => {
  const [x, scale] = [node.input(0), node.input(1)];
  if (intAttribute(node.node, 'block_size', 0) !== 0) node.refuse('it is quantized in blocks');
  const fit = alongAxis(node, x, scale);
  const centred = node.has(2) ? node.op('sub', { x, y: fit(node.input(2)) }) : x;
  node.set(node.op('mul', { x: node.cast(centred, scale.type), y: fit(scale) }));
};

const RANGES: ReadonlyMap<DataType, readonly [number, number]> = new Map([
  [DataType.INT8, [-128, 127]],
  [DataType.UINT8, [0, 255]],
  [DataType.INT16, [-32768, 32767]],
  [DataType.UINT16, [0, 65535]],
]);

/** x / scale rounded to even, plus the zero point, cut to eight bits. */
const quantizeLinear: Lower = (node) => {
  const [x, scale] = [node.float(node.input(0)), node.input(1)];
  const zero = node.optional(2);
  const [low, high] =
    RANGES.get(node.outputType()) ?? node.refuse(`it quantizes to ${DataType[node.outputType()] ?? 'an unknown type'}`);
  const fit = alongAxis(node, x, scale);
  const steps = node.op('round', { x: node.op('real_div', { x, y: fit(scale) }) });
  const shifted = zero === undefined ? steps : node.op('add', { x: steps, y: node.cast(fit(zero), x.type) });
  const cut = node.op('clip', { x: shifted, alpha: low, beta: high });
  node.set(node.cast(cut, 'int32'));
};

function alongAxis(node: Lowering, x: Value, scale: Value): (value: Value) => Value {
  if (elementCount(scale.shape) === 1) return (value) => node.reshape(value, []);
  const axis = node.axis(intAttribute(node.node, 'axis', 1), x.shape.length);
  return (value) =>
    node.reshape(
      value,
      x.shape.map((size, place) => (place === axis ? size : 1)),
    );
}

export const CONVERSION: Readonly<Record<string, Lower>> = {
  Cast: cast,
  CastLike: castLike,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  EyeLike: eyeLike,
  DequantizeLinear: dequantizeLinear,
  QuantizeLinear: quantizeLinear,
};
