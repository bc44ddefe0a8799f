import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp, startView, type AppServer } from '../../src/app/server.js';

/** A server of the local app on a free port, with a library of its own. */
export interface RunningApp {
  readonly server: AppServer;
  readonly library: string;
  readonly origin: string;
  /** Asks with the cookie of the page. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Ends the server; the library stays until `remove`. */
  close(): Promise<void>;
  remove(): void;
}

export async function runApp(
  library = mkdtempSync(join(tmpdir(), 'facemirror-app-')),
  mostUploadBytes = 50e6,
): Promise<RunningApp> {
  return asked(library, await startApp({ library, port: 0, host: '127.0.0.1', mostUploadBytes }));
}

/** The server of `facemirror view`. */
export async function runView(results: string): Promise<RunningApp> {
  return asked(results, await startView({ results, port: 0, host: '127.0.0.1' }));
}

async function asked(library: string, server: AppServer): Promise<RunningApp> {
  const first = await fetch(server.address, { redirect: 'manual' });
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { origin } = new URL(server.address);
  return {
    server,
    library,
    origin,
    ask: (path, init = {}) =>
      fetch(`${origin}${path}`, { ...init, headers: { ...(init.headers as Record<string, string>), cookie } }),
    close: () => server.close(),
    remove: () => rmSync(library, { recursive: true, force: true }),
  };
}
