import { floatAttribute, intsAttribute, stringAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import { elementCount } from '../../model/tensors.js';
import type { Emitter } from '../emitter.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/** Each row of padding is a Slice of its own: wider reflections would be more nodes than they save. */
const WIDEST = 8;

/**
 * Reflecting and repeating borders, padded channels.
 *
 * Pattern: Pad of mode reflect or edge with constant, non-negative pads of at most 8 on each side, along axes of known
 * length; Pad of mode constant along one axis before the last two of a fully known shape (BlazeFace's channels).
 * Emits: for each padded axis the border rows by Slice, in order, and Concat; Concat with a constant.
 * Helps: the Core ML provider, which takes constant padding of the last two axes only. Bit-identical: values are only
 * copied.
 */
export const padConcat: Rewrite = {
  name: 'pad-concat',
  summary: 'writes reflecting, edge and channel padding as Concat',
  purpose: 'provider',
  apply(node, bench) {
    const [value = '', padsInput, , axesInput] = node.input;
    const mode = stringAttribute(node, 'mode', 'constant');
    const shape = bench.shape(value);
    const rank = shape?.length;
    if (node.opType === 'Pad' && node.domain === '' && mode === 'constant') return padChannels(node, bench, value);
    if (node.opType !== 'Pad' || node.domain !== '' || (mode !== 'reflect' && mode !== 'edge') || rank === undefined)
      return false;
    const pads = bench.numbers(padsInput) ?? intsAttribute(node, 'pads');
    const axes =
      axesInput === undefined || axesInput === ''
        ? Array.from({ length: rank }, (_, axis) => axis)
        : bench.numbers(axesInput);
    if (pads === undefined || axes === undefined || bench.opset < 10) return false;
    const borders = axes.map((axis, place) => ({
      axis: (axis + rank) % rank,
      before: pads[place] ?? 0,
      after: pads[place + axes.length] ?? 0,
      length: shape?.[(axis + rank) % rank],
    }));
    const padded = borders.filter(({ before, after }) => before !== 0 || after !== 0);
    const isDoable = padded.every(({ before, after, length }) => {
      const widest = Math.max(before, after);
      return (
        before >= 0 &&
        after >= 0 &&
        widest <= WIDEST &&
        typeof length === 'number' &&
        length > (mode === 'reflect' ? widest : 0)
      );
    });
    if (!isDoable || padded.length === 0) return false;
    bench.replace(node, (emit) =>
      padded.reduce(
        (soFar, { axis, before, after, length }) => padAxis(emit, soFar, mode, axis, Number(length), before, after),
        value,
      ),
    );
    return true;
  },
};

/** Constant padding of the channels of a fully known shape: Concat with a constant. */
function padChannels(node: NodeProto, bench: Workbench, value: string): boolean {
  const shape = bench.staticShape(value);
  const pads = bench.numbers(node.input[1]) ?? intsAttribute(node, 'pads');
  const hasValue = node.input[2] !== undefined && node.input[2] !== '';
  const fill = hasValue ? bench.scalar(node.input[2]) : floatAttribute(node, 'value', 0);
  if (
    shape === undefined ||
    pads?.length !== 2 * shape.length ||
    fill === undefined ||
    (node.input[3] ?? '') !== '' ||
    !bench.isFloat(value)
  )
    return false;
  const padded = shape.flatMap((_, axis) => (pads[axis] !== 0 || pads[axis + shape.length] !== 0 ? [axis] : []));
  const [axis = 0] = padded;
  // The last two axes are what providers pad themselves.
  if (padded.length !== 1 || axis >= shape.length - 2) return false;
  const [before, after] = [pads[axis] ?? 0, pads[axis + shape.length] ?? 0];
  if (before < 0 || after < 0) return false;
  const dataType = bench.dataType(value);
  bench.replace(node, (emit) => {
    const border = (width: number): string[] => {
      const dims = shape.map((dim, at) => (at === axis ? width : dim));
      return width === 0 ? [] : [emit.floats(dataType, dims, new Array<number>(elementCount(dims)).fill(fill))];
    };
    return emit.node('Concat', [...border(before), value, ...border(after)], { axis });
  });
  return true;
}

function padAxis(
  emit: Emitter,
  value: string,
  mode: 'reflect' | 'edge',
  axis: number,
  length: number,
  before: number,
  after: number,
): string {
  const row = (at: number): string => emit.slice(value, [at], [at + 1], [axis]);
  const source = (place: number): number =>
    mode === 'edge' ? Math.min(Math.max(place, 0), length - 1) : place < 0 ? -place : 2 * (length - 1) - place;
  const rows = (places: readonly number[]): string[] => {
    const made = new Map<number, string>();
    return places.map((place) => {
      const at = source(place);
      const known = made.get(at) ?? row(at);
      made.set(at, known);
      return known;
    });
  };
  const left = rows(Array.from({ length: before }, (_, place) => place - before));
  const right = rows(Array.from({ length: after }, (_, place) => length + place));
  return emit.node('Concat', [...left, value, ...right], { axis });
}
