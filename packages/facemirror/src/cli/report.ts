import { dirname, join } from 'node:path';
import { Option } from 'commander';
import { writeFileWhole } from 'onnx-lens/internal';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { scoresTemplate } from 'facemirror-core/scores/clinical-scores.js';
import { makeReport } from '../report/report.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import { stemOf } from '../results/outputs.js';
import type { DefineCommand } from './command.js';
import { readTable, settingParser } from './setting-flags.js';

const EXAMPLES = `
Examples:
  facemirror report results/patient.json                       writes results/patient_report.html
  facemirror report results/patient.json --subject P07 --visit "week 12" -o p07.html
  facemirror report --scores-template > scores.csv             empty fields for Sunnybrook, House-Brackmann, eFACE, FaCE
  facemirror report results/patient.json --scores scores.csv

The report is made again from what "facemirror run" left beside the record; no network is run. Movements that you changed in
<name>_movements.csv count. Pictures come from the video itself: it is looked for beside the results and in the folder above.
The performance report is "facemirror performance".`;

interface Options {
  readonly out?: string;
  readonly video?: string;
  readonly subject?: string;
  readonly visit?: string;
  readonly scores?: string;
  readonly scoresTemplate?: boolean;
  readonly md?: unknown;
  readonly html?: unknown;
  readonly json?: unknown;
  readonly model?: unknown;
  readonly try?: unknown;
}

/** What this command took when it wrote the performance report. */
const MOVED = ['md', 'html', 'json', 'model', 'try'] as const;

/** `facemirror report`. */
export const define: DefineCommand = (command, { signal }) => {
  for (const name of MOVED) command.addOption(new Option(`--${name} <value...>`).hideHelp());
  command
    .argument('[record]', 'the <name>.json beside the results of a run')
    .option(
      '-o, --out <file>',
      'the file for the report; - is standard output (default: <name>_report.html beside the record)',
    )
    .option('--video <file>', 'the video that was processed, if it lies elsewhere')
    .option('--subject <name>', "pseudonym of the patient (default: the run's)", settingParser('subject'))
    .option('--visit <name>', "name of the visit (default: the run's)", settingParser('visit'))
    .option('--scores <file>', "a table of scores that clinician and patient give (default: the run's)")
    .option('--scores-template', 'write an empty table of scores to standard output, and nothing else')
    .addHelpText('after', EXAMPLES)
    .action(async (record: string | undefined, options: Options) => {
      if (options.scoresTemplate === true) {
        process.stdout.write(scoresTemplate());
        return;
      }
      const moved = MOVED.find((name) => options[name] !== undefined);
      if (moved !== undefined)
        throw new FaceMirrorError(
          'USAGE',
          `"facemirror report" writes the examination report now, without --${moved}: use "facemirror performance" for the performance report.`,
        );
      if (record === undefined)
        throw new FaceMirrorError('USAGE', 'Give the record of a run: the <name>.json beside its results.');
      const { html, notes } = await makeReport(record, {
        ...(options.subject !== undefined && { subject: options.subject }),
        ...(options.visit !== undefined && { visit: options.visit }),
        ...(options.video !== undefined && { video: options.video }),
        ...(options.scores !== undefined && { scores: readTable(options.scores, 'scores') }),
        signal,
      });
      const place = options.out ?? join(dirname(record), outputName(stemOf(record), 'examination-page'));
      if (place === '-') process.stdout.write(html);
      else writeFileWhole(place, html);
      for (const note of notes) process.stderr.write(`note: ${note}\n`);
      if (place !== '-') process.stderr.write(`Wrote ${place}.\n`);
    });
};
