import { intAttribute, stringAttribute } from '../../model/attributes.js';
import { staysFinite } from '../indicators.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Pixel shuffle of images of free size.
 *
 * Pattern: DepthToSpace of mode CRD (torch.pixel_shuffle) of known channels, of which the batch or the size is free.
 * Emits: ConvTranspose in groups of one channel of the result, which puts each channel of a block in its place.
 * Helps: the Core ML provider, which takes this mode of fully known shapes only. Bit-identical for finite values: each
 * is multiplied by 1 and added to zeros.
 */
export const depthConv: Rewrite = {
  name: 'depth-conv',
  summary: 'shuffles pixels by ConvTranspose where the batch or the size is free',
  purpose: 'provider',
  apply(node, bench) {
    const [value = ''] = node.input;
    const shape = bench.shape(value);
    const [block, depth] = [intAttribute(node, 'blocksize', 0), shape?.[1]];
    if (
      node.opType !== 'DepthToSpace' ||
      node.domain !== '' ||
      stringAttribute(node, 'mode', 'DCR') !== 'CRD' ||
      !bench.isFloat(value)
    )
      return false;
    if (shape?.length !== 4 || typeof depth !== 'number' || block < 1 || depth % (block * block) !== 0) return false;
    if (shape.every((dim) => typeof dim === 'number') || !staysFinite(bench, value)) return false;
    const [area, dataType] = [block * block, bench.dataType(value)];
    // Input channel c * area + i * block + j goes to row i and column j of its block.
    const places = Array.from({ length: depth * area }, (_, at) => Number(Math.floor(at / area) % area === at % area));
    bench.replace(node, (emit) =>
      emit.node('ConvTranspose', [value, emit.floats(dataType, [depth, 1, block, block], places)], {
        group: depth / area,
        kernel_shape: [block, block],
        strides: [block, block],
        pads: [0, 0, 0, 0],
      }),
    );
    return true;
  },
};
