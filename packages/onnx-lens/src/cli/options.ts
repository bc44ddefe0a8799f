import { InvalidArgumentError } from 'commander';
import { OnnxLensError } from '../errors.js';
import { releaseNamed } from '../providers/release.js';

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
