import type { Command } from 'commander';

/** What the program hands to every command. */
export interface CommandContext {
  /** Aborted by the first Ctrl-C (or SIGTERM, SIGHUP): stop, leave nothing half-done, and throw `CANCELLED`. */
  readonly signal: AbortSignal;
  /** Whether errors are to be told with the place they came from. */
  readonly verbose: boolean;
}

/**
 * Gives a command its arguments, options and action; every file of this folder that is a command exports one, named
 * `define`.
 */
export type DefineCommand = (command: Command, context: CommandContext) => void;
