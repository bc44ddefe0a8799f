import { statSync } from 'node:fs';
import { availableMemory } from '../machine/available-memory.js';
import { usableCores } from '../machine/usable-cores.js';
import { counted, megabytes, percent } from '../wording.js';
import type { Isolation } from 'facemirror-core/inference/options.js';
import type { ModelSource } from 'facemirror-core/inference/request.js';

/** What a plan is made from. */
export interface BudgetInput {
  /** `--workers`. */
  readonly requested: number | 'auto';
  /** Cores that this process may use. */
  readonly cores: number;
  /** Memory that can still be had, in bytes. */
  readonly availableBytes: number;
  /** What one worker takes, in bytes: its sessions (see {@link estimateSessionBytes}), and what carries them. */
  readonly workerBytes: number;
  /** What the first worker brings along that the others then share. */
  readonly sharedBytes: number;
  /** What the run takes without its workers: program, frame pool, codecs. */
  readonly baseBytes: number;
  /** The most runs that this suite can have under way at once: more workers would idle. */
  readonly usefulWorkers: number;
  /** The most threads that one run of a network gains from. */
  readonly usefulThreads: number;
  /** Share of one core's time that a frame's networks take, as against its decoding, mirroring and encoding; 0 to 1. */
  readonly inferenceShare: number;
}

/** Who gets how many threads. ONNX Runtime, FFmpeg and our own threads together are kept to the cores there are. */
export interface Budget {
  readonly workers: number;
  readonly threadsPerRun: number;
  /** Predicted memory of one worker, and of all with what they share, in bytes. */
  readonly workerBytes: number;
  readonly workersBytes: number;
  /** The reason for that number of workers, as a sentence. */
  readonly reason: string;
  /** A sentence for the user when there is too little memory for as many as there would be; null otherwise. */
  readonly notice: string | null;
}

/**
 * A session holds the weights, and a copy of them packed for its kernels; its activations are of the same order for
 * small nets.
 */
const BYTES_PER_MODEL_BYTE = 2.5;
/** A compiled network's weights are mapped from the disk as its kernels want them. */
const BYTES_PER_COMPILED_BYTE = 1.5;
const BYTES_PER_SESSION = 12e6;

/** A network to open, as far as its memory depends on it. */
export interface SessionSize {
  /** Of the model's file. */
  readonly bytes: number;
  readonly isCompiled: boolean;
  /** What a session of it was seen to take, in bytes. */
  readonly measuredBytes?: number | undefined;
}

/** Predicted memory of a session of each of these models. */
export function estimateSessionBytes(sessions: readonly SessionSize[]): number {
  return sessions.reduce(
    (sum, { bytes, isCompiled, measuredBytes }) =>
      sum +
      (measuredBytes ?? bytes * (isCompiled ? BYTES_PER_COMPILED_BYTE : BYTES_PER_MODEL_BYTE) + BYTES_PER_SESSION),
    0,
  );
}

/**
 * How many workers a run gets.
 *
 * `auto`: as many as the networks' share of the work deserves of the cores, but no more than the suite can use and the
 * memory holds. Several runs side by side use cores better than one run on several (no waiting at each layer's end):
 * a run gets more than one thread only where there are cores that no worker is for.
 */
export function planBudget(input: BudgetInput): Budget {
  const wanted =
    input.requested === 'auto'
      ? Math.max(1, Math.min(input.usefulWorkers, Math.round(input.cores * input.inferenceShare)))
      : Math.max(1, Math.floor(input.requested));
  const fitting = Math.max(
    1,
    Math.floor((input.availableBytes - input.baseBytes - input.sharedBytes) / Math.max(1, input.workerBytes)),
  );
  const workers = Math.min(wanted, fitting);
  const notice =
    workers < wanted
      ? `The memory that is left (${megabytes(input.availableBytes)}) holds ${workers} of the ${wanted} workers, each of about ${megabytes(input.workerBytes)}: the run goes on with ${workers}.`
      : null;
  const threadsPerRun = Math.max(
    1,
    Math.min(input.usefulThreads, Math.round((input.cores * input.inferenceShare) / workers)),
  );
  const workersBytes = workers * input.workerBytes + input.sharedBytes;
  return {
    workers,
    threadsPerRun,
    workerBytes: input.workerBytes,
    workersBytes,
    reason: notice ?? reasonOf(input, { workers, fitting, threadsPerRun }),
    notice,
  };
}

function reasonOf(
  { requested, cores, inferenceShare, usefulWorkers, workerBytes, availableBytes }: BudgetInput,
  {
    workers,
    fitting,
    threadsPerRun,
  }: { readonly workers: number; readonly fitting: number; readonly threadsPerRun: number },
): string {
  const threads = `${counted(threadsPerRun, 'thread')} for each`;
  if (requested !== 'auto') return `${counted(workers, 'worker')} as asked, ${threads}.`;
  const share = `the networks take about ${percent(inferenceShare)} of the work on a frame, of ${counted(cores, 'core')} thus ${(cores * inferenceShare).toFixed(1)}`;
  const bound =
    workers < Math.round(cores * inferenceShare) ? `, but more than ${usefulWorkers} find nothing to do` : '';
  return `${counted(workers, 'worker')} by itself, ${threads}: ${share}${bound}; the memory that was left (${megabytes(availableBytes)}) holds ${fitting} of ${megabytes(workerBytes)} each.`;
}

/** What a run takes besides its networks: the program, the frames under way, the codecs. */
const BASE_BYTES = 220e6;
/** What a worker carries besides its sessions: a thread its heap, a process also the program and its libraries. */
const CARRIER_BYTES: Readonly<Record<Isolation, number>> = { thread: 12e6, process: 105e6 };
/** ONNX Runtime's library, which the threads of a process share. */
const LIBRARY_BYTES = 28e6;

/** What a suite knows of its work, for planning its workers. */
export interface SuiteWork extends Pick<
  BudgetInput,
  'requested' | 'usefulWorkers' | 'usefulThreads' | 'inferenceShare'
> {
  readonly isolation: Isolation;
  /** Cores that these networks may use; all of the machine's when left out. */
  readonly cores?: number;
}

/** {@link planBudget} for networks on this machine as it is now. */
export function planWorkers(models: readonly ModelSource[], { isolation, cores, ...work }: SuiteWork): Budget {
  // Most runs never open those that open on first use.
  const sessions = models
    .filter(({ open }) => open !== 'first-use')
    .map(({ model, compiled, memoryBytes }) => ({
      bytes: typeof model === 'string' ? statSync(model).size : model.length,
      isCompiled: compiled !== undefined,
      measuredBytes: memoryBytes,
    }));
  return planBudget({
    ...work,
    cores: cores ?? usableCores(),
    availableBytes: availableMemory(),
    workerBytes: estimateSessionBytes(sessions) + CARRIER_BYTES[isolation],
    sharedBytes: isolation === 'thread' ? LIBRARY_BYTES : 0,
    // What the program already takes is no longer available.
    baseBytes: Math.max(0, BASE_BYTES - process.memoryUsage.rss()),
  });
}
