import type { SeriesPoint } from '../../results/summary.js';
import { barsInWords, extentOf, lanesOf, seriesInWords, timelineInWords } from './chart-words.js';
import type { Bar } from './document.js';
import type { Stage } from 'facemirror-core/profile/stages.js';
import type { TimelineSpan } from '../../results/summary.js';
import { escapeHtml } from 'facemirror-core/report/html.js';
import { ms } from '../../wording.js';

const WIDTH = 900;
const LEFT = 150;

/** More points than that are finer than a screen, and a zigzag of neighbours hides their course. */
const MOST_POINTS = 120;

/** Neighbouring points joined, so that at most that many are left. */
function joined(points: readonly SeriesPoint[], most: number): SeriesPoint[] {
  const together = Math.ceil(points.length / most);
  const groups = Array.from({ length: Math.ceil(points.length / together) }, (_, group) =>
    points.slice(group * together, (group + 1) * together),
  );
  return groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        at: first.at,
        mean: group.reduce((sum, { mean }) => sum + mean, 0) / group.length,
        max: Math.max(...group.map(({ max }) => max)),
      },
    ];
  });
}

/** A line of means over a shade up to the maxima, with the scale's ends named. */
export function seriesChart(title: string, all: readonly SeriesPoint[], unit: string, axis: string): string {
  const points = joined(all, MOST_POINTS);
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return '';
  const height = 200;
  const bottom = height - 28;
  const largest = Math.max(...points.map((point) => point.max)) || 1;
  const span = last.at - first.at || 1;
  const x = (at: number): string => (LEFT + ((at - first.at) / span) * (WIDTH - LEFT - 20)).toFixed(1);
  const y = (value: number): string => (bottom - (value / largest) * (bottom - 14)).toFixed(1);
  const line = points.map((point) => `${x(point.at)},${y(point.mean)}`).join(' ');
  const shade = `${x(first.at)},${bottom} ${points.map((point) => `${x(point.at)},${y(point.max)}`).join(' ')} ${x(last.at)},${bottom}`;
  const ticks = [0, 0.5, 1].map(
    (part) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(largest * part)}" y2="${y(largest * part)}"/><text x="${LEFT - 8}" y="${y(largest * part)}" text-anchor="end" dominant-baseline="middle">${(largest * part).toFixed(largest < 10 ? 1 : 0)} ${escapeHtml(unit)}</text>`,
  );
  const places = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = Math.round((first.at + part * span) * (span > 20 ? 1 : 10)) / (span > 20 ? 1 : 10);
    return `<text x="${x(at)}" y="${height - 8}" text-anchor="${part === 1 ? 'end' : part === 0 ? 'start' : 'middle'}">${escapeHtml(format(at))}</text>`;
  });
  const axisName = `<text x="${LEFT - 8}" y="${height - 8}" text-anchor="end">${escapeHtml(axis)}</text>`;
  return drawing(
    height,
    `${title}: ${seriesInWords(all, unit)}`,
    `${axisName}${ticks.join('')}<polygon class="shade" points="${shade}"/><polyline class="line" points="${line}"/>${places.join('')}`,
  );
}

const STAGE_HUES: Readonly<Record<Stage, number>> = {
  decode: 210,
  convert: 190,
  detect: 30,
  landmarks: 50,
  mirror: 140,
  overlay: 100,
  'action-units': 330,
  encode: 265,
  write: 0,
  wait: 240,
};

/** The spans of a stretch of frames, one lane each, so that what runs side by side is seen. */
export function timelineChart(title: string, spans: readonly TimelineSpan[]): string {
  if (spans.length === 0) return '';
  const lanes = lanesOf(spans);
  const { start, end } = extentOf(spans);
  const rowHeight = 26;
  const height = lanes.length * rowHeight + 30;
  const scale = (WIDTH - LEFT - 20) / (end - start || 1);
  const names = lanes.map(
    (lane, row) =>
      `<text x="${LEFT - 8}" y="${row * rowHeight + 14}" text-anchor="end" dominant-baseline="middle">${escapeHtml(lane)}</text>`,
  );
  const bars = spans.map((span) => {
    const x = (LEFT + (span.startMs - start) * scale).toFixed(2);
    const width = Math.max(0.75, span.durationMs * scale).toFixed(2);
    const y = lanes.indexOf(span.lane) * rowHeight + 3;
    const story = `${span.lane}, frame ${span.frame}: ${span.durationMs.toFixed(2)} ms`;
    return `<rect x="${x}" y="${y}" width="${width}" height="${rowHeight - 6}" rx="2" style="--hue:${STAGE_HUES[span.stage]}" class="span${span.frame % 2 === 0 ? '' : ' odd'}"><title>${escapeHtml(story)}</title></rect>`;
  });
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = LEFT + part * (end - start) * scale;
    const anchor = part === 1 ? 'end' : part === 0 ? 'start' : 'middle';
    return `<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height - 26}"/><text x="${x}" y="${height - 8}" text-anchor="${anchor}">${ms((end - start) * part)}</text>`;
  });
  return `${drawing(height, `${title}: ${timelineInWords(spans)}`, names.join('') + grid.join('') + bars.join(''))}${legend(spans.map(({ stage }) => stage))}`;
}

/** What the colours mean. */
function legend(stages: readonly Stage[]): string {
  const entries = [...new Set(stages)].map(
    (stage) => `<span><i style="--hue:${STAGE_HUES[stage]}"></i>${escapeHtml(stage)}</span>`,
  );
  return `<p class="legend">${entries.join('')}<span>paler: every other frame</span></p>`;
}

/** Lengths one below the other, each with its value in words. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const rowHeight = 26;
  const largest = Math.max(...bars.map((bar) => bar.value)) || 1;
  // Room for the words of the longest bar.
  const room = WIDTH - LEFT - 330;
  const rows = bars.map(({ label, value, text, stage }, row) => {
    const width = Math.max(1, (value / largest) * room).toFixed(1);
    const y = row * rowHeight;
    const colour = stage === undefined ? 'class="plain"' : `class="span" style="--hue:${STAGE_HUES[stage]}"`;
    return `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end" dominant-baseline="middle">${escapeHtml(label)}</text><rect x="${LEFT}" y="${y + 3}" width="${width}" height="${rowHeight - 6}" rx="2" ${colour}/><text x="${LEFT + Number(width) + 8}" y="${y + 14}" dominant-baseline="middle">${escapeHtml(text)}</text>`;
  });
  return drawing(bars.length * rowHeight + 4, `${title}: ${barsInWords(bars)}`, rows.join(''));
}

/** Narrow screens scroll a chart instead of shrinking its words; a text describes it for those who cannot see it. */
function drawing(height: number, story: string, inside: string): string {
  return `<div class="scroll"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(story)}">${inside}</svg></div>`;
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
