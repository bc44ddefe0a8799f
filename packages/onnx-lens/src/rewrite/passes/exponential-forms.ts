import { floatAttribute } from '../../model/attributes.js';
import type { NodeProto, TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/** Below this e^x is nothing beside 1; above the other, Mish is x to the last bit of a float. */
const LOWEST = -80;
const MISH_HIGHEST = 20;
/** Selu's own numbers in ONNX. */
const SELU_ALPHA = 1.67326319217681884765625;
const SELU_GAMMA = 1.05070102214813232421875;

/**
 * Exponentials.
 *
 * Pattern: Exp, Elu, Selu, Celu, Mish, and Mish's factor tanh(softplus(x)) as exporters write it out.
 * Emits: Pow of the number e; for the linear units Relu(x) + alpha * (e^min(x, 0) - 1) with Relu, Clip, Pow and sums;
 * for tanh(softplus(x)) n / (n + 2) with n = e^x (e^x + 2), which needs no logarithm. Helps: the Core ML provider,
 * which has none of these before 1.24, and no logarithm at all.
 */
export const exponentialForms: Rewrite = {
  name: 'exponential-forms',
  summary: 'writes Exp, Elu, Selu, Celu and Mish with Pow',
  purpose: 'provider',
  rounds: true,
  apply(node, bench) {
    const [value = ''] = node.input;
    if (node.domain !== '' || !bench.isFloat(value)) return false;
    const dataType = bench.dataType(value);
    if (node.opType === 'Tanh') return rewriteMishFactor(node, bench, dataType);
    const write = FORMS[node.opType];
    if (write === undefined) return false;
    bench.replace(node, (emit) => write(emit, value, dataType, node));
    return true;
  },
};

type Form = (emit: Emitter, value: string, dataType: DataType, node: NodeProto) => string;

const FORMS: Readonly<Record<string, Form>> = {
  Exp: (emit, value, dataType) => emit.exponential(value, dataType),
  Elu: (emit, value, dataType, node) => linearUnit(emit, value, dataType, floatAttribute(node, 'alpha', 1), 1),
  Celu: (emit, value, dataType, node) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    return linearUnit(emit, value, dataType, alpha, alpha);
  },
  Selu: (emit, value, dataType, node) => {
    const unit = linearUnit(emit, value, dataType, floatAttribute(node, 'alpha', SELU_ALPHA), 1);
    return emit.node('Mul', [unit, emit.scalar(dataType, floatAttribute(node, 'gamma', SELU_GAMMA))]);
  },
  Mish: (emit, value, dataType) => emit.node('Mul', [value, mishFactor(emit, value, dataType)]),
};

/** max(x, 0) + alpha * (e^(min(x, 0) / scale) - 1). */
function linearUnit(emit: Emitter, value: string, dataType: DataType, alpha: number, scale: number): string {
  const scaled = scale === 1 ? value : emit.node('Mul', [value, emit.scalar(dataType, 1 / scale)]);
  const power = emit.exponential(emit.clip(scaled, dataType, LOWEST, 0), dataType);
  const below = emit.node('Sub', [power, emit.scalar(dataType, 1)]);
  const weighed = alpha === 1 ? below : emit.node('Mul', [below, emit.scalar(dataType, alpha)]);
  return emit.node('Add', [emit.node('Relu', [value]), weighed]);
}

function rewriteMishFactor(node: NodeProto, bench: Workbench, dataType: DataType): boolean {
  const softplus = bench.producer(node.input[0] ?? '');
  if (softplus?.opType !== 'Softplus' || softplus.domain !== '') return false;
  bench.replace(node, (emit) => mishFactor(emit, softplus.input[0] ?? '', dataType));
  return true;
}

/** tanh(log(1 + e^x)) = ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1). */
function mishFactor(emit: Emitter, value: string, dataType: DataType): string {
  const power = emit.exponential(emit.clip(value, dataType, LOWEST, MISH_HIGHEST), dataType);
  const two = emit.scalar(dataType, 2);
  const product = emit.node('Mul', [power, emit.node('Add', [power, two])]);
  return emit.node('Div', [product, emit.node('Add', [product, two])]);
}
