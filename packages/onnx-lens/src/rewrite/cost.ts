/** Milliseconds to start one partition and hand its tensors over, whatever their size. */
const PER_PARTITION = 0.1;
/**
 * Milliseconds of one node left on the CPU, which is waited for and keeps both sides idle in turn; and of one inside a
 * compiled partition.
 */
const PER_CPU_NODE = 0.05;
const PER_PROVIDER_NODE = 0.001;
/** Bytes a millisecond between two providers (10 GB/s), and multiply-accumulates a millisecond on each side. */
const COPIED_PER_MS = 10e6;
const CPU_MACS_PER_MS = 20e6;
const PROVIDER_MACS_PER_MS = 200e6;

/** The figures by which two forms of a model are compared. */
export interface SplitSummary {
  readonly nodes: number;
  readonly onCpu: number;
  readonly partitions: number;
  readonly boundaryBytes: number;
  readonly coverage: number;
  /** A rough time in ms by fixed rates: for comparing two forms of one model, not a prediction. */
  readonly cost: number;
}

/**
 * A cost in ms: partitions, what crosses their edges, nodes and multiply-accumulates on either side, at round rates of
 * a recent laptop. The rates only weigh the terms against each other.
 */
export function costOf(
  figures: Omit<SplitSummary, 'cost'>,
  macs: { readonly provider: number; readonly cpu: number },
): number {
  const { nodes, onCpu, partitions, boundaryBytes } = figures;
  return (
    partitions * PER_PARTITION +
    boundaryBytes / COPIED_PER_MS +
    onCpu * PER_CPU_NODE +
    (nodes - onCpu) * PER_PROVIDER_NODE +
    macs.cpu / CPU_MACS_PER_MS +
    macs.provider / PROVIDER_MACS_PER_MS
  );
}
