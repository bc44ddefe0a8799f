import type { ModelProto } from '../model/generated/onnx_pb.js';
import { TensorProto_DataType as DataType } from '../model/generated/onnx_pb.js';
import { isExternal } from '../model/parse.js';
import { GraphView } from '../providers/graph-view.js';
import { valueType, type ValueType } from '../shapes/value-type.js';
import { resultOf, type TargetOptions } from './graph-result.js';
import type { CoverageResult } from './result.js';

/**
 * As `analyseCoverage`, of a graph as it is, without ONNX Runtime: nothing is optimized, and shapes are those that the
 * file declares. For graphs that ONNX Runtime has written at level 1 with their shapes, this gives the same figures.
 *
 * @throws OnnxLensError USAGE for settings that do not fit together; VALUE_MISSING, VALUE_DUPLICATE or GRAPH_CYCLE for
 *   a graph that does not hold together.
 * @example
 * const result = analyseGraph(parseModel(bytes), { provider: 'coreml', format: 'mlprogram' });
 * result.partitions.length;
 */
export function analyseGraph(
  model: ModelProto,
  options: TargetOptions & { readonly name?: string } = {},
): CoverageResult {
  const external = new Set(model.graph?.initializer.filter(isExternal).map(({ name }) => name));
  const graph = new GraphView(model, declaredTypes(model), external);
  const notes = ['The graph was taken as it is, with the shapes that it declares; no optimizer was run.'];
  return resultOf(options.name ?? 'model', options, { graph, inner: [], notes }, { figures: [], notes: [] });
}

/** Types and shapes of the values for which the model declares them. */
function declaredTypes({ graph }: ModelProto): Map<string, ValueType> {
  const declared = [...(graph?.input ?? []), ...(graph?.valueInfo ?? []), ...(graph?.output ?? [])];
  return new Map([
    ...declared.map(({ name, type }) => [name, valueType(type)] as const),
    ...(graph?.initializer ?? []).map(
      ({ name, dataType, dims }) =>
        [name, { dataType: dataType ?? DataType.UNDEFINED, shape: dims.map(Number) }] as const,
    ),
  ]);
}
