import { intAttribute, intsAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/** The most axes that Core ML knows. */
const MOST_AXES = 5;

/**
 * Transpose of many axes.
 *
 * Pattern: Transpose of more than five axes, such as [0, 1, 3, 2, 4, 5] of windows (Swin, SAM), where neighbours stay
 * neighbours; all dimensions known but one at most.
 * Emits: Reshape that merges the neighbours, Transpose of what is left (here four axes), Reshape; the Reshapes in front
 * of and behind the Transpose are taken up into these. Helps: the Core ML provider, whose values have five axes at
 * most. Bit-identical: values are only copied.
 */
export const windowTranspose: Rewrite = {
  name: 'window-transpose',
  summary: 'merges neighbouring axes of Transpose, so that five or fewer are left',
  purpose: 'provider',
  apply(node, bench) {
    const [value = ''] = node.input;
    const output = node.output[0] ?? '';
    if (node.opType !== 'Transpose' || node.domain !== '') return false;
    const shape = bench.shape(value);
    const perm = intsAttribute(node, 'perm');
    if (shape === undefined || perm === undefined || shape.length <= MOST_AXES) return false;
    if (shape.some((dim) => dim === 0) || shape.filter((dim) => typeof dim !== 'number').length > 1) return false;
    const runs = runsOf(perm);
    if (runs.length > MOST_AXES) return false;
    const groups = runs.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
    const merged = groups.map((axes) => sizeOf(axes, shape));
    const source = reshapedFrom(value, bench);
    const behind = reshapeBehind(output, bench);
    const wanted = behind === undefined ? perm.map((axis) => sizeOf([axis], shape)) : behind.target;
    bench.replace(node, (emit) => {
      const turned = emit.transpose(
        emit.reshape(source, merged),
        runs.map((run) => groups.indexOf(run)),
      );
      return emit.reshape(turned, wanted);
    });
    if (behind !== undefined) bench.replace(behind.node, () => output);
    return true;
  },
};

/** The axes of the input that stand next to each other before and after, in the order after. */
function runsOf(perm: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const axis of perm) {
    const last = runs.at(-1);
    if (last?.at(-1) === axis - 1) last.push(axis);
    else runs.push([axis]);
  }
  return runs;
}

/** The size of several axes together; -1 with a free one among them. */
function sizeOf(axes: readonly number[], shape: readonly (number | string)[]): number {
  const sizes = axes.map((axis) => shape[axis] ?? '');
  return sizes.every((size) => typeof size === 'number') ? sizes.reduce((product, size) => product * size, 1) : -1;
}

/** What a Reshape makes the value of, which only copies: the merged axes can be made of that as well. */
function reshapedFrom(value: string, bench: Workbench): string {
  const maker = bench.producer(value);
  return maker?.opType === 'Reshape' && maker.domain === '' ? (maker.input[0] ?? value) : value;
}

/** A Reshape that alone reads the value, to known sizes with one free at most. */
function reshapeBehind(
  value: string,
  bench: Workbench,
): { readonly node: NodeProto; readonly target: readonly number[] } | undefined {
  const node = bench.soleConsumer(value);
  if (node?.opType !== 'Reshape' || node.domain !== '' || node.input[0] !== value) return undefined;
  const target = bench.numbers(node.input[1]);
  const isPlain = target?.every((size) => size !== 0) === true && intAttribute(node, 'allowzero', 0) === 0;
  return isPlain && !bench.isKept(node.output[0] ?? '') ? { node, target } : undefined;
}
