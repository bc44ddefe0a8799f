import type { CoreMlFormat, OrtVersion, Reason, Target } from '../providers/target.js';

export { COREML_FORMATS, ORT_VERSIONS, PROVIDERS } from '../providers/target.js';
export type { CoreMlFormat, OrtVersion, ProviderName, Reason, Target } from '../providers/target.js';

/** Performance impact of the split, by the documented rule in coverage/impact.ts. */
export type Impact = 'NONE' | 'LOW' | 'MEDIUM' | 'HIGH';

/** A value that crosses from one side to the other at a partition's edge. */
export interface BoundaryTensor {
  readonly name: string;
  /** Numbers, names of free dimensions, or '' for unknown. */
  readonly shape: readonly (number | string)[];
  readonly type: string;
  /** Bytes of one inference; free dimensions count as 1; null when the shape is unknown. */
  readonly bytes: number | null;
}

/** A group of nodes that the provider takes as one. */
export interface Partition {
  /** 0 for the first in the provider's own order. */
  readonly index: number;
  /** Indices of the nodes in the level-1 graph, in the provider's order. */
  readonly nodes: readonly number[];
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  /** Sum over inputs and outputs; a lower bound when some shape is unknown. */
  readonly boundaryBytes: number;
  /** Multiply-accumulate operations of one inference; free dimensions count as 1. */
  readonly macs: number;
  readonly weightBytes: number;
}

/** The verdict on one node of the level-1 graph. */
export interface NodeVerdict {
  readonly index: number;
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** True when the node ends in one of the returned partitions. */
  readonly supported: boolean;
  /** Index of its partition, null on the CPU. */
  readonly partition: number | null;
  /** Null when supported. */
  readonly reason: Reason | null;
  readonly macs: number;
  readonly weightBytes: number;
}

/** Nodes left behind for the same reason. */
export interface FallbackCause {
  readonly rule: string;
  readonly text: string;
  readonly opTypes: readonly string[];
  readonly nodes: readonly number[];
  /** Partitions that would remain if these nodes alone were supported. */
  readonly partitionsWithout: number;
  /** Partitions now minus `partitionsWithout`. */
  readonly partitionsSaved: number;
}

/** A graph inside an If, Loop or Scan. ONNX Runtime partitions each by itself, before the graph around it. */
export interface SubgraphCoverage {
  /** Where it is, outermost first: `If "choose", then_branch`. */
  readonly path: string;
  /** False when the provider is not asked about it: then everything else here is what it would take. */
  readonly visited: boolean;
  /** False when its types could not be inferred, so that nothing but the number of nodes is known. */
  readonly judged: boolean;
  /** Nodes of this graph without Constant nodes and without those of graphs inside it. */
  readonly nodes: number;
  readonly supported: number;
  readonly partitions: readonly Partition[];
  readonly perNode: readonly NodeVerdict[];
  readonly causes: readonly FallbackCause[];
}

/** One column of the comparison of settings. */
export interface VariantFigures {
  readonly label: string;
  readonly format: CoreMlFormat | null;
  /** True when free dimensions are fixed for this column. */
  readonly fixedShapes: boolean;
  readonly nodes: number;
  readonly supported: number;
  readonly coverage: number;
  readonly partitions: number;
}

/** How far the rules behind a result have been checked. */
export interface RulesProvenance {
  readonly ort: OrtVersion;
  /** One sentence for the reader: where the rules come from and against what they were checked. */
  readonly statement: string;
}

/** The analysis of one model under one target. */
export interface CoverageResult {
  /** Path or name as the caller gave it. */
  readonly model: string;
  readonly target: Target;
  readonly rules: RulesProvenance;
  /** Nodes of the level-1 graph without Constant nodes. */
  readonly nodes: number;
  readonly supported: number;
  readonly cpu: number;
  /** Percent of nodes, 0 to 100. */
  readonly coverage: number;
  readonly partitions: readonly Partition[];
  readonly impact: Impact;
  /** What to do, one line. */
  readonly advice: string;
  readonly perNode: readonly NodeVerdict[];
  readonly causes: readonly FallbackCause[];
  /** Graphs inside If, Loop and Scan, each before those inside it; all other figures are the main graph's alone. */
  readonly subgraphs: readonly SubgraphCoverage[];
  readonly work: {
    readonly macsOnProvider: number;
    readonly macsOnCpu: number;
    readonly weightBytesOnProvider: number;
    readonly weightBytesOnCpu: number;
  };
  /** NeuralNetwork / MLProgram, shapes as they are / fixed. Empty for providers without formats. */
  readonly variants: readonly VariantFigures[];
  /**
   * Things the reader must know: subgraphs not visited, functions inlined, crashes of that version predicted, and so
   * on.
   */
  readonly notes: readonly string[];
}

/** The four columns, and what is to be said about them. */
export interface VariantComparison {
  readonly figures: readonly VariantFigures[];
  readonly notes: readonly string[];
}
