/** The arithmetic that `Math` lacks. */

/** The value, or the end of the range that it lies beyond; NaN stays NaN. */
export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** NaN of no values. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/**
 * The value below which that part of the values lies, straight between the two nearest. Of the values that are numbers;
 * NaN when none is.
 * @param part 0 (the smallest) to 1 (the largest).
 */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sortedQuantile(sorted, sorted.length, part);
}

/** The same of the first `count` values, which are numbers in rising order. See {@link quantile}. */
export function sortedQuantile(sorted: ArrayLike<number>, count: number, part: number): number {
  const place = (count - 1) * part;
  const low = sorted[Math.floor(place)] ?? NaN;
  const high = sorted[Math.ceil(place)] ?? NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** The middle value, of an even number the mean of the two in the middle. See {@link quantile}. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function toDegrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

export function toRadians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
