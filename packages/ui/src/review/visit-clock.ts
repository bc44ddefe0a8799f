import type { MovementCode, ReviewFiles } from '../backend/review.js';
import type { PlayClock } from '../player/step-player.js';
import { curvesOf, nearest } from './curves.js';
import { movementsOf } from './movement-table.js';

/** A visit as its video is aligned with others. */
export interface TimedVisit {
  /** Seconds by frame, ascending, as its tables have them. */
  readonly times: Float64Array;
  /** First movement of each code: where it begins and ends, in seconds of `times`. */
  readonly movements: ReadonlyMap<MovementCode, { readonly start: number; readonly end: number }>;
}

/** A clock on which the same movement begins at the same tick in all visits. */
export interface VisitClock extends PlayClock {
  /** The tick at which the movement (or the latest of the videos) begins. */
  readonly start: number;
  /** The tick at which the longest of the movements ends; null without a movement. */
  readonly end: number | null;
}

export function timedVisit(files: ReviewFiles): TimedVisit {
  const movements = new Map<MovementCode, { start: number; end: number }>();
  for (const { code, start, end } of movementsOf(files.tables.movements))
    if (!movements.has(code)) movements.set(code, { start, end });
  return { times: curvesOf(files).times, movements };
}

/** The movements that all visits have. */
export function sharedCodes([first, ...rest]: readonly TimedVisit[]): readonly MovementCode[] {
  return [...(first?.movements.keys() ?? [])].filter((code) => rest.every(({ movements }) => movements.has(code)));
}

/**
 * Lays the visits' frames on one clock, which ticks once per frame of the fastest video. At each tick every video shows
 * the frame whose own time since the movement began is nearest to the clock's.
 * @param code null: the videos begin together
 */
export function visitClock(visits: readonly TimedVisit[], code: MovementCode | null): VisitClock {
  const anchors = visits.map(({ times, movements }) => {
    const begin = code === null ? undefined : movements.get(code)?.start;
    // On a frame, so that videos of one rate tick frame by frame.
    return (begin === undefined ? times[0] : times[nearest(times, begin)]) ?? 0;
  });
  const step = Math.min(...visits.map(({ times }) => frameSeconds(times)));
  const ticksTo = (edge: (times: Float64Array) => number): number[] =>
    visits.map(({ times }, index) => Math.round((edge(times) - (anchors[index] ?? 0)) / step));
  const from = Math.min(0, ...ticksTo((times) => times[0] ?? 0));
  const to = Math.max(0, ...ticksTo((times) => times.at(-1) ?? 0));
  const times = Float64Array.from({ length: to - from + 1 }, (_, tick) => (tick + from) * step);
  const frames = visits.map(({ times: own }, index) =>
    Int32Array.from(times, (time) => nearest(own, (anchors[index] ?? 0) + time)),
  );
  const longest = Math.max(
    ...visits.map(({ movements }) => {
      const movement = code === null ? undefined : movements.get(code);
      return movement === undefined ? 0 : movement.end - movement.start;
    }),
  );
  const end = longest > 0 ? Math.min(to, Math.round(longest / step)) - from : null;
  return { times, frames, start: -from, end };
}

/** Median time between frames, so that a gap in a recording counts for nothing. */
function frameSeconds(times: Float64Array): number {
  const gaps = Float64Array.from(times.subarray(1), (time, frame) => time - (times[frame] ?? 0)).sort();
  const middle = gaps[gaps.length >> 1];
  return middle !== undefined && middle > 0 ? middle : 1 / 30;
}
