import { intsAttribute, intAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';

/**
 * Slice and Split in each other's place.
 *
 * Pattern: Slice of step 1 along one axis of known length of a value whose other axes are not all known; Split before
 * opset 13, whose sizes are an attribute.
 * Emits: Split with sizes as an input, of which one part is read; Slices in place of the old Split.
 * Helps: the Core ML provider: it takes Slice only of fully known shapes, and Split from opset 13. Bit-identical.
 */
export const sliceSplit: Rewrite = {
  name: 'slice-split',
  summary: 'writes Slice as Split where the batch is free, and old Split as Slice',
  purpose: 'provider',
  apply(node, bench) {
    if (node.domain !== '') return false;
    if (node.opType === 'Slice') return sliceToSplit(node, bench);
    return node.opType === 'Split' && bench.opset >= 10 && bench.opset < 13 && splitToSlices(node, bench);
  },
};

function sliceToSplit(node: NodeProto, bench: Workbench): boolean {
  const [data = '', startName, endName, axesName, stepsName] = node.input;
  const shape = bench.shape(data);
  if (shape === undefined || bench.opset < 13 || shape.every((dim) => typeof dim === 'number') || !bench.isFloat(data))
    return false;
  const [start, end] = [bench.scalar(startName), bench.scalar(endName)];
  const axisGiven = axesName === undefined || axesName === '' ? 0 : bench.scalar(axesName);
  const step = stepsName === undefined || stepsName === '' ? 1 : bench.scalar(stepsName);
  if (start === undefined || end === undefined || axisGiven === undefined || step !== 1) return false;
  const axis = (axisGiven + shape.length) % shape.length;
  const length = shape[axis];
  if (typeof length !== 'number') return false;
  const within = (place: number): number => Math.min(Math.max(place < 0 ? place + length : place, 0), length);
  const [from, to] = [within(start), within(end)];
  if (to <= from || (from === 0 && to === length)) return false;
  bench.replace(node, (emit) => {
    const sizes = [from, to - from, length - to];
    const parts = emit.split(
      data,
      sizes.filter((size) => size > 0),
      axis,
    );
    return parts[from > 0 ? 1 : 0] ?? '';
  });
  return true;
}

function splitToSlices(node: NodeProto, bench: Workbench): boolean {
  const [data = ''] = node.input;
  const shape = bench.shape(data);
  if (shape === undefined) return false;
  const axis = (intAttribute(node, 'axis', 0) + shape.length) % shape.length;
  const length = shape[axis];
  if (typeof length !== 'number' || node.output.includes('')) return false;
  const sizes = intsAttribute(node, 'split') ?? node.output.map(() => length / node.output.length);
  bench.replace(node, (emit) => {
    let start = 0;
    return sizes.map((size) => {
      start += size;
      return emit.slice(data, [start - size], [start], [axis]);
    });
  });
  return true;
}
