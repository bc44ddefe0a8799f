import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FaceMirrorError, type FaceMirrorErrorCode } from 'facemirror-core/errors.js';
import { hashFile } from '../files/hash.js';
import type { WorkerUsage } from 'facemirror-core/inference/options.js';
import { RunProfiler, UNMEASURED, type SummingProfiler } from '../performance/measure/profiler.js';
import { ChromeTraceWriter } from '../performance/measure/trace.js';
import { requireModelsFolder } from '../models/models-folder.js';
import { programVersion } from '../version.js';
import { requireEncoder } from '../video/encoder.js';
import { Crew } from './crew.js';
import type { BatchResult, OnBatchEvent } from './events.js';
import { inputFiles } from './input-files.js';
import { outputName, type OutputKind } from 'facemirror-core/results/output-names.js';
import { OutputSet, prepareFolder, type InputFile } from '../results/outputs.js';
import { ProgressMeter } from './progress.js';
import { earlierRun, type RunRecord } from '../results/record.js';
import { encodesVideo } from 'facemirror-core/flow/pictures.js';
import { runVideo } from '../pipeline/run-video.js';
import { redact, redactedPlace } from '../report/redact.js';
import {
  parseSettings,
  resultSettings,
  type RunSettings,
  type SettingsInput,
} from 'facemirror-core/settings/settings.js';
import { workSideBySide } from './side-by-side.js';

/** Failures after which the files that are left would fail as well. */
const FATAL: ReadonlySet<FaceMirrorErrorCode> = new Set<FaceMirrorErrorCode>([
  'USAGE',
  'CANCELLED',
  'DISK_FULL',
  'FILE_UNWRITABLE',
  'MODEL_MISSING',
  'MODEL_CORRUPT',
  'CHECKPOINT_MISMATCH',
  'LICENCE_NOT_ACCEPTED',
  'PROVIDER_UNAVAILABLE',
]);

/** Videos that fail one after another because a worker was lost: the machine is not fit for more. */
const MOST_LOST = 2;

/** A single video as it was when a job was made of it. */
export interface ExpectedVideo {
  /** What its results are named by, in place of its own name. */
  readonly stem: string;
  /** Of its content, lower-case hex; another content is refused. */
  readonly sha256: string;
}

/** What {@link runBatch} is told. */
export interface BatchOptions {
  /** Video files, and folders of them. */
  readonly paths: readonly string[];
  /** Folder of the results. */
  readonly out: string;
  /** Those that differ from their defaults. Default none. */
  readonly settings?: SettingsInput;
  /** What a single video is expected to be; see {@link ExpectedVideo}. */
  readonly expected?: ExpectedVideo;
  /** Cores that the videos may use together. Default all; results do not depend on it. */
  readonly cores?: number;
  /** Abort it to stop; nothing half-done stays. */
  readonly signal?: AbortSignal;
  /** Is told how the work goes. */
  readonly onEvent?: OnBatchEvent;
  /** Hears what each worker that was a process of its own has used, when it ends. */
  readonly onWorkerUsage?: (usage: WorkerUsage) => void;
}

/** The same, with nothing left out. */
interface Batch extends BatchOptions {
  readonly settings: RunSettings;
  readonly signal: AbortSignal;
  readonly onEvent: OnBatchEvent;
}

/**
 * Processes videos, one after another or several at once. One that fails does not stop the rest, unless the rest would
 * fail for the same reason (a full disk, a missing model).
 *
 * @throws FaceMirrorError for what concerns all files: USAGE, FILE_UNWRITABLE, MODEL_MISSING, DISK_FULL, CANCELLED, ...
 *
 * @example
 * const { done, failed } = await runBatch({
 *   paths: ['patient.mp4'],
 *   out: 'visits',
 *   settings: { outputs: ['tables'] },
 *   onEvent: (event) => process.stderr.write(`${event.kind}\n`),
 * });
 * failed.length; // 0
 */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const batch: Batch = {
    ...options,
    settings: parseSettings(options.settings ?? {}),
    signal: options.signal ?? new AbortController().signal,
    onEvent: options.onEvent ?? (() => undefined),
  };
  const { settings, onEvent } = batch;
  const files = withStem(await inputFiles(options.paths), options.expected?.stem);
  if (settings.trace !== null && files.length > 1)
    throw new FaceMirrorError('USAGE', '`trace` takes one video at a time: give a single file.', { setting: 'trace' });
  for (const name of ['movements', 'scores'] as const)
    if (settings[name] !== null && files.length > 1)
      throw new FaceMirrorError(
        'USAGE',
        `\`${name}\` is a table for one video, but there are ${files.length}: give a single file.`,
        { setting: name },
      );
  if (settings.report)
    onEvent({
      kind: 'notice',
      path: null,
      sentence: '`report` now means the examination report; the performance report is `performanceReport`.',
      weight: 'note',
    });
  if (settings.modelsFolder !== null) await requireModelsFolder(settings.modelsFolder);
  if (encodesVideo(settings)) await requireEncoder(settings.encoder);
  await prepareFolder(options.out);
  const crew = new Crew({ ...batch, videos: files.length });
  const result = { done: [] as string[], skipped: [] as string[], failed: [] as { path: string; error: Error }[] };
  let lostInARow = 0;
  const tasks = files.map((file, index) => ({ file, place: { index: index + 1, count: files.length } }));
  try {
    await workSideBySide(tasks, {
      jobs: settings.jobs,
      hasRoom: (hands) => crew.hasRoomFor(hands + 1),
      signal: batch.signal,
      work: async ({ file, place }, hand, signal) => {
        try {
          const outcome = await processFile(file, place, { ...batch, signal }, crew, hand);
          result[outcome].push(file.path);
          lostInARow = 0;
        } catch (error) {
          // What nobody foresaw is that file's fault until another one fails the same way.
          if (!(error instanceof Error) || (error instanceof FaceMirrorError && FATAL.has(error.code))) throw error;
          if (isLoss(error) && ++lostInARow >= MOST_LOST) throw error;
          result.failed.push({ path: file.path, error });
          onEvent({ kind: 'failed', path: file.path, error });
        }
      },
    });
    return result;
  } finally {
    await crew.close();
  }
}

async function processFile(
  file: InputFile,
  place: { index: number; count: number },
  options: Batch,
  crew: Crew,
  hand: number,
): Promise<'done' | 'skipped'> {
  const { settings, out, signal, onEvent } = options;
  throwIfStopped(signal);
  const version = programVersion();
  const hash = await hashFile(file.path, signal);
  if (options.expected !== undefined && hash.sha256 !== options.expected.sha256) throw changedSince(file);
  const earlier = await earlierRun(out, file.stem, hash.sha256, resultSettings(settings), version);
  if (earlier.kind === 'same' && !settings.force && !asksForMore(settings, earlier.files, file.stem)) {
    const redacted = await redactedFiles(file.stem, options, false);
    onEvent({ kind: 'skipped', path: file.path, files: [...earlier.files, ...redacted] });
    return 'skipped';
  }
  if (earlier.kind === 'foreign' && !settings.force) throw takenName(file, earlier.file, out);
  const outputs = await OutputSet.open(out, file.stem);
  const trace = settings.trace === null ? null : new ChromeTraceWriter(settings.trace);
  const profiler: SummingProfiler = settings.profile ? new RunProfiler(trace) : UNMEASURED;
  const { suites, cores } = crew.hand(hand);
  const underWay = crew.begin();
  try {
    const suite = await suites.open(profiler, signal);
    let meter: ProgressMeter | null = null;
    const record: RunRecord = await runVideo({
      file,
      hash,
      settings,
      suite,
      outputs,
      profiler,
      signal,
      version,
      cores,
      videosAtOnce: () => underWay.most,
      onOpened: ({ expectedFrames }) => {
        meter = new ProgressMeter(file.path, expectedFrames, onEvent);
        onEvent({ kind: 'started', path: file.path, ...place, expectedFrames });
      },
      onFrame: () => meter?.frameDone(),
      onNetwork: (turn) => onEvent({ kind: 'analysing', path: file.path, ...turn }),
    });
    throwIfStopped(signal);
    const paths = await outputs.publish();
    trace?.finish();
    for (const sentence of suites.untold(record.warnings))
      onEvent({ kind: 'notice', path: suite.notes.includes(sentence) ? null : file.path, sentence, weight: 'note' });
    const redacted = await redactedFiles(file.stem, options, true);
    onEvent({ kind: 'done', path: file.path, record, files: [...redacted, ...paths] });
    return 'done';
  } catch (error) {
    // The next video gets workers of its own, not what is left of these.
    if (error instanceof Error && isLoss(error)) await suites.close();
    throw error;
  } finally {
    crew.end(underWay);
    profiler.finish();
    trace?.discard();
    await outputs.discard();
  }
}

/** The redacted files of results that are in their places, where they are asked for; those of an earlier run stay. */
async function redactedFiles(
  stem: string,
  { settings, out, signal }: Batch,
  isNew: boolean,
): Promise<readonly string[]> {
  if (!settings.redacted) return [];
  const { folder, video } = redactedPlace(out, stem);
  if (!isNew && existsSync(video)) return [];
  return redact(join(out, outputName(stem, 'record')), folder, signal);
}

/** Only running the video again gives a trace, or a report that the earlier run did not make. */
function asksForMore(
  { trace, report, performanceReport }: RunSettings,
  files: readonly string[],
  stem: string,
): boolean {
  const lacks = (page: OutputKind): boolean => !files.some((file) => basename(file) === outputName(stem, page));
  return trace !== null || (report && lacks('examination-page')) || (performanceReport && lacks('performance-page'));
}

function isLoss(error: Error): boolean {
  return error instanceof FaceMirrorError && error.code === 'WORKER_LOST';
}

function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted)
    throw new FaceMirrorError('CANCELLED', 'Stopped; of the video that was being processed nothing was kept.');
}

function withStem(files: readonly InputFile[], stem: string | undefined): readonly InputFile[] {
  return stem === undefined ? files : files.map((file) => ({ ...file, stem }));
}

function changedSince({ path }: InputFile): FaceMirrorError {
  return new FaceMirrorError(
    'USAGE',
    `${path} is not the video that was submitted: it was changed or replaced since. Submit it again.`,
  );
}

function takenName(file: InputFile, other: string, out: string): FaceMirrorError {
  const what =
    other === basename(file.path)
      ? `another video of the name ${other}, or of this one as it was before`
      : `another video, ${other}`;
  return new FaceMirrorError(
    'FILE_UNREADABLE',
    `The results of ${file.path} would replace those of ${what}, in ${out}: choose another folder for \`out\`, or replace them with \`force: true\`.`,
    { setting: 'force' },
  );
}
