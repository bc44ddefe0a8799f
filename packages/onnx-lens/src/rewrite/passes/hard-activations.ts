import { floatAttribute } from '../../model/attributes.js';
import type { Emitter } from '../emitter.js';
import type { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';

/**
 * HardSigmoid and HardSwish.
 *
 * Pattern: HardSigmoid(alpha, beta); HardSwish.
 * Emits: clip(alpha * x + beta, 0, 1) by Mul, Add and Clip, for HardSwish times x.
 * Helps: the Core ML provider, which has neither; ONNX Runtime fuses nothing across them on the CPU either.
 */
export const hardActivations: Rewrite = {
  name: 'hard-activations',
  summary: 'writes HardSigmoid and HardSwish as Mul, Add and Clip',
  purpose: 'provider',
  apply(node, bench) {
    const [value = ''] = node.input;
    if (node.domain !== '' || !bench.isFloat(value)) return false;
    const dataType = bench.dataType(value);
    if (node.opType === 'HardSigmoid') {
      const [alpha, beta] = [floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)];
      bench.replace(node, (emit) => ramp(emit, value, dataType, alpha, beta));
      return true;
    }
    if (node.opType !== 'HardSwish') return false;
    bench.replace(node, (emit) => emit.node('Mul', [value, ramp(emit, value, dataType, 1 / 6, 0.5)]));
    return true;
  },
};

function ramp(emit: Emitter, value: string, dataType: DataType, alpha: number, beta: number): string {
  const line = emit.node('Add', [emit.node('Mul', [value, emit.scalar(dataType, alpha)]), emit.scalar(dataType, beta)]);
  return emit.clip(line, dataType, 0, 1);
}
