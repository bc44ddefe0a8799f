import { attribute, intsAttribute, makeAttribute, stringAttribute } from '../../model/attributes.js';
import { NodeProtoSchema, type NodeProto } from '../../model/generated/onnx_pb.js';
import { copyMessage } from '../../model/copy.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Padding that is known.
 *
 * Pattern: Pad by constant zeros of the spatial axes whose only reader is a Conv with explicit pads; auto_pad SAME_UPPER,
 * SAME_LOWER or VALID of Conv, MaxPool and AveragePool on spatial axes of known size.
 * Emits: the Conv (or pool) with explicit pads. What PyTorch computes at run time for TensorFlow's "same" padding becomes
 * a constant by shape-arithmetic first.
 * Helps: every provider: one pass over the image less; Core ML's Pad takes the last two axes only.
 */
export const fixedPadding: Rewrite = {
  name: 'fixed-padding',
  summary: 'puts known padding into the convolution or pool that reads it',
  purpose: 'simplify',
  apply(node, bench) {
    if (node.domain !== '') return false;
    if (node.opType === 'Conv' && takePad(node, bench)) return true;
    return ['Conv', 'MaxPool', 'AveragePool'].includes(node.opType) && fixAutoPad(node, bench);
  },
};

function takePad(node: NodeProto, bench: Workbench): boolean {
  const [padded = '', ...rest] = node.input;
  const pad = bench.producer(padded);
  const rank = bench.rank(padded);
  if (pad?.opType !== 'Pad' || rank === undefined || bench.soleConsumer(padded) !== node) return false;
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET' || stringAttribute(pad, 'mode', 'constant') !== 'constant') return false;
  const value = pad.input[2] === undefined || pad.input[2] === '' ? (attribute(pad, 'value')?.f ?? 0) : bench.scalar(pad.input[2]);
  const amounts = bench.numbers(pad.input[1]) ?? intsAttribute(pad, 'pads');
  if (value !== 0 || amounts?.length !== 2 * rank || (pad.input[3] ?? '') !== '') return false;
  const isSpatial = amounts.every((amount, place) => amount >= 0 && (amount === 0 || place % rank >= 2));
  if (!isSpatial) return false;
  const own = intsAttribute(node, 'pads') ?? Array.from({ length: 2 * (rank - 2) }, () => 0);
  const pads = own.map((amount, place) => {
    const axis = (place % (rank - 2)) + 2;
    return amount + (amounts[place < rank - 2 ? axis : axis + rank] ?? 0);
  });
  replaceAttributes(node, bench, [pad.input[0] ?? '', ...rest], { pads });
  return true;
}

function fixAutoPad(node: NodeProto, bench: Workbench): boolean {
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  const shape = bench.shape(node.input[0] ?? '');
  const spatial = shape?.slice(2);
  const kernel = intsAttribute(node, 'kernel_shape') ?? bench.staticShape(node.input[1] ?? '')?.slice(2);
  if (spatial === undefined || kernel?.length !== spatial.length || !['SAME_UPPER', 'SAME_LOWER', 'VALID'].includes(mode)) return false;
  if (mode !== 'VALID' && !spatial.every((dim) => typeof dim === 'number')) return false;
  const strides = intsAttribute(node, 'strides') ?? spatial.map(() => 1);
  const dilations = intsAttribute(node, 'dilations') ?? spatial.map(() => 1);
  const totals = spatial.map((dim, axis): number => {
    if (mode === 'VALID') return 0;
    const stride = strides[axis] ?? 1;
    const reach = ((kernel[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;
    return Math.max((Math.ceil(Number(dim) / stride) - 1) * stride + reach - Number(dim), 0);
  });
  const less = totals.map((total) => Math.floor(total / 2));
  const more = totals.map((total, axis) => total - (less[axis] ?? 0));
  const pads = mode === 'SAME_LOWER' ? [...more, ...less] : [...less, ...more];
  replaceAttributes(node, bench, node.input, { pads });
  return true;
}

/** The same operator with explicit pads, in the same place under the same names. */
function replaceAttributes(node: NodeProto, bench: Workbench, inputs: readonly string[], { pads }: { pads: readonly number[] }): void {
  const others = node.attribute.filter((each) => each.name !== 'auto_pad' && each.name !== 'pads');
  const copy = copyMessage(NodeProtoSchema, node, { input: [...inputs], output: [...node.output], attribute: [...others, makeAttribute('pads', pads)] });
  bench.exchange(node, copy);
}
