import { OnnxLensError } from '../../errors.js';
import { copyMessage } from '../../model/copy.js';
import { GraphProtoSchema, ModelProtoSchema, type ModelProto } from '../../model/generated/onnx_pb.js';
import { serializeModel } from '../../model/serialize.js';
import { fixDimensions, freeDimensions } from '../../rewrite/fix-dimensions.js';
import { optimizeForProvider } from '../../rewrite/optimize.js';
import { proveEqual, type Proof } from '../../rewrite/proof.js';
import { REWRITES } from '../../rewrite/registry.js';
import { levelOneGraph } from '../../runtime/runtime-graph.js';
import { inferShapes } from '../../shapes/infer.js';
import { hasControlFlow, withoutControlFlow } from './control-flow.js';
import { fuseSilu } from './fuse.js';
import { convert } from './convert.js';
import type { HalfError } from './half-error.js';
import { withImageInput } from './image-input.js';
import { lowerGraph, type LoweredGraph } from './lower.js';
import { encodePackage, type EncodedPackage, type PackageFunction } from './package.js';
import { imageRanges, type CoreMlExportOptions } from './options.js';
import type { Program } from './program.js';
import { functionsOf, restoreAs } from './prove.js';
import { restrictions } from './warnings.js';
import type { Classifier } from './write.js';

/** What became of one function. */
export interface ExportedFunction {
  readonly name: string;
  /** float32 against the original. */
  readonly proof: Proof;
  /** Present with `half` or `int8Weights`: the error of what is written. */
  readonly error?: readonly HalfError[];
  /** Operations that stay in float32, and why. */
  readonly inFloat: readonly { readonly operation: string; readonly source: string; readonly reason: string }[];
  /** How often each operation occurs. */
  readonly operations: Readonly<Record<string, number>>;
}

/** A package that is ready to be written, and what is known of it. */
export interface CoreMlExport {
  readonly encoded: EncodedPackage;
  readonly functions: readonly ExportedFunction[];
  readonly warnings: readonly string[];
  /** Milliseconds of each part. */
  readonly timings: { readonly optimizing: number; readonly writing: number; readonly proving: number };
}

/**
 * Turns an ONNX model into a Core ML package (an ML Program), and proves it: the package is read back from its bytes
 * and run against the original.
 *
 * @throws OnnxLensError UNSUPPORTED_MODEL, UNSUPPORTED_OPERATOR for what Core ML has no form for; PROOF_FAILED when the
 *   package computes something else; USAGE.
 *
 * @example
 * const { encoded, functions } = await exportCoreMl(fixDimensions(loadModel('model.onnx', 'read'), { batch: 1 }));
 * functions[0]?.proof.holds; // true
 * writePackage('Model.mlpackage', encoded);
 */
export async function exportCoreMl(model: ModelProto, options: CoreMlExportOptions = {}): Promise<CoreMlExport> {
  const specification = (options.ios ?? 16) - 9;
  checkOptions(options);
  const sizes = options.sizes ?? [{ name: 'main', fix: {} }];
  const clock = { optimizing: 0, writing: 0, proving: 0 };
  const timed = async <T>(part: keyof typeof clock, step: string, run: () => T | Promise<T>): Promise<T> => {
    options.onProgress?.(step);
    const start = performance.now();
    try {
      return await run();
    } finally {
      clock[part] += performance.now() - start;
    }
  };
  const attempt = async (passes: readonly string[] | undefined): Promise<CoreMlExport> => {
    const written: PackageFunction[] = [];
    const functions: ExportedFunction[] = [];
    for (const { name, fix } of sizes) {
      const prepared = await timed('optimizing', 'optimizing', () =>
        prepare(model, { ...options.fix, ...fix }, options, passes),
      );
      const lowered = await timed('writing', 'writing', () =>
        lowerGraph(prepared.folded, prepared.types, specification),
      );
      const program = fuseSilu(lowered.program);
      const classifier = options.labels === undefined ? {} : { classifier: classifierOf(lowered, options.labels) };
      const single = (own: Program): PackageFunction => ({
        name,
        program: own,
        inputs: lowered.inputs,
        outputs: lowered.outputs,
        images: prepared.images,
        ...classifier,
      });
      const encoded = await timed('writing', 'writing', () =>
        encodePackage([single(program)], specification, options.metadata ?? {}),
      );
      const proof = await timed('proving', 'proving', () => prove(prepared.defined, encoded, options));
      const converted = await convert(program, prepared.defined, encoded, single, specification, options, timed);
      written.push(single(converted.program));
      functions.push({ name, proof, ...converted.report, operations: countOperations(converted.program) });
    }
    const encoded = await timed('writing', 'writing', () =>
      encodePackage(written, specification, options.metadata ?? {}),
    );
    return {
      encoded,
      functions,
      warnings: restrictions(
        written.map(({ program }) => program),
        options.half === true,
      ),
      timings: clock,
    };
  };
  try {
    return await attempt(undefined);
  } catch (error) {
    // Some networks make much of the last bit: once more without the rewrites that round otherwise, as `optimize` does.
    const mayRound = error instanceof OnnxLensError && error.code === 'PROOF_FAILED' && options.asIs !== true;
    if (!mayRound) throw error;
    return await attempt(REWRITES.filter(({ rounds }) => rounds === true).map(({ name }) => `-${name}`));
  }
}

function checkOptions({ ios = 16, int8Weights, sizes }: CoreMlExportOptions): void {
  if (int8Weights === true && ios < 16)
    throw new OnnxLensError('USAGE', 'Weights of 8 bits came with iOS 16; give --ios 16.');
  if (sizes !== undefined && sizes.length > 1 && ios < 18)
    throw new OnnxLensError(
      'USAGE',
      'Several sizes in one package came with iOS 18; give --ios 18, or export one package for each size.',
    );
}

/** The first output with one probability for each class. */
function classifierOf({ program, outputs }: LoweredGraph, labels: readonly string[]): Classifier {
  const fits = program.outputs.findIndex(
    ({ type, shape }) =>
      type === 'fp32' && shape.at(-1) === labels.length && shape.slice(0, -1).every((size) => size === 1),
  );
  if (fits >= 0) return { output: fits, labels };
  const known = program.outputs.map(({ shape }, place) => `"${outputs[place] ?? ''}" [${shape.join(', ')}]`);
  throw new OnnxLensError(
    'USAGE',
    `No output has one float32 value for each of the ${labels.length} labels: the model gives ${known.join(', ')}.`,
  );
}

/** ONNX files, through which models are handed to ONNX Runtime, end at 2 GiB. */
const MOST_WEIGHT_BYTES = 2 ** 31 - 2 ** 26;

/** Branches and loops inside each other are written out in one go; what they decide about others in as many as this. */
const DEEPEST = 4;

interface Prepared {
  /** The original with fixed sizes and pictures as inputs, by the definition of its preprocessing. */
  readonly defined: ModelProto;
  readonly folded: ModelProto;
  readonly types: Awaited<ReturnType<typeof inferShapes>>;
  readonly images: PackageFunction['images'];
}

async function prepare(
  model: ModelProto,
  fix: Readonly<Record<string, number>>,
  options: CoreMlExportOptions,
  passes: readonly string[] | undefined,
): Promise<Prepared> {
  const fixed = fixDimensions(withFixedWeights(model), fix);
  const free = freeDimensions(fixed);
  if (free.length > 0) {
    throw new OnnxLensError(
      'USAGE',
      `The model leaves sizes free (${free.join(', ')}), and a package is written for fixed ones; give them with --fix, such as --fix ${free.map((name) => `${name}=1`).join(',')}.`,
    );
  }
  let defined = fixed;
  const images = new Map<string, 'rgb' | 'bgr' | 'grey'>();
  for (const [name, image] of Object.entries(options.images ?? {})) {
    const own = withImageInput(defined, name, image);
    defined = own.model;
    images.set(name, own.colours);
  }
  const origin = options.name === undefined ? {} : { name: options.name };
  const optimized =
    options.asIs === true
      ? defined
      : (
          await optimizeForProvider(defined, {
            provider: 'coreml',
            format: 'mlprogram',
            ...origin,
            ...(passes === undefined ? {} : { passes }),
          })
        ).model;
  const origins = options.name === undefined ? {} : { origin: options.name };
  let folded = withFixedWeights(await levelOneGraph(optimized, origins));
  // What a branch or a round makes constant may decide the next one.
  for (let depth = 0; depth < DEEPEST && hasControlFlow(folded); depth++)
    folded = withFixedWeights(await levelOneGraph(await withoutControlFlow(folded, options.name), origins));
  return { defined, folded, types: await inferShapes(folded), images };
}

/** Before IR version 4 weights were inputs, too, that a caller could replace; here they are constants. */
function withFixedWeights(model: ModelProto): ModelProto {
  const { graph } = model;
  const bytes = (graph?.initializer ?? []).reduce((sum, { rawData }) => sum + rawData.length, 0);
  if (bytes > MOST_WEIGHT_BYTES) {
    throw new OnnxLensError(
      'UNSUPPORTED_MODEL',
      `The model's weights are ${(bytes / 2 ** 30).toFixed(1)} GiB; above 2 GiB a package cannot be proven here. Split the model, or store its weights as 16-bit floats.`,
    );
  }
  const weights = new Set(graph?.initializer.map(({ name }) => name));
  if (graph === undefined || !graph.input.some(({ name }) => weights.has(name))) return model;
  const input = graph.input.filter(({ name }) => !weights.has(name));
  const irVersion = model.irVersion < 8n ? 8n : model.irVersion;
  return copyMessage(ModelProtoSchema, model, { irVersion, graph: copyMessage(GraphProtoSchema, graph, { input }) });
}

/** Proves a float32 package. */
async function prove(original: ModelProto, encoded: EncodedPackage, options: CoreMlExportOptions): Promise<Proof> {
  const [read] = functionsOf(encoded);
  if (read === undefined) throw new OnnxLensError('PROOF_FAILED', 'The package that was made holds no function.');
  const { samples = 8, seed = 1 } = options;
  const isExact = options.half !== true && options.int8Weights !== true;
  const proof = await proveEqual(serializeModel(original), restoreAs(original, encoded, read), {
    samples,
    seed,
    ranges: imageRanges(options),
    ...(isExact && options.tolerance !== undefined ? { tolerance: options.tolerance } : {}),
  });
  const worst = proof.outputs.filter(({ isWithin }) => !isWithin).toSorted((x, y) => y.maxAbs - x.maxAbs)[0];
  if (worst === undefined) return proof;
  throw new OnnxLensError(
    'PROOF_FAILED',
    `The package computes something else: its output "${worst.name}" differs by up to ${worst.maxAbs.toPrecision(3)}, first at [${worst.first?.join(', ') ?? ''}], more than the tolerance of ${proof.tolerance} and the original's own noise. Try --as-is, and please report the model.`,
  );
}

function countOperations(program: Program): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { type } of program.operations) counts.set(type, (counts.get(type) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}
