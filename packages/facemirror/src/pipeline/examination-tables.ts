import type { ExaminationTables } from 'facemirror-core/examination/tables.js';
import { TABLE_OUTPUTS } from 'facemirror-core/results/output-names.js';
import type { OutputSet } from '../results/outputs.js';
import { TableFile } from './table-file.js';

/** Writes all tables of an examination. @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE. */
export async function writeExaminationTables(outputs: OutputSet, tables: ExaminationTables): Promise<void> {
  for (const [key, output] of Object.entries(TABLE_OUTPUTS))
    await TableFile.write(outputs.pathFor(output), tables[key as keyof ExaminationTables]);
}
