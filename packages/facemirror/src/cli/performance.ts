import { COREML_FORMATS, ORT_VERSIONS, type CoreMlFormat, type OrtVersion } from 'onnx-lens';
import { writeFileWhole } from 'onnx-lens/internal';
import { Option } from 'commander';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { inspectFiles, nameFiles, runFacts, tryFiles } from '../performance/performance.js';
import { readMeasuredRecord } from '../performance/measured-record.js';
import { buildReport } from '../performance/report/build.js';
import type { RunFacts } from '../results/facts.js';
import { renderHtml } from '../performance/report/html.js';
import { renderMarkdown } from '../performance/report/markdown.js';
import type { DefineCommand } from './command.js';
import { numberWithin } from './numbers.js';

const EXAMPLES = `
Examples:
  facemirror performance results/patient.json --html patient.html
  facemirror performance results/patient.json --md -                       to standard output
  facemirror performance results/patient.json --model mtl.onnx star.onnx --coreml-format neuralnetwork --ort 1.23 --md -
  facemirror performance results/patient.json --model mtl.onnx --try 120 --html -

The record comes from "facemirror run"; with --performance-report it also holds how the suite's networks land on Core ML and what was
tried. --model adds any models to that table, --try what rewriting, preparing and batching them brings on this machine.`;

interface ReportOptions {
  readonly md?: string;
  readonly html?: string;
  readonly json?: string;
  readonly model?: readonly string[];
  readonly coremlFormat: CoreMlFormat;
  readonly ort?: OrtVersion;
  readonly try?: number;
}

/** `facemirror performance`. */
export const define: DefineCommand = (command, { signal }) => {
  command
    .argument('<record>', 'the <name>.json beside the results of a run')
    .option('--md <file>', 'the file for the report as Markdown; - is standard output')
    .option('--html <file>', 'the file for the report as one self-contained page; - is standard output')
    .option('--json <file>', 'the file for the facts behind it, as JSON; - is standard output')
    .option('--model <file...>', 'more ONNX models to analyse')
    .addOption(
      new Option('--coreml-format <format>', "Core ML's model format for --model")
        .choices(COREML_FORMATS)
        .default('mlprogram'),
    )
    .addOption(
      new Option(
        '--ort <version>',
        "the ONNX Runtime release whose rules decide for --model (default: the installed one's)",
      ).choices(ORT_VERSIONS),
    )
    .option(
      '--try <seconds>',
      'longest time to try the recommendations on each --model; left out, none are tried',
      numberWithin(1, 86_400),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (record: string, options: ReportOptions) => {
      const facts = await gather(record, options, signal);
      const faces: readonly (readonly [string | undefined, () => string])[] = [
        [options.md, () => renderMarkdown(buildReport(facts))],
        [options.html, () => renderHtml(buildReport(facts))],
        [options.json, () => `${JSON.stringify(facts, null, 2)}\n`],
      ];
      const wanted = faces.filter(([file]) => file !== undefined);
      if (wanted.length === 0) process.stdout.write(renderMarkdown(buildReport(facts)));
      for (const [file, render] of wanted) put(file ?? '-', render());
    });
};

/** The facts of a record. Whether a report can be made of all that its fields hold shows when one is. */
async function factsOf(path: string): Promise<RunFacts> {
  const record = await readMeasuredRecord(path);
  try {
    const facts = runFacts(record, record.performance);
    renderHtml(buildReport(facts));
    return facts;
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new FaceMirrorError(
      'USAGE',
      `${path} holds measurements that no report can be made of, as it is damaged or was changed: run the video again with --force.`,
      { cause },
    );
  }
}

async function gather(path: string, options: ReportOptions, signal: AbortSignal): Promise<RunFacts> {
  const facts = await factsOf(path);
  const target = { format: options.coremlFormat, ...(options.ort === undefined ? {} : { ort: options.ort }) };
  const models = nameFiles(
    options.model ?? [],
    [...facts.profile.models, ...facts.utilization].map(({ model }) => model),
  );
  const added = await inspectFiles(models, target);
  const tried =
    options.try === undefined ? { trials: [], untried: [] } : await tryFiles(models, target, options.try, signal);
  if (signal.aborted) throw new FaceMirrorError('CANCELLED', 'Stopped; no report was written.');
  return {
    ...facts,
    utilization: [...facts.utilization, ...added],
    trials: [...facts.trials, ...tried.trials],
    untried: [...facts.untried, ...tried.untried],
  };
}

function put(file: string, text: string): void {
  if (file === '-') process.stdout.write(text);
  else writeFileWhole(file, text);
}
