import { InvalidArgumentError } from 'commander';

/**
 * A commander argument parser for a whole number from `least` to `most` (both included), or one of some words in its
 * place. `-0`, `1e3` and `0x10` are not taken: they are slips more often than they are meant.
 */
export function wholeNumber<Word extends string = never>(
  least: number,
  most = Number.MAX_SAFE_INTEGER,
  ...words: readonly Word[]
): (text: string) => number | Word {
  return (text) => {
    const given = text.trim();
    const word = words.find((each) => each === given);
    if (word !== undefined) return word;
    const value = Number(given);
    if (/^\d+$/.test(given) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      `"${text}" is not ${[...words, `a whole number from ${least} ${most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most}`}`].join(', ').replace(/, (a whole)/, ' or $1')}.`,
    );
  };
}

/** A commander argument parser for any number from `least` to `most`, both included. */
export function numberWithin(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`"${text}" is not a number from ${least} to ${most}.`);
  };
}
