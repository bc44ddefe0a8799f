import { SIDES } from '../action-units/units.js';
import type { Examination } from '../examination/examination.js';
import type { MovementCode } from '../movements/codes.js';
import { frameRange } from '../movements/movement-frames.js';
import { pathOf } from './curve-chart.js';
import { escapeHtml } from './html.js';
import { nameText } from './wording.js';

const WIDTH = 236;
const HEIGHT = 74;
const MARGIN = 3;
/** Seconds of rest that are shown to each side. */
const AROUND = 0.8;

/** Least and greatest value that charts share. */
export type Range = readonly [least: number, most: number];

/** What a measure spans in all movements of a code, over some examinations; null when it is nowhere known. */
export function courseRange(examinations: readonly Examination[], code: MovementCode, name: string): Range | null {
  let [least, most] = [Infinity, -Infinity];
  for (const { curves, movements } of examinations)
    for (const movement of movements) {
      if (movement.code !== code) continue;
      const [from, to] = frameRange(curves.time, movement.start - AROUND, movement.end + AROUND);
      for (const side of SIDES)
        for (let i = from; i <= to; i++) {
          const value = curves[side].measures[name]?.[i] ?? NaN;
          if (value < least) least = value;
          if (value > most) most = value;
        }
    }
  return most > least ? [least, most] : null;
}

/** The course of a measure in all repeats of a movement, one upon the other. */
export function courseChart(
  { curves, movements }: Examination,
  code: MovementCode,
  name: string,
  [least, most]: Range,
): string {
  const own = movements.filter((movement) => movement.code === code);
  const longest = Math.max(...own.map(({ start, end }) => end - start)) + 2 * AROUND;
  const y = (value: number): number => HEIGHT - MARGIN - ((value - least) / (most - least)) * (HEIGHT - 2 * MARGIN);
  const lines = own.flatMap((movement) => {
    const start = Math.max(0, movement.start - AROUND);
    const end = movement.end + AROUND;
    const x = (seconds: number): number => ((seconds - start) / longest) * WIDTH;
    return SIDES.map((side) => {
      const values = curves[side].measures[name] ?? new Float32Array(0);
      return `<path class="curve ${side}" d="${pathOf(curves.time, values, { start, end, x }, y)}"/>`;
    });
  });
  const label = escapeHtml(`${nameText(name)} of both sides in ${own.length} repeats`);
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">${lines.join('')}</svg>`;
}
