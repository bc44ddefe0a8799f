import { median } from '../arithmetic.js';
import { SIDES, type Side } from '../action-units/units.js';
import type { Examination } from '../examination/examination.js';
import { leadingRows } from '../movements/by-movement.js';
import { MOVEMENT_CODES, MOVEMENT_KINDS } from '../movements/codes.js';
import type { MovementRow } from '../movements/movement.js';
import { fixed } from './curve-chart.js';
import { escapeHtml } from './html.js';
import { nameText, numberText, ratioTitle, sideText, unitText, valueText } from './wording.js';

const WIDTH = 1030;
const MIDDLE = 500;
const ARM = 250;
const ROW = 30;
const TOP = 24;

interface Bar {
  readonly code: string;
  readonly name: string;
  readonly measure: string;
  readonly unit: MovementRow['unit'];
  /** Sizes of the repeats' changes. */
  readonly changes: Readonly<Record<Side, readonly number[]>>;
  readonly ratio: number | null;
}

/**
 * How far each side moved, a row for each kind of movement: the patient's right to the left, as one sees the patient.
 * Each row's scale is its own: the stronger side's median is the whole length.
 */
export function overviewChart({ movements, rows, affected }: Examination): string {
  const bars = MOVEMENT_CODES.flatMap((code): Bar[] => {
    const own = movements.flatMap((movement, place) =>
      movement.code === code ? [leadingRows(rows, place, movement)] : [],
    );
    const all = own.flat();
    const first = all[0];
    if (first === undefined) return [];
    const sizes = (side: Side): number[] =>
      all.flatMap((row) => (row.side === side && row.change !== null ? [Math.abs(row.change)] : []));
    const ratio = median(own.flatMap(([row]) => row?.ratio ?? []));
    return [
      {
        code,
        name: MOVEMENT_KINDS[code].name,
        measure: nameText(first.name),
        unit: first.unit,
        changes: { left: sizes('left'), right: sizes('right') },
        ratio: Number.isNaN(ratio) ? null : ratio,
      },
    ];
  });
  if (bars.length === 0) return '';
  const height = TOP + bars.length * ROW;
  const heads =
    `<text class="strong" x="${MIDDLE - 8}" y="13" text-anchor="end">` +
    escapeHtml(sideText('right', affected)) +
    `</text><text class="strong" x="${MIDDLE + 8}" y="13">${escapeHtml(sideText('left', affected))}` +
    `</text><text x="${WIDTH - 4}" y="13" text-anchor="end">${ratioTitle(affected)}` +
    '</text>';
  const lines = bars.map((bar, i) => row(bar, TOP + i * ROW));
  const told = bars.map(({ name, changes, unit }) => {
    const [left, right] = SIDES.map((side) => plain(median(changes[side]), unit));
    return `${name}: left ${left ?? ''}, right ${right ?? ''}`;
  });
  const story = `How far each side moved. ${told.join('; ')}.`;
  return (
    `<div class="chart"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="` +
    `${escapeHtml(story)}">${heads}${lines.join('')}` +
    `<line class="grid" x1="${MIDDLE}" x2="${MIDDLE}" y1="${TOP - 4}" y2="${height}"/>` +
    '</svg></div>'
  );
}

function row({ code, name, measure, unit, changes, ratio }: Bar, y: number): string {
  const most = Math.max(...SIDES.map((side) => median(changes[side])).filter((value) => !Number.isNaN(value)));
  const scale = (value: number): number => (most > 0 ? Math.min(1.15, value / most) * ARM : 0);
  const middle = y + ROW / 2;
  const arms = SIDES.map((side) => {
    const value = median(changes[side]);
    if (Number.isNaN(value)) return '';
    const sign = side === 'left' ? 1 : -1;
    const length = scale(value);
    const tip = Math.max(length, ...changes[side].map(scale));
    const x = side === 'left' ? MIDDLE + 1 : MIDDLE - 1 - length;
    const dots = changes[side].map(
      (change) => `<circle class="dot" cx="${fixed(MIDDLE + sign * scale(change))}" cy="${middle}" r="2.6"/>`,
    );
    const text =
      `<text x="${fixed(MIDDLE + sign * (tip + 9))}" y="${middle + 4}" text-anchor="` +
      `${side === 'left' ? 'start' : 'end'}">${valueText(value, unit)} ${unitText(unit)}` +
      '</text>';
    return (
      `<rect class="bar-${side}" x="${fixed(x)}" y="${y + 7}" width="${fixed(length)}" height="` +
      `${ROW - 14}" rx="3"/>${dots.join('')}${text}`
    );
  });
  return (
    `<text class="strong" x="0" y="${middle - 2}">${code} · ${escapeHtml(name)}` +
    `</text><text x="0" y="${middle + 11}">${escapeHtml(measure)}` +
    `</text>${arms.join('')}<text class="strong" x="${WIDTH - 4}" y="${middle + 4}" text-anchor="end">` +
    (ratio === null ? '–' : numberText(ratio, 2)) +
    '</text>'
  );
}

function plain(value: number, unit: MovementRow['unit']): string {
  return Number.isNaN(value) ? 'not measured' : `${value.toFixed(3)} ${unitText(unit)}`;
}
