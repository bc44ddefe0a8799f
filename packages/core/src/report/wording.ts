import type { Side } from '../action-units/units.js';
import type { Examination } from '../examination/examination.js';
import type { ValueUnit } from '../movements/movement.js';

/** Stands in every report and in the README. */
export const INTENDED_USE =
  'For research and education. Not a medical device: these numbers are estimates from video and do not ' +
  'diagnose or decide on a treatment.';

/** What a number that is not there looks like. */
export const NONE = '<span class="none" title="not measured">–</span>';

const DIGITS: Readonly<Record<ValueUnit, number>> = {
  mm: 1,
  iod: 3,
  mm2: 0,
  iod2: 4,
  deg: 1,
  intensity: 2,
  score: 2,
};

/** A value in its unit, without the unit. */
export function valueText(value: number | null, unit: ValueUnit): string {
  return value === null ? NONE : numberText(value, DIGITS[unit]);
}

/** A change, with its sign. */
export function changeText(value: number | null, unit: ValueUnit): string {
  return value === null ? NONE : signed(value, DIGITS[unit]);
}

/** A number with so many digits and a real minus. Null is shown as not measured. */
export function numberText(value: number | null, digits: number): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '−');
}

export function signed(value: number | null, digits: number): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  return value > 0 && Number(value.toFixed(digits)) !== 0 ? `+${numberText(value, digits)}` : numberText(value, digits);
}

const UNITS: Readonly<Record<ValueUnit, string>> = {
  mm: 'mm',
  iod: 'IOD',
  mm2: 'mm²',
  iod2: 'IOD²',
  deg: '°',
  intensity: '0–5',
  score: '0–1',
};

export function unitText(unit: ValueUnit): string {
  return UNITS[unit];
}

/** Minutes, seconds and a tenth: `1:04.2`. */
export function timeText(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths - minutes * 600) / 10).toFixed(1).padStart(4, '0')}`;
}

const NAMES: Readonly<Partial<Record<string, string>>> = {
  mrd1: 'MRD1',
  mrd2: 'MRD2',
  fai: 'FAI',
  palpebral_fissure: 'eye opening',
  commissure_lateral: 'mouth corner from midline',
  commissure_height: 'mouth corner height',
  commissure_travel: 'mouth corner travel',
  alar_height: 'nose wing height',
};

/** A measure's or action unit's name in words. */
export function nameText(name: string): string {
  return NAMES[name] ?? name.replaceAll('_', ' ');
}

/** `left (affected)`, where it is known or guessed. */
export function sideText(side: Side, affected: Examination['affected']): string {
  if (affected.side !== side) return side;
  return `${side} (affected${affected.isGuess ? '?' : ''})`;
}

/** What a ratio divides: `affected / healthy`. */
export function ratioTitle({ side }: Examination['affected']): string {
  return side === 'none' ? 'left / right' : 'affected / healthy';
}
