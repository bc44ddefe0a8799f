/** `12.3 ms`, `1.2 s`: three significant digits or so. */
export function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

/** `45.6 MB` (10^6 bytes). */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  if (value >= 1000) return `${Math.round(value).toLocaleString('en-US')} MB`;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} MB`;
}

/** A share of 0 to 1 as `12.3 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `1 partition`, `3 partitions`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
