import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  COREML_FORMATS,
  PROVIDERS,
  type CoreMlFormat,
  type CoverageResult,
  type ProviderName,
} from '../coverage/result.js';
import { PACKAGE_OPERATORS } from '../export/coreml/lower/all.js';
import { OnnxLensError } from '../errors.js';
import { NEWEST_ORT, ORT_VERSIONS } from '../providers/target.js';
import { compareWithLog, type LogComparison } from '../logs/compare.js';
import { parseLog } from '../logs/sessions.js';
import { coverageHtml } from '../report/html/page.js';
import { coverageJson } from '../report/json.js';
import { coverageMarkdown } from '../report/markdown.js';
import { coverageText } from '../report/terminal.js';
import { parseFixedDimensions, parseRelease } from './options.js';
import { readText, terminal, writeText } from './text.js';

interface CoverageFlags {
  readonly provider: ProviderName;
  readonly format?: CoreMlFormat;
  readonly staticShapesOnly?: true;
  readonly subgraphs?: true;
  readonly fix?: Readonly<Record<string, number>>;
  readonly ort: string;
  readonly assumeOptimized?: true;
  readonly compareLog?: string;
  readonly json?: string;
  readonly md?: string;
  readonly html?: string;
  readonly all?: true;
}

const FACES = {
  json: coverageJson,
  md: coverageMarkdown,
  html: coverageHtml,
} satisfies Record<string, (result: CoverageResult, comparison: LogComparison | null) => string>;

/** `onnx-lens coverage`: which nodes land on a provider, in how many partitions, why, and at what cost. */
export function register(program: Command): void {
  program
    .command('coverage')
    .description(
      'Show which nodes land on an accelerator, in how many partitions, why the others do not, and at what cost.',
    )
    .argument('<model>', 'an .onnx file')
    .addOption(
      new Option(
        '--provider <name>',
        'the execution provider; the rules of nnapi and webnn are unchecked. QNN has no rules here',
      )
        .choices(PROVIDERS)
        .default('coreml'),
    )
    .addOption(
      new Option(
        '--format <name>',
        "Core ML's model format (default: neuralnetwork, the default of a session)",
      ).choices(COREML_FORMATS),
    )
    .option(
      '--static-shapes-only',
      "take only nodes whose inputs have static shapes, as the provider's option of that name",
    )
    .option('--subgraphs', 'ask Core ML about the bodies of If, Loop and Scan, too, as its option EnableOnSubgraphs')
    .option(
      '--fix <name=size,...>',
      'sizes to fix free dimensions to, e.g. batch_size=1,height=640',
      parseFixedDimensions,
    )
    .addOption(
      new Option(
        '--ort <version>',
        `the ONNX Runtime release whose rules decide: ${ORT_VERSIONS[0]} to ${NEWEST_ORT}, or latest, which is ${NEWEST_ORT}; a newer one is judged by the newest rules`,
      )
        .argParser(parseRelease)
        .default('latest'),
    )
    .option('--assume-optimized', 'treat the file as a graph that is already optimized to level 1')
    .option('--compare-log <file>', 'a log of ONNX Runtime to compare the prediction with; - is standard input')
    .addOption(
      new Option('--json [file]', 'the file for the result as JSON; - is standard output')
        .preset('-')
        .argParser(destination),
    )
    .addOption(
      new Option('--md [file]', 'the file for the result as Markdown; - is standard output')
        .preset('-')
        .argParser(destination),
    )
    .option('--html <file>', 'the file for the result as a self-contained page; - is standard output', destination)
    .option('--all', 'write every cause, node and partition')
    .addHelpText(
      'after',
      `
"On Core ML" is what ONNX Runtime hands to Core ML; how Core ML splits that over Neural Engine, GPU and CPU, it alone
decides. No Mac is needed and nothing is run but ONNX Runtime's own optimizer and shape inference, on the CPU.

Examples:
  $ onnx-lens coverage model.onnx
  $ onnx-lens coverage model.onnx --format mlprogram --fix batch_size=1,height=640,width=640
  $ onnx-lens coverage model.onnx --html report.html
  $ onnx-lens coverage model.onnx --json - | jq '.perNode[] | select(.supported | not) | .reason'
  $ onnx-lens coverage model.onnx --ort 1.22 --compare-log run.log
  $ onnx-lens coverage model.onnx --provider xnnpack`,
    )
    .action(coverage);
}

async function coverage(model: string, flags: CoverageFlags): Promise<void> {
  const outputs = Object.entries(FACES).flatMap(([face, draw]) => {
    const to = flags[face as keyof typeof FACES];
    return to === undefined ? [] : [{ to, draw }];
  });
  checkDestinations(
    model,
    flags,
    outputs.map(({ to }) => to),
  );
  const log = flags.compareLog === undefined ? null : parseLog(readText(flags.compareLog));
  // ONNX Runtime is loaded only here, so that help and the other commands need not wait for it.
  const { analyseCoverage } = await import('../coverage/analyse.js');
  const {
    provider,
    format,
    staticShapesOnly = false,
    subgraphs = false,
    fix = {},
    ort,
    assumeOptimized = false,
  } = flags;
  const result = await analyseCoverage(model, {
    provider,
    ...(format === undefined ? {} : { format }),
    staticShapesOnly,
    subgraphs,
    fix,
    ort,
    assumeOptimized,
    packageOperators: PACKAGE_OPERATORS,
  });
  const comparison =
    log === null
      ? null
      : compareWithLog(result, log, flags.compareLog === '-' ? 'standard input' : (flags.compareLog ?? ''));
  for (const { to, draw } of outputs) {
    await writeText(to, draw(result, comparison));
    if (to !== '-') process.stderr.write(`Wrote ${to}\n`);
  }
  if (!outputs.some(({ to }) => to === '-'))
    await writeText('-', coverageText(result, comparison, { ...terminal(), all: flags.all === true }));
}

/** Nothing that is read may be written over, and only one thing can go to standard output. */
function checkDestinations(model: string, { compareLog }: CoverageFlags, destinations: readonly string[]): void {
  if (destinations.filter((to) => to === '-').length > 1) {
    throw new OnnxLensError(
      'USAGE',
      'Only one of --json, --md and --html can go to standard output; give the others a file.',
    );
  }
  const files = destinations.filter((to) => to !== '-').map((to) => resolve(to));
  for (const source of [model, compareLog ?? '-']) {
    if (source !== '-' && files.includes(resolve(source))) {
      throw new OnnxLensError(
        'USAGE',
        `${source} is read by this command and cannot be written by it too; give the output another name.`,
      );
    }
  }
  if (new Set(files).size < files.length)
    throw new OnnxLensError('USAGE', 'Two outputs have the same file name; give each its own.');
}

function destination(value: string): string {
  if (value === '') throw new InvalidArgumentError('Give a file name, or - for standard output.');
  return value;
}
