import type { MeasuresRow } from './measures.js';
import { ACTION_UNITS, type ActionUnitRow, type ActionUnitValues } from './units.js';

/** Column names of an action unit table: OpenFace 2's, for the first face only (`face_id` 0). */
export const ACTION_UNIT_COLUMNS: readonly string[] = [
  'frame',
  'face_id',
  'timestamp',
  'confidence',
  'success',
  ...ACTION_UNITS.map((unit) => `${unit}_r`),
  ...ACTION_UNITS.map((unit) => `${unit}_c`),
];

/**
 * The text of an action unit table, line by line, each with its line feed: a header, then one line a row. `_r` is the
 * intensity (0 to 5, two decimals), `_c` the presence (0 or 1); a missing value is an empty cell, never 0.
 */
export function* actionUnitTable(rows: Iterable<ActionUnitRow>): Generator<string> {
  yield `${ACTION_UNIT_COLUMNS.join(',')}\n`;
  for (const row of rows) yield `${cells(row).join(',')}\n`;
}

/**
 * The text of a measures table, line by line: frame, timestamp, success, then the columns, whose names end in their
 * units (`mm` or `iod`, inter-ocular distances; `deg`; `ratio`). A missing value is an empty cell.
 */
export function* measuresTable(columns: readonly string[], rows: Iterable<MeasuresRow>): Generator<string> {
  yield `${['frame', 'timestamp', 'success', ...columns].join(',')}\n`;
  for (const { frame, timestamp, success, values } of rows) {
    const cells = columns.map((column) => values[column]?.toFixed(4) ?? '');
    yield `${[String(frame), timestamp.toFixed(3), success ? '1' : '0', ...cells].join(',')}\n`;
  }
}

function cells(row: ActionUnitRow): string[] {
  return [
    String(row.frame),
    '0',
    row.timestamp.toFixed(3),
    row.confidence.toFixed(2),
    row.success ? '1' : '0',
    ...unitCells(row.intensity, 2),
    ...unitCells(row.presence, 0),
  ];
}

function unitCells(values: ActionUnitValues, decimals: number): string[] {
  return ACTION_UNITS.map((unit) => values[unit]?.toFixed(decimals) ?? '');
}
