import { join } from 'node:path';
import { outputName } from 'facemirror-core/results/output-names.js';
import { TableFile } from '../pipeline/table-file.js';
import { makeReport } from '../report/report.js';
import { OutputSet } from '../results/outputs.js';

/** Whose report it is, and where the results lie. */
export interface ReportPlace {
  readonly folder: string;
  /** What the results' names begin with. */
  readonly stem: string;
  readonly subject: string;
  readonly visit: string;
}

/** Writes `<name>_report.html` beside the results, whole or not at all. @throws as `makeReport`. */
export async function writeReport({ folder, stem, subject, visit }: ReportPlace): Promise<void> {
  const { html } = await makeReport(join(folder, outputName(stem, 'record')), { subject, visit });
  const outputs = await OutputSet.open(folder, stem);
  try {
    await TableFile.write(outputs.pathFor('examination-page'), [html]);
    await outputs.replace();
  } finally {
    await outputs.discard();
  }
}
