import { writeFileWhole } from 'onnx-lens/internal';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { PROVIDER_CHOICES, type Isolation } from 'facemirror-core/inference/options.js';
import { requireSuiteName } from '../suites/suites.js';
import { runBench, type BenchEvent } from '../bench/bench.js';
import { describeCombination, type Axes } from '../bench/combination.js';
import { compareBenches, type BenchComparison, type Change, type Verdict } from '../bench/compare.js';
import { BUSY_WITH_OTHERS, figuresOf, othersShare } from '../bench/figures.js';
import { readBench, type BenchResult, type BenchSettings, type CombinationRuns } from '../bench/result.js';
import type { CommandContext, DefineCommand } from './command.js';
import { printable } from './failure.js';
import { wholeNumber } from './numbers.js';
import { inFlags, settingListParser } from './setting-flags.js';
import { percent } from '../wording.js';

const EXAMPLES = `
Examples:
  facemirror bench                                              the demo clip with 1, 2 and 4 workers
  facemirror bench --suite openface3 --batch 1,4 --isolation thread,process --out before.json
  facemirror bench --compare before.json                        measure again, and say what got better or worse
  facemirror bench --compare before.json after.json             compare two earlier benches
  facemirror bench --workers 1,auto --batch 1,auto              what auto chooses, against one of each
  facemirror bench --provider cpu,coreml --workers 1            what an accelerator brings

Each combination is run in pairs with the first one (A B A B), every run in a process of its own. Times start when the networks are open; opening them is timed separately. Use a quiet machine.`;

const DEFAULTS: BenchSettings = {
  suite: 'mediapipe',
  modelsFolder: null,
  video: null,
  provider: ['auto'],
  workers: [1, 2, 4],
  batch: [1],
  isolation: ['thread'],
  repeat: 5,
};

interface BenchOptions {
  readonly suite?: string;
  readonly provider?: Axes['provider'];
  readonly models?: string;
  readonly video?: string;
  readonly workers?: Axes['workers'];
  readonly batch?: Axes['batch'];
  readonly isolation?: readonly Isolation[];
  readonly repeat?: number;
  readonly out?: string;
  readonly compare?: readonly string[];
  readonly json: boolean;
}

/** `facemirror bench`. */
export const define: DefineCommand = (command, context) => {
  command
    .option('--suite <name>', 'the networks to use: mediapipe (default) or openface3')
    .option(
      '--provider <names>',
      `what runs the networks: ${PROVIDER_CHOICES.join(', ')}, or several of them (default: auto)`,
      settingListParser('provider'),
    )
    .option('--models <folder>', 'a folder of your own model files')
    .option('--video <file>', 'what to run on (default: the demo clip)')
    .option('--workers <numbers>', 'workers to try, auto among them (default: 1,2,4)', settingListParser('workers'))
    .option(
      '--batch <numbers>',
      'frames that a network is given in one run, auto among them (default: 1)',
      settingListParser('batch'),
    )
    .option(
      '--isolation <kinds>',
      'what networks run in: thread, process or both (default: thread)',
      settingListParser('isolation'),
    )
    .option('--repeat <number>', 'pairs of runs for each combination (default: 5)', wholeNumber(1, 1000))
    .option(
      '-o, --out <file>',
      'where to keep the figures, as JSON (default: facemirror-bench-<date>-<time>.json here)',
    )
    .option('--compare <files...>', 'an earlier bench to compare this one with, or two to compare with each other')
    .option('--json', 'print the figures as JSON instead of text', false)
    .addHelpText('after', EXAMPLES)
    .action((options: BenchOptions) => benchAndTell(options, context));
};

async function benchAndTell(options: BenchOptions, { signal }: CommandContext): Promise<void> {
  const { compare = [] } = options;
  if (compare.length > 2) throw new FaceMirrorError('USAGE', '--compare takes one earlier bench, or two.');
  const [before, after] = [
    compare[0] === undefined ? null : await readBench(compare[0]),
    compare[1] === undefined ? null : await readBench(compare[1]),
  ];
  const result = after ?? (await runBench(settingsOf(options, before?.settings ?? DEFAULTS), signal, showProgress));
  const out =
    options.out ??
    (after === null
      ? `facemirror-bench-${result.measuredAt.slice(0, 19).replaceAll(':', '').replace('T', '-')}.json`
      : null);
  if (out !== null) writeFileWhole(out, `${JSON.stringify(result, null, 2)}\n`);
  const comparison = before === null ? null : compareBenches(before, result);
  if (options.json) {
    const figures = result.combinations.map((each) => ({
      provider: each.provider,
      workers: each.workers,
      batch: each.batch,
      isolation: each.isolation,
      ...figuresOf(each, result.host.cores),
    }));
    process.stdout.write(`${JSON.stringify({ ...result, figures, comparison }, null, 2)}\n`);
    return;
  }
  if (after === null) process.stdout.write(describeResult(result));
  if (comparison !== null) process.stdout.write(describeComparison(comparison));
  if (out !== null) process.stdout.write(`\nThe figures are in ${printable(out)}.\n`);
}

/** What was not asked for is as in `base`: the earlier bench's settings, where there is one. */
function settingsOf(options: BenchOptions, base: BenchSettings): BenchSettings {
  return {
    suite: requireSuiteName(options.suite ?? base.suite),
    provider: options.provider ?? base.provider,
    modelsFolder: options.models ?? base.modelsFolder,
    video: options.video ?? base.video,
    workers: options.workers ?? base.workers,
    batch: options.batch ?? base.batch,
    isolation: options.isolation ?? base.isolation,
    repeat: options.repeat ?? base.repeat,
  };
}

function showProgress(event: BenchEvent): void {
  if (event.kind === 'clip') process.stderr.write('Making the demo clip ...\n');
  if (event.kind === 'notice') process.stderr.write(`  note: ${inFlags(event.sentence)}\n`);
  if (event.kind !== 'ran') return;
  const { number, count, combination, measurement } = event;
  const speed = `${((measurement.frames * 1000) / measurement.wallMs).toFixed(1)} frames a second`;
  process.stderr.write(
    `${number === 0 ? '[warm-up]' : `[${number}/${count}]`} ${describeCombination(combination)}: ${seconds(measurement.wallMs)} s, ${speed}\n`,
  );
}

function describeResult(result: BenchResult): string {
  const { host, settings, video, versions } = result;
  const rows = result.combinations.map((each) => {
    const { ratio, ...figures } = figuresOf(each, host.cores);
    return [
      ...choice(each),
      each.isolation,
      seconds(figures.wallMs),
      figures.framesPerSecond.toFixed(1),
      ratio === null
        ? 'baseline'
        : `${ratio.median.toFixed(3)} (${ratio.least.toFixed(3)} to ${ratio.most.toFixed(3)})`,
      `${(figures.busyShare * 100).toFixed(0)} %`,
      megabytes(figures.peakRssBytes),
      seconds(figures.openingMs),
      String(each.runs.length),
    ];
  });
  const ofEach = new Set(result.combinations.map(({ provider }) => provider)).size > 1 ? ' of a provider' : '';
  const head = [
    'provider',
    'workers',
    'batch',
    'isolation',
    'seconds',
    'frames/s',
    'time ratio, pairs',
    'cores busy',
    'peak MB',
    'opening s',
    'runs',
  ];
  return [
    `${video.file}, ${video.frames} frames, suite ${settings.suite}; medians of the runs`,
    `${host.cpu}, ${host.cores} cores, Node ${host.node}, ONNX Runtime ${versions.onnxRuntime}, Face Mirror ${versions.program}`,
    '',
    ...table(head, rows),
    '',
    ...othersAtWork(result),
    result.tablesIdentical
      ? `Tables: the same bytes in every run${ofEach}.`
      : `Tables: NOT the same bytes in every run${ofEach}.`,
    '',
  ].join('\n');
}

function othersAtWork({ combinations }: BenchResult): string[] {
  const share = othersShare(combinations.flatMap(({ runs }) => runs));
  return share === null || share < BUSY_WITH_OTHERS
    ? []
    : [`Other programs took ${percent(share)} of the processor time: these figures are rough.`];
}

/** Provider, workers and batch, and of `auto` what it came to. */
function choice({
  provider,
  workers,
  batch,
  runs,
}: CombinationRuns): [provider: string, workers: string, batch: string] {
  const taken = runs[0]?.taken;
  if (taken === undefined) return [provider, String(workers), String(batch)];
  const batches = Object.entries(taken.batch)
    .map(([network, frames]) => `${network} ${frames}`)
    .join(', ');
  // Where memory is short, there are fewer than asked.
  const name =
    taken.provider === undefined || taken.provider === provider ? provider : `${provider} (${taken.provider})`;
  return [
    name,
    workers === taken.workers ? String(workers) : `${workers} (${taken.workers})`,
    batch === 'auto' ? `auto (${batches === '' ? '1' : batches})` : String(batch),
  ];
}

function describeComparison({ combinations, notes }: BenchComparison): string {
  const rows = combinations.map(({ provider, workers, batch, isolation, wallMs, peakRssBytes, openingMs }) => [
    provider,
    String(workers),
    String(batch),
    isolation,
    `${seconds(wallMs.before)} -> ${seconds(wallMs.after)}`,
    wording(wallMs),
    `${megabytes(peakRssBytes.before)} -> ${megabytes(peakRssBytes.after)}`,
    wording(peakRssBytes),
    `${seconds(openingMs.before)} -> ${seconds(openingMs.after)}`,
    wording(openingMs),
  ]);
  const head = [
    'provider',
    'workers',
    'batch',
    'isolation',
    'seconds',
    'time',
    'peak MB',
    'memory',
    'opening s',
    'opening',
  ];
  const tallies = [
    tally(
      'Time',
      combinations.map(({ wallMs }) => wallMs),
    ),
    tally(
      'Memory',
      combinations.map(({ peakRssBytes }) => peakRssBytes),
    ),
    tally(
      'Opening',
      combinations.map(({ openingMs }) => openingMs),
    ),
  ];
  return ['', 'Before and after:', ...notes, ...table(head, rows), '', ...tallies, ''].join('\n');
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  better: 'better',
  worse: 'worse',
  noise: 'within noise',
  'too-few': 'too few runs to tell',
};

function wording({ ratio, verdict }: Change): string {
  return `${ratio < 1 ? '-' : '+'}${Math.abs((ratio - 1) * 100).toFixed(1)} %, ${VERDICTS[verdict]}`;
}

/** How many combinations got better, and how many worse. */
function tally(what: string, changes: readonly Change[]): string {
  const counts = (Object.keys(VERDICTS) as Verdict[]).flatMap((verdict) => {
    const count = changes.filter((change) => change.verdict === verdict).length;
    return count === 0 ? [] : [changes.length === 1 ? VERDICTS[verdict] : `${count} ${VERDICTS[verdict]}`];
  });
  return `${what}: ${counts.join(', ')}.`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '));
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
