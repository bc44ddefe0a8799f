import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCRATCH_VARIABLE } from './helper-child.js';

/** How a process ended. */
export interface ProcessEnd {
  /** For a sentence: "it ended with code 1". */
  readonly why: string;
  /** What ended it from outside, or null. */
  readonly signal: NodeJS.Signals | null;
}

interface HelperOptions<Said> {
  /** Standard error: let through to the user's, dropped, or read from `child.stderr`. Standard output is dropped. */
  readonly stderr: 'ignore' | 'inherit' | 'pipe';
  /** Of Node, instead of this process's own. */
  readonly execArgv?: string[];
  /** Ends the process at once. */
  readonly signal?: AbortSignal;
  readonly onMessage?: (said: Said) => void;
}

/**
 * A process of this program's own that works for this one and is gone afterwards, with its memory and what it holds up.
 */
export interface HelperProcess {
  readonly child: ChildProcess;
  /** Resolves when it has ended, after all that it said, and its temporary files are gone; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Sends a message; one that no longer reaches it is dropped, as `ended` tells of that. */
  readonly post: (message: object) => void;
}

/**
 * Starts a built file, which calls `serveParent`, as a process of its own and sends it its first message, by value.
 *
 * Its temporary files go into a folder of its own: a process that is killed cannot remove them itself.
 */
export function startHelper<Said>(
  file: URL,
  job: object,
  { stderr, execArgv, signal, onMessage }: HelperOptions<Said>,
): HelperProcess {
  const scratch = scratchFolder();
  const child = fork(fileURLToPath(file), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', stderr, 'ipc'],
    env:
      scratch === null
        ? process.env
        : { ...process.env, TMPDIR: scratch, TMP: scratch, TEMP: scratch, [SCRATCH_VARIABLE]: scratch },
    ...(execArgv === undefined ? {} : { execArgv }),
  });
  if (onMessage !== undefined) child.on('message', (said) => onMessage(said as Said));
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  const ended = new Promise<ProcessEnd>((resolve) => {
    const end = (how: ProcessEnd): void => {
      signal?.removeEventListener('abort', kill);
      if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
      resolve(how);
    };
    child.on('error', (cause) => end({ why: cause.message, signal: null }));
    // 'close' comes after 'exit', when what the process wrote has been read too.
    child.on('close', (code, by) =>
      end({ why: by === null ? `it ended with code ${code ?? 0}` : `it was ended by ${by}`, signal: by }),
    );
  });
  const post = (message: object): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  if (signal?.aborted === true) kill();
  post(job);
  return { child, ended, post };
}

/** Null where the system's own folder cannot be written: who needs it will say so. */
function scratchFolder(): string | null {
  try {
    return mkdtempSync(join(tmpdir(), 'facemirror-'));
  } catch {
    return null;
  }
}
