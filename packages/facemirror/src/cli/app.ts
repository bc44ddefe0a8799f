import { homedir } from 'node:os';
import { join } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { LOOPBACK_NAMES } from '../app/access.js';
import { startApp } from '../app/server.js';
import type { CommandContext, DefineCommand } from './command.js';
import { wholeNumber } from './numbers.js';

const DEFAULT_PORT = 4870;

interface AppCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly open: boolean;
  readonly library: string;
}

/** `facemirror app`. */
export const define: DefineCommand = (command, context) => {
  command
    .option('--port <number>', 'port to listen on; 0 takes any free one', wholeNumber(0, 65_535), DEFAULT_PORT)
    .option('--host <name>', `a name of this computer's loopback: ${LOOPBACK_NAMES.join(', ')}`, '127.0.0.1')
    .option('--no-open', 'do not open the browser')
    .option('--library <folder>', 'where videos and results are kept', join(homedir(), 'Documents', 'Face Mirror'))
    .action((options: AppCommandOptions) => serve(options, context));
};

async function serve(
  { port, host, open: isOpened, library }: AppCommandOptions,
  { signal }: CommandContext,
): Promise<void> {
  if (!LOOPBACK_NAMES.some((name) => name === host))
    throw new FaceMirrorError(
      'USAGE',
      `--host takes ${LOOPBACK_NAMES.join(', ')} only: the app is for this computer. To use it from another one, forward the port over SSH.`,
    );
  const server = await startApp({ library, port, host });
  try {
    process.stdout.write(`Face Mirror runs at ${server.address}\nThe library is ${library}. Stop with Ctrl-C.\n`);
    if (isOpened) {
      const { default: openBrowser } = await import('open');
      // Without a browser the printed address is enough.
      await openBrowser(server.address).catch(() => undefined);
    }
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await server.close();
  }
}
