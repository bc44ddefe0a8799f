import { mean, median } from '../arithmetic.js';
import { ACTION_UNITS, SIDES, type Side } from '../action-units/units.js';
import { MEASURES, isSided, unitOfMeasure } from '../action-units/measures.js';
import type { ExamCurves } from './exam-curves.js';
import { MOVEMENT_KINDS } from './codes.js';
import type { Movement, MovementRow, ValueUnit } from './movement.js';
import type { MovementFrames } from './movement-frames.js';

/** In standard deviations of the rest: what the side that divides must have moved for a ratio. */
export const RATIO_NOISES = 3;

/** The sides of a ratio: affected over healthy, or left over right when none is affected. */
export function ratioSides(affected: Side | 'none'): { readonly over: Side; readonly under: Side } {
  return affected === 'right' ? { over: 'right', under: 'left' } : { over: 'left', under: 'right' };
}

/** The rows of one movement: a measure or action unit and a side each, without ratios. */
export function movementRows(curves: ExamCurves, place: number, frames: MovementFrames): MovementRow[] {
  const shared = {
    movement: place,
    framesUsed: frames.held.length,
    framesExcluded: frames.excluded,
    excluded: frames.reasons,
  };
  const rows: MovementRow[] = [];
  const start = frames.held[0] ?? 0;
  const add = (
    kind: MovementRow['kind'],
    name: string,
    unit: ValueUnit,
    of: (side: Side) => Float32Array | undefined,
  ): void => {
    for (const side of SIDES) {
      const values = of(side);
      const rest = values === undefined ? NONE : restOf(values, frames.rest, start);
      const peak = values === undefined ? null : finite(median(frames.held.map((i) => values[i] ?? NaN)));
      const change = peak === null || rest.rest === null ? null : peak - rest.rest;
      const staticOf = kind === 'measure' ? values : curves[side].staticUnits[name as (typeof ACTION_UNITS)[number]];
      const row: MovementRow = {
        ...shared,
        side,
        kind,
        name,
        unit,
        ...rest,
        restStatic: staticOf === undefined ? null : restOf(staticOf, frames.rest, start).rest,
        peak,
        change,
        ratio: null,
        hold: frames.hold,
        ...(values === undefined ? { onset: null, topSpeed: null } : rising(curves.time, values, frames, rest, change)),
      };
      if (row.peak !== null || row.rest !== null) rows.push(row);
    }
  };
  for (const measure of MEASURES)
    if (isSided(measure))
      add('measure', measure.name, unitOfMeasure(measure, curves.unit), (side) => curves[side].measures[measure.name]);
  for (const unit of ACTION_UNITS) add('unit', unit, curves.unitScale, (side) => curves[side].units[unit]);
  return rows;
}

const NONE = { rest: null, restNoise: null };

/**
 * Median and spread at rest. The spread is taken about the median of each half, before and after the movement, since
 * what drifts slowly from one to the other falls out of a change against both.
 */
function restOf(
  values: Float32Array,
  frames: readonly number[],
  start: number,
): { readonly rest: number | null; readonly restNoise: number | null } {
  const halves = [frames.filter((i) => i < start), frames.filter((i) => i >= start)].map((half) =>
    half.map((i) => values[i] ?? NaN),
  );
  const middles = halves.map(median).filter((middle) => !Number.isNaN(middle));
  const offs = halves.flatMap((half) => {
    const middle = median(half);
    return half.map((value) => Math.abs(value - middle));
  });
  return { rest: finite(mean(middles)), restNoise: finite(1.4826 * median(offs)) };
}

/** The rows with their ratios: the affected over the healthy side's change, left over right when none is affected. */
export function withRatios(rows: readonly MovementRow[], affected: Side | 'none'): MovementRow[] {
  const { over, under } = ratioSides(affected);
  const keyOf = ({ movement, name }: MovementRow, side: Side): string => `${movement} ${name} ${side}`;
  const byKey = new Map(rows.map((row) => [keyOf(row, row.side), row] as const));
  return rows.map((row) => {
    const above = byKey.get(keyOf(row, over));
    const below = byKey.get(keyOf(row, under));
    const [change, divisor, noise] = [above?.change ?? null, below?.change ?? null, below?.restNoise ?? null];
    const isMoved = divisor !== null && noise !== null && divisor !== 0 && Math.abs(divisor) >= RATIO_NOISES * noise;
    return { ...row, ratio: isMoved && change !== null ? finite(change / divisor) : null };
  });
}

/** How a value rises from rest to its peak: time from 10 to 90 %, and greatest speed over 0.1 s. */
function rising(
  time: Float64Array,
  values: Float32Array,
  { rise }: MovementFrames,
  { rest, restNoise }: { readonly rest: number | null; readonly restNoise: number | null },
  change: number | null,
): Pick<MovementRow, 'onset' | 'topSpeed'> {
  const none = { onset: null, topSpeed: null };
  if (change === null || rest === null || restNoise === null || !(Math.abs(change) > RATIO_NOISES * restNoise))
    return none;
  const part = (i: number): number => ((values[i] ?? NaN) - rest) / change;
  const top = rise.findIndex((i) => part(i) >= 0.9);
  if (top < 0) return none;
  let low = top;
  while (low > 0 && part(rise[low] ?? -1) > 0.1) low--;
  const at = (k: number): number => time[rise[k] ?? -1] ?? NaN;
  const crossing = (k: number, level: number): number => {
    const [before, after] = [part(rise[k - 1] ?? -1), part(rise[k] ?? -1)];
    return k < 1 || !(after > before) ? at(k) : at(k - 1) + ((level - before) / (after - before)) * (at(k) - at(k - 1));
  };
  let speed = 0;
  let first = 0;
  for (let k = 0; k < rise.length; k++) {
    while (at(k) - at(first) > 0.1) first++;
    const from = Math.max(0, first - 1);
    const seconds = at(k) - at(from);
    if (seconds > 0.05)
      speed = Math.max(speed, Math.abs((part(rise[k] ?? -1) - part(rise[from] ?? -1)) * change) / seconds);
  }
  return { onset: finite(crossing(top, 0.9) - crossing(Math.min(top, low + 1), 0.1)), topSpeed: finite(speed) };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Columns of the by-movement table. */
export const BY_MOVEMENT_COLUMNS = [
  'movement',
  'start',
  'end',
  'code',
  'side',
  'kind',
  'name',
  'unit',
  'rest',
  'rest_sd',
  'rest_static',
  'peak',
  'change',
  'ratio',
  'onset_s',
  'hold_s',
  'top_speed',
  'frames_used',
  'frames_excluded',
  'excluded_why',
] as const;

/** The text of a by-movement table, line by line; a value that cannot be measured is an empty cell. */
export function* byMovementTable(movements: readonly Movement[], rows: readonly MovementRow[]): Generator<string> {
  yield `${BY_MOVEMENT_COLUMNS.join(',')}\n`;
  for (const row of rows) {
    const movement = movements[row.movement];
    if (movement === undefined) continue;
    const digits = row.kind === 'measure' ? 4 : 3;
    const numbers = [row.rest, row.restNoise, row.restStatic, row.peak, row.change].map(
      (value) => value?.toFixed(digits) ?? '',
    );
    const times = [row.ratio, row.onset, row.hold].map((value) => value?.toFixed(3) ?? '');
    const why = Object.entries(row.excluded).map(([reason, count]) => `${reason}: ${count}`);
    yield `${[
      row.movement + 1,
      movement.start.toFixed(3),
      movement.end.toFixed(3),
      movement.code,
      row.side,
      row.kind,
      row.name,
      row.unit,
      ...numbers,
      ...times,
      row.topSpeed?.toFixed(digits) ?? '',
      row.framesUsed,
      row.framesExcluded,
      why.join('; '),
    ].join(',')}\n`;
  }
}

/** What the movement is judged by: the first of its kind's measures that has rows; null for kinds without. */
export function leadingRows(rows: readonly MovementRow[], place: number, movement: Movement): readonly MovementRow[] {
  const own = rows.filter((row) => row.movement === place && row.kind === 'measure');
  for (const name of MOVEMENT_KINDS[movement.code].measures) {
    const found = own.filter((row) => row.name === name && row.change !== null);
    if (found.length > 0) return found;
  }
  return [];
}
