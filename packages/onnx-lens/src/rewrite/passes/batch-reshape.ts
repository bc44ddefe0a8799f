import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Parts that one Split may make, and all Splits of one Reshape together: beyond this the copies cost more than they
 * bring.
 */
const MOST_PARTS = 256;
/** Neither Core ML nor this rewrite knows more axes. */
const MOST_AXES = 5;

/**
 * Reshape and Flatten with a free batch.
 *
 * Pattern: Reshape or Flatten of [batch, ...] to [batch, ...] where only the batch is free and every other axis is
 * known: heads of detectors, attention, groups of channels. Emits: to merge two axes Split along the outer, Concat
 * along the inner and Squeeze; to take one apart Unsqueeze, Split and Concat. Axes of 1 come and go by Squeeze and
 * Unsqueeze. Innermost first, which takes the fewest parts. Helps: the Core ML provider, which takes Reshape only of
 * fully known shapes. Bit-identical: values are only copied.
 */
export const batchReshape: Rewrite = {
  name: 'batch-reshape',
  summary: 'merges and parts axes by Split and Concat where the batch is free',
  purpose: 'provider',
  apply(node, bench) {
    if (node.domain !== '' || (node.opType !== 'Reshape' && node.opType !== 'Flatten') || bench.opset < 13)
      return false;
    const [data = ''] = node.input;
    const [from, to] = [restOf(bench, data), restOf(bench, node.output[0] ?? '')];
    if (from === undefined || to === undefined || !bench.isFloat(data)) return false;
    const steps = planReshape(from.filter(isReal), to.filter(isReal));
    if (steps === undefined || from.length >= MOST_AXES || to.length >= MOST_AXES) return false;
    bench.replace(node, (emit) => {
      const [gone, added] = [onesOf(from), onesOf(to)];
      const bare = gone.length === 0 ? data : emit.squeeze(data, gone);
      const reshaped = steps.reduce((value, step) => takeStep(emit, value, step), bare);
      return added.length === 0 ? reshaped : emit.unsqueeze(reshaped, added);
    });
    return true;
  },
};

/** The axes after a free first one; undefined where the first is known or another is not. */
function restOf(bench: Workbench, value: string): number[] | undefined {
  const shape = bench.shape(value);
  const rest = shape?.slice(1);
  const isKnown = rest?.every((dim) => typeof dim === 'number' && dim > 0) === true;
  return isKnown && typeof shape?.[0] === 'string' ? rest.map(Number) : undefined;
}

function isReal(dim: number): boolean {
  return dim !== 1;
}

/**
 * One step on axes counted with the batch: two neighbours of sizes `outer` and `inner` become one, or one becomes two.
 */
interface Step {
  readonly kind: 'merge' | 'part';
  readonly axis: number;
  readonly outer: number;
  readonly inner: number;
}

/** The steps from one list of axes to another of as many elements; undefined where they would be too many, or none. */
function planReshape(from: readonly number[], to: readonly number[]): Step[] | undefined {
  const count = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);
  if (count(from) !== count(to) || from.join() === to.join()) return undefined;
  // To part first takes fewer parts where the borders of both nest, to merge first works wherever they lie.
  const plans = [
    ['part', 'merge'],
    ['merge', 'part'],
  ] as const;
  const possible = plans
    .map((kinds) => stepsBy(kinds, from, to))
    .filter((steps) => steps !== undefined && isBearable(from.length, steps));
  return possible.toSorted((a, b) => partsOf(a ?? []) - partsOf(b ?? []))[0];
}

/**
 * Where axes lie is told by their borders: the products of the axes from each on. All steps of one kind, then of the
 * other.
 */
function stepsBy(kinds: readonly Step['kind'][], from: readonly number[], to: readonly number[]): Step[] | undefined {
  const steps: Step[] = [];
  const axes = [...from];
  const wanted = suffixProducts(to);
  for (const kind of kinds) {
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const [start = 1, end = 1] = suffixProducts(axes).slice(axis);
      const inside = wanted.find(
        (border) => border < start && border > end && start % border === 0 && border % end === 0,
      );
      if (kind === 'part' && inside !== undefined) {
        // The outer part may have further borders inside: it is looked at again, before the axes in front of it.
        axes.splice(axis, 1, start / inside, inside / end);
        steps.push({ kind, axis: axis + 1, outer: start / inside, inner: inside / end });
        axis += 2;
      } else if (kind === 'merge' && axis > 0 && !wanted.includes(start)) {
        const [outer = 1, inner = 1] = axes.splice(axis - 1, 2);
        axes.splice(axis - 1, 0, outer * inner);
        steps.push({ kind, axis, outer, inner });
      }
    }
  }
  return axes.join() === to.join() ? steps : undefined;
}

function partsOf(steps: readonly Step[]): number {
  return steps.reduce((sum, { outer }) => sum + outer, 0);
}

/** For [4, 5, 6]: 120, 30, 6. */
function suffixProducts(dims: readonly number[]): number[] {
  return dims.map((_, axis) => dims.slice(axis).reduce((product, dim) => product * dim, 1));
}

function isBearable(start: number, steps: readonly Step[]): boolean {
  let axes = start + 1;
  for (const { kind, outer } of steps) {
    axes += kind === 'part' ? 1 : -1;
    if (axes > MOST_AXES || outer > MOST_PARTS) return false;
  }
  return partsOf(steps) <= MOST_PARTS;
}

function takeStep(emit: Emitter, value: string, { kind, axis, outer, inner }: Step): string {
  if (kind === 'merge') {
    const rows = emit.split(value, new Array<number>(outer).fill(1), axis);
    return emit.squeeze(emit.node('Concat', rows, { axis: axis + 1 }), [axis]);
  }
  const parts = emit.split(emit.unsqueeze(value, [axis]), new Array<number>(outer).fill(inner), axis + 1);
  return emit.node('Concat', parts, { axis });
}

/** The axes of 1, counted with the batch. */
function onesOf(rest: readonly number[]): number[] {
  return rest.flatMap((dim, place) => (isReal(dim) ? [] : [place + 1]));
}
