import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Option, type Command } from 'commander';
import { MEASURED_FACES } from 'facemirror-core/action-units/description.js';
import { parseNeutralWindow } from 'facemirror-core/action-units/neutral-window.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { ISOLATIONS, PROVIDER_CHOICES } from 'facemirror-core/inference/options.js';
import type { SuiteName } from 'facemirror-core/suites/suite.js';
import { suiteByName } from '../models/suites.js';
import { runBatch } from '../batch/batch.js';
import type { BatchEvent, BatchResult } from '../batch/events.js';
import type { RunSettings } from 'facemirror-core/settings/settings.js';
import { DEFAULT_QUALITY, ENCODER_NAMES } from 'facemirror-core/settings/encoders.js';
import { AFFECTED_CHOICES } from 'facemirror-core/examination/examination.js';
import { checkMovements } from 'facemirror-core/movements/movements-file.js';
import { unreadable } from '../files/unreadable.js';
import type { CommandContext } from './command.js';
import { EXIT, EXIT_CODES, exitCodeOf, printable } from './failure.js';
import { numberWithin, wholeNumber } from './numbers.js';
import { ProgressDisplay } from './progress.js';

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

/** Below, a face that fills the picture is all that can be found; beyond, a search takes seconds and gigabytes. */
const LEAST_DETECT_SIDE = 96;
const MOST_DETECT_SIDE = 2048;

/** The options as commander gives them: the settings of a run, some of them as they are written. */
export interface RunOptions extends Omit<
  RunSettings,
  'suite' | 'modelsFolder' | 'neutral' | 'detectSide' | 'trace' | 'movements'
> {
  readonly out: string;
  readonly suite: string;
  readonly models?: string;
  readonly neutral?: string;
  readonly movements?: string;
  readonly detectSide?: number;
  readonly trace?: string;
  readonly json: boolean;
}

/** Adds `facemirror run`. */
export function register(program: Command, context: CommandContext): void {
  addRunOptions(program.command('run'))
    .description('Process videos: mirrored halves, action units, measures and a record of each.')
    .argument('<path...>', 'video files, or folders whose videos are taken one by one')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: RunOptions) => {
      process.exitCode = await runAndTell(paths, options, context);
    });
}

/** The options that every command which processes videos takes; `--out` must be given where there is no folder for it. */
export function addRunOptions(command: Command, out?: string): Command {
  const withOut =
    out === undefined
      ? command.requiredOption('-o, --out <folder>', 'where the results go')
      : command.option('-o, --out <folder>', 'where the results go', out);
  return withOut
    .option('--suite <name>', 'the networks to use: mediapipe or openface3', 'mediapipe')
    .addOption(
      new Option('--provider <name>', 'what runs the networks; where it cannot be had the CPU does, with a warning')
        .choices(PROVIDER_CHOICES)
        .default('auto'),
    )
    .option('--models <folder>', 'a folder of your own model files')
    .option('--neutral <start-end>', 'when the face is at rest, e.g. 0:02-0:04 (default: the calmest second)')
    .addOption(
      new Option('--camera <kind>', 'mirrored: the video shows the patient as a mirror does')
        .choices(['normal', 'mirrored'])
        .default('normal'),
    )
    .option(
      '--face <which>',
      'largest, left or right of the picture, or the Nth from its left',
      wholeNumber(1, undefined, 'largest', 'left', 'right'),
      'largest',
    )
    .addOption(
      new Option('--measure <face>', 'mirrored: each side on its own mirrored face; whole: both on the face as it is')
        .choices(MEASURED_FACES)
        .default('mirrored'),
    )
    .option(
      '--detect-side <pixels>',
      "long side of what openface3's detector is shown of a frame: less is faster and misses small faces (default: 640)",
      wholeNumber(LEAST_DETECT_SIDE, MOST_DETECT_SIDE),
    )
    .option('--iris', 'give distances in mm, by the iris (11.7 mm)', false)
    .addOption(
      new Option('--affected <side>', 'the affected side, for ratios of affected over healthy; auto guesses it')
        .choices(AFFECTED_CHOICES)
        .default('auto'),
    )
    .option(
      '--movements <file>',
      'a table of your own movements (start, end, code, or an action a frame), for one video',
    )
    .option('--landmarks', "also write <name>_landmarks.csv, in OpenFace's columns", false)
    .option('--debug-video', 'write the video with the midline and the head angle (default)', true)
    .option('--no-debug-video', 'leave that video out')
    .option('--no-audio', 'leave the sound out')
    .addOption(
      new Option('--encoder <name>', 'H.264 encoder; auto takes the first of these that works')
        .choices(['auto', ...ENCODER_NAMES])
        .default('auto'),
    )
    .option(
      '--quality <number>',
      'constant rate factor, 0 (lossless) to 51 (worst)',
      numberWithin(0, 51),
      DEFAULT_QUALITY,
    )
    .option(
      '--workers <number>',
      'threads in which networks run side by side; results do not depend on it',
      wholeNumber(1, 256, 'auto'),
      'auto',
    )
    .addOption(
      new Option('--isolation <kind>', 'what networks run in: threads, or processes of their own')
        .choices(ISOLATIONS)
        .default('thread'),
    )
    .option(
      '--batch <number>',
      'frames that a network is given in one run (openface3); auto: as many as pay on this machine, by measuring',
      wholeNumber(1, 64, 'auto'),
      'auto',
    )
    .option(
      '--jobs <number>',
      'videos worked on at once; auto: one more whenever cores stay idle; results do not depend on it',
      wholeNumber(1, 256, 'auto'),
      'auto',
    )
    .option('--no-profile', 'do not measure the run; its record then holds no times')
    .option(
      '--report',
      'also write <name>_performance.html: where the time and memory went, and what would help',
      false,
    )
    .option('--trace <file>', 'the file for a trace of every step, for chrome://tracing or Perfetto')
    .option(
      '--allow-no-face',
      'write the outputs of a video without any face, too: its pictures as they are, empty tables',
      false,
    )
    .option('--force', 'do again what is done already', false)
    .option('--json', 'tell everything as JSON lines on standard output', false);
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
      settings: settingsOf(options),
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

function settingsOf(options: RunOptions): RunSettings {
  if (options.report && !options.profile)
    throw new FaceMirrorError('USAGE', '--report shows what --no-profile does not measure: leave one of them out.');
  return {
    suite: suiteByName(options.suite).manifest.name satisfies SuiteName,
    provider: options.provider,
    modelsFolder: options.models ?? null,
    neutral: options.neutral === undefined ? { kind: 'calmest-second' } : parseNeutralWindow(options.neutral),
    camera: options.camera,
    face: options.face,
    measure: options.measure,
    detectSide: options.detectSide ?? null,
    iris: options.iris,
    affected: options.affected,
    movements: options.movements === undefined ? null : readMovements(options.movements),
    landmarks: options.landmarks,
    debugVideo: options.debugVideo,
    audio: options.audio,
    encoder: options.encoder,
    quality: options.quality,
    workers: options.workers,
    isolation: options.isolation,
    batch: options.batch,
    jobs: options.jobs,
    profile: options.profile,
    report: options.report,
    trace: options.trace ?? null,
    allowNoFace: options.allowNoFace,
    force: options.force,
  };
}

/** @throws FaceMirrorError USAGE, FILE_UNREADABLE for a file that has no movements, before any video is opened. */
function readMovements(path: string): NonNullable<RunSettings['movements']> {
  const file = basename(path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
  checkMovements(text, file);
  return { file, text };
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
      ? { kind: event.kind, path: event.path, code: codeOf(event.error), message: event.error.message }
      : event;
  process.stdout.write(`${JSON.stringify(shown)}\n`);
}

function codeOf(error: Error): string | null {
  return error instanceof FaceMirrorError ? error.code : null;
}
