import { join } from 'node:path';
import type { Command } from 'commander';
import { writeDemo } from '../demo/write-demo.js';
import { prepareFolder } from '../results/outputs.js';
import type { CommandContext } from './command.js';
import { addRunOptions, runAndTell, type RunOptions } from './run.js';

const DEFAULT_FOLDER = 'demo';

/** Adds `facemirror demo`. */
export function register(program: Command, context: CommandContext): void {
  addRunOptions(program.command('demo'), DEFAULT_FOLDER)
    .description(
      'Make a short clip of a speaking face with known movements, process it, and say where the results are.',
    )
    .action(async (options: RunOptions) => {
      await prepareFolder(options.out);
      const { video, truth } = await writeDemo(options.out, context.signal);
      if (!options.json) process.stderr.write(`Made ${video}; what it truly shows is in ${truth}.\n`);
      process.exitCode = await runAndTell([video], { ...options, out: join(options.out, 'results') }, context);
    });
}
