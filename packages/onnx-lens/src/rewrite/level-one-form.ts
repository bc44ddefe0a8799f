import { OnnxLensError } from '../errors.js';
import { copyMessage } from '../model/copy.js';
import { GraphProtoSchema, ModelProtoSchema, type ModelProto, type NodeProto } from '../model/generated/onnx_pb.js';
import { isStandard } from '../model/opset.js';
import { levelOneGraph } from '../runtime/runtime-graph.js';
import { rewriteToFixedPoint } from './engine.js';
import type { Judge, Judged } from './judge.js';
import { removeDead } from './passes/dead-nodes.js';
import { duplicateNodes } from './passes/duplicate-nodes.js';
import { Workbench } from './workbench.js';

/** By how much the weights may grow: folding that writes out large constants is left to ONNX Runtime, at each start. */
const MOST_GROWTH = { factor: 1.05, bytes: 16 * 1024 };
/** What ONNX Runtime calls values inside an operator that it expanded because it has no kernel for it. */
const EXPANDED = '_inlfunc_';

/**
 * The model as ONNX Runtime's level 1 leaves it: constants folded, normalization, scale and bias folded into the
 * convolutions before them, nodes without effect taken out, equal weights kept once. Every provider gets this graph
 * anyway; in the file it also serves programs other than ONNX Runtime, and is not made again at each start.
 *
 * @param model with its weights inside.
 * @returns undefined where that is no smaller, or where the runtime's form is for its CPU provider alone: with
 *   operators of other domains, operators expanded, or casts put in.
 */
export async function levelOneForm(model: ModelProto): Promise<ModelProto | undefined> {
  const { graph } = model;
  if (graph === undefined || model.functions.length > 0) return undefined;
  const optimized = await levelOneGraph(model).catch((error: unknown) => {
    if (error instanceof OnnxLensError) return undefined;
    throw error;
  });
  const made = optimized?.graph;
  if (made === undefined || isForCpuAlone(graph.node, made.node)) return undefined;
  const simple = copyMessage(ModelProtoSchema, model, {
    graph: copyMessage(GraphProtoSchema, graph, {
      node: made.node,
      initializer: made.initializer,
      sparseInitializer: made.sparseInitializer,
      valueInfo: [],
    }),
  });
  const bench = await Workbench.open(simple);
  await rewriteToFixedPoint(bench, [duplicateNodes], removeDead);
  removeDead(bench);
  const isSmaller = countOf(bench.graph.node) < countOf(graph.node);
  const limit = weightBytes(model) * MOST_GROWTH.factor + MOST_GROWTH.bytes;
  return isSmaller && weightBytes(bench.model) <= limit ? bench.model : undefined;
}

/** That form, where a provider takes as much of it as of the result it is made of. */
export async function simplerForm(result: Judged, judge: Judge): Promise<Judged | undefined> {
  const form = await levelOneForm(result.model);
  if (form === undefined) return undefined;
  const simple = await judge.look(form);
  return judge.cost(simple) <= judge.cost(result) ? simple : undefined;
}

function isForCpuAlone(before: readonly NodeProto[], after: readonly NodeProto[]): boolean {
  const known = new Set(before.map(({ domain, opType }) => `${domain}.${opType}`));
  const isForeign = after.some(({ domain, opType }) => !isStandard(domain) && !known.has(`${domain}.${opType}`));
  const isExpanded = after.some(({ output }) => output.some((name) => name.startsWith(EXPANDED)));
  return isForeign || isExpanded || countOf(after, 'Cast') > countOf(before, 'Cast');
}

/** Nodes that compute something, or those of one operator. */
function countOf(nodes: readonly NodeProto[], operator?: string): number {
  return nodes.filter(({ opType }) => (operator === undefined ? opType !== 'Constant' : opType === operator)).length;
}

function weightBytes({ graph }: ModelProto): number {
  return (graph?.initializer ?? []).reduce((sum, { rawData }) => sum + rawData.length, 0);
}
