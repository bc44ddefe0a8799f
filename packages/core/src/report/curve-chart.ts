import { quantile } from '../arithmetic.js';
import { SIDES, type Side } from '../action-units/units.js';
import { MEASURES, unitOfMeasure } from '../action-units/measures.js';
import type { Examination } from '../examination/examination.js';
import { frameRange } from '../movements/movement-frames.js';
import { reasonsOf } from '../quality/gate.js';
import { escapeHtml } from './html.js';
import { nameText, sideText, unitText } from './wording.js';

const WIDTH = 1030;
const LEFT = 118;
const RIGHT = 8;
const PANEL = 84;
const PANEL_GAP = 12;
const TOP = 22;
const BOTTOM = 22;
/** A longer video is drawn in several strips. */
const STRIP_SECONDS = 90;
/** More points than that are finer than a screen or a printer. */
const MOST_BUCKETS = 480;

/** The measures whose curves tell the movements apart, top of the face first. */
const SHOWN = [
  'brow_height',
  'palpebral_fissure',
  'alar_height',
  'commissure_travel',
  'commissure_lateral',
  'dental_show',
] as const;

/** What curves are drawn of. */
type Drawn = Pick<Examination, 'curves' | 'movements' | 'blinks' | 'quality' | 'affected' | 'unit'>;

/** The curves of both sides over the whole video, with movements, blinks and unusable frames marked. */
export function curveCharts(examination: Drawn): string {
  const { time } = examination.curves;
  const end = time.at(-1) ?? 0;
  if (time.length < 2 || !(end > 0)) return '';
  const strips = Math.max(1, Math.ceil(end / STRIP_SECONDS));
  const length = end / strips;
  const scales = SHOWN.map((name) => scaleOf(examination, name));
  return Array.from({ length: strips }, (_, i) => strip(examination, scales, i * length, (i + 1) * length)).join('');
}

interface Scale {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

/** One scale for the whole video, without single frames that leap. */
function scaleOf({ curves }: Drawn, name: string): Scale {
  const seen = SIDES.flatMap((side) => Array.from(curves[side].measures[name] ?? []));
  const [low, high] = [quantile(seen, 0.002), quantile(seen, 0.998)];
  const margin = Math.max(0.06 * (high - low), 1e-6);
  return { name, least: low - margin, most: high + margin };
}

function strip(examination: Drawn, scales: readonly Scale[], start: number, end: number): string {
  const shown = scales.filter(({ least, most }) => Number.isFinite(least + most));
  const height = TOP + shown.length * (PANEL + PANEL_GAP) + BOTTOM;
  const bottom = height - BOTTOM;
  const x = (seconds: number): number => LEFT + ((seconds - start) / (end - start)) * (WIDTH - LEFT - RIGHT);
  const inside = (seconds: number): boolean => seconds >= start && seconds <= end;
  const bands = examination.movements
    .filter((movement) => movement.end > start && movement.start < end)
    .map(({ start: from, end: to, code }) => {
      const [a, b] = [x(Math.max(start, from)), x(Math.min(end, to))];
      return (
        `<rect class="band" x="${fixed(a)}" y="${TOP - 2}" width="${fixed(b - a)}" height="` +
        `${bottom - TOP + 2}"/><text class="strong" x="${fixed((a + b) / 2)}" y="13" text-anchor="middle">` +
        `${code}</text>`
      );
    });
  const step = niceStep(end - start);
  const ticks: string[] = [];
  for (let at = Math.ceil(start / step) * step; at <= end; at += step)
    ticks.push(
      `<line class="grid" x1="${fixed(x(at))}" x2="${fixed(x(at))}" y1="${bottom}" y2="${bottom + 4}"/>` +
        `<text x="${fixed(x(at))}" y="${bottom + 16}" text-anchor="middle">${at} s` +
        '</text>',
    );
  const panels = shown.map((scale, i) => panel(examination, scale, TOP + i * (PANEL + PANEL_GAP), { start, end, x }));
  const blinks = examination.blinks.blinks
    .filter(({ onset }) => inside(onset))
    .map(
      ({ onset }) =>
        `<line class="blink" x1="${fixed(x(onset))}" x2="${fixed(x(onset))}" y1="${bottom - 7}" y2="${bottom}"/>`,
    );
  const story =
    `Curves of both sides from ${start.toFixed(0)} to ${end.toFixed(0)} s: ` +
    `${shown.map(({ name }) => nameText(name)).join(', ')}. ${examination.movements.length} movements.`;
  return (
    `<div class="chart"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="` +
    `${escapeHtml(story)}">${bands.join('')}${unusable(examination, start, end, x, bottom)}` +
    `${panels.join('')}${blinks.join('')}${ticks.join('')}` +
    '</svg></div>'
  );
}

interface Window {
  readonly start: number;
  readonly end: number;
  readonly x: (seconds: number) => number;
}

function panel({ curves, unit }: Drawn, { name, least, most }: Scale, top: number, window: Window): string {
  const y = (value: number): number => top + PANEL * (1 - Math.min(1, Math.max(0, (value - least) / (most - least))));
  const measure = MEASURES.find((each) => each.name === name);
  const units = measure === undefined ? '' : unitText(unitOfMeasure(measure, unit));
  const digits = most - least >= 10 ? 0 : most - least >= 1 ? 1 : 2;
  const grid = [least + 0.08 * (most - least), (least + most) / 2, most - 0.08 * (most - least)].map(
    (value) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(value))}" y2="` +
      `${fixed(y(value))}"/><text x="${LEFT - 6}" y="${fixed(y(value) + 3.5)}" text-anchor="end">` +
      value.toFixed(digits).replace('-', '−') +
      '</text>',
  );
  const label = wrapped(nameText(name)).map(
    (line, i) => `<text class="strong" x="0" y="${top + 22 + 13 * i}">${escapeHtml(line)}</text>`,
  );
  const lines = SIDES.map((side) => {
    const values = curves[side].measures[name] ?? new Float32Array(0);
    return `<path class="curve ${side}" d="${pathOf(curves.time, values, window, y)}"/>`;
  });
  return (
    `${grid.join('')}${label.join('')}<text x="0" y="${top + 22 + 13 * label.length}">${units}` +
    `</text>${lines.join('')}`
  );
}

/** Long names stand in two lines. */
function wrapped(name: string): string[] {
  const words = name.split(' ');
  if (name.length <= 13) return [name];
  const half = Math.ceil(words.length / 2);
  return [words.slice(0, half).join(' '), words.slice(half).join(' ')];
}

/** The course of a curve: of each stretch that is a pixel or two wide the least and the greatest, in their order. */
export function pathOf(
  time: Float64Array,
  values: Float32Array,
  { start, end, x }: Window,
  y: (value: number) => number,
): string {
  const [from, to] = frameRange(time, start, end);
  const together = Math.max(1, Math.floor((to - from + 1) / MOST_BUCKETS));
  let path = '';
  let isDown = false;
  const put = (i: number): void => {
    path += `${isDown ? 'L' : 'M'}${fixed(x(time[i] ?? 0))} ${fixed(y(values[i] ?? 0))}`;
    isDown = true;
  };
  for (let first = from; first <= to; first += together) {
    let [low, high] = [-1, -1];
    for (let i = first; i < Math.min(first + together, to + 1); i++) {
      const value = values[i] ?? NaN;
      if (Number.isNaN(value)) continue;
      if (low < 0 || value < (values[low] ?? NaN)) low = i;
      if (high < 0 || value > (values[high] ?? NaN)) high = i;
    }
    if (low < 0) isDown = false;
    else if (low === high) put(low);
    else {
      put(Math.min(low, high));
      put(Math.max(low, high));
    }
  }
  return path;
}

/** Stretches of frames that the quality gate leaves out. */
function unusable(
  { quality, curves: { time } }: Drawn,
  start: number,
  end: number,
  x: Window['x'],
  bottom: number,
): string {
  const [from, to] = frameRange(time, start, end);
  const rects: string[] = [];
  for (let i = from; i <= to; i++) {
    const bits = quality.byFrame[i] ?? 0;
    if (bits === 0) continue;
    const first = i;
    while (i < to && quality.byFrame[i + 1] === bits) i++;
    const [a, b] = [x(time[first] ?? start), x(time[Math.min(i + 1, to)] ?? end)];
    rects.push(
      `<rect class="bad" x="${fixed(a)}" y="${TOP - 2}" width="${fixed(Math.max(1, b - a))}" height="` +
        `${bottom - TOP + 2}"><title>${reasonsOf(bits).join(', ')}` +
        '</title></rect>',
    );
  }
  return rects.join('');
}

/** What the colours and marks of the curves mean. */
export function curveLegend({ affected, quality, blinks }: Pick<Drawn, 'affected' | 'quality' | 'blinks'>): string {
  const side = (each: Side): string => `<span><i class="i-${each}"></i>${escapeHtml(sideText(each, affected))}</span>`;
  return `<p class="legend">${side('left')}${side('right')}<span><i class="i-band"></i>movement</span>${
    quality.framesUsable < quality.frames ? '<span><i class="i-bad"></i>frames left out</span>' : ''
  }${blinks.blinks.length > 0 ? '<span>| at the foot: blink</span>' : ''}</p>`;
}

function niceStep(seconds: number): number {
  return [1, 2, 5, 10, 20, 30].find((step) => seconds / step <= 16) ?? 60;
}

export function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
