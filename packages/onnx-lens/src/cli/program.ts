import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { register as batchCurve } from './batch-curve.js';
import { register as compile } from './compile.js';
import { register as coverage } from './coverage.js';
import { register as exportModel } from './export.js';
import { register as importModel } from './import.js';
import { register as logs } from './logs.js';
import { register as optimize } from './optimize.js';
import { register as trace } from './trace.js';

/** One entry a command, in the order of `--help`. Each lives in a file of its own that exports `register`. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  coverage,
  importModel,
  optimize,
  exportModel,
  compile,
  batchCurve,
  logs,
  trace,
];

/**
 * The command line as commander knows it, with every command. Wrong use throws commander's own error after its message
 * was written; commands throw OnnxLensError.
 */
export function createProgram(): Command {
  const program = new Command('onnx-lens')
    .description(
      'See how an ONNX model lands on an accelerator: which nodes, in how many partitions, why, and at what cost.',
    )
    .version(ownVersion(), '-V, --version', 'print the version')
    .option('--verbose', 'show the stack of an error')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'Show the help of a command.')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows the options and examples)')
    .exitOverride();
  // Commands inherit the settings above, so these must stand first.
  for (const register of COMMANDS) register(program);
  return program;
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
