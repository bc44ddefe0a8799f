import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { readFramesFile, type FramesFile } from 'facemirror-core/examination/frames-file.js';
import { examineAgain, type ExaminationResult } from 'facemirror-core/examination/tables.js';
import type { Movement } from 'facemirror-core/movements/movement.js';
import { movementsTable, parseMovements } from 'facemirror-core/movements/movements-file.js';
import { unreadable } from '../files/unreadable.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import { readRunRecord, type RunRecord } from '../results/record.js';

/** An examination that was made again from what a run left on the disk. */
export interface StoredExamination {
  readonly record: RunRecord;
  /** Folder of the results, and what their names begin with. */
  readonly folder: string;
  readonly stem: string;
  readonly frames: FramesFile;
  readonly result: ExaminationResult;
}

/**
 * Makes the examination of a run again, without running a network: with the run's settings, and with the movements of its
 * `<name>_movements.csv`, where somebody has changed them.
 * @param path of the run's record
 * @throws FaceMirrorError FILE_UNREADABLE for what is no record, or one whose frames file is not there or of another version;
 *   USAGE for a movements table that was changed to something impossible.
 */
export async function readExamination(path: string): Promise<StoredExamination> {
  const record = await readRunRecord(path);
  const folder = dirname(path);
  const stem = basename(path).replace(/\.json$/, '');
  const place = join(folder, outputName(stem, 'frames'));
  let bytes: Uint8Array;
  try {
    bytes = await readFile(place);
  } catch (cause) {
    const isGone = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (!isGone) throw unreadable(place, cause);
    throw new FaceMirrorError(
      'FILE_UNREADABLE',
      `${path} has no ${basename(place)} beside it, as an older version wrote it, or it was run without tables: run the video again with \`force: true\`.`,
      { cause },
    );
  }
  const frames = readFramesFile(bytes, place);
  const { neutral, iris, affected, movements } = record.settings;
  const again = (given: readonly Movement[] | null): ExaminationResult =>
    examineAgain(frames, { neutral, iris, affected, movements: given });
  const asked = movements ?? null;
  const first = again(asked === null ? null : parseMovements(asked.text, { file: asked.file, time: timesOf(frames) }));
  const table = join(folder, outputName(stem, 'movements-table'));
  const text = await readFile(table, 'utf8').catch(() => null);
  if (text === null || text === [...movementsTable(first.examination.movements)].join(''))
    return { record, folder, stem, frames, result: first };
  const edited = parseMovements(text, { file: table, time: timesOf(frames) });
  return { record, folder, stem, frames, result: again(edited) };
}

function timesOf(frames: FramesFile): Float64Array {
  return Float64Array.from(frames.records(), ({ timestamp }) => timestamp);
}
