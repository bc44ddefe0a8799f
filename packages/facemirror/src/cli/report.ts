import { writeFile } from 'node:fs/promises';
import { COREML_FORMATS, ORT_VERSIONS, type CoreMlFormat, type OrtVersion } from 'onnx-lens';
import { Option, type Command } from 'commander';
import { FaceMirrorError } from '../errors.js';
import { inspectFiles, runFacts } from '../pipeline/performance.js';
import { readRunRecord } from '../pipeline/record.js';
import { buildReport } from '../profile/report/build.js';
import type { RunFacts } from '../profile/report/facts.js';
import { renderHtml } from '../profile/report/html.js';
import { renderMarkdown } from '../profile/report/markdown.js';

const EXAMPLES = `
Examples:
  facemirror report results/patient.json --html patient.html
  facemirror report results/patient.json --md -                       to standard output
  facemirror report results/patient.json --model mtl.onnx star.onnx --coreml-format neuralnetwork --ort 1.23 --md -

The record comes from "facemirror run"; with --report it also holds how the suite's networks land on Core ML and what was
tried. --model adds any models to that table.`;

interface ReportOptions {
  readonly md?: string;
  readonly html?: string;
  readonly json?: string;
  readonly model: readonly string[];
  readonly coremlFormat: CoreMlFormat;
  readonly ort?: OrtVersion;
}

/** Adds `facemirror report`. */
export function register(program: Command): void {
  program
    .command('report')
    .description('Write the performance report of a run from its record.')
    .argument('<record>', 'the <name>.json beside the results of a run')
    .option('--md <file>', 'as Markdown; - is standard output')
    .option('--html <file>', 'as one self-contained page; - is standard output')
    .option('--json <file>', 'the facts behind it; - is standard output')
    .option('--model <file...>', 'ONNX models to analyse besides', [])
    .addOption(new Option('--coreml-format <format>', 'the format for --model').choices(COREML_FORMATS).default('mlprogram'))
    .addOption(new Option('--ort <version>', "whose rules for --model (default: the installed ONNX Runtime's)").choices(ORT_VERSIONS))
    .addHelpText('after', EXAMPLES)
    .action(async (record: string, options: ReportOptions) => {
      const facts = await gather(record, options);
      const faces: readonly (readonly [string | undefined, () => string])[] = [
        [options.md, () => renderMarkdown(buildReport(facts))],
        [options.html, () => renderHtml(buildReport(facts))],
        [options.json, () => `${JSON.stringify(facts, null, 2)}\n`],
      ];
      const wanted = faces.filter(([file]) => file !== undefined);
      if (wanted.length === 0) process.stdout.write(renderMarkdown(buildReport(facts)));
      for (const [file, render] of wanted) await put(file ?? '-', render());
    });
}

async function gather(path: string, options: ReportOptions): Promise<RunFacts> {
  const record = await readRunRecord(path);
  const facts = runFacts(record, record.performance);
  if (facts === null) throw new FaceMirrorError('USAGE', `${path} holds no measurements: run the video again.`);
  const added = await inspectFiles(options.model, { format: options.coremlFormat, ...(options.ort === undefined ? {} : { ort: options.ort }) });
  return { ...facts, utilization: [...facts.utilization, ...added] };
}

async function put(file: string, text: string): Promise<void> {
  if (file === '-') {
    process.stdout.write(text);
    return;
  }
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new FaceMirrorError('FILE_UNWRITABLE', `The report cannot be written to ${file}: ${(cause as Error).message}.`, { cause });
  }
}
