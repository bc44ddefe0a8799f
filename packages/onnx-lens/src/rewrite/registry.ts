import { OnnxLensError } from '../errors.js';
import type { AnyRewrite } from './rewrite.js';
import { batchMaps } from './passes/batch-maps.js';
import { batchNorm } from './passes/batch-norm.js';
import { batchReshape } from './passes/batch-reshape.js';
import { broadcast } from './passes/broadcast.js';
import { compareSelect } from './passes/compare-select.js';
import { concatConv } from './passes/concat-conv.js';
import { constantIf } from './passes/constant-if.js';
import { listedWeights } from './passes/listed-weights.js';
import { windowTranspose } from './passes/window-transpose.js';
import { convNorm } from './passes/conv-norm.js';
import { convTranspose } from './passes/conv-transpose.js';
import { deadNodes } from './passes/dead-nodes.js';
import { depthConv } from './passes/depth-conv.js';
import { duplicateNodes } from './passes/duplicate-nodes.js';
import { einsum } from './passes/einsum.js';
import { elementwiseForms } from './passes/elementwise-forms.js';
import { exponentialForms } from './passes/exponential-forms.js';
import { fixedPadding } from './passes/fixed-padding.js';
import { flattenConv } from './passes/flatten-conv.js';
import { foldConstants } from './passes/fold-constants.js';
import { gatherSlice } from './passes/gather-slice.js';
import { gemmForms } from './passes/gemm-forms.js';
import { hardActivations } from './passes/hard-activations.js';
import { identity } from './passes/identity.js';
import { instanceNorm } from './passes/instance-norm.js';
import { lateRepeat } from './passes/late-repeat.js';
import { localResponse } from './passes/local-response.js';
import { padConcat } from './passes/pad-concat.js';
import { padConv } from './passes/pad-conv.js';
import { pixelShuffle } from './passes/pixel-shuffle.js';
import { powerForms } from './passes/power-forms.js';
import { raiseOpset } from './passes/raise-opset.js';
import { reduceForms } from './passes/reduce-forms.js';
import { repeatForms } from './passes/repeat-forms.js';
import { reshapeForms } from './passes/reshape-forms.js';
import { resizeForms } from './passes/resize-forms.js';
import { shapeArithmetic } from './passes/shape-arithmetic.js';
import { sliceSplit } from './passes/slice-split.js';
import { softmaxConcat } from './passes/softmax-concat.js';
import { softmaxForms } from './passes/softmax-forms.js';
import { topkThreshold } from './passes/topk-threshold.js';

/**
 * Every rewrite, in the order in which they are tried: first what makes constants and takes nodes away, then what
 * writes operators in another form, larger patterns before the smaller ones that they contain.
 *
 * @example
 * REWRITES.some((rewrite) => rewrite.purpose === 'simplify'); // true
 */
export const REWRITES: readonly AnyRewrite[] = [
  listedWeights,
  deadNodes,
  shapeArithmetic,
  foldConstants,
  constantIf,
  identity,
  duplicateNodes,
  convNorm,
  fixedPadding,
  pixelShuffle,
  raiseOpset,
  lateRepeat,
  broadcast,
  repeatForms,
  topkThreshold,
  compareSelect,
  batchMaps,
  concatConv,
  softmaxConcat,
  padConcat,
  padConv,
  convTranspose,
  depthConv,
  einsum,
  gemmForms,
  flattenConv,
  batchNorm,
  localResponse,
  instanceNorm,
  hardActivations,
  exponentialForms,
  softmaxForms,
  reduceForms,
  powerForms,
  elementwiseForms,
  resizeForms,
  gatherSlice,
  sliceSplit,
  windowTranspose,
  reshapeForms,
  batchReshape,
];

/**
 * The rewrites of the given names, in their own order; a name with `-` in front leaves that one out of all.
 * @throws OnnxLensError USAGE for a name that is none, or for names to take mixed with names to leave out.
 */
export function selectRewrites(names: readonly string[] = []): readonly AnyRewrite[] {
  const without = names.filter((name) => name.startsWith('-')).map((name) => name.slice(1));
  const only = names.filter((name) => !name.startsWith('-'));
  const unknown = [...without, ...only].filter((name) => !REWRITES.some((rewrite) => rewrite.name === name));
  if (unknown.length > 0) {
    const known = REWRITES.map((rewrite) => rewrite.name).join(', ');
    throw new OnnxLensError('USAGE', `There is no rewrite "${unknown.join('", "')}"; the rewrites are ${known}.`);
  }
  if (without.length > 0 && only.length > 0) {
    throw new OnnxLensError(
      'USAGE',
      'Give either the rewrites to apply, or the ones to leave out with "-" in front, not both.',
    );
  }
  return REWRITES.filter((rewrite) =>
    only.length > 0 ? only.includes(rewrite.name) : !without.includes(rewrite.name),
  );
}
