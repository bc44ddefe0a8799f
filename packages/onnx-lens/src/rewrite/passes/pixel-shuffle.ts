import { intAttribute, intsAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/** How six axes are ordered, and where the two block axes are in the first reshape, for each mode of DepthToSpace. */
const MODES = [
  { mode: 'CRD', perm: [0, 1, 4, 2, 5, 3], channels: 1, blocks: [2, 3] },
  { mode: 'DCR', perm: [0, 3, 4, 1, 5, 2], channels: 3, blocks: [1, 2] },
] as const;

/**
 * Pixel shuffle written out.
 *
 * Pattern: Reshape of [N, C*b*b, H, W] to six axes, Transpose, Reshape to [N, C, H*b, W*b], as exporters write
 * torch.pixel_shuffle (block axes after the channels) and tf.nn.depth_to_space (before them). A free batch may stay
 * free. Emits: DepthToSpace of mode CRD or DCR, by whose definition in ONNX the two are the same. Helps: every
 * provider: one copy in place of one copy and two reshapes; Core ML takes no more than five axes. Bit-identical.
 */
export const pixelShuffle: Rewrite = {
  name: 'pixel-shuffle',
  summary: 'writes Reshape, Transpose, Reshape of blocks as DepthToSpace',
  purpose: 'simplify',
  apply(node, bench) {
    const transpose = before(bench, node, 'Reshape', 'Transpose');
    const first = transpose === undefined ? undefined : before(bench, transpose, 'Transpose', 'Reshape');
    if (transpose === undefined || first === undefined || bench.opset < 11) return false;
    const [from, six, to] = [first.input[0] ?? '', first.output[0] ?? '', node.output[0] ?? ''].map((value) =>
      bench.shape(value),
    );
    const perm = intsAttribute(transpose, 'perm');
    const found = MODES.find((each) => each.perm.every((axis, place) => perm?.[place] === axis));
    if (found === undefined || from?.length !== 4 || six?.length !== 6 || to?.length !== 4) return false;
    const [, depth, height, width] = from;
    const [block, other] = found.blocks.map((axis) => six[axis]);
    const channels = six[found.channels];
    const isBlocked =
      typeof block === 'number' &&
      typeof channels === 'number' &&
      block === other &&
      block > 1 &&
      depth === channels * block * block &&
      typeof height === 'number' &&
      typeof width === 'number' &&
      six[4] === height &&
      six[5] === width &&
      to[1] === channels &&
      to[2] === height * block &&
      to[3] === width * block;
    if (!isBlocked) return false;
    bench.replace(node, (emit) =>
      emit.node('DepthToSpace', [first.input[0] ?? ''], { blocksize: block, mode: found.mode }),
    );
    return true;
  },
};

/** The node of one type that alone feeds a node of another. */
function before(bench: Workbench, node: NodeProto, opType: string, wanted: string): NodeProto | undefined {
  const [value = ''] = node.input;
  if (node.opType !== opType || node.domain !== '' || intAttribute(node, 'allowzero', 0) !== 0) return undefined;
  const producer = bench.producer(value);
  return producer?.opType === wanted && producer.domain === '' && bench.soleConsumer(value) === node
    ? producer
    : undefined;
}
