import { ACTION_UNITS, SIDES, type Side } from '../action-units/units.js';
import { MEASURES } from '../action-units/measures.js';
import type { Examination } from '../examination/examination.js';
import { MOVEMENT_CODES, MOVEMENT_KINDS } from '../movements/codes.js';
import type { Movement, MovementRow } from '../movements/movement.js';
import { frameRange } from '../movements/movement-frames.js';
import { fixed, pathOf } from './curve-chart.js';
import { escapeHtml, jpegAddress, number, sectionHtml, tableHtml, words } from './html.js';
import type { FramePicture } from './pictures.js';
import { changeText, nameText, numberText, ratioTitle, sideText, timeText, unitText, valueText } from './wording.js';

/** The movements, by kind: each with the pictures of its rest and peak, its course, and its table. */
export function movementSections(examination: Examination, pictures: ReadonlyMap<number, FramePicture>): string {
  const { movements, affected } = examination;
  if (movements.length === 0) return sectionHtml('Movements', '<p>No movement was found.</p>');
  const groups = MOVEMENT_CODES.flatMap((code) => {
    const own = movements.flatMap((movement, place) => (movement.code === code ? [{ movement, place }] : []));
    if (own.length === 0) return [];
    const cards = own.map(({ movement, place }) => card(examination, movement, place, pictures));
    const times = own.length === 1 ? 'once' : `${own.length} times`;
    return [
      `<h3><span class="code">${code}</span>${escapeHtml(MOVEMENT_KINDS[code].name)}, ${times}</h3>${cards.join('')}`,
    ];
  });
  const intro =
    '<p class="note">Rest and peak of each movement. Mirrored pictures show one side of the patient' +
    ' and its own mirror image. Change is the median of the held part less the rest; ratio is ' +
    `${ratioTitle(affected)}, and empty when the side that divides moved less than three times its` +
    ' noise.</p>';
  return sectionHtml('Movements', intro + groups.join(''), 'movements');
}

function card(
  examination: Examination,
  movement: Movement,
  place: number,
  pictures: ReadonlyMap<number, FramePicture>,
): string {
  const { rows, affected, quality } = examination;
  const own = rows.filter((row) => row.movement === place);
  const told = movement.confidence === null ? '' : `, confidence ${numberText(movement.confidence, 2)}`;
  const count = quality.movements[place];
  const out = count === undefined ? 0 : count.frames - count.framesUsable;
  const leftOut =
    out === 0
      ? ''
      : ` · ${out} of ${count?.frames ?? 0} frames left out (${Object.keys(count?.reasons ?? {}).join(', ')})`;
  const when =
    `<p class="when"><b>${place + 1}</b> · ${timeText(movement.start)}–${timeText(movement.end)} ·` +
    ` ${movement.source}${told}${leftOut}</p>`;
  const kind = MOVEMENT_KINDS[movement.code];
  const telling = [...kind.measures, ...kind.units];
  const brief = telling.flatMap((name) => briefRow(own, name));
  const table =
    brief.length === 0 ? '' : tableHtml([words('change'), number('left'), number('right'), number('ratio')], brief);
  const all = [...MEASURES.map(({ name }) => name), ...ACTION_UNITS].flatMap((name) => fullRow(own, name));
  const details =
    all.length === 0
      ? ''
      : `<details><summary>All ${all.length} values of movement ${place + 1}</summary>${tableHtml(
          [
            words('measure or action unit'),
            words('unit'),
            ...SIDES.flatMap((side) =>
              ['rest', '± SD', 'peak', 'change', 'onset s', 'top speed'].map((title) => number(`${side} ${title}`)),
            ),
            number(ratioTitle(affected)),
            number('held s'),
            number('frames'),
          ],
          all,
        )}</details>`;
  return (
    `<div class="movement"><div>${when}${spark(examination, movement, own)}${table}` +
    `</div><div>${stills(examination, place, pictures)}` +
    `</div></div>${details}`
  );
}

function ofSide(rows: readonly MovementRow[], name: string, side: Side): MovementRow | undefined {
  return rows.find((row) => row.name === name && row.side === side);
}

function briefRow(rows: readonly MovementRow[], name: string): string[][] {
  const [left, right] = SIDES.map((side) => ofSide(rows, name, side));
  const one = left ?? right;
  if (one === undefined) return [];
  const cell = (row: MovementRow | undefined, side: Side): string =>
    `<span class="${side === 'left' ? 'l' : 'r'}">${changeText(row?.change ?? null, one.unit)}</span>`;
  return [
    [
      `${escapeHtml(nameText(name))} <span class="note">${unitText(one.unit)}</span>`,
      cell(left, 'left'),
      cell(right, 'right'),
      numberText(one.ratio, 2),
    ],
  ];
}

function fullRow(rows: readonly MovementRow[], name: string): string[][] {
  const [left, right] = SIDES.map((side) => ofSide(rows, name, side));
  const one = left ?? right;
  if (one === undefined) return [];
  const cells = (row: MovementRow | undefined): string[] => [
    valueText(row?.rest ?? null, one.unit),
    valueText(row?.restNoise ?? null, one.unit),
    valueText(row?.peak ?? null, one.unit),
    changeText(row?.change ?? null, one.unit),
    numberText(row?.onset ?? null, 2),
    valueText(row?.topSpeed ?? null, one.unit),
  ];
  const out = one.framesExcluded === 0 ? '' : ` (${one.framesExcluded} left out)`;
  return [
    [
      escapeHtml(nameText(name)),
      unitText(one.unit),
      ...cells(left),
      ...cells(right),
      numberText(one.ratio, 2),
      numberText(one.hold, 2),
      `${one.framesUsed}${out}`,
    ],
  ];
}

const SPARK = { width: 236, height: 74, margin: 3 };
/** Seconds of rest that are shown to each side. */
const AROUND = 0.8;

/** The course of what the movement is judged by. */
function spark({ curves, affected }: Examination, movement: Movement, rows: readonly MovementRow[]): string {
  const name = MOVEMENT_KINDS[movement.code].measures.find((each) => rows.some((row) => row.name === each));
  if (name === undefined) return '';
  const [start, end] = [Math.max(0, movement.start - AROUND), movement.end + AROUND];
  const [from, to] = frameRange(curves.time, start, end);
  let [least, most] = [Infinity, -Infinity];
  for (const side of SIDES)
    for (let i = from; i <= to; i++) {
      const value = curves[side].measures[name]?.[i] ?? NaN;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  if (!(most > least)) return '';
  const { width, height, margin } = SPARK;
  const x = (seconds: number): number => ((seconds - start) / (end - start)) * width;
  const y = (value: number): number => height - margin - ((value - least) / (most - least)) * (height - 2 * margin);
  const lines = SIDES.map((side) => {
    const values = curves[side].measures[name] ?? new Float32Array(0);
    return `<path class="curve ${side}" d="${pathOf(curves.time, values, { start, end, x }, y)}"/>`;
  });
  const story = `${nameText(name)} during the movement: ${SIDES.map((side) => sideText(side, affected)).join(' and ')}`;
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(story)}">` +
    `<rect class="band" x="${fixed(x(movement.start))}" y="0" width="` +
    `${fixed(x(movement.end) - x(movement.start))}" height="${height}"/>${lines.join('')}` +
    '</svg>'
  );
}

/** Rest and peak: the face, and each side with its mirror image. */
function stills(
  { pictures: wanted, affected, curves }: Examination,
  place: number,
  pictures: ReadonlyMap<number, FramePicture>,
): string {
  const of = (moment: 'rest' | 'peak'): string => {
    const frame = wanted[place]?.[moment] ?? null;
    const found = frame === null ? undefined : pictures.get(frame);
    if (frame === null || found === undefined) return '<span></span><span></span><span></span>';
    const at = timeText(curves.time[frame - 1] ?? 0);
    const still = (bytes: Uint8Array | null, what: string): string =>
      bytes === null
        ? '<span></span>'
        : `<figure><img alt="${escapeHtml(`Movement ${place + 1}, ${moment}: ${what}`)}" src="` +
          `${jpegAddress(bytes)}"><figcaption>${escapeHtml(what)}` +
          '</figcaption></figure>';
    return [
      still(found.original, `${moment}, ${at}`),
      still(found.right, `${sideText('right', affected)} mirrored`),
      still(found.left, `${sideText('left', affected)} mirrored`),
    ].join('');
  };
  const own = wanted[place];
  const isThere = own !== undefined && [own.rest, own.peak].some((frame) => frame !== null && pictures.has(frame));
  return isThere ? `<div class="stills">${of('rest')}<span class="gap"></span>${of('peak')}</div>` : '';
}
