import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { subgraphsOf } from '../model/attributes.js';
import { valueInfo } from '../model/builder.js';
import { copyMessage } from '../model/copy.js';
import { GraphProtoSchema, ModelProtoSchema, type ModelProto, type NodeProto } from '../model/generated/onnx_pb.js';
import { parseModel } from '../model/parse.js';
import { serializeModel } from '../model/serialize.js';
import { Session, type OptimizationLevel } from './session.js';

/** What {@link runtimeGraph} may be told. */
export interface RuntimeGraphOptions {
  /** Values of free dimensions by name. */
  readonly freeDimensions?: Readonly<Record<string, number>>;
  /** Folder of external data files, for a model that is not given as a path. */
  readonly dataFolder?: string;
  /** How to call the model in messages. */
  readonly origin?: string;
}

/**
 * The graph after ONNX Runtime's own optimizers of a level, as it would be handed to execution providers.
 *
 * The file that ONNX Runtime saves is taken after the CPU provider's own step: casts around operators that have no
 * float16 kernel may have been inserted, and functions are inlined. Weights in other files stay there.
 *
 * @param source path of an .onnx file, or a model.
 * @throws OnnxLensError RUNTIME_REFUSED.
 *
 * @example
 * const optimized = await runtimeGraph('model.onnx', 'extended');
 * optimized.graph?.node.length; // 1
 */
export async function runtimeGraph(
  source: string | ModelProto,
  level: OptimizationLevel,
  options: RuntimeGraphOptions = {},
): Promise<ModelProto> {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-lens-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // Ctrl-C leaves by way of process.exit, which runs no finally.
  process.once('exit', remove);
  try {
    const optimizedPath = join(folder, 'optimized.onnx');
    const origin = options.origin ?? (typeof source === 'string' ? source : 'the model');
    const opened = Session.open(typeof source === 'string' ? source : serializeModel(source), {
      optimization: level,
      optimizedPath,
      origin,
      withoutPrepacking: true,
      threads: 1,
      ...(options.freeDimensions === undefined ? {} : { freeDimensions: options.freeDimensions }),
      ...(options.dataFolder === undefined ? {} : { dataFolder: resolve(options.dataFolder) }),
      ...(typeof source === 'string' && options.dataFolder === undefined
        ? { dataFolder: resolve(dirname(source)) }
        : {}),
    });
    try {
      await (await opened).close();
    } catch (error) {
      // The graph is written before the session is ready: it is there even when an input's type has no JavaScript form
      // (bfloat16, 8-bit floats) or a kernel cannot be made, neither of which matters to a graph that is only looked
      // at.
      if (!existsSync(optimizedPath)) throw error;
    }
    return parseModel(readFileSync(optimizedPath), `ONNX Runtime's optimized form of ${origin}`);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/**
 * The level-1 ("basic") graph of a model: the one that execution providers are asked about. See {@link runtimeGraph}.
 *
 * @example
 * const graph = await levelOneGraph('model.onnx', { freeDimensions: { batch: 1 } });
 * graph.graph?.node.map((node) => node.opType); // ['Conv', 'Relu']
 */
export async function levelOneGraph(
  source: string | ModelProto,
  options: RuntimeGraphOptions = {},
): Promise<ModelProto> {
  if (typeof source !== 'string' && hasNestedBranches(source)) {
    const branchless = await runtimeGraph(withFreeInputs(source), 'basic', options).catch(() => undefined);
    if (branchless?.graph !== undefined && source.graph !== undefined) {
      const graph = copyMessage(GraphProtoSchema, branchless.graph, { input: source.graph.input, valueInfo: [] });
      return runtimeGraph(copyMessage(ModelProtoSchema, branchless, { graph }), 'basic', options);
    }
  }
  return runtimeGraph(source, 'basic', options);
}

/**
 * True for branches inside branches. ONNX Runtime (1.32, and older) crashes where it takes such branches apart and the
 * inputs' sizes are fixed, as in silero_vad with its rate fixed; with free sizes it does not.
 */
function hasNestedBranches({ graph }: ModelProto): boolean {
  const isBranch = ({ opType }: NodeProto): boolean => opType === 'If';
  const inner = (node: NodeProto): NodeProto[] => subgraphsOf(node).flatMap((each) => each.node);
  return graph?.node.some((node) => isBranch(node) && inner(node).some(isBranch)) ?? false;
}

/** The inputs with as many axes, none of which has a size. */
function withFreeInputs(model: ModelProto): ModelProto {
  if (model.graph === undefined) return model;
  const input = model.graph.input.map((each) => {
    const tensor = each.type?.value.case === 'tensorType' ? each.type.value.value : undefined;
    const names = tensor?.shape?.dim.map((_, axis) => `${each.name}_axis_${axis}`);
    return tensor === undefined || names === undefined ? each : valueInfo(each.name, tensor.elemType, names);
  });
  return copyMessage(ModelProtoSchema, model, { graph: copyMessage(GraphProtoSchema, model.graph, { input }) });
}
