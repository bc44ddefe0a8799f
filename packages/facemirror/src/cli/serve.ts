import type { Command } from 'commander';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { LOOPBACK_NAMES } from '../app/access.js';
import type { AppServer } from '../app/server.js';
import { wholeNumber } from './numbers.js';

const DEFAULT_PORT = 4870;

/** What every command takes that opens the page. */
export interface ServerFlags {
  readonly port: number;
  readonly host: string;
  readonly open: boolean;
}

export function addServerOptions(command: Command): Command {
  return command
    .option('--port <number>', 'port to listen on; 0 takes any free one', wholeNumber(0, 65_535), DEFAULT_PORT)
    .option('--host <name>', `a name of this computer's loopback: ${LOOPBACK_NAMES.join(', ')}`, '127.0.0.1')
    .option('--no-open', 'do not open the browser');
}

/** @throws FaceMirrorError USAGE for a name that other computers could reach. */
export function requireLoopback(host: string): void {
  if (LOOPBACK_NAMES.some((name) => name === host)) return;
  throw new FaceMirrorError(
    'USAGE',
    `--host takes ${LOOPBACK_NAMES.join(', ')} only: the app is for this computer. To use it from another one, forward the port over SSH.`,
  );
}

/** Tells the address, opens the browser, and closes the server when the user stops it. */
export async function serveUntilStopped(
  server: AppServer,
  about: string,
  isOpened: boolean,
  signal: AbortSignal,
): Promise<void> {
  try {
    process.stdout.write(`Face Mirror runs at ${server.address}\n${about} Stop with Ctrl-C.\n`);
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
