import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/facemirror.cjs', import.meta.url));
/** As npm links it, by its first line, which Windows does not read; with the Node that runs the tests. */
const COMMAND = process.platform === 'win32' ? [process.execPath, PROGRAM] : [PROGRAM];
const ENVIRONMENT = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` };

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program; `during` may meddle with it. */
export async function facemirror(
  args: readonly string[],
  during?: (child: ReturnType<typeof spawn>) => Promise<void>,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const [command = '', ...first] = COMMAND;
  const child = spawn(command, [...first, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ENVIRONMENT, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close');
  await during?.(child);
  const [code] = (await ended) as [number | null];
  return { code, stdout, stderr };
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await condition()); await delay(20))
    if (Date.now() > deadline) throw new Error('it did not happen');
}
