import { CommanderError } from 'commander';
import { messageOf, OnnxLensError } from '../errors.js';
import { printable } from '../report/format.js';

/** 0 for help and version, 2 for wrong use, 1 for everything else that was thrown. */
export function exitCodeOf(error: unknown): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof OnnxLensError && error.code === 'USAGE') return 2;
  return 1;
}

/** Writes one sentence about the failure to standard error; with `verbose` the stack as well. */
export function reportFailure(error: unknown, verbose: boolean): void {
  if (error instanceof CommanderError) return; // commander has already written its message
  process.stderr.write(`${verbose ? stackOf(error) : sentenceOf(error)}\n`);
}

function sentenceOf(error: unknown): string {
  const message = printable(messageOf(error).replace(/\s+/g, ' ').trim());
  if (error instanceof OnnxLensError) return `onnx-lens: ${message}`;
  return `onnx-lens: an unexpected error, please report it with the output of --verbose: ${message}`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return sentenceOf(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${(error.stack ?? error.message).split('\n').map(printable).join('\n')}${cause}`;
}
