import { OnnxLensError } from '../errors.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import { providerNamed } from '../providers/registry.js';
import { freeDimensions, withFixedDimensions } from './free-dimensions.js';
import { resultOf, targetOf, type TargetOptions } from './graph-result.js';
import { levelOne } from './level-one.js';
import { readSource } from './read-source.js';
import type { SourceModel } from './source-model.js';
import type { CoverageResult } from './result.js';
import { compareVariants, packageFigures } from './variants.js';

/** Settings of {@link analyseCoverage}. */
export interface CoverageOptions extends TargetOptions {
  /** Sizes of free dimensions by name. */
  readonly fix?: Readonly<Record<string, number>>;
  /** Take the model as a level-1 graph already. Default false. */
  readonly assumeOptimized?: boolean;
  /** Folder of external data, for a model that is not given as a path. */
  readonly dataFolder?: string;
  /** Name for the result; default the path, or "model". */
  readonly name?: string;
  /** False to leave out the comparison of settings, which costs up to one more optimization. Default true. */
  readonly compareVariants?: boolean;
  /** Operators that `export` can write as a Core ML package; where given, the comparison gains a column of them. */
  readonly packageOperators?: ReadonlySet<string>;
}

/**
 * Which nodes of a model an execution provider would take, in how many partitions, why not the others, and what the
 * split costs.
 *
 * The level-1 graph and its shapes come from the installed ONNX Runtime; the provider's decisions are predicted by the
 * rules of the version asked for.
 *
 * @param source path of an .onnx file, or a model.
 * @throws OnnxLensError USAGE for settings that do not fit together or to the model, and every error that says that the
 *   file cannot be read, is not ONNX, does not hold together, or is not taken by ONNX Runtime.
 *
 * @example
 * const result = await analyseCoverage('model.onnx', { format: 'mlprogram', ort: '1.30', fix: { batch: 1 } });
 * result.supported; // 2
 * result.partitions.length; // 1
 */
export async function analyseCoverage(
  source: string | ModelProto,
  options: CoverageOptions = {},
): Promise<CoverageResult> {
  return analyseSource(readSource(source, options.dataFolder), {
    name: typeof source === 'string' ? source : 'model',
    ...options,
  });
}

/** {@link analyseCoverage} of a model that has been read. */
export async function analyseSource(source: SourceModel, options: CoverageOptions): Promise<CoverageResult> {
  const target = targetOf(options);
  const provider = providerNamed(target.provider);
  const model = withFix(source, options.fix ?? {});
  const level1 = await levelOne(model, {
    assumeOptimized: options.assumeOptimized ?? false,
    ort: target.ort,
    subgraphs: true,
  });
  const variants =
    options.compareVariants === false || target.format === null
      ? { figures: [], notes: [] }
      : await compareVariants(model, level1, provider, target, options.assumeOptimized ?? false);
  const { packageOperators } = options;
  const asPackage =
    packageOperators === undefined || variants.figures.length === 0
      ? []
      : [packageFigures(level1.graph, packageOperators)];
  return resultOf(options.name ?? 'model', options, level1, variants, asPackage);
}

function withFix(source: SourceModel, fix: Readonly<Record<string, number>>): SourceModel {
  const names = [...new Set(freeDimensions(source).map(({ name }) => name))].filter((name) => name !== '');
  for (const [name, size] of Object.entries(fix)) {
    if (!names.includes(name)) {
      const known = names.length === 0 ? 'it has none that bears a name' : `it has ${names.join(', ')}`;
      throw new OnnxLensError('USAGE', `${source.origin} has no free dimension "${name}" to fix: ${known}.`);
    }
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new OnnxLensError('USAGE', `Dimension "${name}" can be fixed to a whole number from 1 on, not to ${size}.`);
    }
  }
  return Object.keys(fix).length === 0 ? source : withFixedDimensions(source, ({ name }) => fix[name]);
}
