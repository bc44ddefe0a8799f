import { editExamination, type EditableRecord, type ExaminationEdit } from 'facemirror-core/examination/edit.js';
import { readFramesFile } from 'facemirror-core/examination/frames-file.js';
import type { ExaminationTables } from 'facemirror-core/examination/tables.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { outputName, TABLE_OUTPUTS } from 'facemirror-core/results/output-names.js';
import { makeFolder, writeWhole } from '../storage/folders.js';
import {
  currentResults,
  newRun,
  publish,
  removeUnpublished,
  runFolderOf,
  type StoredPlace,
} from '../storage/library.js';

/**
 * Computes the tables of a video again with the user's movements and neutral stretch. All tables and the record are
 * replaced together, or none.
 * @throws FaceMirrorError USAGE, FILE_UNREADABLE, FILE_UNWRITABLE, DISK_FULL.
 */
export async function saveEdit(place: StoredPlace, edit: ExaminationEdit): Promise<void> {
  const results = await currentResults(place);
  const { stem } = place;
  const recordFile = await results?.files.get(outputName(stem, 'record'))?.getFile();
  const framesFile = await results?.files.get(outputName(stem, 'frames'))?.getFile();
  if (results === null || recordFile === undefined || framesFile === undefined)
    throw new FaceMirrorError(
      'FILE_UNREADABLE',
      'These results have no frames file, so their tables cannot be computed again: process the video again.',
    );
  const frames = readFramesFile(new Uint8Array(await framesFile.arrayBuffer()), framesFile.name);
  const before = JSON.parse(await recordFile.text()) as EditableRecord;
  const { tables, record } = editExamination(before, frames, edit, outputName(stem, 'movements-table'));
  const name = newRun();
  try {
    const folder = await makeFolder(runFolderOf(place, name));
    for (const [key, output] of Object.entries(TABLE_OUTPUTS))
      await writeWhole(folder, outputName(stem, output), [...tables[key as keyof ExaminationTables]].join(''));
    await writeWhole(folder, outputName(stem, 'record'), `${JSON.stringify(record, null, 2)}\n`);
    await publish(place, results.current.run, name);
  } catch (error) {
    await removeUnpublished(place);
    throw error;
  }
}
