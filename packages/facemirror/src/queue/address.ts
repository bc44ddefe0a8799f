import { FaceMirrorError } from 'facemirror-core/errors.js';

/** Name of the queue on a server that holds several. */
export const DEFAULT_QUEUE = 'facemirror';

/** Where a queue is, with the password. Never printed: `shown` is for sentences. */
export interface QueueAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
  readonly isEncrypted: boolean;
  /** Without user and password. */
  readonly shown: string;
}

/** What the environment may say of a queue. */
const VARIABLES = ['FACEMIRROR_QUEUE', 'FACEMIRROR_QUEUE_USERNAME', 'FACEMIRROR_QUEUE_PASSWORD'] as const;

/**
 * The queue that a flag and the environment name: `redis://host:port/database`, or `rediss://` for TLS. User and password
 * come from the environment, which is cleared of them: the processes that this one starts need none.
 * @param given by the flag; left out, `FACEMIRROR_QUEUE` says it, which may hold a password.
 * @throws FaceMirrorError USAGE.
 */
export function queueAddress(given: string | undefined, name: string, environment = process.env): QueueAddress {
  const [url, username, password] = VARIABLES.map((variable) => environment[variable] ?? '');
  for (const variable of VARIABLES) Reflect.deleteProperty(environment, variable);
  const text = given ?? url ?? '';
  if (text === '')
    throw new FaceMirrorError(
      'USAGE',
      'Say which queue: --queue redis://host/0, or the environment variable FACEMIRROR_QUEUE.',
    );
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (
    parsed === null ||
    !/^rediss?:$/.test(parsed.protocol) ||
    parsed.hostname === '' ||
    !/^(\/\d*)?$/.test(parsed.pathname)
  )
    throw new FaceMirrorError(
      'USAGE',
      `${given === undefined ? 'FACEMIRROR_QUEUE' : '--queue'} takes an address such as redis://host:6379/0, or rediss://host:6379/0 for TLS.`,
    );
  if (given !== undefined && parsed.password !== '')
    throw new FaceMirrorError(
      'USAGE',
      'A password in --queue can be read by everybody on this machine: put it into the environment variable FACEMIRROR_QUEUE_PASSWORD, and leave it out of the address.',
    );
  if (!/^[\w.-]{1,60}$/.test(name))
    throw new FaceMirrorError('USAGE', `"${name}" is no name for a queue: use letters, digits, dots and dashes.`);
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const port = parsed.port === '' ? 6379 : Number(parsed.port);
  const db = Number(parsed.pathname.slice(1));
  const firstOf = (...values: (string | undefined)[]): string | null => values.find((value) => value) ?? null;
  return {
    name,
    host,
    port,
    db,
    username: firstOf(username, decodeURIComponent(parsed.username)),
    password: firstOf(password, decodeURIComponent(parsed.password)),
    isEncrypted: parsed.protocol === 'rediss:',
    shown: `${parsed.protocol}//${parsed.host}/${db}`,
  };
}
