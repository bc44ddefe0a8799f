/**
 * A value for every name, in their order. (Pairs of names and values made first would be most of what a frame leaves
 * behind.)
 */
export function byName<Name extends string, Value>(
  names: readonly Name[],
  valueOf: (name: Name, place: number) => Value,
): Record<Name, Value> {
  const values: Partial<Record<Name, Value>> = {};
  names.forEach((name, place) => (values[name] = valueOf(name, place)));
  return values as Record<Name, Value>; // each name has its value now
}
