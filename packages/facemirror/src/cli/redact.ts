import { redact } from '../report/redact.js';
import type { DefineCommand } from './command.js';

const EXAMPLES = `
Example:
  facemirror redact results/patient.json -o to-share

Writes redacted.mp4 (landmarks and midline on black: no pixel of the face, no sound, no metadata) and the tables under neutral
names. "Redacted", not "anonymous": the motion of landmarks can identify a person.`;

/** `facemirror redact`. */
export const define: DefineCommand = (command, { signal }) => {
  command
    .argument('<record>', 'the <name>.json beside the results of a run')
    .requiredOption('-o, --out <folder>', 'where the redacted files go')
    .addHelpText('after', EXAMPLES)
    .action(async (record: string, { out }: { readonly out: string }) => {
      const files = await redact(record, out, signal);
      process.stderr.write(`Wrote ${files.length} files to ${out}.\n`);
    });
};
