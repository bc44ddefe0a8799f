import './no-telemetry.js';
import { env, InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node';
import { messageOf, OnnxLensError } from '../errors.js';
import { TensorProto_DataType as DataType } from '../model/generated/onnx_pb.js';
import type { Tensor } from '../model/tensors.js';

env.logLevel = 'fatal';

/**
 * How far ONNX Runtime may change the graph before it runs it; 'basic' is its level 1.
 *
 * @example
 * OPTIMIZATION_LEVELS[1]; // 'basic'
 */
export const OPTIMIZATION_LEVELS = ['disabled', 'basic', 'extended', 'all'] as const;
/** One of {@link OPTIMIZATION_LEVELS}. */
export type OptimizationLevel = (typeof OPTIMIZATION_LEVELS)[number];

/** How to open a model. */
export interface SessionOptions {
  /** Default 'all', as ONNX Runtime does. */
  readonly optimization?: OptimizationLevel;
  /** Values of free dimensions by name. */
  readonly freeDimensions?: Readonly<Record<string, number>>;
  /** Threads inside an operator; ONNX Runtime's choice when left out. */
  readonly threads?: number;
  /** Folder of external data files, for a model given as bytes. A model given as a path looks beside itself. */
  readonly dataFolder?: string;
  /** Where to write the optimized graph. */
  readonly optimizedPath?: string;
  /** File name beside `optimizedPath` for the weights, already in the form that this machine's kernels read. */
  readonly prepackedWeights?: string;
  /** Keep weights as they are in memory, for a session that is opened only to look at the graph. */
  readonly withoutPrepacking?: boolean;
  /** How to call the model in messages; default its path, or "the model". */
  readonly origin?: string;
}

/** An input or output of a session. */
export interface ValueDescription {
  readonly name: string;
  /** UNDEFINED for sequences, maps and optional values. */
  readonly dataType: DataType;
  /**
   * Numbers, names of free dimensions, or '' for a dimension without either; [] also when nothing is known of the
   * shape.
   */
  readonly shape: readonly (number | string)[];
}

/**
 * A model opened in ONNX Runtime on the CPU. The caller closes it.
 *
 * @example
 * const session = await Session.open('model.onnx');
 * try {
 *   const image = floatTensor([1, 3, 8, 8], new Float32Array(192));
 *   const outputs = await session.run(new Map([['image', image]]));
 *   console.log(outputs.get('features')?.dims); // [1, 4, 8, 8]
 * } finally {
 *   await session.close();
 * }
 */
export class Session {
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  readonly #session: InferenceSession;
  readonly #origin: string;
  #closed = false;

  private constructor(session: InferenceSession, origin: string) {
    this.#session = session;
    this.#origin = origin;
    this.inputs = session.inputMetadata.map(describe);
    this.outputs = session.outputMetadata.map(describe);
  }

  /**
   * Opens a model.
   * @param source path of an .onnx file, or its bytes.
   * @throws OnnxLensError RUNTIME_REFUSED with ONNX Runtime's own words.
   */
  static async open(source: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const origin = options.origin ?? (typeof source === 'string' ? source : 'the model');
    try {
      const native = runtimeOptions(options);
      const session = await (typeof source === 'string'
        ? InferenceSession.create(source, native)
        : InferenceSession.create(source, native));
      return new Session(session, origin);
    } catch (cause) {
      throw refusal(`ONNX Runtime cannot open ${origin}`, cause);
    }
  }

  /**
   * Runs the model once.
   * @param feeds a tensor for each input, by name.
   * @param wanted names of the outputs to compute; all when left out.
   * @returns the outputs by name.
   * @throws OnnxLensError RUNTIME_REFUSED, with the feeds' types and shapes; UNSUPPORTED_MODEL for outputs that are no
   *   numeric tensors.
   */
  async run(feeds: ReadonlyMap<string, Tensor>, wanted?: readonly string[]): Promise<Map<string, Tensor>> {
    const native = Object.fromEntries(Array.from(feeds, ([name, tensor]) => [name, toRuntime(name, tensor)]));
    let results: InferenceSession.ReturnType;
    try {
      results = wanted === undefined ? await this.#session.run(native) : await this.#session.run(native, [...wanted]);
    } catch (cause) {
      const fed = Array.from(
        feeds,
        ([name, { dataType, dims }]) => `${name}: ${DataType[dataType]} [${dims.join(', ')}]`,
      ).join('; ');
      throw refusal(`ONNX Runtime cannot run ${this.#origin} on (${fed})`, cause);
    }
    return new Map(Object.entries(results).map(([name, value]) => [name, fromRuntime(name, value)]));
  }

  /** Gives the session's memory back. Closing twice does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session.release();
  }
}

/**
 * The installed ONNX Runtime's version, e.g. `1.30.0`.
 *
 * @example
 * /^\d+\.\d+/.test(runtimeVersion()); // true
 */
export function runtimeVersion(): string {
  return env.versions.node ?? env.versions.common;
}

/**
 * Opens a model, hands it to `use`, and closes it whatever happens.
 *
 * @example
 * const image = floatTensor([2, 3, 8, 8], new Float32Array(384));
 * const outputs = await withSession('model.onnx', { threads: 1 }, (session) => session.run(new Map([['image',
 * image]]))); outputs.get('features')?.dims; // [2, 4, 8, 8]
 */
export async function withSession<T>(
  source: string | Uint8Array,
  options: SessionOptions,
  use: (session: Session) => T | Promise<T>,
): Promise<T> {
  const session = await Session.open(source, options);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

function runtimeOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const config: Record<string, string> = {};
  if (options.withoutPrepacking === true) config['disable_prepacking'] = '1';
  if (options.dataFolder !== undefined) config['model_external_initializers_file_folder_path'] = options.dataFolder;
  if (options.prepackedWeights !== undefined) {
    config['optimized_model_external_initializers_file_name'] = options.prepackedWeights;
    config['optimized_model_external_initializers_min_size_in_bytes'] = '1024';
    config['save_external_prepacked_constant_initializers'] = '1';
  }
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: options.optimization ?? 'all',
    logSeverityLevel: 4,
    ...(options.freeDimensions === undefined ? {} : { freeDimensionOverrides: options.freeDimensions }),
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads, interOpNumThreads: 1 }),
    ...(options.optimizedPath === undefined ? {} : { optimizedModelFilePath: options.optimizedPath }),
    ...(Object.keys(config).length === 0 ? {} : { extra: { session: config } }),
  };
}

/**
 * One clean sentence out of ONNX Runtime's message, which starts with a code and may hold source paths and several
 * lines.
 */
function refusal(what: string, cause: unknown): OnnxLensError {
  const words = messageOf(cause)
    .replace(/^Error: /, '')
    .replace(/\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : /g, '')
    .replace(/\S*\/onnxruntime\/\S+\.(?:cc|h):\d+ /g, '')
    // The C++ function that failed: `void onnxruntime::load::Validate(const std::string&, int) `.
    .replace(
      /^(?:[\w:<>&*]+ ){0,4}onnxruntime::[\w:~<>]{1,200}\([^()]{0,600}(?:\([^()]{0,200}\)[^()]{0,200})*\)(?: const)? /,
      '',
    )
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
  const advice = words.includes('Could not find an implementation')
    ? ' It has no CPU kernel for this version of the operator: bring the model to a newer opset first (onnx.version_converter does).'
    : '';
  return new OnnxLensError('RUNTIME_REFUSED', `${what}: ${words.replace(/\.?$/, '.')}${advice}`, { cause });
}

type RuntimeType = RuntimeTensor.Type;

const RUNTIME_TYPES: readonly (readonly [DataType, RuntimeType])[] = [
  [DataType.FLOAT, 'float32'],
  [DataType.DOUBLE, 'float64'],
  [DataType.FLOAT16, 'float16'],
  [DataType.INT8, 'int8'],
  [DataType.UINT8, 'uint8'],
  [DataType.BOOL, 'bool'],
  [DataType.INT16, 'int16'],
  [DataType.UINT16, 'uint16'],
  [DataType.INT32, 'int32'],
  [DataType.UINT32, 'uint32'],
  [DataType.INT64, 'int64'],
  [DataType.UINT64, 'uint64'],
  [DataType.STRING, 'string'],
  [DataType.INT4, 'int4'],
  [DataType.UINT4, 'uint4'],
];

const toRuntimeType = new Map(RUNTIME_TYPES);
const toDataType = new Map(RUNTIME_TYPES.map(([dataType, name]) => [name, dataType]));

function describe(value: InferenceSession.ValueMetadata): ValueDescription {
  if (!value.isTensor) return { name: value.name, dataType: DataType.UNDEFINED, shape: [] };
  return { name: value.name, dataType: toDataType.get(value.type) ?? DataType.UNDEFINED, shape: [...value.shape] };
}

function toRuntime(name: string, { dataType, dims, data }: Tensor): RuntimeTensor {
  const type = toRuntimeType.get(dataType);
  if (type === undefined) {
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `Input "${name}" of type ${DataType[dataType]} cannot be fed from JavaScript.`,
    );
  }
  // The pairs of RUNTIME_TYPES make the array fit the type; the constructor's overloads cannot express that.
  return new RuntimeTensor(type, data as Float32Array, dims);
}

function fromRuntime(name: string, value: RuntimeTensor): Tensor {
  const dataType = toDataType.get(value.type);
  if (dataType === undefined || value.type === 'string' || !ArrayBuffer.isView(value.data)) {
    throw new OnnxLensError('UNSUPPORTED_MODEL', `Output "${name}" is not a tensor of numbers and cannot be read.`);
  }
  const { data } = value;
  // Newer versions of Node give float16 as Float16Array; here its bits are wanted on every version.
  const bits =
    dataType === DataType.FLOAT16 ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
  return { dataType, dims: [...value.dims], data: bits };
}
