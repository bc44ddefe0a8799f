import { OnnxLensError } from '../../errors.js';
import type { ModelProto } from '../../model/generated/onnx_pb.js';
import { serializeModel } from '../../model/serialize.js';
import { BlobWriter } from './blob.js';
import { seededFeeds } from './feeds.js';
import { halfErrors, largestValues, type HalfError } from './half-error.js';
import { compressWeights } from './int8.js';
import { imageRanges, type CoreMlExportOptions } from './options.js';
import { encodePackage, type EncodedPackage, type PackageFunction } from './package.js';
import { staysFloat, toHalf } from './precision.js';
import type { Program } from './program.js';
import { functionsOf, restoreAs, restoredName, restoreRounding } from './prove.js';
import { writeFunction } from './write.js';

/** How far an output may be off in halves: this times max(1, its largest magnitude). */
const ERROR_TOLERANCE = 0.05;

/** What half floats or 8-bit weights cost, and which operations stay in float32 and why. */
export interface Conversion {
  readonly error?: readonly HalfError[];
  readonly inFloat: readonly { readonly operation: string; readonly source: string; readonly reason: string }[];
}

/** Runs a part of the work and adds its time to that of its kind. */
export type Timed = <T>(
  part: 'optimizing' | 'writing' | 'proving',
  step: string,
  run: () => T | Promise<T>,
) => Promise<T>;

/** Half floats and 8-bit weights: made of the proven program, and measured against the original. */
export async function convert(
  program: Program,
  original: ModelProto,
  plain: EncodedPackage,
  single: (program: Program) => PackageFunction,
  specification: number,
  options: CoreMlExportOptions,
  timed: Timed,
): Promise<{ program: Program; report: Conversion }> {
  if (options.half !== true && options.int8Weights !== true) return { program, report: { inFloat: [] } };
  const feeds =
    options.feeds ??
    (await timed('proving', 'making inputs', () =>
      seededFeeds(original, { samples: options.samples ?? 8, seed: options.seed ?? 1, ranges: imageRanges(options) }),
    ));
  const kept = new Map<Program['operations'][number], string>();
  if (options.half === true) {
    const [read] = functionsOf(plain);
    const { names } = writeFunction(program, specification, new BlobWriter());
    const floats = [...names].filter(
      ([value]) => value.type === 'fp32' && value.constant === undefined && !value.shape.includes(0),
    );
    const restored = read === undefined ? original : restoreAs(original, plain, read);
    const largest = await timed('proving', 'measuring values', () =>
      largestValues(
        restored,
        floats.map(([, name]) => restoredName(name)),
        feeds,
      ),
    );
    const byValue = new Map(floats.map(([value, name]) => [value, largest.get(restoredName(name)) ?? 0]));
    for (const [operation, reason] of staysFloat(program, byValue)) kept.set(operation, reason);
  }
  const half = await timed('writing', 'writing halves', () =>
    options.half === true ? toHalf(program, new Set(kept.keys())) : program,
  );
  const converted =
    options.int8Weights === true ? await timed('writing', 'writing 8-bit weights', () => compressWeights(half)) : half;
  const encoded = await timed('writing', 'writing', () =>
    encodePackage([single(converted)], specification, options.metadata ?? {}),
  );
  const [read] = functionsOf(encoded);
  if (read === undefined) throw new OnnxLensError('PROOF_FAILED', 'The package that was made holds no function.');
  const error = await timed('proving', 'measuring the error', () =>
    halfErrors(serializeModel(original), serializeModel(restoreRounding(original, encoded, read)), feeds),
  );
  judgeError(error, options);
  const inFloat = Array.from(kept, ([operation, reason]) => ({
    operation: operation.type,
    source: operation.source,
    reason,
  }));
  return { program: converted, report: { error, inFloat } };
}

/** Refuses what is beyond the tolerance, or no longer finite. */
function judgeError(error: readonly HalfError[], options: CoreMlExportOptions): void {
  const tolerance = options.tolerance ?? (options.int8Weights === true ? Infinity : ERROR_TOLERANCE);
  const what = options.half === true ? 'half floats' : '8-bit weights';
  for (const { name, max, scale, isFinite } of error) {
    if (!isFinite) {
      throw new OnnxLensError(
        'PROOF_FAILED',
        `In ${what} the output "${name}" is no longer finite; export in float32, or give --calibration with real inputs.`,
      );
    }
    const allowed = tolerance * Math.max(1, scale);
    if (max <= allowed) continue;
    const advice =
      options.feeds === undefined
        ? 'These inputs were made up: measure real ones with --calibration'
        : 'Give inputs like those of the app';
    throw new OnnxLensError(
      'PROOF_FAILED',
      `In ${what} the output "${name}" differs by up to ${max.toPrecision(3)} (its values reach ${scale.toPrecision(3)}), more than the allowed ${allowed.toPrecision(3)} (--tolerance ${tolerance}). ${advice}, allow more with --tolerance, or export in float32.`,
    );
  }
}
