import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { editExamination, type ExaminationEdit } from 'facemirror-core/examination/edit.js';
import { readFramesFile, type FramesFile } from 'facemirror-core/examination/frames-file.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import { writeExaminationTables } from '../pipeline/examination-tables.js';
import { TableFile } from '../pipeline/table-file.js';
import { OutputSet } from '../results/outputs.js';
import { readRunRecord } from '../results/record.js';

/** What was saved. */
export interface SavedEdit {
  /** There was an examination report, which is removed: it is to be made again. */
  readonly hadReport: boolean;
}

/**
 * Computes the tables of a run again with the user's movements and neutral stretch, from its frames file: no network is
 * run. Gives the bytes of a run with `movements` and `neutral` set to the same. All tables and the record are replaced, or
 * none.
 * @throws FaceMirrorError USAGE for movements or a stretch that cannot be; FILE_UNREADABLE without a frames file;
 *   FILE_UNWRITABLE, DISK_FULL.
 */
export async function saveEdit(folder: string, stem: string, edit: ExaminationEdit): Promise<SavedEdit> {
  const record = await readRunRecord(join(folder, outputName(stem, 'record')));
  const frames = await readFrames(join(folder, outputName(stem, 'frames')));
  const name = outputName(stem, 'movements-table');
  const { tables, record: changed } = editExamination(record, frames, edit, name);
  const outputs = await OutputSet.open(folder, stem);
  try {
    await writeExaminationTables(outputs, tables);
    await TableFile.write(outputs.pathFor('record'), [`${JSON.stringify(changed, null, 2)}\n`]);
    const report = outputs.placeOf('examination-page');
    const hadReport = existsSync(report);
    // It shows what is not so any more.
    await rm(report, { force: true });
    await outputs.replace();
    return { hadReport };
  } finally {
    await outputs.discard();
  }
}

async function readFrames(path: string): Promise<FramesFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const sentence =
      'These results have no frames file, so their tables cannot be computed again: process the video again.';
    throw new FaceMirrorError('FILE_UNREADABLE', sentence, { cause });
  });
  return readFramesFile(bytes, path);
}
