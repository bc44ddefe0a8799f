import { mean, sum } from '../arithmetic.js';
import { ACTION_UNITS, SIDES, type Side } from '../action-units/units.js';
import { MEASURES } from '../action-units/measures.js';
import { FaceMirrorError } from '../errors.js';
import type { Examination } from '../examination/examination.js';
import { MOVEMENT_CODES, type MovementCode } from '../movements/codes.js';
import type { ValueUnit } from '../movements/movement.js';

/** A visit that is compared: an examination, and what its numbers depend on. */
export interface Visit {
  /** As tables and reports call it. */
  readonly name: string;
  readonly suite: string;
  /** Which faces the sides were measured on. */
  readonly measure: string;
  readonly examination: Examination;
}

/** Repeats of a movement that an error of measurement needs at least. */
export const LEAST_REPEATS = 3;

/** One number of one visit. */
export interface VisitValue {
  /** Mean of the repeats; null where there is none. */
  readonly value: number | null;
  readonly repeats: number;
  /**
   * Standard error, from how the repeats differ; null below {@link LEAST_REPEATS}. Of a change that of the mean; of the
   * rest the standard deviation itself, since the rests of one video are no independent repeats.
   */
  readonly sem: number | null;
}

/** What became of a number since the first visit. */
export interface VisitChange {
  readonly change: number | null;
  /** Smallest detectable change: 1.96 x sqrt 2 x SEM, the quadratic mean of both visits' SEMs; null: unknown. */
  readonly sdc: number | null;
  /** Whether the change is more than that; null when either is unknown. */
  readonly isBeyond: boolean | null;
}

/** One number in all visits. */
export interface ComparisonRow {
  /** Null for the face at rest. */
  readonly code: MovementCode | null;
  /** `rest`: the value at rest; `change`: from rest to the peak of a movement. */
  readonly quantity: 'rest' | 'change';
  readonly kind: 'measure' | 'unit';
  readonly name: string;
  readonly side: Side;
  readonly unit: ValueUnit;
  /** In the order of the visits. */
  readonly values: readonly VisitValue[];
  /** The first is the first visit's own: all null. */
  readonly changes: readonly VisitChange[];
}

/** Visits side by side. */
export interface Comparison {
  readonly visits: readonly Visit[];
  readonly rows: readonly ComparisonRow[];
}

/**
 * Compares visits of one patient: the same numbers side by side, and the change since the first beside the smallest
 * detectable change.
 * @throws FaceMirrorError USAGE for fewer than two visits, and for visits whose numbers mean different things
 */
export function compareVisits(visits: readonly Visit[]): Comparison {
  const [first, ...later] = visits;
  if (first === undefined || later.length === 0)
    throw new FaceMirrorError('USAGE', 'A comparison needs two visits or more: give the records of both.');
  for (const visit of later) requireAlike(first, visit);
  const rows: ComparisonRow[] = [];
  const named = [
    ...MEASURES.map(({ name }) => ({ kind: 'measure' as const, name })),
    ...ACTION_UNITS.map((name) => ({ kind: 'unit' as const, name })),
  ];
  for (const code of [null, ...MOVEMENT_CODES])
    for (const { kind, name } of named)
      for (const side of SIDES) {
        const quantity = code === null ? 'rest' : 'change';
        if (code === null && kind === 'unit') continue;
        const found = visits.map((visit) => numbersOf(visit, code, name, side, quantity));
        const unit = found.find((each) => each.unit !== null)?.unit ?? null;
        if (unit === null) continue;
        const values = found.map(({ numbers }) => valueOf(numbers, quantity));
        const changes = values.map((value, i) => (i === 0 ? NO_CHANGE : changeOf(values[0], value)));
        rows.push({ code, quantity, kind, name, side, unit, values, changes });
      }
  return { visits, rows };
}

const NO_CHANGE: VisitChange = { change: null, sdc: null, isBeyond: null };

function requireAlike(a: Visit, b: Visit): void {
  const differ = (what: string, x: string | number, y: string | number, advice: string): void => {
    if (x === y) return;
    throw new FaceMirrorError(
      'USAGE',
      `${a.name} and ${b.name} cannot be compared, as their ${what} differ (${x} and ${y}): ${advice}.`,
    );
  };
  differ('suites', a.suite, b.suite, 'process one of the videos again with the suite of the other');
  differ('ways of measuring', a.measure, b.measure, 'process one of the videos again with the other `measure`');
  differ(
    'units',
    a.examination.unit,
    b.examination.unit,
    'process both videos with `iris: true`, or both without, and compare again',
  );
  differ(
    'versions of the definitions',
    a.examination.definitionsVersion,
    b.examination.definitionsVersion,
    'process both videos again with this version',
  );
  differ(
    'scales of action units',
    a.examination.curves.unitScale,
    b.examination.curves.unitScale,
    'process both videos with the same models',
  );
}

function numbersOf(
  { examination: { rows, movements } }: Visit,
  code: MovementCode | null,
  name: string,
  side: Side,
  quantity: 'rest' | 'change',
): { readonly numbers: readonly number[]; readonly unit: ValueUnit | null } {
  const own = rows.filter(
    (row) => row.name === name && row.side === side && (code === null || movements[row.movement]?.code === code),
  );
  const numbers = own.flatMap((row) => row[quantity] ?? []);
  return { numbers, unit: numbers.length === 0 ? null : (own[0]?.unit ?? null) };
}

function valueOf(numbers: readonly number[], quantity: ComparisonRow['quantity']): VisitValue {
  const repeats = numbers.length;
  if (repeats === 0) return { value: null, repeats, sem: null };
  const value = mean(numbers);
  if (repeats < LEAST_REPEATS) return { value, repeats, sem: null };
  const deviation = Math.sqrt(sum(numbers.map((each) => (each - value) ** 2)) / (repeats - 1));
  return { value, repeats, sem: quantity === 'rest' ? deviation : deviation / Math.sqrt(repeats) };
}

function changeOf(before: VisitValue | undefined, now: VisitValue): VisitChange {
  if (before?.value == null || now.value === null) return NO_CHANGE;
  const change = now.value - before.value;
  if (before.sem === null || now.sem === null) return { change, sdc: null, isBeyond: null };
  const sem = Math.sqrt((before.sem ** 2 + now.sem ** 2) / 2);
  const sdc = 1.96 * Math.SQRT2 * sem;
  return { change, sdc, isBeyond: Math.abs(change) > sdc };
}

/** The text of a comparison's table, line by line. What is unknown is an empty cell. */
export function* comparisonTable({ visits, rows }: Comparison): Generator<string> {
  const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const columns = visits.flatMap(({ name }, i) => [
    quoted(name),
    `repeats_${i + 1}`,
    ...(i === 0 ? [] : [`change_${i + 1}`, `smallest_detectable_change_${i + 1}`, `beyond_${i + 1}`]),
  ]);
  yield `${['code', 'quantity', 'kind', 'name', 'side', 'unit', ...columns].join(',')}\n`;
  for (const { code, quantity, kind, name, side, unit, values, changes } of rows) {
    const cells = values.flatMap(({ value, repeats }, i) => {
      const { change = null, sdc = null, isBeyond = null } = changes[i] ?? {};
      const shown = [value?.toFixed(4) ?? '', String(repeats)];
      if (i === 0) return shown;
      return [...shown, change?.toFixed(4) ?? '', sdc?.toFixed(4) ?? '', isBeyond === null ? '' : isBeyond ? '1' : '0'];
    });
    yield `${[code ?? '', quantity, kind, name, side, unit, ...cells].join(',')}\n`;
  }
}
