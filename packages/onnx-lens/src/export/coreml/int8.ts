import { floatsToHalves, halfToFloat } from '../../model/tensors.js';
import type { Operation, Program } from './program.js';
import { scalar, type Constant, type Value } from './values.js';

/** Smaller weights are not worth a table of scales. */
const LEAST_ELEMENTS = 2048;
/** The axis of output channels, by operation. */
const CHANNEL_AXIS: Readonly<Record<string, number>> = { conv: 0, linear: 0, conv_transpose: 1 };

/** Writes the larger weights of convolutions and linear layers as 8-bit numbers with one scale a channel. */
export function compressWeights(program: Program): Program {
  const compressed = new Map<Value, Value>();
  const operations = program.operations.flatMap((operation): Operation[] => {
    const axis = CHANNEL_AXIS[operation.type];
    const weight = operation.inputs['weight'] as Value | undefined;
    const { constant } = weight ?? {};
    if (axis === undefined || weight === undefined || constant === undefined || constant.data.length < LEAST_ELEMENTS)
      return [operation];
    if (operation.type === 'conv_transpose' && Number((operation.inputs['groups'] as Value).constant?.data[0]) !== 1)
      return [operation];
    const known = compressed.get(weight);
    if (known !== undefined) return [{ ...operation, inputs: { ...operation.inputs, weight: known } }];
    const made = dequantize(weight, constant, axis, operation.source);
    const [output] = made.outputs;
    if (output === undefined) return [operation];
    compressed.set(weight, output);
    return [made, { ...operation, inputs: { ...operation.inputs, weight: output } }];
  });
  return { ...program, operations };
}

/** Symmetric: scale = largest magnitude of the channel / 127, zero point 0. */
function dequantize(weight: Value, constant: Constant, axis: number, source: string): Operation {
  const { shape, type } = constant;
  const channels = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const count = constant.data.length;
  const number =
    type === 'fp16'
      ? (at: number): number => halfToFloat((constant.data as Uint16Array)[at] ?? 0)
      : (at: number): number => (constant.data as Float32Array)[at] ?? 0;
  const largest = new Float32Array(channels);
  for (let at = 0; at < count; at++) {
    const channel = Math.floor(at / inner) % channels;
    largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(number(at)));
  }
  const scales = Float32Array.from(largest, (each) => (each === 0 ? 1 : each / 127));
  const data = new Int8Array(count);
  for (let at = 0; at < count; at++)
    data[at] = Math.round(number(at) / (scales[Math.floor(at / inner) % channels] ?? 1));
  const value = (name: string, own: Constant): Value => ({
    hint: `${weight.hint}_${name}`,
    type: own.type,
    shape: own.shape,
    constant: own,
  });
  const scale: Constant =
    type === 'fp16'
      ? { type, shape: [channels], data: floatsToHalves(scales) }
      : { type: 'fp32', shape: [channels], data: scales };
  const inputs = {
    quantized_data: value('int8', { type: 'int8', shape, data }),
    zero_point: value('zero_point', { type: 'int8', shape: [channels], data: new Int8Array(channels) }),
    scale: value('scale', scale),
    axis: value('axis', scalar('int32', axis)),
  };
  return { type: 'constexpr_affine_dequantize', inputs, outputs: [{ hint: weight.hint, type, shape }], source };
}
