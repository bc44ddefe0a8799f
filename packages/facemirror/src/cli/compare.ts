import { writeFileWhole } from 'onnx-lens/internal';
import { compareRecords } from '../report/visits.js';
import type { DefineCommand } from './command.js';

const EXAMPLES = `
Examples:
  facemirror compare visit1/patient.json visit2/patient.json -o change.html
  facemirror compare 2026-01.json 2026-04.json 2026-07.json -o change.csv

Give the records that "facemirror run" wrote, first visit first. Each number stands beside its change since the first visit
and the smallest detectable change, which needs three repeats of the movement in both visits. With -o NAME.html a table
NAME.csv is written, too.`;

/** `facemirror compare`. */
export const define: DefineCommand = (command, { signal }) => {
  command
    .argument('<record...>', 'the <name>.json of two visits or more')
    .requiredOption('-o, --out <file>', 'the page (.html, with a .csv beside it) or the table alone (.csv)')
    .addHelpText('after', EXAMPLES)
    .action(async (records: string[], { out }: { readonly out: string }) => {
      const { html, csv } = await compareRecords(records, signal);
      const table = out.replace(/\.html?$/i, '.csv');
      if (table !== out) writeFileWhole(out, html);
      writeFileWhole(table, csv);
      process.stderr.write(`Wrote ${table === out ? out : `${out} and ${table}`}.\n`);
    });
};
