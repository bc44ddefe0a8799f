import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  makeAttribute,
  stringAttribute,
  type AttributeValue,
} from '../../model/attributes.js';
import { NodeProtoSchema, type NodeProto } from '../../model/generated/onnx_pb.js';
import { copyMessage } from '../../model/copy.js';
import { knownPadding, spatialAmounts } from '../known-padding.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Padding that is known.
 *
 * Pattern: Pad of the spatial axes whose only reader is a Conv or AveragePool (by zeros) or a MaxPool (by -infinity, or
 * by zeros where nothing is negative) with explicit pads; auto_pad SAME_UPPER, SAME_LOWER or VALID of Conv, MaxPool and
 * AveragePool on spatial axes of known size. Emits: the Conv (or pool) with explicit pads. What PyTorch computes at run
 * time for TensorFlow's "same" padding becomes a constant by shape-arithmetic first. Helps: every provider: one pass
 * over the image less; Core ML's Pad takes the last two axes only.
 */
export const fixedPadding: Rewrite = {
  name: 'fixed-padding',
  summary: 'puts known padding into the convolution or pool that reads it',
  purpose: 'simplify',
  apply(node, bench) {
    if (node.domain !== '') return false;
    return (
      ['Conv', 'MaxPool', 'AveragePool'].includes(node.opType) && (takePad(node, bench) || fixAutoPad(node, bench))
    );
  },
};

/** The node that pads, and by how much on each spatial axis, when only this reader sees what it makes. */
function spatialPad(
  node: NodeProto,
  bench: Workbench,
): { source: string; amounts: readonly number[]; value: number } | undefined {
  const [padded = ''] = node.input;
  const pad = bench.producer(padded);
  if (
    pad?.opType !== 'Pad' ||
    bench.soleConsumer(padded) !== node ||
    stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET'
  )
    return undefined;
  const padding = knownPadding(pad, bench);
  const amounts = padding === undefined ? undefined : spatialAmounts(padding);
  return padding === undefined || amounts === undefined
    ? undefined
    : { source: pad.input[0] ?? '', amounts, value: padding.value };
}

function takePad(node: NodeProto, bench: Workbench): boolean {
  const pad = spatialPad(node, bench);
  if (pad === undefined || !fills(node, bench, pad)) return false;
  const own = intsAttribute(node, 'pads') ?? pad.amounts.map(() => 0);
  const pads = own.map((amount, place) => amount + (pad.amounts[place] ?? 0));
  const counted = node.opType === 'AveragePool' ? { count_include_pad: 1 } : {};
  replaceAttributes(node, bench, [pad.source, ...node.input.slice(1)], { pads, ...counted });
  return true;
}

/**
 * True when the reader, padding by itself, would put there the value that Pad puts there, or one that counts as much.
 */
function fills(
  node: NodeProto,
  bench: Workbench,
  { source, amounts, value }: { source: string; amounts: readonly number[]; value: number },
): boolean {
  if (node.opType === 'Conv') return value === 0;
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const isCeiled = intAttribute(node, 'ceil_mode', 0) !== 0;
  const own = intsAttribute(node, 'pads') ?? [];
  // A pool's pads must be smaller than its kernel, so that no window is all padding.
  const isNarrow = amounts.every((amount, place) => amount + (own[place] ?? 0) < (kernel[place % kernel.length] ?? 0));
  if (!isNarrow || isCeiled || node.output.length > 1) return false;
  if (node.opType === 'AveragePool') return value === 0 && own.every((amount) => amount === 0);
  // The largest of a window with one value of the image in it is no other for a value that is lower than all.
  return value === -Infinity || (value === 0 && isNeverNegative(bench, source));
}

function isNeverNegative(bench: Workbench, value: string): boolean {
  const node = bench.producer(value);
  if (node?.opType === 'Clip') return (bench.scalar(node.input[1]) ?? floatAttribute(node, 'min', -1)) >= 0;
  return node !== undefined && ['Relu', 'Sigmoid', 'Softmax', 'Abs', 'HardSigmoid'].includes(node.opType);
}

function fixAutoPad(node: NodeProto, bench: Workbench): boolean {
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  const shape = bench.shape(node.input[0] ?? '');
  const spatial = shape?.slice(2);
  const kernel = intsAttribute(node, 'kernel_shape') ?? bench.staticShape(node.input[1] ?? '')?.slice(2);
  if (
    spatial === undefined ||
    kernel?.length !== spatial.length ||
    !['SAME_UPPER', 'SAME_LOWER', 'VALID'].includes(mode)
  )
    return false;
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
function replaceAttributes(
  node: NodeProto,
  bench: Workbench,
  inputs: readonly string[],
  values: Readonly<Record<string, AttributeValue>>,
): void {
  const others = node.attribute.filter(({ name }) => name !== 'auto_pad' && values[name] === undefined);
  const added = Object.entries(values).map(([name, value]) => makeAttribute(name, value));
  const copy = copyMessage(NodeProtoSchema, node, {
    input: [...inputs],
    output: [...node.output],
    attribute: [...others, ...added],
  });
  bench.exchange(node, copy);
}
