import { intsAttribute, makeAttribute, stringAttribute } from '../../model/attributes.js';
import { NodeProtoSchema, type NodeProto } from '../../model/generated/onnx_pb.js';
import { copyMessage } from '../../model/copy.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Transposed convolutions in the form that a provider reads.
 *
 * Pattern: ConvTranspose without a pads attribute; with output_padding or with different pads on its sides, of images
 * or sequences of known spatial size. Emits: ConvTranspose with pads of 0; there, where pads differ, followed by a
 * Slice of the part that they leave for each spatial axis (output_padding is a smaller pad at the end). Helps: the Core
 * ML provider: without pads it crashes in 1.21, and it takes one amount on all sides only. Bit-identical.
 */
export const convTranspose: Rewrite = {
  name: 'conv-transpose',
  summary: 'gives ConvTranspose pads of 0, and cuts its borders off by Slice',
  purpose: 'provider',
  apply(node, bench) {
    if (
      node.opType !== 'ConvTranspose' ||
      node.domain !== '' ||
      stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET'
    )
      return false;
    const rank = bench.rank(node.input[0] ?? '');
    if (rank === undefined || rank < 3 || intsAttribute(node, 'output_shape') !== undefined) return false;
    const zeros = new Array<number>(2 * (rank - 2)).fill(0);
    const pads = intsAttribute(node, 'pads');
    const extra = intsAttribute(node, 'output_padding') ?? [];
    const isUniform = extra.every((each) => each === 0) && (pads ?? zeros).every((pad) => pad === (pads ?? zeros)[0]);
    if (!isUniform) return cutBorders(node, bench, pads ?? zeros, extra, rank);
    if (pads !== undefined) return false;
    const copy = copyMessage(NodeProtoSchema, node, {
      input: [...node.input],
      output: [...node.output],
      attribute: [...node.attribute, makeAttribute('pads', zeros)],
    });
    bench.exchange(node, copy);
    return true;
  },
};

function cutBorders(
  node: NodeProto,
  bench: Workbench,
  pads: readonly number[],
  extra: readonly number[],
  rank: number,
): boolean {
  const spatial = rank - 2;
  const sizes = bench
    .shape(node.output[0] ?? '')
    ?.slice(2)
    .map((size) => (typeof size === 'number' ? size : NaN));
  // What output_padding adds beyond the end of the uncut result is zero, which no Slice gives.
  const isInside = Array.from(
    { length: spatial },
    (_, axis) => (pads[axis + spatial] ?? 0) >= (extra[axis] ?? 0),
  ).every(Boolean);
  if (!isInside || bench.opset < 10 || sizes?.every(Number.isInteger) !== true) return false;
  const kept = node.attribute.filter(({ name }) => name !== 'pads' && name !== 'output_padding');
  bench.replace(node, (emit) => {
    const whole = emit.node('ConvTranspose', node.input, { pads: new Array<number>(2 * spatial).fill(0) });
    emit.nodes[0]?.attribute.push(...kept);
    return sizes.reduce((value: string, size, axis) => {
      const start = pads[axis] ?? 0;
      return emit.slice(value, [start], [start + size], [axis + 2]);
    }, whole);
  });
  return true;
}
