/** What a plan is made from. */
export interface BudgetInput {
  /** `--workers`. */
  readonly requested: number | 'auto';
  /** Cores that this process may use. */
  readonly cores: number;
  /** Memory that can still be had, in bytes. */
  readonly availableBytes: number;
  /** What one worker's sessions take, in bytes (see {@link estimateSessionBytes}). */
  readonly workerBytes: number;
  /** What the run takes without its workers: program, frame pool, codecs. */
  readonly baseBytes: number;
  /** The most runs that this suite can have under way at once: more workers would idle. */
  readonly usefulWorkers: number;
  /** Share of one core's time that a frame's networks take, as against its decoding, mirroring and encoding; 0 to 1. */
  readonly inferenceShare: number;
}

/** Who gets how many threads. ONNX Runtime, FFmpeg and our own threads together are kept to the cores there are. */
export interface Budget {
  readonly workers: number;
  readonly threadsPerRun: number;
  /** Predicted memory of all workers, in bytes. */
  readonly workersBytes: number;
  /** A sentence for the user when he gets less than he asked for; null otherwise. */
  readonly notice: string | null;
}

/** A session holds the weights, and a copy of them packed for its kernels; its activations are of the same order for small nets. */
const BYTES_PER_MODEL_BYTE = 2.5;
const BYTES_PER_SESSION = 12e6;

/** Predicted memory of one worker with a session of each of these models, from the sizes of their files. */
export function estimateSessionBytes(fileBytes: readonly number[]): number {
  return fileBytes.reduce((sum, bytes) => sum + bytes * BYTES_PER_MODEL_BYTE + BYTES_PER_SESSION, 0);
}

/**
 * How many workers a run gets.
 *
 * `auto`: as many as the networks' share of the work deserves of the cores, but no more than the suite can use and the
 * memory holds. Each run of a network has one thread: several runs side by side use cores better than one run on several
 * (no waiting at each layer's end), and results stay the same on every machine.
 */
export function planBudget(input: BudgetInput): Budget {
  const wanted =
    input.requested === 'auto'
      ? Math.max(1, Math.min(input.usefulWorkers, Math.round(input.cores * input.inferenceShare)))
      : Math.max(1, Math.floor(input.requested));
  const fitting = Math.max(1, Math.floor((input.availableBytes - input.baseBytes) / Math.max(1, input.workerBytes)));
  const workers = Math.min(wanted, fitting);
  const notice =
    workers < wanted && input.requested !== 'auto'
      ? `The memory that is left (${megabytes(input.availableBytes)}) holds ${workers} of the ${wanted} workers, each of about ${megabytes(input.workerBytes)}: the run goes on with ${workers}.`
      : null;
  return { workers, threadsPerRun: 1, workersBytes: workers * input.workerBytes, notice };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
