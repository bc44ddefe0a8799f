import type { ModelProto } from '../model/generated/onnx_pb.js';
import { rewriteToFixedPoint } from './engine.js';
import { fixInputs, type InputValues } from './fix-inputs.js';
import { constantIf } from './passes/constant-if.js';
import { removeDead } from './passes/dead-nodes.js';
import { foldConstants } from './passes/fold-constants.js';
import { identity } from './passes/identity.js';
import { Workbench } from './workbench.js';

/**
 * The model with inputs fixed and with the branches that they choose in the place of their If. ONNX Runtime 1.30 ends
 * with a segmentation fault where it does the latter itself in a graph without prepacked weights.
 *
 * @throws OnnxLensError as {@link fixInputs} and {@link Workbench.open} do.
 */
export async function withFixedInputs(model: ModelProto, values: InputValues): Promise<ModelProto> {
  const fixed = fixInputs(model, values);
  if (fixed === model) return model;
  const bench = await Workbench.open(fixed);
  await rewriteToFixedPoint(bench, [foldConstants, constantIf, identity], removeDead);
  return bench.model;
}
