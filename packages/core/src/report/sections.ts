import { median } from '../arithmetic.js';
import { SIDES } from '../action-units/units.js';
import type { Examination } from '../examination/examination.js';
import { MOVEMENT_CODES, MOVEMENT_KINDS } from '../movements/codes.js';
import type { SynkinesisCell } from '../movements/movement.js';
import { QUALITY_LIMITS, QUALITY_REASONS, type QualityReason } from '../quality/limits.js';
import { escapeHtml, factsHtml, number, paragraph, sectionHtml, tableHtml, words } from './html.js';
import { NONE, numberText, sideText, signed, timeText } from './wording.js';

const LIMITS: Readonly<Record<QualityReason, string>> = {
  'no-face': 'a face must be found',
  yaw: `head turned by at most ${QUALITY_LIMITS.yaw}° to either side`,
  pitch: `head at most ${QUALITY_LIMITS.pitch}° up or down from its usual place in the video`,
  'small-face': `at least ${QUALITY_LIMITS.interOcularPixels} pixels between the eyes`,
  blur: `at least ${QUALITY_LIMITS.relativeSharpness} of the sharpness of the video's sharper frames`,
  'frame-rate': `at least ${QUALITY_LIMITS.framesPerSecond} frames a second`,
  jump: 'no leap of the head for a single frame',
  occluded: 'nothing before the face',
};

/** How many frames count, and why others do not. */
export function qualitySection({ quality, blinks }: Examination): string {
  const { frames, framesUsable, reasons } = quality;
  const rows = QUALITY_REASONS.flatMap((reason) => {
    const count = reasons[reason] ?? 0;
    return count === 0 ? [] : [[reason, escapeHtml(LIMITS[reason]), String(count), percent(count, frames)]];
  });
  const sentence =
    `${framesUsable} of ${frames} frames (${percent(framesUsable, frames)}) are used. Unevenness of` +
    ' the face is never a reason to leave a frame out.';
  const table =
    rows.length === 0
      ? paragraph('No frame is outside the limits.')
      : tableHtml([words('reason'), words('limit'), number('frames'), number('part')], rows);
  const rate = blinks.isFrameRateEnough
    ? ''
    : paragraph('The frame rate is low: short blinks can fall between two frames.', 'note');
  return sectionHtml('Quality', paragraph(sentence) + table + rate);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? NONE : `${((100 * part) / whole).toFixed(1)} %`;
}

/** Involuntary movement beside voluntary, with published ranges and no verdict. */
export function synkinesisSection({ synkinesis, movements, affected }: Examination): string {
  if (synkinesis.rows.length === 0 && synkinesis.matrix.length === 0) return '';
  const difference = affected.side === 'none' ? 'left less right' : 'affected less healthy';
  const rows = synkinesis.rows.map((row) => {
    const digits = row.kind === 'oral-ocular' ? 1 : 2;
    return [
      row.kind === 'oral-ocular' ? 'eye opening lost' : 'mouth corner travel over that of the smile',
      `${row.movement + 1} · ${row.code}`,
      timeText(movements[row.movement]?.start ?? 0),
      `<span class="l">${numberText(row.left, digits)}</span>`,
      `<span class="r">${numberText(row.right, digits)}</span>`,
      signed(row.difference, digits),
      numberText(row.noise, digits),
      row.kind === 'oral-ocular' ? '%' : '',
      row.published.text === ''
        ? ''
        : `${escapeHtml(row.published.text)} <span class="note">(${escapeHtml(row.published.source)})</span>`,
    ];
  });
  const table = tableHtml(
    [
      words('what'),
      words('movement'),
      number('at'),
      number('left'),
      number('right'),
      number(difference),
      number('noise'),
      words('unit'),
      words('published'),
    ],
    rows,
  );
  const note =
    'Numbers within the noise say nothing. Healthy smiles narrow the eye, too: published ranges stand ' +
    'beside the numbers, and nothing is concluded from them.';
  return sectionHtml('Synkinesis', paragraph(note, 'note') + table + matrix(synkinesis.matrix));
}

/** Action units of a side that should rest: the stronger the darker. */
function matrix(cells: readonly SynkinesisCell[]): string {
  const known = cells.filter(({ change }) => change !== null);
  if (known.length === 0) return '';
  const units = [...new Set(known.map(({ unit }) => unit))];
  const codes = MOVEMENT_CODES.filter((code) => known.some((cell) => cell.code === code));
  const most = Math.max(1, ...known.map(({ change }) => Math.abs(change ?? 0)));
  const tables = SIDES.map((side) => {
    const rows = codes.map((code) => [
      `<b>${code}</b>`,
      ...units.map((unit) => {
        const cell = known.find((each) => each.code === code && each.unit === unit && each.side === side);
        if (cell?.change == null) return '';
        const strength = Math.round(Math.min(100, (100 * Math.max(0, cell.change)) / most));
        return (
          `<span class="cell${cell.isKnownPair ? ' pair' : ''}" style="background:color-mix(in srgb,var(--` +
          `${side}) ${strength}%,transparent)">${numberText(cell.change, 1)}` +
          '</span>'
        );
      }),
    ]);
    return (
      `<h3>${side}: action units that should rest, by movement` +
      `</h3>${tableHtml([words(''), ...units.map(words)], rows, 'heat')}`
    );
  });
  return (
    tables.join('') +
    paragraph(
      'Median change of the intensity over all repeats. Framed: pairs that are known to go together in synkinesis.',
      'note',
    )
  );
}

/** Every blink, and what they have in common. */
export function blinkSection({ blinks, affected }: Examination): string {
  const all = blinks.blinks;
  if (all.length === 0)
    return sectionHtml('Blinks', paragraph('No blink was found outside of voluntary eye closures.'));
  const eyes = SIDES.map((side) => {
    const own = all.flatMap((blink) => blink[side] ?? []);
    const complete = own.filter(({ isComplete }) => isComplete).length;
    const middle = (of: (eye: (typeof own)[number]) => number): number | null =>
      own.length === 0 ? null : median(own.map(of));
    return [
      `<span class="${side === 'left' ? 'l' : 'r'}">${escapeHtml(sideText(side, affected))}</span>`,
      String(own.length),
      `${complete} / ${own.length - complete}`,
      numberText(
        middle(({ amplitude }) => 100 * amplitude),
        0,
      ),
      numberText(
        middle(({ closingMs }) => closingMs),
        0,
      ),
      numberText(
        middle(({ openingMs }) => openingMs),
        0,
      ),
    ];
  });
  const delays = all.flatMap(({ delayMs }) => delayMs ?? []);
  const facts = factsHtml([
    ['Blinks', String(all.length)],
    ['A minute', numberText(blinks.perMinute, 1)],
    ['Left eye later by (median)', delays.length === 0 ? NONE : `${signed(median(delays), 0)} ms`],
  ]);
  const table = tableHtml(
    [
      words('eye'),
      number('blinks'),
      number('complete / partial'),
      number('opening lost, %'),
      number('closing, ms'),
      number('opening, ms'),
    ],
    eyes,
  );
  return sectionHtml('Blinks', facts + table);
}

/** What the codes mean, and which were looked for. */
export function codesNote(): string {
  return paragraph(
    `Codes: ${MOVEMENT_CODES.map((code) => `${code} ${MOVEMENT_KINDS[code].name}`).join(', ')}.`,
    'note',
  );
}
