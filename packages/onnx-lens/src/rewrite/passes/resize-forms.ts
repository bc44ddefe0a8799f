import { attribute, stringAttribute } from '../../model/attributes.js';
import type { NodeProto } from '../../model/generated/onnx_pb.js';
import { floatTensor } from '../../model/tensors.js';
import type { Rewrite } from '../rewrite.js';
import type { Workbench } from '../workbench.js';
import { knownEntries } from './shape-arithmetic.js';

/**
 * Enlarging by whole factors.
 *
 * Pattern: Resize of mode nearest of the last two axes by whole factors, whichever of the ways of writing it that pick
 * the same source pixel: asymmetric with floor, half_pixel with round_prefer_floor or round_prefer_ceil, sizes that
 * come out as whole factors. Linear and cubic Resize by sizes that are computed for a free batch and come out as whole
 * factors. Emits: Resize with scales, for mode nearest asymmetric, floor. For a pixel i and a factor s, half_pixel
 * reads round((i + 0.5) / s - 0.5), which for whole s lies within half a pixel of floor(i / s) and never on the tie of
 * round_prefer_floor. Helps: the Core ML provider, which takes nearest Resize with floor only. Bit-identical.
 */
export const resizeForms: Rewrite = {
  name: 'resize-forms',
  summary: 'writes enlarging by whole factors in its plainest form',
  purpose: 'provider',
  apply(node, bench) {
    const [data = ''] = node.input;
    if (node.opType !== 'Resize' || node.domain !== '' || bench.opset < 11) return false;
    if (stringAttribute(node, 'mode', 'nearest') !== 'nearest') return giveScales(node, bench);
    const factors = wholeFactors(node, bench);
    if (factors === undefined || !picksFloor(node, factors) || isPlain(node, bench)) return false;
    bench.replace(node, (emit) =>
      emit.node(
        'Resize',
        [
          data,
          bench.opset >= 13 ? '' : emit.constant(floatTensor([0], []), 'roi'),
          emit.constant(floatTensor([factors.length], factors), 'scales'),
        ],
        {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        },
      ),
    );
    return true;
  },
};

/** Sizes that a free batch keeps from being a constant, of linear or cubic enlarging: the factors are a constant. */
function giveScales(node: NodeProto, bench: Workbench): boolean {
  const [data = '', roi = '', , sizes = ''] = node.input;
  if (sizes === '' || bench.isConstant(sizes)) return false;
  const factors = wholeFactors(node, bench);
  if (factors === undefined) return false;
  const { attribute: attributes } = node;
  bench.replace(node, (emit) => {
    const made = emit.node('Resize', [data, roi, emit.constant(floatTensor([factors.length], factors), 'scales')]);
    emit.nodes[emit.nodes.length - 1]?.attribute.push(...attributes);
    return made;
  });
  return true;
}

/** The factor of each axis, at least 1 and whole; from scales, or from sizes against the input's shape. */
function wholeFactors(node: NodeProto, bench: Workbench): number[] | undefined {
  const [data = '', , scalesName, sizesName] = node.input;
  const shape = bench.shape(data);
  const output = knownSizes(node, bench) ?? bench.shape(node.output[0] ?? '');
  if (shape === undefined || attribute(node, 'axes') !== undefined || attribute(node, 'antialias')?.i === 1n)
    return undefined;
  if (stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') return undefined;
  const scales = bench.numbers(scalesName);
  const hasSizes = sizesName !== undefined && sizesName !== '';
  const factors =
    !hasSizes && scales?.length === shape.length
      ? scales
      : output?.length === shape.length
        ? shape.map((dim, axis) => (dim === output[axis] && dim !== '' ? 1 : Number(output[axis]) / Number(dim)))
        : undefined;
  const isWhole =
    factors?.every(
      (factor, axis) => Number.isInteger(factor) && factor >= 1 && (axis >= shape.length - 2 || factor === 1),
    ) === true;
  return isWhole ? factors : undefined;
}

/** The sizes of a Resize as far as they are known: its own dimensions (the batch) stand there by name. */
function knownSizes(node: NodeProto, bench: Workbench): (number | string)[] | undefined {
  const sizes = node.input[3] ?? '';
  return sizes === '' ? undefined : knownEntries(bench, sizes)?.map((entry) => entry ?? '');
}

function picksFloor(node: NodeProto, factors: readonly number[]): boolean {
  const transformation = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = stringAttribute(node, 'nearest_mode', 'round_prefer_floor');
  if (transformation === 'asymmetric') return rounding === 'floor';
  if (
    transformation !== 'half_pixel' &&
    transformation !== 'half_pixel_symmetric' &&
    transformation !== 'pytorch_half_pixel'
  )
    return false;
  // pytorch_half_pixel differs only where an output axis has length 1, which enlarging does not make of more than one.
  return (
    (rounding === 'round_prefer_floor' || rounding === 'round_prefer_ceil') && factors.every((factor) => factor <= 64)
  );
}

function isPlain(node: NodeProto, bench: Workbench): boolean {
  const isFloor = stringAttribute(node, 'nearest_mode', 'round_prefer_floor') === 'floor';
  const isAsymmetric = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') === 'asymmetric';
  return isFloor && isAsymmetric && (bench.numbers(node.input[2])?.length ?? 0) > 0 && (node.input[3] ?? '') === '';
}
