import { OnnxLensError } from '../../errors.js';
import type { ModelProto } from '../../model/generated/onnx_pb.js';
import { serializeModel } from '../../model/save.js';
import { fixDimensions, freeDimensions } from '../../rewrite/fix-dimensions.js';
import { optimizeForProvider } from '../../rewrite/optimize.js';
import { proveEqual, type Proof } from '../../rewrite/proof.js';
import { REWRITES } from '../../rewrite/registry.js';
import type { InputRange } from '../../rewrite/seeded-inputs.js';
import { optimizeBasic } from '../../runtime/optimize.js';
import { inferShapes } from '../../shapes/infer.js';
import { fuseSilu } from './fuse.js';
import { halfErrors, largestValues, type Feed, type HalfError } from './half-error.js';
import { seededFeeds } from './feeds.js';
import { withImageInput, type ImageInput } from './image-input.js';
import { compressWeights } from './int8.js';
import { lowerGraph, type LoweredGraph } from './lower.js';
import { ownNoise } from './noise.js';
import { encodePackage, type EncodedPackage, type PackageFunction, type PackageMetadata } from './package.js';
import { staysFloat, toHalf } from './precision.js';
import type { Program } from './program.js';
import { functionsOf, restoreAs, restoredName } from './prove.js';
import { restrictions } from './warnings.js';
import { writeFunction } from './write.js';
import { BlobWriter } from './blob.js';

export const IOS_VERSIONS = [15, 16, 17, 18] as const;
export type IosVersion = (typeof IOS_VERSIONS)[number];

/** Settings of {@link exportCoreMl}. */
export interface CoreMlExportOptions {
  /** How to call the model in messages. */
  readonly name?: string;
  /** Sizes of free dimensions, by name or `input[axis]`. */
  readonly fix?: Readonly<Record<string, number>>;
  /** The least system that the package must run on; default 16 (macOS 13). */
  readonly ios?: IosVersion;
  /** Half floats in place of float32; inputs and outputs stay as they are. */
  readonly half?: boolean;
  /** Weights of convolutions and linear layers as 8-bit numbers; needs iOS 16. */
  readonly int8Weights?: boolean;
  /** Inputs that are to be pictures, by name. */
  readonly images?: Readonly<Record<string, ImageInput>>;
  /** Several sets of sizes, each a function of the package over the same weights; needs iOS 18. The first is the default. */
  readonly sizes?: readonly { readonly name: string; readonly fix: Readonly<Record<string, number>> }[];
  readonly metadata?: PackageMetadata;
  /** Write the graph as it is; only constants are computed. */
  readonly asIs?: boolean;
  /** How far an output may be off: see `proveEqual`. Default 1e-5; with `half` or `int8Weights` 0.05. */
  readonly tolerance?: number;
  readonly samples?: number;
  readonly seed?: number;
  readonly ranges?: Readonly<Record<string, InputRange>>;
  /** Inputs on which halves are measured, such as real pictures; seeded ones when left out. */
  readonly feeds?: readonly Feed[];
  readonly onProgress?: (step: string) => void;
}

/** What became of one function. */
export interface ExportedFunction {
  readonly name: string;
  /** float32 against the original. */
  readonly proof: Proof;
  /** Outputs beyond the tolerance that are no farther off than the original is from itself. */
  readonly withinNoise: readonly { readonly name: string; readonly noise: number }[];
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

const ERROR_TOLERANCE = 0.05;
/** A difference counts as the original's own noise up to this many times what it is off from itself. */
const TIMES_NOISE = 4;

/**
 * Turns an ONNX model into a Core ML package (an ML Program), and proves it: the package is read back from its bytes and run
 * against the original.
 *
 * @throws OnnxLensError UNSUPPORTED_MODEL, UNSUPPORTED_OPERATOR for what Core ML has no form for; PROOF_FAILED when the package
 *   computes something else; USAGE.
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
      const prepared = await timed('optimizing', 'optimizing', () => prepare(model, { ...options.fix, ...fix }, options, passes));
      const lowered = await timed('writing', 'writing', () => lowerGraph(prepared.folded, prepared.types, specification));
      const program = fuseSilu(lowered.program);
      const single = (own: Program): PackageFunction => ({ name, program: own, inputs: lowered.inputs, outputs: lowered.outputs, images: prepared.images });
      const encoded = await timed('writing', 'writing', () => encodePackage([single(program)], specification, options.metadata ?? {}));
      const proven = await timed('proving', 'proving', () => prove(prepared.defined, encoded, options));
      const converted = await convert(program, lowered, prepared.defined, encoded, single, specification, options, timed);
      written.push(single(converted.program));
      functions.push({ name, ...proven, ...converted.report, operations: countOperations(converted.program) });
    }
    const encoded = await timed('writing', 'writing', () => encodePackage(written, specification, options.metadata ?? {}));
    return { encoded, functions, warnings: restrictions(written.map(({ program }) => program), options.half === true), timings: clock };
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
  if (int8Weights === true && ios < 16) throw new OnnxLensError('USAGE', 'Weights of 8 bits came with iOS 16; give --ios 16.');
  if (sizes !== undefined && sizes.length > 1 && ios < 18)
    throw new OnnxLensError('USAGE', 'Several sizes in one package came with iOS 18; give --ios 18, or export one package for each size.');
}

interface Prepared {
  /** The original with fixed sizes and pictures as inputs, by the definition of its preprocessing. */
  readonly defined: ModelProto;
  readonly folded: ModelProto;
  readonly types: Awaited<ReturnType<typeof inferShapes>>;
  readonly images: PackageFunction['images'];
}

async function prepare(model: ModelProto, fix: Readonly<Record<string, number>>, options: CoreMlExportOptions, passes: readonly string[] | undefined): Promise<Prepared> {
  const fixed = fixDimensions(model, fix);
  const free = freeDimensions(fixed);
  if (free.length > 0) {
    throw new OnnxLensError(
      'USAGE',
      `The model leaves sizes free (${free.join(', ')}), and a package is written for fixed ones; give them with --fix, such as --fix ${free.map((name) => `${name}=1`).join(',')}.`,
    );
  }
  let [defined, written] = [fixed, fixed];
  const images = new Map<string, 'rgb' | 'bgr' | 'grey'>();
  for (const [name, image] of Object.entries(options.images ?? {})) {
    defined = withImageInput(defined, name, image, 'defined').model;
    const own = withImageInput(written, name, image, 'written');
    written = own.model;
    images.set(name, own.colours);
  }
  const origin = options.name === undefined ? {} : { name: options.name };
  const optimized = options.asIs === true ? written : (await optimizeForProvider(written, { provider: 'coreml', format: 'mlprogram', ...origin, ...(passes === undefined ? {} : { passes }) })).model;
  const folded = await optimizeBasic(optimized, options.name === undefined ? {} : { origin: options.name });
  return { defined, folded, types: await inferShapes(folded), images };
}

/** Proves a float32 package; what is beyond the tolerance may be as far off as the original is from itself. */
async function prove(original: ModelProto, encoded: EncodedPackage, options: CoreMlExportOptions): Promise<Pick<ExportedFunction, 'proof' | 'withinNoise'>> {
  const [read] = functionsOf(encoded);
  if (read === undefined) throw new OnnxLensError('PROOF_FAILED', 'The package that was made holds no function.');
  const source = serializeModel(original);
  const { samples = 8, seed = 1, ranges = imageRanges(options) } = options;
  const lossy = options.half === true || options.int8Weights === true;
  const tolerance = (lossy ? undefined : options.tolerance) ?? 1e-5;
  const proof = await proveEqual(source, restoreAs(original, encoded, read), { samples, seed, tolerance, ranges });
  if (proof.holds) return { proof, withinNoise: [] };
  const noise = await ownNoise(source, { samples, seed, ranges, batches: [1], sizes: {} });
  const beyond = proof.outputs.filter(({ isWithin }) => !isWithin);
  const worst = beyond.find(({ name, maxAbs }) => !(maxAbs <= TIMES_NOISE * (noise.get(name) ?? 0)));
  if (worst !== undefined) {
    throw new OnnxLensError(
      'PROOF_FAILED',
      `The package computes something else: its output "${worst.name}" differs by up to ${worst.maxAbs.toPrecision(3)}, first at [${worst.first?.join(', ') ?? ''}], more than the tolerance of ${tolerance} and the original's own noise (${(noise.get(worst.name) ?? 0).toPrecision(3)}).`,
    );
  }
  return { proof, withinNoise: beyond.map(({ name }) => ({ name, noise: noise.get(name) ?? 0 })) };
}

/** Pictures hold pixels from 0 to 255. */
function imageRanges({ images = {}, ranges = {} }: CoreMlExportOptions): Readonly<Record<string, InputRange>> {
  return { ...Object.fromEntries(Object.keys(images).map((name) => [name, { min: 0, max: 255 }])), ...ranges };
}

type Timed = <T>(part: 'optimizing' | 'writing' | 'proving', step: string, run: () => T | Promise<T>) => Promise<T>;

/** Half floats and 8-bit weights: made of the proven program, and measured against the original. */
async function convert(
  program: Program,
  lowered: LoweredGraph,
  original: ModelProto,
  plain: EncodedPackage,
  single: (program: Program) => PackageFunction,
  specification: number,
  options: CoreMlExportOptions,
  timed: Timed,
): Promise<{ program: Program; report: Pick<ExportedFunction, 'error' | 'inFloat'> }> {
  if (options.half !== true && options.int8Weights !== true) return { program, report: { inFloat: [] } };
  const feeds = options.feeds ?? (await timed('proving', 'making inputs', () => seededFeeds(original, { samples: options.samples ?? 8, seed: options.seed ?? 1, ranges: imageRanges(options) })));
  const kept = new Map<Program['operations'][number], string>();
  if (options.half === true) {
    const [read] = functionsOf(plain);
    const { names } = writeFunction(program, specification, new BlobWriter());
    const floats = [...names].filter(([value]) => value.type === 'fp32' && value.constant === undefined && !value.shape.includes(0));
    const restored = read === undefined ? original : restoreAs(original, plain, read);
    const largest = await timed('proving', 'measuring values', () => largestValues(restored, floats.map(([, name]) => restoredName(name)), feeds));
    const byValue = new Map(floats.map(([value, name]) => [value, largest.get(restoredName(name)) ?? 0]));
    for (const [operation, reason] of staysFloat(program, byValue)) kept.set(operation, reason);
  }
  const half = await timed('writing', 'writing halves', () => (options.half === true ? toHalf(program, new Set(kept.keys())) : program));
  const converted = options.int8Weights === true ? await timed('writing', 'writing 8-bit weights', () => compressWeights(half)) : half;
  const encoded = await timed('writing', 'writing', () => encodePackage([single(converted)], specification, options.metadata ?? {}));
  const [read] = functionsOf(encoded);
  if (read === undefined) throw new OnnxLensError('PROOF_FAILED', 'The package that was made holds no function.');
  const error = await timed('proving', 'measuring the error', () => halfErrors(serializeModel(original), serializeModel(restoreAs(original, encoded, read)), feeds));
  checkError(error, options, lowered);
  const inFloat = Array.from(kept, ([operation, reason]) => ({ operation: operation.type, source: operation.source, reason }));
  return { program: converted, report: { error, inFloat } };
}

function checkError(error: readonly HalfError[], options: CoreMlExportOptions, _lowered: LoweredGraph): void {
  const tolerance = options.tolerance ?? (options.int8Weights === true ? Infinity : ERROR_TOLERANCE);
  const what = options.half === true ? 'half floats' : '8-bit weights';
  for (const { name, max, scale, isFinite } of error) {
    if (!isFinite) throw new OnnxLensError('PROOF_FAILED', `In ${what} the output "${name}" is no longer finite; export in float32, or give --calibration with real inputs.`);
    if (max > tolerance * Math.max(1, scale)) {
      throw new OnnxLensError(
        'PROOF_FAILED',
        `In ${what} the output "${name}" differs by up to ${max.toPrecision(3)} (its values reach ${scale.toPrecision(3)}), more than the tolerance of ${tolerance}; give --calibration with real inputs, a larger --tolerance, or export in float32.`,
      );
    }
  }
}

function countOperations(program: Program): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { type } of program.operations) counts.set(type, (counts.get(type) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}
