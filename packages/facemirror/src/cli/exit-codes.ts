/**
 * What the shell is told: 0 done, 1 failed, 2 used wrongly, 3 some files of a batch failed; 130 is the shell's own
 * number for a program that Ctrl-C ended.
 */
export const EXIT = { done: 0, failed: 1, usage: 2, someFailed: 3, interrupted: 130 } as const;

/** The same for `--help`. */
export const EXIT_CODES =
  'Exit code: 0 done, 1 failed, 2 used wrongly, 3 some files of a batch failed or no face was found, 130 stopped by Ctrl-C.';
