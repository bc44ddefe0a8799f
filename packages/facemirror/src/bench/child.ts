/**
 * One run of the pipeline in a process of its own, so that its memory and time are nobody else's. Started by
 * run-apart.ts only.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { sum } from 'facemirror-core/arithmetic.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { MachineLoad } from '../machine/machine-load.js';
import { usableCores } from '../machine/usable-cores.js';
import type { WorkerUsage } from 'facemirror-core/inference/options.js';
import { failureOf } from '../processes/failure.js';
import { serveParent } from '../processes/helper-child.js';
import { peakRssBytes } from '../performance/measure/peak-memory.js';
import { runBatch } from '../batch/batch.js';
import type { BatchEvent } from '../batch/events.js';
import { ALIVE_MS, type BenchJob, type FromBenchChild, type ToBenchChild } from './messages.js';
import type { RunMeasurement } from './result.js';

const controller = new AbortController();

function tell(message: FromBenchChild, then: () => void = () => undefined): void {
  process.send?.(message, then);
}

async function measure({ video, out, settings }: BenchJob): Promise<RunMeasurement> {
  const startedAt = performance.now();
  let openedAt = startedAt;
  let cpuWhenOpen = process.cpuUsage();
  const load = new MachineLoad();
  let idleShare: number | null = null;
  let doneAt = startedAt;
  let done: Extract<BatchEvent, { kind: 'done' }> | null = null;
  const workers: WorkerUsage[] = [];
  const onEvent = (event: BatchEvent): void => {
    if (event.kind === 'started') {
      openedAt = performance.now();
      load.idleShare();
      cpuWhenOpen = process.cpuUsage();
    } else if (event.kind === 'notice') {
      tell({ kind: 'notice', sentence: event.sentence });
    } else if (event.kind === 'failed') {
      throw event.error;
    } else if (event.kind === 'done') {
      doneAt = performance.now();
      idleShare = load.idleShare();
      done = event;
    }
  };
  await runBatch({
    paths: [video],
    out,
    settings,
    signal: controller.signal,
    onEvent,
    onWorkerUsage: (usage) => workers.push(usage),
  });
  const { user, system } = process.cpuUsage(cpuWhenOpen);
  // TypeScript does not see the assignment in the listener.
  const finished = done as Extract<BatchEvent, { kind: 'done' }> | null;
  if (finished === null) throw new Error('the run ended without a result');
  const { suite } = finished.record;
  if (suite.providerAsked !== undefined)
    throw new FaceMirrorError(
      'PROVIDER_UNAVAILABLE',
      `No figures are given for ${suite.providerAsked}: ${suite.providerReason ?? ''}`,
    );
  const wallMs = doneAt - openedAt;
  const cpuMs = (user + system) / 1000 + sum(workers.map((worker) => worker.cpuMs));
  return {
    openingMs: openedAt - startedAt,
    wallMs,
    cpuMs,
    othersShare: idleShare === null ? null : Math.max(0, 1 - idleShare - cpuMs / (wallMs * usableCores())),
    peakRssBytes: peakRssBytes() + sum(workers.map((worker) => worker.peakRssBytes)),
    frames: finished.record.frames.read,
    taken: {
      provider: suite.provider,
      workers: suite.workers,
      batch: Object.fromEntries(Object.entries(suite.batching ?? {}).map(([network, { frames }]) => [network, frames])),
    },
    tablesSha256: await hashTables(finished.files),
  };
}

async function hashTables(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files.filter((each) => each.endsWith('.csv')).toSorted()) {
    const bytes = await readFile(file);
    hash.update(`${basename(file)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

async function answer(job: BenchJob): Promise<void> {
  let message: FromBenchChild;
  try {
    message = { kind: 'measured', measurement: await measure(job) };
  } catch (error) {
    message = failureOf(error);
  }
  tell(message, () => process.exit());
}

serveParent(() => controller.abort());
setInterval(() => tell({ kind: 'alive' }), ALIVE_MS);
process.on('message', (message: ToBenchChild) => {
  if (message.kind === 'stop') controller.abort();
  else void answer(message.job);
});
