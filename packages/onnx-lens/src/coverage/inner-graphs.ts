import { create } from '@bufbuild/protobuf';
import { OnnxLensError } from '../errors.js';
import { intsAttribute } from '../model/attributes.js';
import { valueInfo } from '../model/builder.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../model/generated/onnx_pb.js';
import { capturedValues } from '../model/graph.js';
import { isStandard } from '../model/opset.js';
import { GraphView, constantsOf } from '../providers/graph-view.js';
import { valueType, type ValueType } from '../shapes/value-type.js';

/** A graph inside an If, Loop or Scan, as ONNX Runtime shows it to a provider that visits it. */
export interface InnerGraph {
  /** Where it is, outermost first: `If "choose", then_branch`. */
  readonly path: string;
  /** Nodes of this graph, without Constant nodes and without those of graphs inside it. */
  readonly nodes: number;
  /** Null where ONNX Runtime would not infer its types when it is opened alone. */
  readonly graph: GraphView | null;
}

/** How the types of an extracted graph are inferred, and which of its initializers the user keeps in other files. */
export interface InnerGraphTools {
  readonly infer: (model: ModelProto) => Promise<Map<string, ValueType>>;
  readonly external: (model: ModelProto) => ReadonlySet<string>;
}

/** A hostile file may hold any number; each costs one opening. */
const MOST_GRAPHS = 256;

/**
 * The graphs inside a model's If, Loop and Scan nodes, at any depth, each before those inside it. Each is opened as a
 * model of its own: what it reads from around becomes an input with the type known there, or an initializer where it is
 * constant.
 *
 * @param types of the model's main graph.
 */
export async function innerGraphs(
  model: ModelProto,
  types: ReadonlyMap<string, ValueType>,
  tools: InnerGraphTools,
): Promise<InnerGraph[]> {
  const found: InnerGraph[] = [];
  const visit = async (within: ModelProto, known: ReadonlyMap<string, ValueType>, path: string): Promise<void> => {
    const { graph } = within;
    if (graph === undefined) return;
    const inputs = new Set(within.irVersion >= 4n ? graph.input.map(({ name }) => name) : []);
    const constants = new Map([...constantsOf(graph)].filter(([name]) => !inputs.has(name)));
    for (const { node, name, body } of bodiesOf(graph)) {
      if (found.length >= MOST_GRAPHS) return;
      const here = `${path}${node.opType}${node.name === '' ? '' : ` "${node.name}"`}, ${name}`;
      const { alone, outer } = extracted(within, { node, body }, known, constants);
      const nodes = body.node.filter((each) => !(each.opType === 'Constant' && isStandard(each.domain))).length;
      const inner = await tools.infer(alone).catch((error: unknown) => {
        if (error instanceof OnnxLensError) return null;
        throw error;
      });
      const view = inner === null ? null : new GraphView(alone, inner, tools.external(alone), outer);
      found.push({ path: here, nodes, graph: view });
      await visit(alone, inner ?? new Map(), `${here} > `);
    }
  };
  await visit(model, types, '');
  return found;
}

interface Body {
  readonly node: NodeProto;
  readonly body: GraphProto;
}

function bodiesOf(graph: GraphProto): (Body & { name: string })[] {
  return graph.node.flatMap((node) =>
    node.attribute.flatMap(({ name, g, graphs }) =>
      [...(g === undefined ? [] : [g]), ...graphs].map((body) => ({ node, name, body })),
    ),
  );
}

function extracted(
  within: ModelProto,
  { node, body }: Body,
  known: ReadonlyMap<string, ValueType>,
  constants: ReadonlyMap<string, TensorProto>,
): { alone: ModelProto; outer: Set<string> } {
  const read = capturedBy(body);
  const outer = new Set(read.filter((name) => constants.has(name)));
  const initializer = [
    ...body.initializer,
    ...[...outer].flatMap((name) => {
      const tensor = constants.get(name);
      // A Constant node's tensor has a name of its own, or none.
      return tensor === undefined ? [] : [tensor.name === name ? tensor : { ...tensor, name }];
    }),
  ];
  const input = [
    ...body.input.map((declared, place) => bodyInput(node, declared, place, known)),
    ...read.filter((name) => !outer.has(name)).map((name) => inputOf(name, known.get(name))),
  ];
  // Outputs are named alone: what the file declares of them is no more than a claim, and may be missing.
  const output = body.output.map(({ name }) => create(ValueInfoProtoSchema, { name }));
  const graph = create(GraphProtoSchema, { ...body, initializer, input, output });
  return { alone: create(ModelProtoSchema, { ...within, graph }), outer };
}

function capturedBy(body: GraphProto): string[] {
  const own = new Set([
    ...body.input.map(({ name }) => name),
    ...body.initializer.map(({ name }) => name),
    ...body.node.flatMap(({ output }) => output),
  ]);
  const read = [
    ...body.node.flatMap((node) => [...node.input, ...capturedValues(node)]),
    ...body.output.map(({ name }) => name),
  ];
  return [...new Set(read)].filter((name) => name !== '' && !own.has(name));
}

function inputOf(name: string, type: ValueType | undefined): ValueInfoProto {
  if (type === undefined || type.dataType === DataType.UNDEFINED) return create(ValueInfoProtoSchema, { name });
  if (type.shape === null) return withoutShape(name, type.dataType);
  return valueInfo(
    name,
    type.dataType,
    type.shape.map((dim) => (dim === '' ? undefined : dim)),
  );
}

function withoutShape(name: string, elemType: DataType): ValueInfoProto {
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: { elemType } } } });
}

/**
 * What inference tells a body of its inputs. A Loop passes types alone, since shapes may change from turn to turn; a
 * Scan passes its states whole and its sequences without the axis along which it goes. (LoopInferenceFunction and
 * ScanInferenceFunction in onnx/defs/controlflow/utils.cc.) What the body declares is kept.
 */
function bodyInput(
  node: NodeProto,
  declared: ValueInfoProto,
  place: number,
  known: ReadonlyMap<string, ValueType>,
): ValueInfoProto {
  const { dataType, shape } = valueType(declared.type);
  if (shape !== null) return declared;
  const given = known.get(node.input[place] ?? '');
  const passed = passedType(node, place, given);
  const elemType = dataType === DataType.UNDEFINED ? (passed?.dataType ?? DataType.UNDEFINED) : dataType;
  if (elemType === DataType.UNDEFINED) return declared;
  return inputOf(declared.name, { dataType: elemType, shape: passed?.shape ?? null });
}

function passedType(node: NodeProto, place: number, given: ValueType | undefined): ValueType | undefined {
  if (node.opType === 'Loop') {
    if (place < 2) return { dataType: place === 0 ? DataType.INT64 : DataType.BOOL, shape: null };
    return given === undefined ? undefined : { ...given, shape: null };
  }
  if (node.opType !== 'Scan' || given?.shape == null) return given;
  const sequences = Number(node.attribute.find(({ name }) => name === 'num_scan_inputs')?.i ?? 0n);
  const first = node.input.length - sequences;
  if (place < first) return given;
  const axis = intsAttribute(node, 'scan_input_axes')?.[place - first] ?? 0;
  const rank = given.shape.length;
  return { ...given, shape: given.shape.filter((_, at) => at !== (axis < 0 ? axis + rank : axis)) };
}
