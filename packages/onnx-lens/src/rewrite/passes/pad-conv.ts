import type { NodeProto } from '../../model/generated/onnx_pb.js';
import { knownPadding, spatialAmounts } from '../known-padding.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Padding with zeros that no convolution takes over.
 *
 * Pattern: Pad of mode constant by zeros of one or two spatial axes of images or sequences [N, C, ...] of C known
 * channels. Emits: Conv of one weight of 1 for each channel, with the pads. Helps: the Core ML provider, which has no
 * Pad in ML Programs before 1.26. Bit-identical: a value times 1.
 */
export const padConv: Rewrite = {
  name: 'pad-conv',
  summary: 'pads with zeros by a convolution of ones',
  purpose: 'provider',
  apply(node, bench) {
    const [value = ''] = node.input;
    const amounts = spatialZeros(node, bench);
    const channels = bench.shape(value)?.[1];
    if (amounts === undefined || typeof channels !== 'number' || channels === 0) return false;
    const kernel = new Array<number>(amounts.length / 2).fill(1);
    const dataType = bench.dataType(value);
    bench.replace(node, (emit) => {
      const ones = emit.floats(dataType, [channels, 1, ...kernel], new Array<number>(channels).fill(1));
      return emit.node('Conv', [value, ones], { group: channels, kernel_shape: kernel, pads: amounts });
    });
    return true;
  },
};

/** Begins and ends of the spatial axes, when nothing else is padded and nothing but zeros is put there. */
function spatialZeros(node: NodeProto, bench: Workbench): number[] | undefined {
  const [value = ''] = node.input;
  const padding = knownPadding(node, bench);
  if (padding?.value !== 0 || !bench.isFloat(value)) return undefined;
  const rank = padding.before.length;
  return rank === 3 || rank === 4 ? spatialAmounts(padding) : undefined;
}
