import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { startHelper } from '../processes/helper-process.js';
import type { FromWorker, ToWorker, WorkerSetup } from './messages.js';
import type { Isolation } from 'facemirror-core/inference/options.js';

/** The built file, both for this file's own build and when tests run the sources. */
const WORKER_FILE = new URL('../../dist/inference/worker.js', import.meta.url);

/** Beyond this, a worker's heap is running away: networks, tensors and frames are no part of it. */
const OLD_MEGABYTES = 512;
/**
 * Room for new objects in a worker's heap. All that a run makes is garbage after it; with V8's own 48 MB its heap, and
 * the buffers that garbage holds on to, would go on growing for a thousand frames.
 */
const YOUNG_MEGABYTES = 3;

/** What a channel tells its owner. `ended` comes once and last, whatever the reason. */
export interface ChannelEvents {
  readonly message: (message: FromWorker) => void;
  readonly ended: (why: string) => void;
  /** A line that ONNX Runtime wrote to standard error. Only processes of their own can be heard. */
  readonly log: (line: string) => void;
}

/** A worker, wherever it runs. */
export interface WorkerChannel {
  /** True when a frame's memory is the worker's too. */
  readonly sharesMemory: boolean;
  /** Of a process of its own; null for a thread. */
  readonly processId: number | null;
  readonly post: (message: ToWorker) => void;
  /**
   * Does without the worker. A process is killed. A thread may be inside ONNX Runtime, where ending it takes this
   * process along: it is told to end when it comes back, and no longer keeps the program from ending.
   */
  readonly giveUp: () => void;
}

/** Threads that were given up and have not come back. */
const stuck = new Set<Worker>();

/** Starts a worker. It first posts `opened` or `unopened`. */
export function startWorker(isolation: Isolation, setup: WorkerSetup, events: ChannelEvents): WorkerChannel {
  return isolation === 'thread' ? startThread(setup, events) : startProcess(setup, events);
}

function startThread(setup: WorkerSetup, events: ChannelEvents): WorkerChannel {
  const worker = new Worker(WORKER_FILE, {
    workerData: setup,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES, maxOldGenerationSizeMb: OLD_MEGABYTES },
  });
  let failure = '';
  worker.on('message', events.message);
  worker.on('error', (cause) => {
    failure = cause.message;
  });
  worker.on('exit', (code) => {
    stuck.delete(worker);
    events.ended(failure === '' ? `it ended with code ${code}` : failure);
  });
  const post = (message: ToWorker): void => worker.postMessage(message);
  return {
    sharesMemory: true,
    processId: null,
    post,
    giveUp: () => {
      worker.unref();
      post({ kind: 'close' });
      if (!process.listeners('exit').includes(endWithStuck)) process.on('exit', endWithStuck);
      stuck.add(worker);
    },
  };
}

/** An orderly exit would wait for threads that are stuck, for ever; what is to be kept has been written. */
function endWithStuck(): void {
  if (stuck.size > 0) process.kill(process.pid, 'SIGKILL');
}

function startProcess(setup: WorkerSetup, events: ChannelEvents): WorkerChannel {
  const { child, ended, post } = startHelper<FromWorker>(WORKER_FILE, setup, {
    stderr: 'pipe',
    // V8 makes three such spaces of the room for new objects.
    execArgv: [
      ...process.execArgv,
      `--max-semi-space-size=${YOUNG_MEGABYTES / 3}`,
      `--max-old-space-size=${OLD_MEGABYTES}`,
    ],
    onMessage: events.message,
  });
  if (child.stderr !== null) createInterface(child.stderr).on('line', events.log);
  void ended.then(({ why }) => events.ended(why));
  return { sharesMemory: false, processId: child.pid ?? null, post, giveUp: () => void child.kill('SIGKILL') };
}
