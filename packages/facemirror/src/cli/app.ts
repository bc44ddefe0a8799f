import { homedir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../app/server.js';
import type { CommandContext, DefineCommand } from './command.js';
import { addServerOptions, requireLoopback, serveUntilStopped, type ServerFlags } from './serve.js';

interface AppCommandOptions extends ServerFlags {
  readonly library: string;
}

/** `facemirror app`. */
export const define: DefineCommand = (command, context) => {
  addServerOptions(command)
    .option('--library <folder>', 'where videos and results are kept', join(homedir(), 'Documents', 'Face Mirror'))
    .action((options: AppCommandOptions) => serve(options, context));
};

async function serve({ library, ...options }: AppCommandOptions, { signal }: CommandContext): Promise<void> {
  requireLoopback(options.host);
  await serveUntilStopped(await startApp({ library, ...options }), `The library is ${library}.`, options.open, signal);
}
