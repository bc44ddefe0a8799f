import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

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
  readonly onMessage?: (said: Said) => void;
}

/** A process of this program's own that works for this one and is gone afterwards, with its memory and what it holds up. */
export interface HelperProcess {
  readonly child: ChildProcess;
  /** Resolves when it has ended, after all that it said; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Sends a message; one that no longer reaches it is dropped, as `ended` tells of that. */
  post(message: object): void;
}

/** Starts a built file as a process of its own and sends it its first message, by value. */
export function startHelper<Said>(file: URL, job: object, { stderr, execArgv, onMessage }: HelperOptions<Said>): HelperProcess {
  const child = fork(fileURLToPath(file), [], { serialization: 'advanced', stdio: ['ignore', 'ignore', stderr, 'ipc'], ...(execArgv === undefined ? {} : { execArgv }) });
  if (onMessage !== undefined) child.on('message', (said) => onMessage(said as Said));
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.on('error', (cause) => resolve({ why: cause.message, signal: null }));
    // 'close' comes after 'exit', when what the process wrote has been read too.
    child.on('close', (code, signal) => resolve({ why: signal === null ? `it ended with code ${code ?? 0}` : `it was ended by ${signal}`, signal }));
  });
  const post = (message: object): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  post(job);
  return { child, ended, post };
}
