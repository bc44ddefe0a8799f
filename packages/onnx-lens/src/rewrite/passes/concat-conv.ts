import { intAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import { elementCount, type Tensor } from '../../model/tensors.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';
import { batchRepeat } from './late-repeat.js';

/**
 * Constant channels in front of a convolution.
 *
 * Pattern: Conv (one group, constant weights) of the only use of a Concat along the channels, of which some parts are
 * the same constant for every item of the batch: initializers with a batch axis of 1, or Expand or Tile of one along
 * the batch. Emits: Conv of the other parts with their part of the weights, Add of a Conv of the constant parts (which
 * fold-constants then computes). Helps: Core ML with a free batch, where the constant would have to be expanded to it
 * (CoordConv); everywhere the channels that are the same each time are not convolved again.
 */
export const concatConv: Rewrite = {
  name: 'concat-conv',
  summary: 'convolves constant channels (CoordConv) once and for all',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [joined = '', weightsName = '', biasName = ''] = node.input;
    const concat = bench.producer(joined);
    const weights = bench.constant(weightsName);
    if (node.opType !== 'Conv' || node.domain !== '' || concat?.opType !== 'Concat' || weights === undefined)
      return false;
    if (intAttribute(node, 'group', 1) !== 1 || bench.soleConsumer(joined) !== node || !isChannelAxis(concat, bench))
      return false;
    const parts = channelParts(concat, bench);
    if (
      parts === undefined ||
      !parts.some((part) => part.fixed !== undefined) ||
      !parts.some((part) => part.fixed === undefined)
    )
      return false;
    const varying = parts.filter((part) => part.fixed === undefined);
    const fixed = parts.filter((part) => part.fixed !== undefined);
    const { attribute } = node;
    bench.replace(node, (emit) => {
      const convolve = (chosen: readonly Part[], values: readonly string[], bias: string): string => {
        const input = values.length === 1 ? (values[0] ?? '') : emit.node('Concat', values, { axis: 1 });
        const kernel = emit.constant(channelsOf(weights, chosen), 'weights');
        const made = emit.node('Conv', bias === '' ? [input, kernel] : [input, kernel, bias]);
        emit.nodes[emit.nodes.length - 1]?.attribute.push(...attribute);
        return made;
      };
      const map = convolve(
        fixed,
        fixed.map((part) => part.fixed ?? ''),
        '',
      );
      return emit.node('Add', [
        convolve(
          varying,
          varying.map((part) => part.value),
          biasName,
        ),
        map,
      ]);
    });
    return true;
  },
};

interface Part {
  readonly value: string;
  /** The constant with a batch axis of 1 that the part repeats, if it does. */
  readonly fixed: string | undefined;
  readonly start: number;
  readonly channels: number;
}

function isChannelAxis(concat: NodeProto, bench: Workbench): boolean {
  const rank = bench.rank(concat.output[0] ?? '') ?? bench.rank(concat.input[0] ?? '');
  return rank !== undefined && rank >= 3 && (intAttribute(concat, 'axis', 0) + rank) % rank === 1;
}

function channelParts(concat: NodeProto, bench: Workbench): Part[] | undefined {
  const parts: Part[] = [];
  let start = 0;
  for (const value of concat.input) {
    const fixed = repeatedConstant(bench, value);
    const channels = bench.shape(fixed ?? value)?.[1];
    if (typeof channels !== 'number') return undefined;
    parts.push({ value, fixed, start, channels });
    start += channels;
  }
  return parts;
}

/** The constant of batch 1 behind a value that only repeats it along the batch. */
function repeatedConstant(bench: Workbench, value: string): string | undefined {
  const isForOne = (name: string): boolean =>
    bench.isConstant(name) && bench.isFloat(name) && bench.shape(name)?.[0] === 1;
  if (isForOne(value)) return value;
  return batchRepeat(bench, value)?.source;
}

/** The weights [outputs, channels, ...kernel] for some of the input channels. */
function channelsOf(weights: Tensor, parts: readonly Part[]): Tensor {
  const [outputs = 0, inputs = 0, ...kernel] = weights.dims;
  const area = elementCount(kernel);
  const total = parts.reduce((sum, part) => sum + part.channels, 0);
  const data = weights.data.slice(0, outputs * total * area);
  for (let output = 0; output < outputs; output++) {
    let at = output * total * area;
    for (const { start, channels } of parts) {
      const from = (output * inputs + start) * area;
      data.set(weights.data.subarray(from, from + channels * area) as never, at);
      at += channels * area;
    }
  }
  return { dataType: weights.dataType, dims: [outputs, total, ...kernel], data };
}
