import { type ModelProto } from '../model/generated/onnx_pb.js';
import { externalLocation, isExternal } from '../model/parse.js';
import { GraphView } from '../providers/graph-view.js';
import type { OrtVersion } from '../providers/target.js';
import { levelOneGraph, type RuntimeGraphOptions } from '../runtime/runtime-graph.js';
import type { LevelOne, SourceModel } from './source-model.js';
import { withoutMadeWeights } from './made-weights.js';
import { notOptimizedNote, notesOf } from './level-one-notes.js';
import { innerGraphs, type InnerGraph } from './inner-graphs.js';
import { hasComputedShapes, inferShapes, type InferOptions } from '../shapes/infer.js';
import { type ValueType } from '../shapes/value-type.js';
import { inferKernelLess, lacksKernel, type KernelLessTypes } from '../shapes/kernel-less.js';

/** How {@link levelOne} comes to its graph. */
export interface LevelOneOptions {
  /** Take the model as a level-1 graph already. */
  readonly assumeOptimized: boolean;
  /** Version whose shape inference is followed. */
  readonly ort: OrtVersion;
  /** Whether to look into If, Loop and Scan, which costs one opening for each graph there. Default false. */
  readonly subgraphs?: boolean;
}

/** ONNX Runtime 1.24 began to follow values through shape arithmetic (Graph::SaveShapeValuesFromDataPropagation). */
const COMPUTED_SHAPES_SINCE = 24;

/**
 * The level-1 graph as a provider would see it. A model that ONNX Runtime cannot open here, for want of a CPU kernel,
 * is taken as it is in the file, with a note.
 * @throws OnnxLensError RUNTIME_REFUSED when ONNX Runtime does not take the model.
 */
export async function levelOne(
  original: SourceModel,
  { assumeOptimized, ort, subgraphs = false }: LevelOneOptions,
): Promise<LevelOne> {
  const computedShapes = followsComputedShapes(ort);
  const { source, remove } = assumeOptimized
    ? { source: original, remove: () => undefined }
    : await withoutMadeWeights(original);
  const opening = { ...openingOptions(source), computedShapes };
  const own = [source.file, source.madeWeights];
  const lookInto = async (model: ModelProto, types: ReadonlyMap<string, ValueType>): Promise<InnerGraph[]> =>
    subgraphs
      ? await innerGraphs(model, types, {
          infer: async (each) => (await typesOf(each, opening)).types,
          external: (each) => externalWeights(each, own),
        })
      : [];
  try {
    const model = assumeOptimized ? source.model : await levelOneGraph(source.model, openingOptions(source));
    const types = await inferShapes(model, opening);
    return {
      graph: new GraphView(model, types, externalWeights(model, own)),
      inner: await lookInto(model, types),
      notes: notesOf(source.model, model, assumeOptimized),
    };
  } catch (error) {
    if (!lacksKernel(error)) throw error;
    const { model } = source;
    const { types, operators } = await inferKernelLess(model, opening);
    return {
      graph: new GraphView(model, types, externalWeights(model, own)),
      inner: await lookInto(model, types),
      notes: [notOptimizedNote(operators), ...notesOf(model, model, true).slice(1)],
    };
  } finally {
    remove();
  }
}

async function typesOf(model: ModelProto, options: InferOptions): Promise<KernelLessTypes> {
  try {
    return { types: await inferShapes(model, options), operators: [] };
  } catch (error) {
    if (!lacksKernel(error)) throw error;
    return await inferKernelLess(model, options);
  }
}

/**
 * The level-1 graph as the providers of several versions would see it, optimized once.
 * @throws OnnxLensError RUNTIME_REFUSED when ONNX Runtime does not take the model.
 */
export async function levelOneViews(
  original: SourceModel,
  versions: readonly OrtVersion[],
): Promise<ReadonlyMap<OrtVersion, GraphView>> {
  const { source, remove } = await withoutMadeWeights(original);
  try {
    return await viewsOf(source, versions);
  } finally {
    remove();
  }
}

async function viewsOf(
  source: SourceModel,
  versions: readonly OrtVersion[],
): Promise<ReadonlyMap<OrtVersion, GraphView>> {
  let model: ModelProto;
  try {
    model = await levelOneGraph(source.model, openingOptions(source));
  } catch (error) {
    // Without a kernel there is no level 1: the file's own graph is judged, as levelOne does.
    if (!lacksKernel(error)) throw error;
    ({ model } = source);
  }
  const follows = (ort: OrtVersion): boolean => followsComputedShapes(ort) || !hasComputedShapes(model);
  const views = new Map<boolean, GraphView>();
  for (const computedShapes of new Set(versions.map(follows))) {
    const { types } = await typesOf(model, { ...openingOptions(source), computedShapes });
    views.set(computedShapes, new GraphView(model, types, externalWeights(model, [source.file, source.madeWeights])));
  }
  return new Map(versions.map((ort) => [ort, views.get(follows(ort)) as GraphView])); // one was made for each way
}

function followsComputedShapes(ort: OrtVersion): boolean {
  return Number(ort.split('.')[1]) >= COMPUTED_SHAPES_SINCE;
}

function openingOptions({ origin, dataFolder }: SourceModel): RuntimeGraphOptions {
  return { origin, ...(dataFolder === undefined ? {} : { dataFolder }) };
}

/** Initializers that the user keeps in other files; those that were only detached lie in the model's own file. */
function externalWeights(model: ModelProto, own: readonly (string | undefined)[]): Set<string> {
  const external =
    model.graph?.initializer.filter(
      (tensor) => isExternal(tensor) && !own.includes(externalLocation(tensor).location),
    ) ?? [];
  return new Set(external.map(({ name }) => name));
}
