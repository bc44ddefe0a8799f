import type { Command } from 'commander';
import { parseLog } from '../logs/sessions.js';
import { logText } from '../report/log-text.js';
import { readText, terminal, writeText } from './text.js';

/** `onnx-lens logs`: what ONNX Runtime's log lines tell of providers, partitions and nodes. */
export function register(program: Command): void {
  program
    .command('logs')
    .description("Read ONNX Runtime's log into facts: what providers take, in how many partitions, node by node.")
    .argument('<file>', 'a log; - is standard input')
    .option('--json', 'print JSON instead of text')
    .addHelpText(
      'after',
      `
Reads logs as ONNX Runtime prints them and as other loggers wrap them: prefixes, JSON lines, Android's logcat, Rust's
tracing, docker compose, colour codes, several sessions in one file. Also reads the output of ONNX Runtime's usability
checker for mobile, and Core ML's errors ("Error Creating MLModel") in a program's own output.

Examples:
  $ onnx-lens logs run.log
  $ python app.py 2>&1 | onnx-lens logs -
  $ adb logcat -d | onnx-lens logs - --json`,
    )
    .action(async (file: string, options: { json?: true }) => {
      const report = parseLog(readText(file));
      await writeText('-', options.json === true ? JSON.stringify(report, null, 2) : logText(report, terminal()));
    });
}
