import type { ReviewFiles } from '../backend/review.js';
import { numbersOf, parseCsv, type Table } from './csv.js';

/** One measure or action unit over the video, on both sides of the face. */
export interface Curve {
  /** Without its side and unit, such as `brow_height` or `AU12`. */
  readonly name: string;
  /** `mm`, `iod` (inter-ocular distances), `deg`, or empty for action units. */
  readonly unit: string;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** The curves of a run on one time axis. */
export interface CurveSet {
  /** Seconds of the video by frame, as the tables have them: a video's first frame may come later than its sound. */
  readonly times: Float64Array;
  readonly curves: readonly Curve[];
  /** Why a frame is left out of medians; empty if it is not. By frame. */
  readonly excluded: readonly string[];
}

/** Curves shown first, when the run has them. */
export const FIRST_CURVES: readonly string[] = [
  'palpebral_fissure',
  'commissure_lateral',
  'commissure_height',
  'brow_height',
];

/** Reads the curves out of a run's tables: measures first, then action units. */
export function curvesOf({ tables }: ReviewFiles): CurveSet {
  const measures = tables.measures === undefined ? null : parseCsv(tables.measures);
  const left = tables.left === undefined ? null : parseCsv(tables.left);
  const right = tables.right === undefined ? null : parseCsv(tables.right);
  const timed = measures ?? left;
  const stamps = timed === null ? null : numbersOf(timed, 'timestamp');
  return {
    times: stamps ?? new Float64Array(),
    curves: [...(measures === null ? [] : measureCurves(measures)), ...unitCurves(left, right)],
    excluded: timed === null ? [] : exclusions(timed),
  };
}

const SIDED = /^(?<name>.+)_left_(?<unit>mm|iod|deg|percent|mm2|iod2)$/;

function measureCurves(table: Table): Curve[] {
  return table.columns.flatMap((column) => {
    const { name, unit } = SIDED.exec(column)?.groups ?? {};
    if (name === undefined || unit === undefined) return [];
    const left = numbersOf(table, column);
    const right = numbersOf(table, `${name}_right_${unit}`);
    return left === null || right === null ? [] : [{ name, unit, left, right }];
  });
}

function unitCurves(left: Table | null, right: Table | null): Curve[] {
  if (left === null || right === null) return [];
  return left.columns
    .filter((column) => /^AU\d\d_r$/.test(column))
    .flatMap((column) => {
      const onLeft = numbersOf(left, column);
      const onRight = numbersOf(right, column);
      if (onLeft === null || onRight === null || onLeft.every(Number.isNaN)) return [];
      return [{ name: column.slice(0, -2), unit: '', left: onLeft, right: onRight }];
    });
}

function exclusions(table: Table): string[] {
  const reason = table.columns.indexOf('excluded');
  const success = table.columns.indexOf('success');
  return table.rows.map((row) => {
    const given = reason === -1 ? '' : (row[reason] ?? '');
    if (given !== '') return given;
    return success !== -1 && row[success] === '0' ? 'no face' : '';
  });
}

/** The frame whose time is nearest. @param times ascending */
export function nearest(times: Float64Array, seconds: number): number {
  let low = 0;
  let high = Math.max(0, times.length - 1);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) <= seconds) low = middle;
    else high = middle;
  }
  return Math.abs((times[high] ?? Infinity) - seconds) < Math.abs((times[low] ?? Infinity) - seconds) ? high : low;
}
