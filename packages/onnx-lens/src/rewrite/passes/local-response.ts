import { floatAttribute, intAttribute } from '../../model/attributes.js';
import type { Rewrite } from '../rewrite.js';

/** The matrix of neighbours is channels x channels: beyond this it would outweigh what it brings. */
const MOST_CHANNELS = 1024;

/**
 * Local response normalization.
 *
 * Pattern: LRN of images of known channels (AlexNet, GoogLeNet and their kin).
 * Emits: x * (bias + alpha / size * sum of squares of the neighbouring channels)^-beta, the sum as a 1x1 Conv by a band
 * of ones. Helps: the Core ML provider, whose ML Programs have no LRN.
 */
export const localResponse: Rewrite = {
  name: 'local-response',
  summary: 'writes LRN as a 1x1 convolution of squares',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [value = ''] = node.input;
    const shape = bench.shape(value);
    const channels = shape?.[1];
    if (node.opType !== 'LRN' || node.domain !== '' || !bench.isFloat(value) || shape?.length !== 4) return false;
    if (typeof channels !== 'number' || channels > MOST_CHANNELS) return false;
    const size = intAttribute(node, 'size', 1);
    const [alpha, beta, bias] = [
      floatAttribute(node, 'alpha', 1e-4),
      floatAttribute(node, 'beta', 0.75),
      floatAttribute(node, 'bias', 1),
    ];
    // Channel c sums from c - floor((size - 1) / 2) to c + ceil((size - 1) / 2).
    const [below, above] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    const band = Array.from({ length: channels * channels }, (_, place) => {
      const distance = (place % channels) - Math.floor(place / channels);
      return distance >= -below && distance <= above ? alpha / size : 0;
    });
    const dataType = bench.dataType(value);
    bench.replace(node, (emit) => {
      const weights = emit.floats(dataType, [channels, channels, 1, 1], band);
      const offsets = emit.floats(dataType, [channels], new Array<number>(channels).fill(bias));
      const sums = emit.node('Conv', [emit.node('Mul', [value, value]), weights, offsets], { kernel_shape: [1, 1] });
      return emit.node('Mul', [value, emit.node('Pow', [sums, emit.scalar(dataType, -beta)])]);
    });
    return true;
  },
};
