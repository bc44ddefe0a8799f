/** Time that one thing took over the whole trace. All times in milliseconds. */
export interface TimeShare {
  /** Time of its own: what the nodes of its subgraphs took is theirs. */
  readonly ms: number;
  /** Fraction of the time of all nodes, 0 to 1. */
  readonly share: number;
  readonly calls: number;
}

/** What ran on one provider, by ONNX Runtime's name for it; `unknown` where the trace does not say. */
export interface ProviderTime extends TimeShare {
  readonly provider: string;
  readonly nodes: number;
}

/** All nodes of one operator on one provider. */
export interface OperatorTime extends TimeShare {
  readonly opType: string;
  readonly provider: string;
  readonly nodes: number;
}

/** One node over all inferences; the least, middle and greatest time are of a single call. */
export interface NodeTime extends TimeShare {
  readonly name: string;
  readonly opType: string;
  readonly provider: string;
  readonly minMs: number;
  /** Exact unless the report's `medianError` says otherwise. */
  readonly medianMs: number;
  readonly maxMs: number;
}

/** ONNX Runtime's profile of one session. */
export interface TraceReport {
  /** False when the file ends before its last bracket: the process was killed or is still running. */
  readonly complete: boolean;
  readonly events: number;
  /** Lines that could not be read, the cut last line not counted. */
  readonly unreadable: number;
  /** Milliseconds to load the model and to initialize the session; null when the trace does not say. */
  readonly loadMs: number | null;
  readonly initializeMs: number | null;
  /** Each inference, in order, in milliseconds. */
  readonly runsMs: readonly number[];
  /** Time of all nodes over all inferences. */
  readonly nodesMs: number;
  /**
   * Time within inferences that no node accounts for; null without inferences, where nodes ran side by side or came
   * late.
   */
  readonly betweenNodesMs: number | null;
  /** Time of kernels on the device itself, where the provider measures it (CUDA, ROCm). */
  readonly deviceMs: number;
  /** Calls of loops so long that their time still holds that of their bodies; 0 below a million events. */
  readonly lateCalls: number;
  /** Greatest relative error of the nodes' medians: 0 unless there are more than 250,000 different times. */
  readonly medianError: number;
  /** Longest first, each. */
  readonly providers: readonly ProviderTime[];
  readonly operators: readonly OperatorTime[];
  readonly nodes: readonly NodeTime[];
}
