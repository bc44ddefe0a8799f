import type { Command } from 'commander';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { runBatch } from '../batch/batch.js';
import type { BatchEvent, BatchResult } from '../batch/events.js';
import type { CommandContext, DefineCommand } from './command.js';
import { EXIT, EXIT_CODES } from './exit-codes.js';
import { exitCodeOf, printable } from './failure.js';
import { ProgressDisplay } from './progress.js';
import { addSettingFlags, inFlags, settingsAmong } from './setting-flags.js';

const EXAMPLES = `
Examples:
  facemirror run patient.mp4 --out results
  facemirror run visit1/ visit2/ --out results --suite mediapipe
  facemirror run patient.mp4 --neutral 0:02-0:04 --iris --out results
  facemirror run clinic.mov --face left --no-debug-video --no-audio --out results

For each video the folder of the results gets <name>_left_mirrored.mp4 and .csv, <name>_right_mirrored.mp4 and .csv,
<name>_debug.mp4, <name>_measures.csv, _movements.csv, _by_movement.csv, _synkinesis.csv, _blinks.csv, _frames.bin (what
tables are made again from), <name>.json, and <name>_source.mp4 where the camera was held sideways.

${EXIT_CODES}`;

/** The options as commander gives them, besides the settings. */
export interface RunOptions {
  readonly out: string;
  readonly json: boolean;
}

/** `facemirror run`. */
export const define: DefineCommand = (command, context) => {
  addRunOptions(command)
    .argument('<path...>', 'video files, or folders whose videos are taken one by one')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: RunOptions) => {
      process.exitCode = await runAndTell(paths, options, context);
    });
};

/**
 * The options that every command which processes videos takes; `--out` must be given where there is no folder for it.
 */
export function addRunOptions(command: Command, out?: string): Command {
  const withOut =
    out === undefined
      ? command.requiredOption('-o, --out <folder>', 'where the results go')
      : command.option('-o, --out <folder>', 'where the results go', out);
  return addSettingFlags(withOut).option('--json', 'write all events as JSON lines on standard output', false);
}

/** Processes videos, tells how it goes, and gives the exit code. */
export async function runAndTell(
  paths: readonly string[],
  options: RunOptions,
  context: CommandContext,
): Promise<number> {
  const display = new ProgressDisplay(context.verbose);
  const onEvent = options.json ? printJson : (event: BatchEvent): void => display.show(event);
  try {
    const result = await runBatch({
      paths,
      out: options.out,
      settings: settingsAmong({ ...options }),
      signal: context.signal,
      onEvent,
    });
    if (!options.json && !isSingleFailure(result)) process.stdout.write(summary(result, options.out));
    return exitCode(result);
  } finally {
    display.close();
  }
}

/** One file that failed has its own code; of several, some failed. */
function exitCode({ done, skipped, failed }: BatchResult): number {
  const [first] = failed;
  if (first === undefined) return EXIT.done;
  return isSingleFailure({ done, skipped, failed }) ? exitCodeOf(first.error) : EXIT.someFailed;
}

/** The one file there was has failed, and its error has said all there is to say. */
function isSingleFailure({ done, skipped, failed }: BatchResult): boolean {
  return failed.length === 1 && done.length + skipped.length === 0;
}

function summary({ done, skipped, failed }: BatchResult, out: string): string {
  const parts = [`${done.length} done`];
  if (skipped.length > 0) parts.push(`${skipped.length} done before`);
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  const lines = [`${parts.join(', ')}. Results are in ${out}.`];
  for (const { path } of failed) lines.push(`  failed: ${printable(path)}`);
  return `${lines.join('\n')}\n`;
}

function printJson(event: BatchEvent): void {
  const shown =
    event.kind === 'failed'
      ? { kind: event.kind, path: event.path, code: codeOf(event.error), message: inFlags(event.error.message) }
      : event.kind === 'notice'
        ? { ...event, sentence: inFlags(event.sentence) }
        : event;
  process.stdout.write(`${JSON.stringify(shown)}\n`);
}

function codeOf(error: Error): string | null {
  return error instanceof FaceMirrorError ? error.code : null;
}
