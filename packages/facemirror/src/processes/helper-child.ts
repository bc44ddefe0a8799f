import { rmSync } from 'node:fs';

/** Environment variable by which a process is told the folder of its temporary files, which goes with it. */
export const SCRATCH_VARIABLE = 'FACEMIRROR_SCRATCH';

/**
 * For a process that `startHelper` started, to be called as it begins: leaves Ctrl-C, which reaches the whole process
 * group, to the parent to decide about, and does not outlive it.
 * @param onAlone what to do when the parent is gone; at once to end, when left out.
 */
export function serveParent(onAlone: () => void = () => process.exit()): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('disconnect', onAlone);
  const scratch = process.env[SCRATCH_VARIABLE];
  if (scratch === undefined) return;
  // A process that this one starts is not to take it for its own.
  Reflect.deleteProperty(process.env, SCRATCH_VARIABLE);
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
}
