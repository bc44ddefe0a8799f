import type { Movement, MovementCode } from '../backend/review.js';

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

/** Moves an edge; it stays within the video, between its neighbours, and before (behind) its other edge. */
export function withEdge(
  movements: readonly Movement[],
  index: number,
  edge: 'start' | 'end',
  seconds: number,
  duration: number,
): readonly Movement[] {
  const movement = movements[index];
  if (movement === undefined) return movements;
  const least = edge === 'start' ? (movements[index - 1]?.end ?? 0) : movement.start + SHORTEST;
  const most = edge === 'end' ? (movements[index + 1]?.start ?? duration) : movement.end - SHORTEST;
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
export function withNew(movements: readonly Movement[], seconds: number, duration: number): readonly Movement[] {
  if (movements.some(({ start, end }) => seconds >= start && seconds < end)) return movements;
  const next = movements.find(({ start }) => start >= seconds)?.start ?? duration;
  const end = Math.min(seconds + 1, next, duration);
  if (end - seconds < SHORTEST) return movements;
  return sorted([...movements, { start: seconds, end, code: 'BS', source: 'edited', confidence: null }]);
}
