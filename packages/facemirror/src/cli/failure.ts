import { OnnxLensError } from 'onnx-lens';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { EXIT } from './exit-codes.js';
import { inFlags } from './setting-flags.js';

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof FaceMirrorError) {
    if (error.code === 'USAGE') return EXIT.usage;
    if (error.code === 'CANCELLED') return EXIT.interrupted;
    // One video is a batch of one: "no face in any of them" is the batch's answer, whatever its size.
    if (error.code === 'NO_FACE') return EXIT.someFailed;
  }
  if (error instanceof OnnxLensError && error.code === 'USAGE') return EXIT.usage;
  return EXIT.failed;
}

/**
 * Text fit for a terminal: names of files come from strangers, and a control character in one could move the cursor,
 * hide text or change the window's title.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD');
}

/** The one line a user reads about an error; with `verbose` the stack and the causes follow. */
export function describeFailure(error: unknown, verbose: boolean): string {
  const sentence = printable(sentenceOf(error));
  if (!verbose) return sentence;
  const stacks: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    stacks.push(cause.stack ?? cause.message);
  return [sentence, ...stacks.flatMap((stack) => stack.split('\n').map(printable))].join('\n');
}

function sentenceOf(error: unknown): string {
  if (error instanceof FaceMirrorError) return inFlags(error.message);
  if (error instanceof OnnxLensError) return error.message;
  const text = messageOf(error).split('\n')[0] ?? '';
  return `Face Mirror met an error that it did not expect: ${text.replace(/\.$/, '')}. Run it again with --verbose to see where.`;
}
