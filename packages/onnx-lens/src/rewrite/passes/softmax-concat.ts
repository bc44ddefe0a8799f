import { intAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/** Operators that treat each element for itself, of one input. */
const PER_ELEMENT = new Set(['Sigmoid', 'Relu', 'Tanh', 'LeakyRelu', 'Exp', 'Sqrt']);
/** Neither Core ML nor Metal takes axes longer than this (the Core ML provider refuses them). */
const LONGEST_AXIS = 16384;

/**
 * Activations behind a long Concat.
 *
 * Pattern: Softmax along another axis than the Concat's, or an element-wise activation, of the only use of a Concat
 * whose axis is longer than 16384 while its parts are not.
 * Emits: the activation on each part, then Concat.
 * Helps: the Core ML provider, which refuses inputs with axes beyond 16384: detectors' scores over all anchors.
 * Bit-identical.
 */
export const softmaxConcat: Rewrite = {
  name: 'softmax-concat',
  summary: 'moves activations in front of a Concat too long for the provider',
  purpose: 'provider',
  apply(node, bench) {
    const [value = ''] = node.input;
    const concat = bench.producer(value);
    const shape = bench.shape(value);
    if (node.domain !== '' || concat?.opType !== 'Concat' || shape === undefined || bench.soleConsumer(value) !== node)
      return false;
    const axis = (intAttribute(concat, 'axis', 0) + shape.length) % shape.length;
    const length = shape[axis];
    if (typeof length !== 'number' || length <= LONGEST_AXIS || !isIndependentAlong(node, bench, axis, shape.length))
      return false;
    const isShortEnough = concat.input.every((part) => Number(bench.shape(part)?.[axis] ?? Infinity) <= LONGEST_AXIS);
    if (!isShortEnough) return false;
    const attributes = node.attribute;
    bench.replace(node, (emit) => {
      const parts = concat.input.map((part) => {
        const made = emit.node(node.opType, [part]);
        emit.nodes[emit.nodes.length - 1]?.attribute.push(...attributes);
        return made;
      });
      return emit.node('Concat', parts, { axis });
    });
    return true;
  },
};

function isIndependentAlong(node: NodeProto, bench: Workbench, axis: number, rank: number): boolean {
  if (PER_ELEMENT.has(node.opType)) return true;
  if (node.opType !== 'Softmax' && node.opType !== 'LogSoftmax') return false;
  const along = (intAttribute(node, 'axis', bench.opset >= 13 ? -1 : 1) + rank) % rank;
  // Before opset 13 Softmax runs over all axes from its own on.
  return bench.opset >= 13 ? along !== axis : along > axis;
}
