import type { SeriesPoint } from '../../results/summary.js';
import type { TimelineSpan } from '../../results/summary.js';
import type { Bar } from './document.js';
import { ms, percent } from '../../wording.js';

/** What a series chart shows, for those who read instead of look. */
export function seriesInWords(points: readonly SeriesPoint[], unit: string): string {
  const means = points.map((point) => point.mean);
  const value = (number: number): string =>
    unit === 'ms' ? ms(number) : `${number.toFixed(number < 10 ? 1 : 0)} ${unit}`;
  return `${value(Math.min(...means))} to ${value(Math.max(...points.map((point) => point.max)))}, at the end ${value(means.at(-1) ?? 0)}`;
}

/** The same of bars. */
export function barsInWords(bars: readonly Bar[]): string {
  return bars.map(({ label, text }) => `${label} ${text}`).join('; ');
}

/** From above in the order in which a frame passes them. */
const LANES = ['decode', 'face', 'worker', 'drawing', 'units', 'encode', 'write'] as const;

function laneOrder(lane: string): number {
  const place = LANES.findIndex((name) => lane.startsWith(name));
  return place < 0 ? LANES.length : place;
}

/** The lanes of a timeline, in their order from above. */
export function lanesOf(spans: readonly TimelineSpan[]): string[] {
  return [...new Set(spans.map((span) => span.lane))].toSorted(
    (a, b) => laneOrder(a) - laneOrder(b) || a.localeCompare(b, 'en', { numeric: true }),
  );
}

/** When a timeline begins and ends, in ms since the run's start. */
export function extentOf(spans: readonly TimelineSpan[]): { readonly start: number; readonly end: number } {
  return {
    start: Math.min(...spans.map(({ startMs }) => startMs)),
    end: Math.max(...spans.map(({ startMs, durationMs }) => startMs + durationMs)),
  };
}

/**
 * Of each lane: how many pieces of work it did in the stretch that is shown, and the part of that time in which it was
 * busy.
 */
export function timelineRows(
  spans: readonly TimelineSpan[],
): readonly (readonly [lane: string, pieces: string, busy: string])[] {
  const { start, end } = extentOf(spans);
  return lanesOf(spans).map((lane) => {
    const own = spans.filter((span) => span.lane === lane);
    return [lane, String(own.length), percent(covered(own) / (end - start || 1))] as const;
  });
}

/** The same as a sentence. */
export function timelineInWords(spans: readonly TimelineSpan[]): string {
  const { start, end } = extentOf(spans);
  return `${ms(end - start)} of the run; busy: ${timelineRows(spans)
    .map(([lane, , busy]) => `${lane} ${busy}`)
    .join(', ')}`;
}

/** Milliseconds in which at least one of the spans goes on. */
function covered(spans: readonly TimelineSpan[]): number {
  let [sum, until] = [0, -Infinity];
  for (const { startMs, durationMs } of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    sum += Math.max(0, startMs + durationMs - Math.max(until, startMs));
    until = Math.max(until, startMs + durationMs);
  }
  return sum;
}
