import type { NodeProto, TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Element-wise operators that are another one in disguise.
 *
 * Pattern: Neg, Abs, Softsign, Min, Sum, Mean, Max of more than two, and PRelu with a slope of other than channels, on
 * floats. Emits: Mul by -1; Max(x, -x); x / (|x| + 1); -Max(-a, -b); chains of Max or Add of two; Mul by 1/n; Relu(x) +
 * slope * (x - Relu(x)). Exact, but for the rounding in Mean. Helps: the Core ML provider, which takes Add, Mul and
 * (MLProgram) Max of two operands, and none of these.
 */
export const elementwiseForms: Rewrite = {
  name: 'elementwise-forms',
  summary: 'writes Neg, Abs, Min, Sum and Mean with Mul, Max and Add',
  purpose: 'provider',
  apply(node, bench) {
    const [first = ''] = node.input;
    const write = FORMS[node.opType];
    if (node.opType === 'PRelu' && isPerChannel(bench, first, node.input[1] ?? '')) return false;
    if (node.domain !== '' || write === undefined || !bench.isFloat(first)) return false;
    if ((node.opType === 'Max' || node.opType === 'Sum') && node.input.length < (node.opType === 'Max' ? 3 : 2))
      return false;
    const dataType = bench.dataType(first);
    bench.replace(node, (emit) => write(emit, node, dataType));
    return true;
  },
};

type Form = (emit: Emitter, node: NodeProto, dataType: DataType) => string;

const FORMS: Readonly<Record<string, Form>> = {
  Neg: (emit, { input }, dataType) => negated(emit, input[0] ?? '', dataType),
  Abs: (emit, { input }, dataType) => emit.node('Max', [input[0] ?? '', negated(emit, input[0] ?? '', dataType)]),
  Min: (emit, { input }, dataType) =>
    negated(
      emit,
      chain(
        emit,
        'Max',
        input.map((each) => negated(emit, each, dataType)),
      ),
      dataType,
    ),
  Max: (emit, { input }) => chain(emit, 'Max', input),
  Sum: (emit, { input }) => chain(emit, 'Add', input),
  Mean: (emit, { input }, dataType) =>
    emit.node('Mul', [chain(emit, 'Add', input), emit.scalar(dataType, 1 / input.length)]),
  PRelu: (emit, { input }) => {
    const [x = '', slope = ''] = input;
    const above = emit.node('Relu', [x]);
    return emit.node('Add', [above, emit.node('Mul', [emit.node('Sub', [x, above]), slope])]);
  },
  Softsign: (emit, { input }, dataType) => {
    const x = input[0] ?? '';
    const magnitude = emit.node('Max', [x, negated(emit, x, dataType)]);
    return emit.node('Div', [x, emit.node('Add', [magnitude, emit.scalar(dataType, 1)])]);
  },
};

/** A slope for each channel of an image, which providers take as it is. */
function isPerChannel(bench: Workbench, value: string, slope: string): boolean {
  const [rank, dims] = [bench.rank(value), bench.constant(slope)?.dims];
  return (
    dims !== undefined &&
    (rank === 3 || rank === 4) &&
    typeof bench.shape(value)?.[rank - 3] === 'number' &&
    (dims.every((dim) => dim === 1) || (dims.length === 3 && dims[1] === 1 && dims[2] === 1))
  );
}

function negated(emit: Emitter, value: string, dataType: DataType): string {
  return emit.node('Mul', [value, emit.scalar(dataType, -1)]);
}

function chain(emit: Emitter, opType: string, values: readonly string[]): string {
  return values.reduce((soFar, next) => emit.node(opType, [soFar, next]));
}
