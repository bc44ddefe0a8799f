import type { NodeProto, TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';

/**
 * Element-wise operators that are another one in disguise.
 *
 * Pattern: Neg, Abs, Softsign, Min, Sum, Mean, and Max of more than two, on floats.
 * Emits: Mul by -1; Max(x, -x); x / (|x| + 1); -Max(-a, -b); chains of Max or Add of two; Mul by 1/n. Exact, but for
 * the rounding in Mean.
 * Helps: the Core ML provider, which takes Add, Mul and (MLProgram) Max of two operands, and none of these.
 */
export const elementwiseForms: Rewrite = {
  name: 'elementwise-forms',
  summary: 'writes Neg, Abs, Min, Sum and Mean with Mul, Max and Add',
  purpose: 'provider',
  apply(node, bench) {
    const [first = ''] = node.input;
    const write = FORMS[node.opType];
    if (node.domain !== '' || write === undefined || !bench.isFloat(first)) return false;
    if ((node.opType === 'Max' || node.opType === 'Sum') && node.input.length < (node.opType === 'Max' ? 3 : 2)) return false;
    const dataType = bench.dataType(first);
    bench.replace(node, (emit) => write(emit, node, dataType));
    return true;
  },
};

type Form = (emit: Emitter, node: NodeProto, dataType: DataType) => string;

const FORMS: Readonly<Record<string, Form>> = {
  Neg: (emit, { input }, dataType) => negated(emit, input[0] ?? '', dataType),
  Abs: (emit, { input }, dataType) => emit.node('Max', [input[0] ?? '', negated(emit, input[0] ?? '', dataType)]),
  Min: (emit, { input }, dataType) => negated(emit, chain(emit, 'Max', input.map((each) => negated(emit, each, dataType))), dataType),
  Max: (emit, { input }) => chain(emit, 'Max', input),
  Sum: (emit, { input }) => chain(emit, 'Add', input),
  Mean: (emit, { input }, dataType) => emit.node('Mul', [chain(emit, 'Add', input), emit.scalar(dataType, 1 / input.length)]),
  Softsign: (emit, { input }, dataType) => {
    const x = input[0] ?? '';
    const magnitude = emit.node('Max', [x, negated(emit, x, dataType)]);
    return emit.node('Div', [x, emit.node('Add', [magnitude, emit.scalar(dataType, 1)])]);
  },
};

function negated(emit: Emitter, value: string, dataType: DataType): string {
  return emit.node('Mul', [value, emit.scalar(dataType, -1)]);
}

function chain(emit: Emitter, opType: string, values: readonly string[]): string {
  return values.reduce((soFar, next) => emit.node(opType, [soFar, next]));
}
