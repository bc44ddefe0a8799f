import { InvalidArgumentError } from 'commander';
import { OnnxLensError } from '../errors.js';
import { releaseNamed } from '../providers/release.js';
import type { InputRange } from '../rewrite/seeded-inputs.js';

/** A commander argument parser for a whole number from 1 on. */
export function parseCount(value: string): number {
  const number = Number(value);
  // Number() alone would take "1e3", "0x10" and " 5 ", slips more often than meant.
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return number;
}

/** The same for several, separated by commas. */
export function parseCounts(value: string): number[] {
  return value.split(',').map((each) => parseCount(each.trim()));
}

/**
 * Parses `batch_size=1,height=640` into sizes by dimension name.
 * @throws InvalidArgumentError (commander's) for anything but name=positive integer pairs.
 */
export function parseFixedDimensions(value: string): Readonly<Record<string, number>> {
  const sizes: [string, number][] = [];
  for (const pair of value.split(',')) {
    const split = pair.lastIndexOf('=');
    const name = pair.slice(0, Math.max(split, 0)).trim();
    const size = pair.slice(split + 1).trim();
    if (name === '' || !/^[0-9]+$/.test(size) || !Number.isSafeInteger(Number(size)) || Number(size) < 1) {
      throw new InvalidArgumentError(
        `"${pair}" is not name=size with a positive whole number; write e.g. batch_size=1,height=640.`,
      );
    }
    if (sizes.some(([known]) => known === name)) throw new InvalidArgumentError(`Dimension "${name}" is given twice.`);
    sizes.push([name, Number(size)]);
  }
  return Object.fromEntries(sizes);
}

/** A commander argument parser for a release of ONNX Runtime, "1.30", "1.30.2" or "latest". */
export function parseRelease(value: string): string {
  try {
    releaseNamed(value);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof OnnxLensError ? error.message : String(error));
  }
  return value;
}

/**
 * Parses `sr=16000,scale=1/2/3` into values by input name: one for all elements, or one for each with "/" between.
 * @throws InvalidArgumentError (commander's) for anything else.
 */
export function parseFixedInputs(value: string): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(
    value.split(',').map((pair) => {
      const split = pair.lastIndexOf('=');
      const name = pair.slice(0, Math.max(split, 0)).trim();
      const numbers = pair
        .slice(split + 1)
        .split('/')
        .map((each) => (each.trim() === '' ? NaN : Number(each)));
      if (name === '' || !numbers.every(Number.isFinite))
        throw new InvalidArgumentError(`"${pair}" is not name=value; write e.g. sr=16000, or weights=0.5/0.25/0.25.`);
      return [name, numbers] as const;
    }),
  );
}

/** One number, or three for the channels of a picture. */
export function parseNumbers(value: string): number[] {
  const numbers = value.split(',').map((each) => (each.trim() === '' ? NaN : Number(each)));
  if (!numbers.every(Number.isFinite) || (numbers.length !== 1 && numbers.length !== 3))
    throw new InvalidArgumentError('It must be one number, or three with commas between.');
  return numbers;
}

/** Names with commas between. */
export function parseNames(value: string): string[] {
  return value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A number from 0 on. */
export function parseTolerance(value: string): number {
  const number = Number(value);
  if (!(number >= 0) || value.trim() === '')
    throw new InvalidArgumentError('It must be a number from 0 on, such as 1e-5.');
  return number;
}

/** `image=0..255,mask=0..1` as ranges by input name. */
export function parseRanges(value: string): Record<string, InputRange> {
  return Object.fromEntries(
    value.split(',').map((each) => {
      const [, name, min, max] = /^(.+)=(-?[0-9.e+-]+?)\.\.(-?[0-9.e+-]+)$/i.exec(each.trim()) ?? [];
      if (name === undefined || !(Number(min) <= Number(max)))
        throw new InvalidArgumentError(`"${each}" is not name=min..max.`);
      return [name, { min: Number(min), max: Number(max) }];
    }),
  );
}
