import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expressionOf, intensitySourceOf } from 'facemirror-core/action-units/analysis.js';
import type { NeutralChoice } from 'facemirror-core/action-units/neutral-window.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { describeExamination } from 'facemirror-core/examination/description.js';
import { readFramesFile, type FramesFile } from 'facemirror-core/examination/frames-file.js';
import { examineAgain } from 'facemirror-core/examination/tables.js';
import type { Movement } from 'facemirror-core/movements/movement.js';
import { movementsTable, parseMovements } from 'facemirror-core/movements/movements-file.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import { writeExaminationTables } from '../pipeline/examination-tables.js';
import { TableFile } from '../pipeline/table-file.js';
import { OutputSet } from '../results/outputs.js';
import { readRunRecord, type RunRecord } from '../results/record.js';

/** What a person changed in the review of a run. */
export interface ExaminationEdit {
  /** In any order; null for those that the program proposes. */
  readonly movements: readonly Movement[] | null;
  /** When the face is at rest, in seconds of the video; null for the calmest second. */
  readonly neutral: { readonly start: number; readonly end: number } | null;
}

/**
 * Computes the tables of a run again with the user's movements and neutral stretch, from its frames file: no network is
 * run. Gives the bytes of a run with `movements` and `neutral` set to the same. All tables and the record are replaced, or
 * none.
 * @throws FaceMirrorError USAGE for movements or a stretch that cannot be; FILE_UNREADABLE without a frames file;
 *   FILE_UNWRITABLE, DISK_FULL.
 */
export async function saveEdit(folder: string, stem: string, edit: ExaminationEdit): Promise<void> {
  const record = await readRunRecord(join(folder, outputName(stem, 'record')));
  const frames = await readFrames(join(folder, outputName(stem, 'frames')));
  const neutral = neutralChoice(edit, frames);
  const movements = edit.movements === null ? null : movementsText(edit.movements, stem);
  const { iris, affected } = record.settings;
  const { examination, expression, tables } = examineAgain(frames, {
    neutral,
    iris,
    affected,
    movements: movements === null ? null : parseMovements(movements.text, { ...movements, time: timesOf(frames) }),
  });
  const changed: RunRecord = {
    ...record,
    settings: { ...record.settings, neutral, movements },
    tables: { ...record.tables, ...expression.description },
    examination: describeExamination(examination),
    editedAt: new Date().toISOString(),
    warnings: [...withoutWarningsOf(record, frames), ...expression.warnings],
  };
  const outputs = await OutputSet.open(folder, stem);
  try {
    await writeExaminationTables(outputs, tables);
    await TableFile.write(outputs.pathFor('record'), [`${JSON.stringify(changed, null, 2)}\n`]);
    await outputs.replace();
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

function neutralChoice({ neutral }: ExaminationEdit, frames: FramesFile): NeutralChoice {
  if (neutral === null) return { kind: 'calmest-second' };
  const { start, end } = neutral;
  const last = timesOf(frames).at(-1) ?? 0;
  if (!(start >= 0 && end > start && start <= last))
    throw new FaceMirrorError('USAGE', `A neutral stretch from ${start} to ${end} s is not in this video.`);
  return { kind: 'window', start, end };
}

/** As a file of the user's, so that it is checked and rounded as one. */
function movementsText(movements: readonly Movement[], stem: string): { readonly file: string; readonly text: string } {
  const sorted = [...movements].sort((a, b) => a.start - b.start);
  return { file: outputName(stem, 'movements-table'), text: [...movementsTable(sorted)].join('') };
}

function timesOf(frames: FramesFile): readonly number[] {
  return [...frames.frames()].map(({ record }) => record.timestamp);
}

/** A run's warnings without those about its neutral stretch and its units, which are found out again. */
function withoutWarningsOf({ warnings, settings }: RunRecord, frames: FramesFile): readonly string[] {
  if (warnings.length === 0) return [];
  function* records() {
    for (const { record } of frames.frames()) yield record;
  }
  const { camera, measure } = frames.header;
  const before = expressionOf(records, { ...settings, camera }, intensitySourceOf(records()), measure);
  return warnings.filter((warning) => !before.warnings.includes(warning));
}
