import { copyFileSync, constants, ftruncateSync, mkdtempSync, openSync, closeSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../model/generated/onnx_pb.js';
import { capturedValues } from '../model/graph.js';
import { externalLocation, isExternal, tensorsOf } from '../model/parse.js';
import { isStandard } from '../model/opset.js';
import { elementBytes, elementCount, readTensor, tensorNumbers } from '../model/tensors.js';
import { inferShapes } from '../shapes/infer.js';
import type { SourceModel } from './source-model.js';

/**
 * Some files are tiny because nodes make their weights: light_vgg19 of the ONNX tests makes 574 MB out of 9 KB with
 * ConstantOfShape. Level 1 folds such nodes, and would write the weights out at every step. Here they become references
 * into a sparse file of zeros instead: nothing that decides where a node lands reads the values of weights of this
 * size.
 */
const LARGE_BYTES = 1 << 20;

/** Operators that make a large tensor out of a small one; the input that holds the shape or the repeats. */
const MAKERS: Readonly<Record<string, number>> = { ConstantOfShape: 0, Expand: 1, Tile: 1 };

/** Operators through which a made weight may pass before it is used. Level 1 folds all of them. */
const RELAYS: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Abs', 'Sqrt', 'Exp', 'Pow'],
  ...['Cast', 'Identity', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'Concat', 'Slice', 'Where'],
]);

/** A source without the nodes that make large weights. */
export interface LightSource {
  readonly source: SourceModel;
  /** Removes the files that stand for the weights. */
  readonly remove: () => void;
}

/**
 * Replaces large weights that nodes make out of constants by references into a sparse file in a scratch folder.
 * A model that makes none, or keeps weights in files of their own, is returned as it is.
 */
export async function withoutMadeWeights(source: SourceModel): Promise<LightSource> {
  const asItIs: LightSource = { source, remove: () => undefined };
  const { graph } = source.model;
  if (graph === undefined) return asItIs;
  const made = foldableNodes(source.model, graph);
  if (!made.some((node) => mayBeLarge(node, graph))) return asItIs;
  const refersTo = [...tensorsOf(source.model)].filter(isExternal).map((tensor) => externalLocation(tensor).location);
  if (refersTo.some((location) => location !== source.file)) return asItIs;
  const { origin, dataFolder, file } = source;
  const types = await inferShapes(source.model, { origin, ...(dataFolder === undefined ? {} : { dataFolder }) });
  const outputs = new Set(graph.output.map(({ name }) => name));
  const large = new Map<string, { dataType: DataType; dims: readonly number[]; bytes: number }>();
  for (const name of made.flatMap(({ output }) => output)) {
    const { dataType = DataType.UNDEFINED, shape = null } = types.get(name) ?? {};
    const dims = shape?.filter((dim) => typeof dim === 'number' && dim > 0) as number[] | undefined;
    if (dims === undefined || dims.length !== shape?.length || outputs.has(name)) continue;
    const bytes = (elementBytes(dataType) ?? 0) * elementCount(dims);
    if (bytes >= LARGE_BYTES && Number.isSafeInteger(bytes)) large.set(name, { dataType, dims, bytes });
  }
  if (large.size === 0) return asItIs;
  const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-'));
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  try {
    // ONNX Runtime looks for all weight files in one folder.
    if (file !== undefined && dataFolder !== undefined && refersTo.length > 0)
      copyFileSync(join(dataFolder, file), join(folder, file), constants.COPYFILE_FICLONE);
    const standIn = `${file ?? 'model'}.made-weights`;
    const descriptor = openSync(join(folder, standIn), 'wx');
    ftruncateSync(descriptor, Math.max(...Array.from(large.values(), ({ bytes }) => bytes)));
    closeSync(descriptor);
    const initializer = Array.from(large, ([name, { dataType, dims, bytes }]) =>
      reference(name, dataType, dims, bytes, standIn),
    );
    const model = create(ModelProtoSchema, { ...source.model, graph: withoutNodes(graph, made, initializer) });
    return { source: { ...source, model, dataFolder: folder, madeWeights: standIn }, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Nodes that compute with constants alone, in order. */
function foldableNodes(model: ModelProto, graph: GraphProto): NodeProto[] {
  const replaceable = new Set(model.irVersion >= 4n ? graph.input.map(({ name }) => name) : []);
  const known = new Set(graph.initializer.map(({ name }) => name).filter((name) => !replaceable.has(name)));
  const nodes: NodeProto[] = [];
  for (const node of graph.node) {
    if (!isStandard(node.domain)) continue;
    const isConstant = node.opType === 'Constant';
    const folds = node.opType in MAKERS || RELAYS.has(node.opType);
    if (!isConstant && !(folds && node.input.every((name) => name === '' || known.has(name)))) continue;
    for (const name of node.output) known.add(name);
    if (!isConstant) nodes.push(node);
  }
  return nodes;
}

/** False where the node's shape can be read and is small. */
function mayBeLarge(node: NodeProto, graph: GraphProto): boolean {
  const place = MAKERS[node.opType];
  if (place === undefined) return false;
  const tensor = graph.initializer.find(({ name }) => name === node.input[place]);
  if (tensor === undefined || isExternal(tensor)) return true;
  const sizes = tensorNumbers(readTensor(tensor));
  // Tile multiplies what it is given; the others make no more than what they are told.
  return node.opType === 'Tile' || sizes.reduce((product, size) => product * size, 1) * 8 >= LARGE_BYTES;
}

function reference(
  name: string,
  dataType: DataType,
  dims: readonly number[],
  bytes: number,
  location: string,
): TensorProto {
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  return create(TensorProtoSchema, {
    name,
    dataType,
    dims: dims.map(BigInt),
    dataLocation: DataLocation.EXTERNAL,
    externalData: [entry('location', location), entry('offset', '0'), entry('length', String(bytes))],
  });
}

/** The graph with tensors in the place of the nodes that made them, and without nodes that nothing reads any more. */
function withoutNodes(graph: GraphProto, made: readonly NodeProto[], tensors: readonly TensorProto[]): GraphProto {
  const given = new Set(tensors.map(({ name }) => name));
  const foldable = new Set(made);
  const read = new Set(graph.output.map(({ name }) => name));
  const node: NodeProto[] = [];
  for (const each of graph.node.toReversed()) {
    if (foldable.has(each) && each.output.every((name) => given.has(name) || !read.has(name))) continue;
    for (const name of [...each.input, ...capturedValues(each)]) read.add(name);
    node.push(each);
  }
  return create(GraphProtoSchema, { ...graph, node: node.reverse(), initializer: [...graph.initializer, ...tensors] });
}
