import { TensorProto_DataType as DataType } from '../../model/generated/onnx_pb.js';
import type { GraphView, NodeView } from '../graph-view.js';
import type { Provider } from '../provider.js';
import { judgeByTable, no, unchecked } from '../table.js';
import { NNAPI_RULES } from './rules.js';

/** Nothing after such a node goes to NNAPI (kDefaultPartitioningStopOps in nnapi_execution_provider.cc). */
const STOP_OPERATORS: ReadonlySet<string> = new Set(['NonMaxSuppression']);
/** A lone node of these only copies (IsValidSupportedNodeGroup in builders/helper.cc). */
const COPIES: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Identity']);

/** The NNAPI provider of Android: onnxruntime/core/providers/nnapi. */
export const nnapi: Provider = {
  name: 'nnapi',
  title: 'NNAPI',
  visitsSubgraphs: 'never',
  provenance: (target) => unchecked('NNAPI', 'its source on the main branch over several years', target),
  examine(graph) {
    const stopped = afterStop(graph);
    const settings = {
      title: 'NNAPI',
      rules: NNAPI_RULES,
      types: [DataType.FLOAT],
      newestOpset: 28,
      refusesEmpty: false,
    };
    return {
      verdict: (node) =>
        stopped.has(node)
          ? no('partition.stop', `${node.opType} is or comes after NonMaxSuppression, where NNAPI stops by default`)
          : judgeByTable(node, settings),
      dropped: ([only, ...others]) =>
        only !== undefined && others.length === 0 && COPIES.has(only.opType)
          ? no('partition.dropped', `a lone ${only.opType} only copies and is left to the CPU`)
          : null,
      notes: () => [
        'A phone with Android 12 or later is taken for granted. Transposes that ONNX Runtime puts around nodes for the NHWC layout are not counted, quantized operators are counted as left to the CPU, and the phone may still run an operator on its own CPU.',
      ],
    };
  },
};

function afterStop(graph: GraphView): Set<NodeView> {
  const stopped = new Set<NodeView>();
  const next = graph.nodes.filter(({ opType }) => STOP_OPERATORS.has(opType));
  for (let node = next.pop(); node !== undefined; node = next.pop()) {
    if (stopped.has(node)) continue;
    stopped.add(node);
    next.push(...node.outputEdges.map((edge) => edge.node));
  }
  return stopped;
}
