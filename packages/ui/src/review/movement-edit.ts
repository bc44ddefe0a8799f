import type { Movement, MovementCode, NeutralStretch } from '../backend/review.js';

/** Shortest movement, in seconds: a blink. */
const SHORTEST = 0.05;

/** A movement as a person has now given it. */
function edited(movement: Movement): Movement {
  return { ...movement, source: 'edited', confidence: null };
}

/** The list in the order of time. */
function sorted(movements: readonly Movement[]): readonly Movement[] {
  return [...movements].sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The video's first and last time, in seconds. */
export interface VideoSpan {
  readonly from: number;
  readonly to: number;
}

/** Moves an edge; it stays within the video, between its neighbours, and before (behind) its other edge. */
export function withEdge(
  movements: readonly Movement[],
  index: number,
  edge: 'start' | 'end',
  seconds: number,
  { from, to }: VideoSpan,
): readonly Movement[] {
  const movement = movements[index];
  if (movement === undefined) return movements;
  const least = edge === 'start' ? (movements[index - 1]?.end ?? from) : movement.start + SHORTEST;
  const most = edge === 'end' ? (movements[index + 1]?.start ?? to) : movement.end - SHORTEST;
  const place = Math.min(Math.max(seconds, Math.min(least, most)), most);
  return movements.map((each, at) => (at === index ? edited({ ...each, [edge]: place }) : each));
}

export function withCode(movements: readonly Movement[], index: number, code: MovementCode): readonly Movement[] {
  return movements.map((each, at) => (at === index ? edited({ ...each, code }) : each));
}

export function without(movements: readonly Movement[], index: number): readonly Movement[] {
  return movements.filter((_, at) => at !== index);
}

/** Cuts a movement in two; the list is unchanged where a part would be too short. */
export function withSplit(movements: readonly Movement[], index: number, seconds: number): readonly Movement[] {
  const movement = movements[index];
  if (movement === undefined || seconds < movement.start + SHORTEST || seconds > movement.end - SHORTEST)
    return movements;
  return movements.flatMap((each, at) =>
    at === index ? [edited({ ...each, end: seconds }), edited({ ...each, start: seconds })] : [each],
  );
}

/** Adds a movement of a second where there is room for one; else the list is unchanged. */
export function withNew(movements: readonly Movement[], seconds: number, { to }: VideoSpan): readonly Movement[] {
  if (movements.some(({ start, end }) => seconds >= start && seconds < end)) return movements;
  const next = movements.find(({ start }) => start >= seconds)?.start ?? to;
  const end = Math.min(seconds + 1, next, to);
  if (end - seconds < SHORTEST) return movements;
  return sorted([...movements, { start: seconds, end, code: 'BS', source: 'edited', confidence: null }]);
}

/** Shortest stretch of rest, in seconds. */
const SHORTEST_REST = 0.2;

/** Moves an edge of the stretch of rest; it stays within the video and long enough. */
export function withRestEdge(
  neutral: NeutralStretch,
  edge: 'start' | 'end',
  seconds: number,
  { from, to }: VideoSpan,
): NeutralStretch {
  const least = edge === 'start' ? from : neutral.start + SHORTEST_REST;
  const most = edge === 'end' ? to : neutral.end - SHORTEST_REST;
  return { ...neutral, [edge]: Math.min(Math.max(seconds, least), most), isChosen: true };
}

/** A second of rest from a time on, or the second before the video's end. */
export function restAt(seconds: number, { from, to }: VideoSpan): NeutralStretch {
  const start = Math.max(from, Math.min(seconds, to - 1));
  return { start, end: Math.min(start + 1, to), isChosen: true };
}
