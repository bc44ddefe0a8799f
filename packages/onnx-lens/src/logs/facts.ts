/** ONNX Runtime's five log levels, by the letter that its log lines carry. */
export type LogSeverity = 'VERBOSE' | 'INFO' | 'WARNING' | 'ERROR' | 'FATAL';

/**
 * A provider's answer on one node, from a VERBOSE line such as `Operator type: [Conv] index: [3] name: [c] supported:
 * [1]`.
 */
export interface LoggedVerdict {
  /** ONNX Runtime's own node number, which has gaps where optimizers removed nodes: not the place in the graph. */
  readonly index: number;
  readonly name: string;
  readonly opType: string;
  readonly supported: boolean;
  /** What the provider logged just before a refusal, oldest first. */
  readonly reasons: readonly string[];
  /** 1-based line of the log. */
  readonly line: number;
}

/** What one provider said that it takes: one round of GetCapability. */
export interface LoggedCapability {
  /** Short name, e.g. `CoreML`, `NNAPI`, `QNN`; `unknown` when only node verdicts without a name were logged. */
  readonly provider: string;
  /** Null where the log does not hold the figure (a cut line, a provider that does not say). */
  readonly partitions: number | null;
  readonly nodes: number | null;
  readonly supported: number | null;
  /** Empty unless the log is VERBOSE. */
  readonly verdicts: readonly LoggedVerdict[];
  readonly line: number;
}

/**
 * What ONNX Runtime's usability checker expects a provider to take, from operator types and shapes alone: an estimate,
 * not the provider's answer.
 */
export interface LoggedEstimate {
  /** As the checker calls it: `NNAPI`, `CoreML`, `CoreML NeuralNetwork`, `CoreML MLProgram`. */
  readonly provider: string;
  readonly partitions: number;
  readonly nodes: number;
  readonly supported: number;
  /** True when it is for the model with its free dimensions fixed. */
  readonly shapesFixed: boolean;
  /** Nodes of each partition; empty where the log does not say. */
  readonly partitionSizes: readonly number[];
  /**
   * Nodes refused for their operator, for an input of unknown size, for their rank; null where the log does not say.
   */
  readonly refusedByOperator: number | null;
  readonly refusedByDynamicShape: number | null;
  readonly refusedByRank: number | null;
  /** With their domain, e.g. `ai.onnx:Erf`. */
  readonly unsupportedOps: readonly string[];
  /** The checker's advice, in its words; null where the log ends before it. */
  readonly conclusion: string | null;
  readonly line: number;
}

/** Where nodes ended: `Node(s) placed on [..]`. A partition counts as one fused node here. */
export interface LoggedPlacement {
  /** Full name, e.g. `CoreMLExecutionProvider`. */
  readonly provider: string;
  /** Null where the log does not say (old versions print none for "All nodes have been placed on"). */
  readonly nodes: number | null;
  /** True for "All nodes placed on". */
  readonly all: boolean;
  /** The nodes listed after the line; empty when none are. */
  readonly list: readonly { readonly opType: string; readonly name: string }[];
  readonly line: number;
}

/** Something that costs speed or tells of a failure. */
export type LogNotice =
  /** Some nodes are not on the providers that were asked for. */
  | { readonly kind: 'not-preferred'; readonly line: number }
  /** ONNX Runtime itself moved a node to the CPU, as it deemed that faster. */
  | { readonly kind: 'forced-to-cpu'; readonly node: string; readonly line: number }
  /** A provider has no kernel for a node. */
  | {
      readonly kind: 'no-kernel';
      readonly opType: string;
      readonly node: string;
      readonly provider: string;
      readonly line: number;
    }
  /** Copies between devices were added to the graph. */
  | { readonly kind: 'copies'; readonly count: number; readonly provider: string; readonly line: number }
  /** Any other line of level WARNING, ERROR or FATAL. */
  | {
      readonly kind: 'message';
      readonly severity: LogSeverity;
      readonly where: string;
      readonly text: string;
      readonly line: number;
    };

/** What a log tells of one InferenceSession. */
export interface LogSession {
  /** The session's log id; empty when it has none. */
  readonly logger: string;
  readonly firstLine: number;
  readonly lastLine: number;
  /** In the log's order; a provider that is asked twice (before and after a layout change) is there twice. */
  readonly capabilities: readonly LoggedCapability[];
  readonly placements: readonly LoggedPlacement[];
  /** What the usability checker for mobile expects, one for each of its rounds. */
  readonly estimates: readonly LoggedEstimate[];
  readonly notices: readonly LogNotice[];
}

/** All that a log tells. */
export interface LogReport {
  /** Lines of the file. */
  readonly lines: number;
  /** Lines that bear ONNX Runtime's mark or one of its known messages. */
  readonly runtimeLines: number;
  readonly sessions: readonly LogSession[];
}
