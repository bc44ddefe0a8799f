import { OnnxLensError } from '../../errors.js';
import type { ModelProto } from '../../model/generated/onnx_pb.js';
import { serializeModel } from '../../model/serialize.js';
import { BlobWriter } from './blob.js';
import { seededFeeds } from './feeds.js';
import { halfErrors, largestValues, type Feed, type HalfError } from './half-error.js';
import { compressWeights } from './int8.js';
import { imageRanges, type CoreMlExportOptions } from './options.js';
import { encodePackage, type EncodedPackage, type PackageFunction } from './package.js';
import { staysFloat, toHalf } from './precision.js';
import type { Operation, Program } from './program.js';
import { functionsOf, restoreAs, restoredName, restoreRounding } from './prove.js';
import { keepSensitive } from './sensitive.js';
import { writeFunction } from './write.js';

/** How far an output may be off in halves: this times max(1, its largest magnitude). */
const ERROR_TOLERANCE = 0.05;

/** What half floats or 8-bit weights cost, and which operations stay in float32 and why. */
export interface Conversion {
  readonly error?: readonly HalfError[];
  readonly inFloat: readonly { readonly operation: string; readonly source: string; readonly reason: string }[];
}

interface Converted {
  readonly program: Program;
  readonly error: readonly HalfError[];
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
  const kept = new Map<Operation, string>();
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
  const bytes = serializeModel(original);
  const tried = async (keep: ReadonlySet<Operation>, on: readonly Feed[], step: string): Promise<Converted> => {
    const made = await timed('writing', step, () => {
      const half = options.half === true ? toHalf(program, keep) : program;
      return options.int8Weights === true ? compressWeights(half) : half;
    });
    const encoded = await timed('writing', step, () =>
      encodePackage([single(made)], specification, options.metadata ?? {}),
    );
    const [read] = functionsOf(encoded);
    if (read === undefined) throw new OnnxLensError('PROOF_FAILED', 'The package that was made holds no function.');
    const rounded = restoreRounding(original, encoded, read);
    const error = await timed('proving', step, () => halfErrors(bytes, serializeModel(rounded), on));
    return { program: made, error };
  };
  let converted = await tried(new Set(kept.keys()), feeds, 'measuring the error');
  if (options.half === true && beyond(converted.error, options) > 1) {
    let tries = 0;
    const more = await keepSensitive(program, kept, async (keep, isQuick) => {
      tries += 1;
      const step = `finding what must stay in float32 (try ${tries})`;
      return beyond((await tried(keep, isQuick ? feeds.slice(0, 1) : feeds, step)).error, options);
    });
    if (more !== undefined) {
      for (const [operation, reason] of more) kept.set(operation, reason);
      converted = await tried(new Set(kept.keys()), feeds, 'measuring the error');
    }
  }
  judgeError(converted.error, options);
  const inFloat = Array.from(kept, ([operation, reason]) => ({
    operation: operation.type,
    source: operation.source,
    reason,
  }));
  return { program: converted.program, report: { error: converted.error, inFloat } };
}

function toleranceOf({ tolerance, int8Weights }: CoreMlExportOptions): number {
  return tolerance ?? (int8Weights === true ? Infinity : ERROR_TOLERANCE);
}

/** The worst output's error over the allowed one. */
function beyond(error: readonly HalfError[], options: CoreMlExportOptions): number {
  const tolerance = toleranceOf(options);
  const ratios = error.map(({ max, scale, isFinite }) => {
    if (!isFinite) return Infinity;
    return max === 0 || tolerance === Infinity ? 0 : max / (tolerance * Math.max(1, scale));
  });
  return Math.max(0, ...ratios);
}

/** Refuses what is beyond the tolerance, or no longer finite. */
function judgeError(error: readonly HalfError[], options: CoreMlExportOptions): void {
  const tolerance = toleranceOf(options);
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
    const kept =
      options.half === true ? ', and no choice of operations that stay in float32 was found to bring it below' : '';
    const advice =
      options.feeds === undefined
        ? 'These inputs were made up: measure real ones with --calibration'
        : 'Give inputs like those of the app';
    throw new OnnxLensError(
      'PROOF_FAILED',
      `In ${what} the output "${name}" differs by up to ${max.toPrecision(3)} (its values reach ${scale.toPrecision(3)}), more than the allowed ${allowed.toPrecision(3)} (--tolerance ${tolerance})${kept}. ${advice}, allow more with --tolerance, or export in float32.`,
    );
  }
}
