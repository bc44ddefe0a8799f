import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { FACES_PER_FRAME } from '../action-units/multitask-network.js';
import { FaceMirrorError, type FaceMirrorErrorCode } from '../errors.js';
import type { WorkerUsage } from '../inference/options.js';
import type { Suite, SuiteOptions } from '../models/suite.js';
import { suiteByName } from '../models/suites.js';
import { RunProfiler, type ModelCall, type Profiler } from '../profile/profiler.js';
import { ChromeTraceWriter } from '../profile/trace.js';
import { requireEncoder } from '../video/encoder.js';
import type { BatchResult, OnBatchEvent } from './events.js';
import { inputFiles, type InputFile } from './input-files.js';
import { OutputSet, prepareFolder } from './outputs.js';
import { ProgressMeter } from './progress.js';
import { earlierRun, fileHash, type RunRecord } from './record.js';
import { runVideo } from './run-video.js';
import { resultSettings, type RunSettings } from './settings.js';

/** Failures after which the files that are left would fail as well. */
const FATAL: ReadonlySet<FaceMirrorErrorCode> = new Set<FaceMirrorErrorCode>([
  'USAGE', 'CANCELLED', 'DISK_FULL', 'FILE_UNWRITABLE', 'MODEL_MISSING', 'MODEL_CORRUPT',
  'CHECKPOINT_MISMATCH', 'LICENCE_NOT_ACCEPTED', 'PROVIDER_UNAVAILABLE', 'WORKER_LOST',
]);

export interface BatchOptions {
  /** Video files, and folders of them. */
  readonly paths: readonly string[];
  /** Folder of the results. */
  readonly out: string;
  readonly settings: RunSettings;
  readonly signal: AbortSignal;
  readonly onEvent: OnBatchEvent;
  /** Hears what each worker that was a process of its own has used, when it ends. */
  readonly onWorkerUsage?: (usage: WorkerUsage) => void;
}

/**
 * Processes videos one after another. One that fails does not stop the rest, unless the rest would fail for the same
 * reason (a full disk, a missing model).
 *
 * @throws FaceMirrorError for what concerns all files: USAGE, FILE_UNWRITABLE, MODEL_MISSING, DISK_FULL, CANCELLED, ...
 */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const { settings, onEvent } = options;
  const definition = suiteByName(settings.suite);
  const files = await inputFiles(options.paths);
  if (settings.trace !== null && files.length > 1) throw new FaceMirrorError('USAGE', '--trace takes one video at a time: give a single file.');
  await requireEncoder(settings.encoder);
  await prepareFolder(options.out);
  const suites = new SuiteHolder(definition, settings, {
    onNotice: (sentence) => onEvent({ kind: 'notice', path: null, sentence }),
    onWorkerUsage: (usage) => options.onWorkerUsage?.(usage),
  });
  const result = { done: [] as string[], skipped: [] as string[], failed: [] as { path: string; error: Error }[] };
  try {
    for (const [index, file] of files.entries()) {
      try {
        const outcome = await processFile(file, { index: index + 1, count: files.length }, options, suites);
        result[outcome].push(file.path);
      } catch (error) {
        // What nobody foresaw is that file's fault until another one fails the same way.
        if (!(error instanceof Error) || (error instanceof FaceMirrorError && FATAL.has(error.code))) throw error;
        result.failed.push({ path: file.path, error });
        onEvent({ kind: 'failed', path: file.path, error });
      }
    }
    return result;
  } finally {
    await suites.close();
  }
}

async function processFile(file: InputFile, place: { index: number; count: number }, options: BatchOptions, suites: SuiteHolder): Promise<'done' | 'skipped'> {
  const { settings, out, signal, onEvent } = options;
  throwIfStopped(signal);
  const version = programVersion();
  const hash = await fileHash(file.path, signal);
  const earlier = await earlierRun(out, file.stem, hash.sha256, resultSettings(settings), version);
  if (earlier.kind === 'same' && !settings.force) {
    onEvent({ kind: 'skipped', path: file.path, files: earlier.files });
    return 'skipped';
  }
  if (earlier.kind === 'foreign' && !settings.force) throw takenName(file, earlier.file, out);
  const outputs = await OutputSet.open(out, file.stem);
  const trace = settings.trace === null ? null : new ChromeTraceWriter(settings.trace);
  const profiler = new RunProfiler(trace);
  try {
    const suite = await suites.open(profiler);
    let meter: ProgressMeter | null = null;
    const record: RunRecord = await runVideo({
      file, hash, settings, suite, outputs, profiler, signal, version,
      onOpened: ({ expectedFrames }) => {
        meter = new ProgressMeter(file.path, expectedFrames, onEvent);
        onEvent({ kind: 'started', path: file.path, ...place, expectedFrames });
      },
      onFrame: () => meter?.frameDone(),
    });
    throwIfStopped(signal);
    const paths = await outputs.publish();
    trace?.finish();
    for (const sentence of suites.untold(record.warnings)) onEvent({ kind: 'notice', path: file.path, sentence });
    onEvent({ kind: 'done', path: file.path, record, files: paths });
    return 'done';
  } finally {
    profiler.finish();
    trace?.discard();
    await outputs.discard();
  }
}

function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new FaceMirrorError('CANCELLED', 'Stopped; of the video that was being processed nothing was kept.');
}

function takenName(file: InputFile, other: string, out: string): FaceMirrorError {
  const what = other === basename(file.path) ? `another video of the name ${other}, or of this one as it was before` : `another video, ${other}`;
  return new FaceMirrorError('FILE_UNREADABLE', `The results of ${file.path} would replace those of ${what}, in ${out}: choose another folder with --out, or replace them with --force.`);
}

/** This program's version, as its package says. */
export function programVersion(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}

/** Opens the suite when the first video needs it, and keeps it for the others. */
class SuiteHolder {
  readonly #definition: ReturnType<typeof suiteByName>;
  readonly #settings: RunSettings;
  readonly #listeners: Required<Pick<SuiteOptions, 'onNotice' | 'onWorkerUsage'>>;
  readonly #openings: Parameters<Profiler['modelOpened']>[] = [];
  /** Items that networks have looked at in this video. */
  readonly #items = new Map<string, number>();
  readonly #told = new Set<string>();
  #profiler: Profiler | null = null;
  #suite: Suite | null = null;

  constructor(definition: ReturnType<typeof suiteByName>, settings: RunSettings, listeners: Required<Pick<SuiteOptions, 'onNotice' | 'onWorkerUsage'>>) {
    this.#definition = definition;
    this.#settings = settings;
    this.#listeners = listeners;
  }

  /** The suite, which from now on reports to that profiler. */
  async open(profiler: Profiler): Promise<Suite> {
    this.#profiler = profiler;
    this.#items.clear();
    for (const opening of this.#openings) profiler.modelOpened(...opening);
    this.#suite ??= await this.#definition.open({
      provider: this.#settings.provider,
      workers: this.#settings.workers,
      isolation: this.#settings.isolation,
      ...(this.#settings.modelsFolder === null ? {} : { modelsFolder: this.#settings.modelsFolder }),
      framesPerBatch: this.#settings.batch,
      ...this.#listeners,
      profiler: {
        model: (name, call) => this.#tell(name, call),
        modelOpened: (...opening) => {
          this.#openings.push(opening);
          this.#profiler?.modelOpened(...opening);
        },
      },
    });
    return this.#suite;
  }

  /** Of a video's warnings those to tell the user: what concerns the suite is said once, not with every video. */
  untold(warnings: readonly string[]): string[] {
    const ofSuite = this.#suite?.notes ?? [];
    const untold = warnings.filter((sentence) => !this.#told.has(sentence) || !ofSuite.includes(sentence));
    for (const sentence of untold) this.#told.add(sentence);
    return untold;
  }

  /**
   * A call of a network that looks at frames side by side is also its stage's work; the frames only wait for it. Its span
   * stands for the frame that the network has got to.
   */
  #tell(name: string, call: ModelCall): void {
    const profiler = this.#profiler;
    if (profiler === null) return;
    profiler.model(name, call);
    const stage = this.#stageOf(name);
    if (stage === null) return;
    const items = (this.#items.get(name) ?? 0) + call.items;
    this.#items.set(name, items);
    const frame = Math.ceil(items / (stage === 'action-units' ? FACES_PER_FRAME : 1));
    profiler.end(stage, profiler.begin() - call.preprocessMs - call.inferenceMs - call.postprocessMs, frame, name);
  }

  #stageOf(name: string): 'action-units' | 'landmarks' | null {
    const job = this.#suite?.networks.find(({ source }) => source.name === name)?.job;
    if (job === 'action units' && this.#suite?.actionUnits.kind === 'network') return 'action-units';
    return job === 'landmarks' && this.#suite?.landmarker.following.kind === 'detections' ? 'landmarks' : null;
  }

  async close(): Promise<void> {
    await this.#suite?.close();
    this.#suite = null;
  }
}
