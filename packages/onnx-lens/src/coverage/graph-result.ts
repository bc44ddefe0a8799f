import { OnnxLensError } from '../errors.js';
import type { NodeView } from '../providers/graph-view.js';
import { providerNamed } from '../providers/registry.js';
import { releaseNamed } from '../providers/release.js';
import type { CoreMlFormat, ProviderName, Target } from '../providers/target.js';
import { adviceOf, impactOf } from './impact.js';
import { weightBytesOf } from './partitions.js';
import type { CoverageResult, VariantComparison, VariantFigures } from './result.js';
import type { LevelOne } from './source-model.js';
import { splitOf } from './split.js';
import { innerFigures, subgraphCoverage, subgraphNote } from './subgraphs.js';
import { macsOf } from './work.js';

/** Whose rules a graph is judged by. */
export interface TargetOptions {
  /** Default 'coreml'. */
  readonly provider?: ProviderName;
  /** Core ML only; default 'neuralnetwork', which is what ONNX Runtime makes when it is not told otherwise. */
  readonly format?: CoreMlFormat;
  /** As the provider's option RequireStaticInputShapes; default false. */
  readonly staticShapesOnly?: boolean;
  /** Whose rules: a release such as '1.30' or '1.30.2', or 'latest', the newest known. Default 'latest'. */
  readonly ort?: string;
  /**
   * Core ML only: as the provider's option EnableOnSubgraphs, by which it is asked about If, Loop and Scan bodies.
   * Default false.
   */
  readonly subgraphs?: boolean;
}

/** @throws OnnxLensError USAGE for settings that do not fit together. */
export function targetOf({
  provider = 'coreml',
  format,
  staticShapesOnly = false,
  ort = 'latest',
  subgraphs = false,
}: TargetOptions): Target {
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

/** What a provider makes of a level-1 graph. */
export function resultOf(
  model: string,
  options: TargetOptions,
  { graph, notes: graphNotes, inner }: LevelOne,
  variants: VariantComparison,
  asPackage: readonly VariantFigures[] = [],
): CoverageResult {
  const target = targetOf(options);
  const provider = providerNamed(target.provider);
  const visited =
    provider.visitsSubgraphs === 'always' || (provider.visitsSubgraphs === 'option' && options.subgraphs === true);
  const notes = [...releaseNamed(options.ort ?? 'latest').notes, ...graphNotes];
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
