import { intAttribute } from '../../model/attributes.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Softmax with a free batch.
 *
 * Pattern: Softmax (opset 13 on) of floats of which some dimension is free.
 * Emits: of two classes on the last axis MatMul and Sigmoid, for e^a / (e^a + e^b) is the logistic function of a - b;
 * otherwise ReduceMax, Sub, Pow of e, ReduceSum and Div, which is the definition.
 * Helps: the Core ML provider before 1.23, which takes Softmax only of fully known shapes.
 */
export const softmaxForms: Rewrite = {
  name: 'softmax-forms',
  summary: 'writes Softmax as Pow and sums, or for two classes as Sigmoid, where the batch is free',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [value = ''] = node.input;
    const shape = bench.shape(value);
    if (node.opType !== 'Softmax' || node.domain !== '' || bench.opset < 13 || !bench.isFloat(value)) return false;
    if (shape === undefined || shape.length === 0 || shape.every((dim) => typeof dim === 'number')) return false;
    const axis = (intAttribute(node, 'axis', -1) + shape.length) % shape.length;
    const dataType = bench.dataType(value);
    bench.replace(node, (emit) => {
      if (shape[axis] === 2 && axis === shape.length - 1 && shape.length > 1) {
        return emit.node('Sigmoid', [emit.node('MatMul', [value, emit.floats(dataType, [2, 2], [1, -1, -1, 1])])]);
      }
      const less = emit.node('Sub', [value, emit.reduce('ReduceMax', value, [axis], true)]);
      const powers = emit.exponential(less, dataType);
      return emit.node('Div', [powers, emit.reduce('ReduceSum', powers, [axis], true)]);
    });
    return true;
  },
};
