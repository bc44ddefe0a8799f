/** 1234567 as `1,234,567`. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** Percent of 0 to 100 with one decimal, e.g. `81.3 %`; never rounded to 100 or 0 when it is neither. */
export function percent(value: number): string {
  const rounded = value > 0 && value < 0.05 ? '<0.1' : value < 100 && value > 99.95 ? '>99.9' : value.toFixed(1);
  return `${rounded} %`;
}

/** A part of a whole as percent; `-` of an empty whole. */
export function share(part: number, whole: number): string {
  return whole === 0 ? '-' : percent((100 * part) / whole);
}

/** Bytes in decimal units: `512 B`, `4.9 MB`. */
export function bytes(value: number): string {
  return scaled(value, 1000, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** Multiply-accumulates: `37.6 M`, `1.24 G`. */
export function macs(value: number): string {
  return scaled(value, 1000, ['', 'k', 'M', 'G', 'T', 'P']);
}

/** Milliseconds, to three figures. */
export function milliseconds(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toFixed(3)} ms`;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  let left = value;
  // 999.5 and above would be shown as 1000 of the smaller unit.
  for (; left >= base - 0.5 && unit < units.length - 1; unit++) left /= base;
  const digits = unit === 0 || left >= 100 ? 0 : left >= 10 ? 1 : 2;
  return `${left.toFixed(digits)} ${units[unit] ?? ''}`.trim();
}

/** One noun with its count: `1 node`, `12 nodes`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Ascending runs of numbers in short: `0-53, 56, 58-60`. Keeps the order that it is given. */
export function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let place = 0; place < numbers.length;) {
    let end = place;
    while (end + 1 < numbers.length && numbers[end + 1] === (numbers[end] ?? NaN) + 1) end++;
    parts.push(end === place ? `${numbers[place]}` : `${numbers[place]}-${numbers[end]}`);
    place = end + 1;
  }
  return parts.join(', ');
}

/** How often each word comes, most frequent first: `Conv 56, LeakyRelu 38`. */
export function tally(words: readonly string[], most = Infinity): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const sorted = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const shown = sorted.slice(0, most).map(([word, times]) => `${word} ${times}`);
  return sorted.length > shown.length ? `${shown.join(', ')}, ${sorted.length - shown.length} more` : shown.join(', ');
}

/**
 * Makes a stranger's text safe to print: control characters (which could move the cursor or set colours) and marks that
 * turn the direction of writing are shown as their code.
 */
export function printable(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (mark) => `\\u${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
