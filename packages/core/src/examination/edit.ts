import type { FrameRecord } from '../action-units/frame-record.js';
import { expressionOf, intensitySourceOf } from '../action-units/analysis.js';
import type { NeutralChoice } from '../action-units/neutral-window.js';
import { FaceMirrorError } from '../errors.js';
import type { Movement } from '../movements/movement.js';
import { movementsTable, parseMovements } from '../movements/movements-file.js';
import type { AffectedChoice } from './examination.js';
import { describeExamination, type ExaminationDescription } from './description.js';
import type { FramesFile } from './frames-file.js';
import { examineAgain, type ExaminationTables } from './tables.js';

/** What a person changed in the review of a run. */
export interface ExaminationEdit {
  /** In any order; null for those that the program proposes. */
  readonly movements: readonly Movement[] | null;
  /** When the face is at rest, in seconds of the video; null for the calmest second. */
  readonly neutral: { readonly start: number; readonly end: number } | null;
}

/** What of a run's record an edit reads and changes. */
export interface EditableRecord {
  readonly settings: {
    readonly neutral: NeutralChoice;
    readonly movements: { readonly file: string; readonly text: string } | null;
    readonly iris: boolean;
    readonly affected: AffectedChoice;
  };
  readonly tables: Readonly<Record<string, unknown>>;
  readonly examination?: ExaminationDescription;
  readonly warnings: readonly string[];
  readonly editedAt?: string;
}

/**
 * Computes the tables of a run again with the user's movements and neutral stretch, from its frames file: no network is
 * run. Gives the bytes of a run with `movements` and `neutral` set to the same, and the record that goes with them.
 * @param movementsName name of the movements table, for errors and the record.
 * @throws FaceMirrorError USAGE for movements or a stretch that cannot be.
 */
export function editExamination<Kept extends EditableRecord>(
  record: Kept,
  frames: FramesFile,
  edit: ExaminationEdit,
  movementsName: string,
): { readonly tables: ExaminationTables; readonly record: Kept } {
  const neutral = neutralChoice(edit, frames);
  const movements = edit.movements === null ? null : movementsText(edit.movements, movementsName);
  const { iris, affected } = record.settings;
  const { examination, expression, tables } = examineAgain(frames, {
    neutral,
    iris,
    affected,
    movements: movements === null ? null : parseMovements(movements.text, { ...movements, time: timesOf(frames) }),
  });
  const changed = {
    ...record,
    settings: { ...record.settings, neutral, movements },
    tables: { ...record.tables, ...expression.description },
    examination: describeExamination(examination),
    editedAt: new Date().toISOString(),
    warnings: [...withoutWarningsOf(record, frames), ...expression.warnings],
  };
  return { tables, record: changed };
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
function movementsText(movements: readonly Movement[], file: string): { readonly file: string; readonly text: string } {
  const sorted = [...movements].sort((a, b) => a.start - b.start);
  return { file, text: [...movementsTable(sorted)].join('') };
}

function timesOf(frames: FramesFile): readonly number[] {
  return Array.from(frames.records(), ({ timestamp }) => timestamp);
}

/** A run's warnings without those about its neutral stretch and its units, which are found out again. */
function withoutWarningsOf({ warnings, settings }: EditableRecord, frames: FramesFile): readonly string[] {
  if (warnings.length === 0) return [];
  const records = (): Iterable<FrameRecord> => frames.records();
  const { camera, measure } = frames.header;
  const before = expressionOf(records, { ...settings, camera }, intensitySourceOf(records()), measure);
  return warnings.filter((warning) => !before.warnings.includes(warning));
}
