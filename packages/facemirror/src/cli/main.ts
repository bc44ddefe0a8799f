import { Command, CommanderError, Help } from 'commander';
import type { CommandContext, RegisterCommand } from './command.js';
import { register as registerBench } from './bench.js';
import { register as registerDemo } from './demo.js';
import { register as registerModels } from './models.js';
import { register as registerReport } from './report.js';
import { register as registerRun } from './run.js';
import { EXIT, EXIT_CODES, describeFailure, exitCodeOf } from './failure.js';
import { programVersion } from '../version.js';

/** Every command, in the order of `--help`. */
const commands: readonly RegisterCommand[] = [registerRun, registerDemo, registerModels, registerReport, registerBench];

const EXAMPLES = `
Examples:
  facemirror run patient.mp4 --out results          mirrored halves, action units, measures and a report of one video
  facemirror run visits/ --out results              every video of a folder; those already done are skipped
  facemirror run selfie.mov --out results --camera mirrored
                                                    a front camera that showed the patient as in a mirror
  facemirror run patient.mp4 --out results --neutral 0:02-0:04
                                                    the seconds in which the face is at rest
  facemirror demo                                   make a short clip of a speaking face and process it
  facemirror models --help                          fetch or import the networks of the suite openface3
  facemirror bench                                  measure how fast this machine is, and with how many workers

Left and right are always the patient's.
${EXIT_CODES}`;

/** What a progress bar switched off: the cursor (ECMA-48's private mode 25) and the wrapping of lines (mode 7), as every terminal has them. */
const RESTORE_TERMINAL = '\x1b[?25h\x1b[?7h\n';

/** Whether our output could not be written to, for another reason than that its reader has left. */
let hasOutputFailed = false;

interface Program {
  readonly command: Command;
  readonly context: CommandContext;
}

function buildProgram(signal: AbortSignal): Program {
  const command = new Command('facemirror')
    .description('One video of a face in; mirrored half-face videos, action units, clinical measures and a report out.')
    .version(programVersion(), '-V, --version', 'print the version')
    .option('--verbose', 'show where an error came from')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'Show the help of a command.')
    .addHelpText('after', EXAMPLES)
    // That a switch is off until it is given needs no words.
    .configureHelp({
      showGlobalOptions: true,
      optionDescription: (option) =>
        Help.prototype.optionDescription.call(new Help(), option).replace(/ \(default: (true|false)\)$/, ''),
    })
    .showHelpAfterError('Run with --help to see what can be asked.')
    .exitOverride();
  const context = {
    signal,
    get verbose() {
      return command.opts<{ verbose?: boolean }>().verbose === true;
    },
  };
  for (const register of commands) register(command, context);
  return { command, context };
}

/**
 * The first Ctrl-C asks the command to stop, which removes what it had begun; a second one ends the process at once
 * (what stays behind has temporary names and is removed by the next run).
 */
function stopOnSignals(controller: AbortController): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) endAtOnce(name);
      controller.abort();
    });
  }
}

/** Ends by the signal itself: an orderly exit would take the ground from under threads that still compute. */
function endAtOnce(name: NodeJS.Signals): void {
  if (process.stderr.isTTY) process.stderr.write(RESTORE_TERMINAL);
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/**
 * `facemirror ... | head` closes our output; that is the reader's wish, not an error: it stops what is under way as Ctrl-C
 * does, and what writes one thing at its end has done so.
 */
function stopWithReader(controller: AbortController): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      controller.abort();
      if (error.code === 'EPIPE' || hasOutputFailed) return;
      hasOutputFailed = true;
      process.exitCode = EXIT.failed;
      if (stream === process.stdout)
        process.stderr.write(`What there is to tell could not be written: ${error.message}.\n`);
    });
  }
}

/** Runs the command line and gives the exit code; errors have been told on standard error. */
async function main(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  stopOnSignals(controller);
  stopWithReader(controller);
  const program = buildProgram(controller.signal);
  try {
    await program.command.parseAsync(argv);
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`${describeFailure(error, program.context.verbose)}\n`);
    return exitCodeOf(error);
  }
}

const exitCode = await main(process.argv);
if (!hasOutputFailed) process.exitCode = exitCode;
