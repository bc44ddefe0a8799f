import { MOVEMENT_CODES, type Movement, type MovementSource } from '../backend/review.js';
import { parseCsv } from './csv.js';

const SOURCES: readonly MovementSource[] = ['proposed', 'imported', 'edited'];

/** Reads `<name>_movements.csv`; rows that are none are left out. */
export function movementsOf(csv: string | undefined): readonly Movement[] {
  if (csv === undefined) return [];
  const { columns, rows } = parseCsv(csv);
  const cell = (row: readonly string[], name: string): string => {
    const index = columns.findIndex((column) => column === name || column.startsWith(`${name}_`));
    return index === -1 ? '' : (row[index] ?? '');
  };
  return rows.flatMap((row) => {
    const code = MOVEMENT_CODES.find((each) => each === cell(row, 'code'));
    const start = Number(cell(row, 'start'));
    const end = Number(cell(row, 'end'));
    if (code === undefined || !(end > start)) return [];
    const confidence = cell(row, 'confidence');
    return [
      {
        start,
        end,
        code,
        source: SOURCES.find((each) => each === cell(row, 'source')) ?? 'imported',
        confidence: confidence === '' ? null : Number(confidence),
      },
    ];
  });
}
