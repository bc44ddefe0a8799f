import { OnnxLensError } from '../errors.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import type { NodeView } from '../providers/graph-view.js';
import type { Provider } from '../providers/provider.js';
import { providerNamed } from '../providers/registry.js';
import { releaseNamed } from '../providers/release.js';
import type { CoreMlFormat, ProviderName, Target } from '../providers/target.js';
import { adviceOf, impactOf } from './impact.js';
import { freeDimensions, levelOne, readSource, withFixedDimensions, type LevelOne } from './level-one.js';
import type { SourceModel } from './source-model.js';
import { weightBytesOf } from './partitions.js';
import type { CoverageResult, VariantFigures } from './result.js';
import { splitOf } from './split.js';
import { innerFigures, subgraphCoverage, subgraphNote } from './subgraphs.js';
import { compareVariants, packageFigures } from './variants.js';
import { macsOf } from './work.js';

/** Settings of {@link analyseCoverage}. */
export interface CoverageOptions {
  /** Default 'coreml'. */
  readonly provider?: ProviderName;
  /** Core ML only; default 'neuralnetwork', which is what ONNX Runtime makes when it is not told otherwise. */
  readonly format?: CoreMlFormat;
  /** As the provider's option RequireStaticInputShapes; default false. */
  readonly staticShapesOnly?: boolean;
  /** Sizes of free dimensions by name. */
  readonly fix?: Readonly<Record<string, number>>;
  /** Whose rules: a release such as '1.30' or '1.30.2', or 'latest', the newest known. Default 'latest'. */
  readonly ort?: string;
  /** Take the model as a level-1 graph already. Default false. */
  readonly assumeOptimized?: boolean;
  /** Core ML only: as the provider's option EnableOnSubgraphs, by which it is asked about If, Loop and Scan bodies. Default false. */
  readonly subgraphs?: boolean;
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
  return resultOf(
    options.name ?? 'model',
    provider,
    target,
    provider.visitsSubgraphs === 'always' || (provider.visitsSubgraphs === 'option' && options.subgraphs === true),
    { ...level1, notes: [...releaseNamed(options.ort ?? 'latest').notes, ...level1.notes] },
    variants,
    asPackage,
  );
}

function targetOf({
  provider = 'coreml',
  format,
  staticShapesOnly = false,
  ort = 'latest',
  subgraphs = false,
}: CoverageOptions): Target {
  if (provider !== 'coreml' && format !== undefined) {
    throw new OnnxLensError('USAGE', `Only Core ML has formats; leave out the format for ${provider}.`);
  }
  if (provider !== 'coreml' && subgraphs) {
    throw new OnnxLensError(
      'USAGE',
      `Only Core ML has an option for subgraphs; ${provider} is ${providerNamed(provider).visitsSubgraphs} asked about them, so leave the option out.`,
    );
  }
  return {
    provider,
    format: provider === 'coreml' ? (format ?? 'neuralnetwork') : null,
    staticShapesOnly,
    ort: releaseNamed(ort).ort,
  };
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

function resultOf(
  model: string,
  provider: Provider,
  target: Target,
  visited: boolean,
  { graph, notes, inner }: LevelOne,
  variants: Awaited<ReturnType<typeof compareVariants>>,
  asPackage: readonly VariantFigures[],
): CoverageResult {
  const { opinion, partitions, perNode, causes, onProvider, onCpu } = splitOf(provider, graph, target);
  const figures = { nodes: graph.nodes.length, supported: onProvider.length, partitions: partitions.length };
  const macs = (nodes: readonly NodeView[]): number => nodes.reduce((sum, node) => sum + macsOf(node), 0);
  const work = {
    macsOnProvider: macs(onProvider),
    macsOnCpu: macs(onCpu),
    weightBytesOnProvider: weightBytesOf(onProvider),
    weightBytesOnCpu: weightBytesOf(onCpu),
  };
  const [top] = causes;
  const within = subgraphCoverage(inner, provider, target, visited);
  const innerSum = innerFigures(within.subgraphs, provider, visited);
  return {
    model,
    target,
    rules: { ort: target.ort, statement: provider.provenance(target) },
    nodes: figures.nodes,
    supported: figures.supported,
    cpu: onCpu.length,
    coverage: figures.nodes === 0 ? 0 : (100 * figures.supported) / figures.nodes,
    partitions,
    impact: impactOf(figures),
    advice: adviceOf({
      title: provider.title,
      figures,
      current: { format: target.format, fixedShapes: false },
      variants: variants.figures,
      topCause: top === undefined ? undefined : { ...top, nodes: top.nodes.length },
      macs: { provider: work.macsOnProvider, cpu: work.macsOnCpu },
      listedWeights: listedWeightsOf(onCpu),
      inner: innerSum,
    }),
    perNode,
    causes,
    subgraphs: within.subgraphs,
    work,
    variants: [...variants.figures, ...asPackage],
    notes: [...notes, ...subgraphNote(innerSum), ...opinion.notes(), ...within.notes, ...variants.notes],
  };
}

/** Initializers that a caller may replace, among what the nodes read. */
function listedWeightsOf(nodes: readonly NodeView[]): number {
  const values = nodes.flatMap(({ inputs }) => inputs);
  const listed = values.filter(({ initializer, isConstant }) => initializer !== undefined && !isConstant);
  return new Set(listed.map(({ name }) => name)).size;
}
