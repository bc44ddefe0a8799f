import { median } from '../arithmetic.js';
import { ACTION_UNITS, SIDES } from '../action-units/units.js';
import { MEASURES, isSided } from '../action-units/measures.js';
import type { Examination } from '../examination/examination.js';
import { MOVEMENT_CODES } from '../movements/codes.js';
import type { MovementRow } from '../movements/movement.js';

/** One examination of a cohort. */
export interface CohortVisit {
  /** Pseudonym of the patient and name of the visit; empty when nobody gave them. */
  readonly subject: string;
  readonly visit: string;
  readonly suite: string;
  readonly examination: Examination;
}

const NAMES: readonly string[] = MEASURES.filter(isSided).map(({ name }) => name);

/** A tidy table: one row per subject, visit and movement. A value that cannot be measured is an empty cell. */
export function* cohortTable(visits: readonly CohortVisit[]): Generator<string> {
  yield `${[
    'subject,visit,suite,unit,affected,affected_guessed,movement,code,start,end,source,confidence',
    'frames_used,frames_excluded',
    ...NAMES.flatMap((name) => [...SIDES.map((side) => `${name}_change_${side}`), `${name}_ratio`]),
    ...ACTION_UNITS.flatMap((name) => SIDES.flatMap((side) => [`${name}_peak_${side}`, `${name}_change_${side}`])),
  ].join(',')}\n`;
  for (const { subject, visit, suite, examination } of visits) {
    const { movements, rows, affected, unit } = examination;
    for (const [place, movement] of movements.entries()) {
      const own = new Map(rows.flatMap((row) => (row.movement === place ? [[keyOf(row), row] as const] : [])));
      const any = [...own.values()][0];
      const cell = (name: string, side: string, of: 'change' | 'peak' | 'ratio'): string =>
        own.get(`${name} ${side}`)?.[of]?.toFixed(4) ?? '';
      yield `${[
        ...[subject, visit, suite].map(quoted),
        unit,
        affected.side,
        affected.isGuess ? '1' : '0',
        place + 1,
        movement.code,
        movement.start.toFixed(3),
        movement.end.toFixed(3),
        movement.source,
        movement.confidence?.toFixed(2) ?? '',
        any?.framesUsed ?? '',
        any?.framesExcluded ?? '',
        ...NAMES.flatMap((name) => [...SIDES.map((side) => cell(name, side, 'change')), cell(name, 'left', 'ratio')]),
        ...ACTION_UNITS.flatMap((name) =>
          SIDES.flatMap((side) => [cell(name, side, 'peak'), cell(name, side, 'change')]),
        ),
      ].join(',')}\n`;
    }
  }
}

/**
 * A row per subject and visit, in the columns of the original's analysis: `BS_Max Frame`, `BS_Left AU12_r`,
 * `BS_Left AU12_r (Normalized)`. Of several repeats the median; the frame is that of the first.
 */
export function* wideTable(visits: readonly CohortVisit[]): Generator<string> {
  const codes = MOVEMENT_CODES.filter((code) =>
    visits.some(({ examination }) => examination.movements.some((movement) => movement.code === code)),
  );
  const titled = SIDES.map((side) => [side, side === 'left' ? 'Left' : 'Right'] as const);
  yield `${[
    'Patient ID,Visit',
    ...codes.flatMap((code) => [
      `${code}_Max Frame`,
      ...titled.flatMap(([, title]) =>
        ACTION_UNITS.flatMap((unit) => [`${code}_${title} ${unit}_r`, `${code}_${title} ${unit}_r (Normalized)`]),
      ),
    ]),
  ].join(',')}\n`;
  for (const { subject, visit, examination } of visits) {
    const { movements, rows, pictures } = examination;
    const cells = codes.flatMap((code) => {
      const places = movements.flatMap((movement, place) => (movement.code === code ? [place] : []));
      const peak = pictures[places[0] ?? -1]?.peak ?? null;
      const values = titled.flatMap(([side]) =>
        ACTION_UNITS.flatMap((unit) => {
          const own = rows.filter((row) => places.includes(row.movement) && row.side === side && row.name === unit);
          const change = median(own.flatMap((row) => row.change ?? []));
          return [shown(median(own.flatMap((row) => row.peak ?? []))), shown(Math.max(0, change))];
        }),
      );
      return [peak === null ? '' : String(peak), ...values];
    });
    yield `${[quoted(subject), quoted(visit), ...cells].join(',')}\n`;
  }
}

function keyOf({ name, side }: MovementRow): string {
  return `${name} ${side}`;
}

function shown(value: number): string {
  return Number.isNaN(value) ? '' : value.toFixed(3);
}

function quoted(text: string): string {
  // Text that a spreadsheet would take for a formula is none.
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
