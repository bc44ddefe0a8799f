import { intAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Squeeze, Unsqueeze, Flatten and Reshape in the form that the shapes allow.
 *
 * Pattern: Flatten, or Squeeze and Unsqueeze with constant axes, of a value whose every dimension is known; Reshape and
 * Flatten that only take away or put in axes of 1 where some dimension is free; Flatten, Squeeze or such a Reshape
 * after GlobalAveragePool; Reshape to a shape that is fully known. Emits: Reshape to the known shape; Squeeze and
 * Unsqueeze; ReduceMean without kept axes. Helps: the Core ML provider: MLProgram has no Flatten, NeuralNetwork no
 * Unsqueeze, and both take Reshape only of fully known shapes. Bit-identical, but for the order of additions in the
 * mean.
 */
export const reshapeForms: Rewrite = {
  name: 'reshape-forms',
  summary: 'writes Squeeze, Unsqueeze, Flatten and Reshape as the shapes allow',
  purpose: 'provider',
  apply(node, bench) {
    if (node.domain !== '' || !['Squeeze', 'Unsqueeze', 'Flatten', 'Reshape'].includes(node.opType)) return false;
    const [data = ''] = node.input;
    const output = node.output[0] ?? '';
    const [from, to] = [bench.shape(data), bench.shape(output)];
    if (from === undefined || to === undefined || from.length === 0 || to.length === 0) return false;
    if (node.opType !== 'Unsqueeze' && poolInto(node, bench, data, from, to)) return true;
    const [before, after] = [bench.staticShape(data), bench.staticShape(output)];
    if (before !== undefined && after !== undefined) return toReshape(node, bench, data, after);
    return (node.opType === 'Flatten' || node.opType === 'Reshape') && toSqueeze(node, bench, data, from, to);
  },
};

/** GlobalAveragePool leaves [batch, channels, 1, ...]; taking the ones away is a mean without kept axes. */
function poolInto(
  node: NodeProto,
  bench: Workbench,
  data: string,
  from: readonly unknown[],
  to: readonly unknown[],
): boolean {
  const pool = bench.producer(data);
  const source = pool?.input[0];
  if (pool?.opType !== 'GlobalAveragePool' || source === undefined || bench.soleConsumer(data) !== node) return false;
  const isFlat = to.length === 2 && from.length > 2 && from.slice(2).every((dim) => dim === 1) && to[1] === from[1];
  if (!isFlat) return false;
  const axes = from.slice(2).map((_, place) => place + 2);
  bench.replace(node, (emit) => emit.reduce('ReduceMean', source, axes, false));
  return true;
}

function toReshape(node: NodeProto, bench: Workbench, data: string, after: readonly number[]): boolean {
  const isSettled =
    node.opType === 'Reshape' && bench.numbers(node.input[1])?.every((entry, axis) => entry === after[axis]) === true;
  if (isSettled || after.includes(0) || after.length > 5) return false;
  // Axes of 1 that come and go are understood by every reader of a graph; they change form only where a Flatten would.
  if (node.opType === 'Reshape' && bench.isConstant(node.input[1] ?? '') && intAttribute(node, 'allowzero', 0) === 0)
    return false;
  bench.replace(node, (emit) => emit.reshape(data, after));
  return true;
}

function toSqueeze(
  node: NodeProto,
  bench: Workbench,
  data: string,
  from: readonly (number | string)[],
  to: readonly (number | string)[],
): boolean {
  const kept = (shape: readonly (number | string)[]): (number | string)[] => shape.filter((dim) => dim !== 1);
  const [real, wanted] = [kept(from), kept(to)];
  // One free dimension is told apart by its place: everything else is a number, and the count of elements is the same.
  const isSame =
    real.length === wanted.length &&
    real.every((dim, place) => (typeof dim === 'number' ? dim === wanted[place] : typeof wanted[place] === 'string'));
  const free = real.filter((dim) => typeof dim !== 'number');
  if (!isSame || free.length !== 1 || from.length === to.length) return false;
  const removed = from.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  const added = to.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  bench.replace(node, (emit) => {
    const bare = removed.length === 0 ? data : emit.squeeze(data, removed);
    return added.length === 0 ? bare : emit.unsqueeze(bare, added);
  });
  return true;
}
