import { en, type Messages } from './en.js';

/** Catalogues by language tag. Another language is another entry. */
const CATALOGUES: Readonly<Record<string, Messages>> = { en };

/** The catalogue for the first of the user's languages that there is one for; else English. */
export function messagesFor(languages: readonly string[]): Messages {
  for (const language of languages) {
    const found = CATALOGUES[language.toLowerCase()] ?? CATALOGUES[language.slice(0, 2).toLowerCase()];
    if (found !== undefined) return found;
  }
  return en;
}

export const t: Messages = messagesFor(navigator.languages);

const numbers = new Map<number, Intl.NumberFormat>();

/** A number in the user's locale with that many decimals. */
export function formatNumber(value: number, decimals = 0): string {
  let format = numbers.get(decimals);
  if (format === undefined) {
    format = new Intl.NumberFormat(undefined, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    numbers.set(decimals, format);
  }
  return format.format(value);
}

/** Seconds as minutes and seconds, such as 1:05.20. */
export function formatTime(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const rest = formatNumber(seconds - minutes * 60, 2);
  return `${minutes}:${seconds - minutes * 60 < 10 ? '0' : ''}${rest}`;
}

/** A date in the user's locale. */
export function formatDate(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** Seconds left, in words. */
export function formatDuration(seconds: number): string {
  const unit = seconds < 90 ? 'second' : seconds < 5400 ? 'minute' : 'hour';
  const value = Math.max(1, Math.round(seconds / { second: 1, minute: 60, hour: 3600 }[unit]));
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}
