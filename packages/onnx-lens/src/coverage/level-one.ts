import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { readFileWhole } from '../files.js';
import { valueInfo } from '../model/builder.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type TensorProto,
  type ValueInfoProto,
} from '../model/generated/onnx_pb.js';
import { Graph } from '../model/graph.js';
import { externalLocation, isExternal, parseModel, tensorsOf } from '../model/load.js';
import { GraphView } from '../providers/graph-view.js';
import type { OrtVersion } from '../providers/target.js';
import { optimizeBasic, type OptimizeOptions } from '../runtime/optimize.js';
import type { SourceModel } from './source-model.js';
import { withoutMadeWeights } from './made-weights.js';
import { notOptimizedNote, notesOf } from './level-one-notes.js';
import { innerGraphs, type InnerGraph } from './inner-graphs.js';
import { hasComputedShapes, inferShapes, valueType, type InferOptions, type ValueType } from '../shapes/infer.js';
import { inferKernelLess, lacksKernel, type KernelLessTypes } from '../shapes/kernel-less.js';

/** A free dimension of a graph input. */
export interface FreeDimension {
  readonly input: string;
  readonly axis: number;
  /** '' for a dimension without a name. */
  readonly name: string;
}

/** Weights from this size on are left in the model's file: rules and optimizers read the values of smaller ones only. */
const DETACHED_BYTES = 16 * 1024;

/**
 * Reads a model without copying its large weights, and checks that its graph holds together.
 * @throws OnnxLensError FILE_UNREADABLE, NOT_ONNX, VALUE_MISSING, VALUE_DUPLICATE, GRAPH_CYCLE, EXTERNAL_DATA.
 */
export function readSource(source: string | ModelProto, dataFolder?: string): SourceModel {
  const isPath = typeof source === 'string';
  const origin = isPath ? source : 'the model';
  const model = isPath ? readDetached(source) : source;
  const { graph } = model;
  if (graph === undefined) throw new OnnxLensError('NOT_ONNX', `${origin} holds no graph.`);
  // Where a node reads from is checked here, in our words; everything else is left to ONNX Runtime.
  new Graph(graph).topologicalOrder();
  for (const tensor of tensorsOf(model)) if (isExternal(tensor)) externalLocation(tensor);
  if (!isPath) return { origin, model, dataFolder, file: undefined };
  const real = realpathSync(source);
  return { origin, model, dataFolder: dirname(real), file: basename(real) };
}

function readDetached(path: string): ModelProto {
  const bytes = readFileWhole(path, 'the model');
  const model = parseModel(bytes, path);
  const { graph } = model;
  if (graph === undefined) return model;
  const location = basename(realpathSync(path));
  const initializer = graph.initializer.map((tensor) => detach(tensor, bytes, location));
  return create(ModelProtoSchema, { ...model, graph: create(GraphProtoSchema, { ...graph, initializer }) });
}

/**
 * The tensor with a reference to where its bytes lie in the model's file instead of the bytes; ONNX Runtime maps them
 * from there. Small tensors are copied, so that nothing holds on to the file's bytes.
 */
function detach(tensor: TensorProto, file: Uint8Array, location: string): TensorProto {
  const { rawData } = tensor;
  // Values may stand in fields of their own type; an empty field beside them would be taken for the values.
  if (rawData.length === 0) return tensor;
  if (isExternal(tensor) || rawData.length < DETACHED_BYTES || rawData.buffer !== file.buffer) {
    return create(TensorProtoSchema, { ...tensor, rawData: new Uint8Array(rawData) });
  }
  const entry = (key: string, value: string | number) =>
    create(StringStringEntryProtoSchema, { key, value: String(value) });
  return create(TensorProtoSchema, {
    ...tensor,
    rawData: new Uint8Array(),
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      entry('location', location),
      entry('offset', rawData.byteOffset - file.byteOffset),
      entry('length', rawData.length),
    ],
  });
}

/** The free dimensions of the graph's inputs. */
export function freeDimensions({ model }: SourceModel): FreeDimension[] {
  return realInputs(model.graph).flatMap((input) =>
    (valueType(input.type).shape ?? []).flatMap((dim, axis) =>
      typeof dim === 'string' ? [{ input: input.name, axis, name: dim }] : [],
    ),
  );
}

function realInputs(graph: GraphProto | undefined): ValueInfoProto[] {
  const initializers = new Set(graph?.initializer.map(({ name }) => name));
  return graph?.input.filter(({ name }) => !initializers.has(name)) ?? [];
}

/** The model with free dimensions of its inputs fixed. `size` gives undefined for one to be left free. */
export function withFixedDimensions(
  source: SourceModel,
  size: (dimension: FreeDimension) => number | undefined,
): SourceModel {
  const { graph } = source.model;
  if (graph === undefined) return source;
  const input = graph.input.map((declared) => {
    const { dataType, shape } = valueType(declared.type);
    if (shape === null) return declared;
    const dims = shape.map((dim, axis) =>
      typeof dim === 'number'
        ? dim
        : (size({ input: declared.name, axis, name: dim }) ?? (dim === '' ? undefined : dim)),
    );
    return valueInfo(declared.name, dataType, dims);
  });
  return {
    ...source,
    model: create(ModelProtoSchema, { ...source.model, graph: create(GraphProtoSchema, { ...graph, input }) }),
  };
}

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

/** A level-1 graph, and what happened on the way. */
export interface LevelOne {
  readonly graph: GraphView;
  /** The graphs of If, Loop and Scan, at any depth, whose nodes `graph` does not hold; none unless they were asked for. */
  readonly inner: readonly InnerGraph[];
  readonly notes: readonly string[];
}

/**
 * The level-1 graph as a provider would see it. A model that ONNX Runtime cannot open here, for want of a CPU kernel, is
 * taken as it is in the file, with a note.
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
    const model = assumeOptimized ? source.model : await optimizeBasic(source.model, openingOptions(source));
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
    model = await optimizeBasic(source.model, openingOptions(source));
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

function openingOptions({ origin, dataFolder }: SourceModel): OptimizeOptions {
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
