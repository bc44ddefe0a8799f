import { Command, CommanderError, Help } from 'commander';
import type { CommandContext, DefineCommand } from './command.js';
import { EXIT, EXIT_CODES } from './exit-codes.js';
import { programVersion } from '../version.js';

interface LazyCommand {
  readonly summary: string;
  /** What it needs is loaded when it is asked for. */
  readonly load: () => Promise<{ readonly define: DefineCommand }>;
}

/** Every command, in the order of `--help`. */
const COMMANDS: Readonly<Record<string, LazyCommand>> = {
  run: {
    summary: 'Process videos: mirrored halves, action units, measures and a record of each.',
    load: () => import('./run.js'),
  },
  app: {
    summary: 'Start Face Mirror in your browser. Everything stays on this computer.',
    load: () => import('./app.js'),
  },
  view: {
    summary: 'Look at the results in a folder in your browser: videos in step, curves, movements, reports.',
    load: () => import('./view.js'),
  },
  submit: {
    summary: 'Put videos into a queue that several machines work on.',
    load: () => import('./submit.js'),
  },
  worker: {
    summary: "Work on a queue's videos.",
    load: () => import('./worker.js'),
  },
  jobs: {
    summary: 'Show what a queue holds and how it goes; try jobs again, remove them, pause.',
    load: () => import('./jobs.js'),
  },
  demo: {
    summary: 'Make a short clip of a face with known movements, process it, and say where the results are.',
    load: () => import('./demo.js'),
  },
  models: {
    summary: "List, fetch, import, build, export and check the suites' networks.",
    load: () => import('./models.js'),
  },
  report: {
    summary: 'Write the examination report of a run from its record: pictures, curves, tables.',
    load: () => import('./report.js'),
  },
  compare: {
    summary: 'Compare visits of one patient: change beside the smallest detectable change.',
    load: () => import('./compare.js'),
  },
  cohort: {
    summary: 'Put the examinations of many videos into one table; compare them with an expert.',
    load: () => import('./cohort.js'),
  },
  redact: {
    summary: 'Write a video of landmarks alone, and the tables under neutral names, for sharing.',
    load: () => import('./redact.js'),
  },
  performance: {
    summary: 'Write the performance report of a run from its record.',
    load: () => import('./performance.js'),
  },
  bench: {
    summary: 'Measure how fast this machine processes videos, by workers, batches, threads and processes.',
    load: () => import('./bench.js'),
  },
};

const EXAMPLES = `
Examples:
  facemirror run patient.mp4 --out results          mirrored halves, action units, measures and a report of one video
  facemirror run visits/ --out results              every video of a folder; videos that already have results are skipped
  facemirror run selfie.mov --out results --camera mirrored
                                                    a front camera that showed the patient as in a mirror
  facemirror run patient.mp4 --out results --neutral 0:02-0:04
                                                    the seconds in which the face is at rest
  facemirror view results                           look at results in your browser
  facemirror demo                                   make a short clip of a speaking face and process it
  facemirror models --help                          fetch or import the networks of the suite openface3
  facemirror submit study/ --queue redis://host/0 --root /mnt/study --out /mnt/study/results
                                                    many machines: see "facemirror worker --help" and "facemirror jobs --help"
  facemirror bench                                  measure how fast this machine is, and with how many workers

Left and right are always the patient's.
${EXIT_CODES}`;

/**
 * What a progress bar switched off: the cursor (ECMA-48's private mode 25) and the wrapping of lines (mode 7), as every
 * terminal has them.
 */
const RESTORE_TERMINAL = '\x1b[?25h\x1b[?7h\n';

/** Whether our output could not be written to, for another reason than that its reader has left. */
let hasOutputFailed = false;

interface Program {
  readonly command: Command;
  readonly context: CommandContext;
}

/** The program, of whose commands only those that the arguments name are complete. */
async function buildProgram(signal: AbortSignal, args: readonly string[]): Promise<Program> {
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
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const added = command.command(name).description(summary);
    if (args.includes(name)) (await load()).define(added, context);
  }
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
 * `facemirror ... | head` closes our output; that is the reader's wish, not an error: it stops what is under way as
 * Ctrl-C does, and what writes one thing at its end has done so.
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
  const isVerbose = argv.includes('--verbose');
  try {
    const program = await buildProgram(controller.signal, argv.slice(2));

    await program.command.parseAsync(argv);
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const { describeFailure, exitCodeOf } = await import('./failure.js');
    process.stderr.write(`${describeFailure(error, isVerbose)}\n`);
    return exitCodeOf(error);
  }
}

const exitCode = await main(process.argv);
if (!hasOutputFailed) process.exitCode = exitCode;
