import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { Examination } from 'facemirror-core/examination/examination.js';
import type { FramesFile } from 'facemirror-core/examination/frames-file.js';
import { wantedPictures, type FramePicture } from 'facemirror-core/report/pictures.js';
import { examinationReport } from 'facemirror-core/report/report.js';
import { parseScores } from 'facemirror-core/scores/clinical-scores.js';
import type { RunSettings } from 'facemirror-core/settings/settings.js';
import { hashFile } from '../files/hash.js';
import type { RunRecord } from '../results/record.js';
import { fetchPictures } from './pictures.js';
import { readExamination } from './stored.js';

/** What a report shows besides what the run has found. */
export interface ReportOptions {
  /** Pseudonym of the patient, and name of the visit; default: those that the run was given. */
  readonly subject?: string | null;
  readonly visit?: string | null;
  /** A file of scores as it was read; default: the one that the run was given. */
  readonly scores?: RunSettings['scores'];
  /** The video that was processed; default: the file of its name in the results' folder or the one above. */
  readonly video?: string;
  readonly signal?: AbortSignal;
}

/** A report, and sentences on what it lacks. */
export interface MadeReport {
  readonly html: string;
  readonly notes: readonly string[];
}

/**
 * The examination report of a run, from its record and what lies beside it; no network is run.
 * @param path of the record
 * @throws FaceMirrorError FILE_UNREADABLE, USAGE for scores or changed movements that do not fit, CANCELLED.
 * @example
 * await processVideo('patient.mp4', { out: 'results' });
 * const { html } = await makeReport('results/patient.json', { subject: 'P07', visit: 'week 12' });
 * html.startsWith('<!doctype html>'); // true
 */
export async function makeReport(path: string, options: ReportOptions = {}): Promise<MadeReport> {
  const { record, folder, frames, result } = await readExamination(path);
  const video = options.video ?? (await findVideo(record, folder));
  if (options.video !== undefined) await requireSame(options.video, record, options.signal);
  return reportOf({ record, frames, examination: result.examination, video }, options);
}

/** What a report is made of. */
export interface ReportSource {
  readonly record: RunRecord;
  readonly frames: FramesFile;
  readonly examination: Examination;
  /** Null when the video is not there any more: the report has no pictures then. */
  readonly video: string | null;
}

/** The same of what is in memory already. */
export async function reportOf(
  { record, frames, examination, video }: ReportSource,
  { subject, visit, scores, signal }: ReportOptions,
): Promise<MadeReport> {
  const notes: string[] = [];
  let pictures: ReadonlyMap<number, FramePicture> = new Map();
  const wanted = wantedPictures(examination, frames);
  if (video === null) {
    if (wanted.length > 0)
      notes.push(
        `The video ${record.input.file} was not found beside the results, so there are no pictures: give its place with --video.`,
      );
  } else pictures = await fetchPictures(video, wanted, frames.header.camera, signal);
  const { settings } = record;
  const file = scores ?? settings.scores ?? null;
  const html = examinationReport({
    record,
    examination,
    pictures,
    subject: subject ?? settings.subject ?? null,
    visit: visit ?? settings.visit ?? null,
    scores: file === null ? null : parseScores(file.text, file.file),
    notes,
  });
  return { html, notes };
}

/** The processed video, by its name and length; null when it is not there. */
export async function findVideo({ input }: RunRecord, folder: string): Promise<string | null> {
  for (const place of [folder, dirname(folder)]) {
    const path = join(place, input.file);
    const size = await stat(path).then(
      (found) => (found.isFile() ? found.size : null),
      () => null,
    );
    if (size === input.bytes) return path;
  }
  return null;
}

async function requireSame(video: string, { input }: RunRecord, signal: AbortSignal | undefined): Promise<void> {
  const { sha256 } = await hashFile(video, signal);
  if (sha256 !== input.sha256)
    throw new FaceMirrorError(
      'USAGE',
      `${video} is not the video ${input.file} that this record is of: give that one.`,
    );
}
