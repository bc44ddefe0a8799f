import { readFile } from 'node:fs/promises';
import { writeFileWhole } from 'onnx-lens/internal';
import { cohortTable, wideTable } from 'facemirror-core/cohort/cohort.js';
import { agreementPage, agreementTable, agreementWith, parseExpert } from 'facemirror-core/cohort/expert.js';
import { unreadable } from '../files/unreadable.js';
import { readCohort } from '../report/cohort.js';
import type { DefineCommand } from './command.js';

const EXAMPLES = `
Examples:
  facemirror cohort results -o cohort.csv
  facemirror cohort results -o wide.csv --wide
  facemirror cohort results -o cohort.csv --expert expert.csv     also cohort_agreement.csv and cohort_agreement.html

One row per subject, visit and movement. Subject and visit are those given to "facemirror run"; else the names of the folders,
subject/visit/. The expert's table has the columns subject, visit, code, name, side and value.`;

interface Options {
  readonly out: string;
  readonly wide?: boolean;
  readonly expert?: string;
}

/** `facemirror cohort`. */
export const define: DefineCommand = (command, { signal }) => {
  command
    .argument('<folder>', 'a folder with results of runs, or with folders of them')
    .requiredOption('-o, --out <file>', 'the table')
    .option('--wide', "a row per subject and visit, in the columns of the original's analysis")
    .option('--expert <file>', "an expert's values, for ICC(2,1), weighted kappa and Bland-Altman limits")
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, { out, wide, expert }: Options) => {
      const values = expert === undefined ? null : parseExpert(await read(expert), expert);
      const { visits, notes } = await readCohort(folder, signal);
      const written = [out];
      writeFileWhole(out, [...(wide === true ? wideTable(visits) : cohortTable(visits))].join(''));
      if (values !== null) {
        const agreements = agreementWith(visits, values);
        const stem = out.replace(/\.csv$/i, '');
        writeFileWhole(`${stem}_agreement.csv`, [...agreementTable(agreements)].join(''));
        writeFileWhole(`${stem}_agreement.html`, agreementPage(agreements));
        written.push(`${stem}_agreement.csv`, `${stem}_agreement.html`);
      }
      for (const note of notes) process.stderr.write(`left out: ${note}\n`);
      process.stderr.write(`${visits.length} examinations. Wrote ${written.join(', ')}.\n`);
    });
};

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
