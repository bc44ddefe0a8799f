import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { SettingsInput } from 'facemirror-core/settings/settings.js';
import { readRunRecord, type RunRecord } from '../results/record.js';
import { runBatch } from './batch.js';
import type { OnBatchEvent } from './events.js';

/** How to process a video: where the results go, and every setting that differs from its default. */
export interface ProcessOptions extends SettingsInput {
  /** Folder of the results; made when it does not exist. */
  readonly out: string;
  /** Abort it to stop; nothing half-done stays. */
  readonly signal?: AbortSignal;
  /** Is told how the work goes. */
  readonly onEvent?: OnBatchEvent;
}

/** The results of one video. */
export interface ProcessedVideo {
  /** The content of `<name>.json`. */
  readonly record: RunRecord;
  /** Paths of all results, the record last. */
  readonly files: readonly string[];
  /** False when an earlier run had left the same results, so that nothing was computed. */
  readonly isNew: boolean;
}

/**
 * Processes one video: mirrored halves, action units, measures and a record.
 *
 * @param path a video file.
 * @throws FaceMirrorError USAGE for settings that do not fit, with the setting's name in `setting`; FILE_UNREADABLE,
 *   NOT_A_VIDEO or VIDEO_DAMAGED for the file; NO_FACE; FILE_UNWRITABLE or DISK_FULL for the folder; MODEL_MISSING or
 *   MODEL_CORRUPT for the suite; CANCELLED.
 * @example
 * const { files, record } = await processVideo('patient.mp4', { out: 'results', camera: 'mirrored' });
 * console.log(record.frames.withFace, files);
 */
export async function processVideo(path: string, options: ProcessOptions): Promise<ProcessedVideo> {
  const { out, signal, onEvent, ...settings } = options;
  let done: ProcessedVideo | null = null;
  let before: readonly string[] | null = null;
  const { failed } = await runBatch({
    paths: [path],
    out,
    settings,
    ...(signal === undefined ? {} : { signal }),
    onEvent: (event) => {
      if (event.kind === 'done') done = { record: event.record, files: event.files, isNew: true };
      if (event.kind === 'skipped') before = event.files;
      onEvent?.(event);
    },
  });
  const [failure] = failed;
  if (failure !== undefined) throw failure.error;
  return done ?? (await readBack(path, before ?? []));
}

async function readBack(path: string, files: readonly string[]): Promise<ProcessedVideo> {
  const record = files.find((file) => file.endsWith('.json'));
  if (record === undefined)
    throw new FaceMirrorError('USAGE', `${path} is a folder with several videos: use runBatch for folders.`);
  return { record: await readRunRecord(record), files, isNew: false };
}
