import { analyseSource } from '../coverage/analyse.js';
import { decide } from '../coverage/decision.js';
import { levelOneViews } from '../coverage/level-one.js';
import type { SourceModel } from '../coverage/source-model.js';
import { boundaryOf } from '../coverage/partitions.js';
import { boundaryTensor, macsOf } from '../coverage/work.js';
import type { CoverageResult } from '../coverage/result.js';
import type { ModelProto } from '../model/generated/onnx_pb.js';
import type { WeightFile } from '../model/weight-file.js';
import type { GraphView, NodeView } from '../providers/graph-view.js';
import { providerNamed } from '../providers/registry.js';
import { ORT_VERSIONS, type CoreMlFormat, type OrtVersion, type ProviderName } from '../providers/target.js';
import { costOf, type SplitSummary } from './cost.js';
import { KnownShapes } from './known-shapes.js';

/** Whose coverage decides. */
export interface JudgeOptions {
  /** 'cpu' counts nodes and work alone. */
  readonly provider: ProviderName | 'cpu';
  /** Core ML only. */
  readonly format: CoreMlFormat;
  /** One release's rules; those of every known release together when left out. */
  readonly ort: OrtVersion | undefined;
}

/** One form of a model, and what the provider of each release makes of it. */
export interface Judged {
  readonly model: ModelProto;
  readonly splits: ReadonlyMap<OrtVersion, Split>;
}

interface Split {
  readonly graph: GraphView;
  readonly groups: readonly (readonly NodeView[])[];
}

/**
 * Compares forms of one model by what a provider takes of them. A model usually outlives the release of ONNX Runtime
 * that it was prepared with, and users have others: unless one release is asked for, a form is as good as it is over
 * all of them.
 */
export class Judge {
  readonly releases: readonly OrtVersion[];
  readonly #options: JudgeOptions;
  readonly #weights: WeightFile;
  readonly #origin: string;
  readonly #known = new KnownShapes();

  constructor(options: JudgeOptions, weights: WeightFile, origin: string) {
    // For the CPU only the graph counts, which is the same whatever the release.
    this.releases =
      options.ort !== undefined ? [options.ort] : options.provider === 'cpu' ? ORT_VERSIONS.slice(-1) : ORT_VERSIONS;
    this.#options = options;
    this.#weights = weights;
    this.#origin = origin;
  }

  /** The model as the coverage analysis reads it, with its large weights in the file. */
  source(model: ModelProto): SourceModel {
    const { folder, file } = this.#weights;
    return { origin: this.#origin, model: this.#weights.detach(model), dataFolder: folder, file };
  }

  /** @throws OnnxLensError RUNTIME_REFUSED when ONNX Runtime does not take the model. */
  async look(model: ModelProto): Promise<Judged> {
    const views = await levelOneViews(this.source(model), this.releases);
    const splits = new Map<OrtVersion, Split>();
    for (const [ort, graph] of views) {
      this.#known.learn(graph);
      splits.set(ort, { graph, groups: this.#groups(graph, ort) });
    }
    return { model, splits };
  }

  #groups(graph: GraphView, ort: OrtVersion): Split['groups'] {
    const { provider, format } = this.#options;
    if (provider === 'cpu') return [];
    return decide(providerNamed(provider), graph, {
      provider,
      format: provider === 'coreml' ? format : null,
      staticShapesOnly: false,
      ort,
    }).groups;
  }

  /** Figures under one release's rules, by all that was learnt of shapes until now. */
  summary({ splits }: Judged, ort: OrtVersion): SplitSummary {
    const { graph, groups } = splits.get(ort) as Split; // `look` made one for each release
    const onProvider = new Set(groups.flat());
    const macs = { provider: 0, cpu: 0 };
    for (const node of graph.nodes)
      macs[onProvider.has(node) ? 'provider' : 'cpu'] += macsOf(this.#known.complete(node));
    const crossing = groups
      .flatMap((group) => boundaryOf(graph, group))
      .map((value) => boundaryTensor(this.#known.completeValue(value)).bytes ?? 0);
    const figures = {
      nodes: graph.nodes.length,
      onCpu: graph.nodes.length - onProvider.size,
      partitions: groups.length,
      boundaryBytes: crossing.reduce((sum, bytes) => sum + bytes, 0),
      coverage: graph.nodes.length === 0 ? 0 : (100 * onProvider.size) / graph.nodes.length,
    };
    return { ...figures, cost: costOf(figures, macs) };
  }

  /** The whole analysis of one form, for those who read it; `compareVariants` adds what fixed shapes would bring. */
  coverage({ model }: Judged, ort: OrtVersion, name: string, compareVariants: boolean): Promise<CoverageResult> {
    const { provider, format } = this.#options;
    // For the CPU the analysis only counts nodes; any provider's will do.
    const accelerator = provider === 'cpu' ? 'coreml' : provider;
    return analyseSource(this.source(model), {
      provider: accelerator,
      ...(accelerator === 'coreml' ? { format } : {}),
      ort,
      name,
      compareVariants,
    });
  }

  /** The costs under all releases' rules together. */
  cost(judged: Judged): number {
    return this.releases.reduce((sum, ort) => sum + this.summary(judged, ort).cost, 0);
  }

  /** The release under whose rules this form does worst; the oldest of several alike. */
  hardest(judged: Judged): OrtVersion {
    const costs = this.releases.map((ort) => this.summary(judged, ort).cost);
    return this.releases[costs.indexOf(Math.max(...costs))] as OrtVersion; // there is at least one release
  }
}
