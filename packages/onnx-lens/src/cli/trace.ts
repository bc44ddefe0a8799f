import type { Command } from 'commander';
import { readTrace } from '../logs/trace.js';
import { traceText } from '../report/trace-text.js';
import { parseCount } from './options.js';
import { readPieces, terminal, writeText } from './text.js';

/** `onnx-lens trace`: where the time of a profiled session went. */
export function register(program: Command): void {
  program
    .command('trace')
    .description("Add up ONNX Runtime's profile by provider, operator and node.")
    .argument('<file>', 'the JSON that a session with enableProfiling wrote; - is standard input')
    .option('--top <number>', 'nodes to list', parseCount, 20)
    .option('--json', 'print JSON instead of text (all nodes)')
    .addHelpText(
      'after',
      `
A file that was cut off, because the process was killed or still runs, is read as far as it goes. Files of any size
are read in constant memory.

Examples:
  $ onnx-lens trace onnxruntime_profile__2026-01-01.json
  $ onnx-lens trace profile.json --top 50
  $ onnx-lens trace profile.json --json | jq '.operators[0]'`,
    )
    .action(async (file: string, options: { json?: true; top: number }) => {
      const origin = file === '-' ? 'standard input' : file;
      const trace = await readTrace(readPieces(file), origin);
      await writeText(
        '-',
        options.json === true ? JSON.stringify(trace, null, 2) : traceText(trace, origin, options.top, terminal()),
      );
    });
}
