import { OnnxLensError } from '../errors.js';
import { isStandard } from '../model/opset.js';
import type { GraphView } from '../providers/graph-view.js';
import type { Provider } from '../providers/provider.js';
import { COREML_FORMATS, type CoreMlFormat, type Target } from '../providers/target.js';
import { decide } from './decision.js';
import { freeDimensions, withFixedDimensions, type FreeDimension } from './free-dimensions.js';
import { levelOne, type LevelOneOptions } from './level-one.js';
import type { LevelOne, SourceModel } from './source-model.js';
import type { VariantComparison, VariantFigures } from './result.js';

/**
 * Sizes to try for free dimensions that no one has fixed: the first of an input is a batch, others are pixels or steps.
 */
const SIZES_TO_TRY = [256, 224, 640, 64, 16, 1] as const;

const FORMAT_TITLES: Readonly<Record<CoreMlFormat, string>> = {
  neuralnetwork: 'NeuralNetwork',
  mlprogram: 'MLProgram',
};

/** What each format would give for the same file, with shapes as they are and with all input dimensions fixed. */
export async function compareVariants(
  source: SourceModel,
  asIs: LevelOne,
  provider: Provider,
  target: Target,
  assumeOptimized: boolean,
): Promise<VariantComparison> {
  const free = freeDimensions(source);
  const fixed =
    free.length === 0
      ? { graph: asIs.graph, words: 'which the model has' }
      : await fixedGraph(source, free, { assumeOptimized, ort: target.ort });
  const figures = COREML_FORMATS.toReversed().flatMap((format) => [
    figuresOf(provider, asIs.graph, { ...target, format }, false),
    ...(fixed === undefined ? [] : [figuresOf(provider, fixed.graph, { ...target, format }, true)]),
  ]);
  const notes =
    fixed === undefined
      ? ['No sizes were found under which the free dimensions of the inputs can be fixed; name them with --fix.']
      : free.length === 0
        ? []
        : [`The columns with fixed shapes have ${fixed.words}; other sizes can be named with --fix.`];
  return { figures, notes };
}

function figuresOf(provider: Provider, graph: GraphView, target: Target, fixedShapes: boolean): VariantFigures {
  const { groups } = decide(provider, graph, target);
  const supported = groups.reduce((sum, group) => sum + group.length, 0);
  return {
    label: `${target.format === null ? provider.title : FORMAT_TITLES[target.format]}${fixedShapes ? ', fixed shapes' : ''}`,
    format: target.format,
    fixedShapes,
    nodes: graph.nodes.length,
    supported,
    coverage: graph.nodes.length === 0 ? 0 : (100 * supported) / graph.nodes.length,
    partitions: groups.length,
  };
}

/** What `export` would write of the graph itself: operators alone are looked at, and a package is whole or not made. */
export function packageFigures(graph: GraphView, operators: ReadonlySet<string>): VariantFigures {
  const supported = graph.nodes.filter(({ domain, opType }) => isStandard(domain) && operators.has(opType)).length;
  const nodes = graph.nodes.length;
  return {
    label: 'As a Core ML package',
    format: null,
    fixedShapes: true,
    nodes,
    supported,
    coverage: nodes === 0 ? 0 : (100 * supported) / nodes,
    partitions: supported === nodes ? 1 : 0,
  };
}

async function fixedGraph(
  source: SourceModel,
  free: readonly FreeDimension[],
  options: LevelOneOptions,
): Promise<{ graph: GraphView; words: string } | undefined> {
  const isBatch = (dimension: FreeDimension): boolean =>
    dimension.axis === 0 && free.some(({ input, axis }) => input === dimension.input && axis === 0);
  const tries = free.every(isBatch) ? [1] : SIZES_TO_TRY;
  for (const size of tries) {
    const chosen = (dimension: FreeDimension): number => (isBatch(dimension) ? 1 : size);
    try {
      const { graph } = await levelOne(withFixedDimensions(source, chosen), options);
      return {
        graph,
        words: [
          ...new Set(
            free.map(
              (each) => `${each.name === '' ? `axis ${each.axis} of "${each.input}"` : each.name} = ${chosen(each)}`,
            ),
          ),
        ].join(', '),
      };
    } catch (error) {
      if (!(error instanceof OnnxLensError)) throw error;
    }
  }
  return undefined;
}
