import { startView } from '../app/server.js';
import type { DefineCommand } from './command.js';
import { addServerOptions, requireLoopback, serveUntilStopped, type ServerFlags } from './serve.js';

/** `facemirror view`. */
export const define: DefineCommand = (command, { signal }) => {
  addServerOptions(command)
    .argument('<results>', 'folder that "facemirror run" wrote to')
    .action(async (results: string, options: ServerFlags) => {
      requireLoopback(options.host);
      await serveUntilStopped(await startView({ results, ...options }), `It shows ${results}.`, options.open, signal);
    });
};
