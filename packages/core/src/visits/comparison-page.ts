import { SIDES } from '../action-units/units.js';
import { MOVEMENT_CODES, MOVEMENT_KINDS, type MovementCode } from '../movements/codes.js';
import { courseChart, courseRange } from '../report/course-chart.js';
import { escapeHtml, jpegAddress, number, pageHtml, paragraph, sectionHtml, tableHtml, words } from '../report/html.js';
import { REPORT_STYLE } from '../report/style.js';
import { changeText, INTENDED_USE, nameText, NONE, unitText, valueText } from '../report/wording.js';
import type { Comparison, ComparisonRow, Visit } from './compare.js';

/** Pictures of the peaks: of each visit, by movement code, a JPEG. */
export type PeakPictures = readonly ReadonlyMap<MovementCode, Uint8Array>[];

/** A comparison as one page that needs nothing else. */
export function comparisonPage(comparison: Comparison, pictures: PeakPictures): string {
  const { visits, rows } = comparison;
  const title = visits.map(({ name }) => name).join(' → ');
  const codes = MOVEMENT_CODES.filter((code) => rows.some((row) => row.code === code));
  const intro =
    'Change since the first visit, beside the smallest detectable change (SDC = 1.96 x √2 x SEM; the SEM of a ' +
    'visit’s mean comes from its repeats of the movement, of which three are needed). A change within the SDC ' +
    'can be chance. A change beyond it is marked; whether it matters is for a person to judge.';
  const content = [
    `<header><p class="kind">Comparison of visits</p><h1>${escapeHtml(title)}</h1>`,
    `<p class="sub">Left and right are the patient’s.</p><p class="use">${escapeHtml(INTENDED_USE)}</p></header>\n`,
    sectionHtml(
      'Movements',
      paragraph(intro, 'note') + codes.map((code) => group(comparison, code, pictures)).join(''),
    ),
    sectionHtml(
      'At rest',
      table(
        visits,
        rows.filter(({ quantity }) => quantity === 'rest'),
      ),
    ),
    sectionHtml(
      'Every number',
      codes
        .map((code) => {
          const own = rows.filter((row) => row.code === code);
          return `<details><summary>${code}: ${own.length} numbers</summary>${table(visits, own)}</details>`;
        })
        .join(''),
    ),
  ];
  return pageHtml(`Comparison: ${title}`, REPORT_STYLE, content.join(''));
}

function group({ visits, rows }: Comparison, code: MovementCode, pictures: PeakPictures): string {
  const kind = MOVEMENT_KINDS[code];
  const telling: readonly string[] = [...kind.measures, ...kind.units];
  const own = rows.filter((row) => row.code === code && telling.includes(row.name));
  const [name] = kind.measures;
  const range =
    name === undefined
      ? null
      : courseRange(
          visits.map(({ examination }) => examination),
          code,
          name,
        );
  const figures = visits.map((visit, i) => {
    const picture = pictures[i]?.get(code);
    const chart = name === undefined || range === null ? '' : courseChart(visit.examination, code, name, range);
    const still =
      picture === undefined ? '' : `<img alt="${code}, peak, ${escapeHtml(visit.name)}" src="${jpegAddress(picture)}">`;
    return `<figure>${still}${chart}<figcaption>${escapeHtml(visit.name)}</figcaption></figure>`;
  });
  return (
    `<h3><span class="code">${code}</span>${escapeHtml(kind.name)}</h3>` +
    `<div class="pair-stills">${figures.join('')}</div>${table(visits, own)}`
  );
}

function table(visits: readonly Visit[], rows: readonly ComparisonRow[]): string {
  const columns = [
    words('what'),
    words('unit'),
    ...visits.flatMap(({ name }, i) => [number(name), ...(i === 0 ? [] : [number('change'), number('SDC')])]),
  ];
  return tableHtml(
    columns,
    rows.map((row) => [
      `${escapeHtml(nameText(row.name))}, <span class="${row.side === SIDES[0] ? 'l' : 'r'}">${row.side}</span>`,
      unitText(row.unit),
      ...row.values.flatMap(({ value, repeats }, i) => {
        const shown = row.quantity === 'rest' ? valueText(value, row.unit) : changeText(value, row.unit);
        const cell = `<span title="${repeats} repeats">${shown}</span>`;
        const { change = null, sdc = null, isBeyond = null } = row.changes[i] ?? {};
        if (i === 0) return [cell];
        const name = isBeyond === true ? 'change beyond' : 'change';
        const unknown = change === null ? NONE : '<span class="note">unknown</span>';
        return [
          cell,
          `<span class="${name}">${changeText(change, row.unit)}</span>`,
          sdc === null ? unknown : valueText(sdc, row.unit),
        ];
      }),
    ]),
  );
}
