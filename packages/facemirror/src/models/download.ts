import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { makeFolder } from '../files/make-folder.js';
import { hashFile } from '../files/hash.js';
import { Patience } from '../processes/patience.js';

/** What a server says of a file before it is fetched. */
export interface RemoteFile {
  /** Null when the server does not say. */
  readonly bytes: number | null;
  /** SHA-256 of the content as the model hub announces it for its large files; null when it does not. */
  readonly sha256: string | null;
}

export interface DownloadOptions {
  readonly url: string;
  /** Where the whole file goes. Until then it is `PATH.part`, which a later call goes on with. */
  readonly path: string;
  /** Lower-case hex; a file of another content is refused. */
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly signal?: AbortSignal;
  /** Bytes so far and in all, when known. */
  readonly onProgress?: (done: number, total: number | null) => void;
  /** Default 30 s without a byte. */
  readonly patienceMs?: number;
  /** Default 4 tries, each going on where the last one broke off. */
  readonly tries?: number;
}

const PATIENCE_MS = 30_000;
const TRIES = 4;
/** No checkpoint of ours comes near; a server that goes on sending ends here. */
const MOST_BYTES = 2 ** 31;

/** Asks about a file without fetching it. @throws FaceMirrorError DOWNLOAD_FAILED. */
export async function askAbout(
  url: string,
  options: { readonly signal?: AbortSignal; readonly patienceMs?: number } = {},
): Promise<RemoteFile> {
  const timeout = AbortSignal.timeout(options.patienceMs ?? PATIENCE_MS);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  try {
    // The hub tells its large files' hash and size in the redirect to where they lie.
    const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
    const { headers, status } = response;
    if (status >= 400) throw new Error(`the server answers ${status}`);
    const hash = (headers.get('x-linked-etag') ?? '').replace(/"/g, '').toLowerCase();
    const size = headers.get('x-linked-size') ?? (status < 300 ? headers.get('content-length') : null);
    return {
      sha256: /^[0-9a-f]{64}$/.test(hash) ? hash : null,
      bytes: size !== null && /^\d+$/.test(size) ? Number(size) : null,
    };
  } catch (cause) {
    throw failed(url, cause, options.signal);
  }
}

/**
 * Fetches a file: goes on where an earlier try ended, gives up a server that sends nothing, checks length and SHA-256,
 * and puts the file in its place only when it is whole.
 * @returns its SHA-256.
 * @throws FaceMirrorError DOWNLOAD_FAILED, FILE_UNWRITABLE, CANCELLED. What was fetched stays for the next try, unless
 *   it was wrong.
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { url, path } = options;
  const part = `${path}.part`;
  await makeFolder(dirname(path)).catch((cause: unknown) => {
    throw new FaceMirrorError('FILE_UNWRITABLE', `Cannot make the folder ${dirname(path)}: ${reason(cause)}.`, {
      cause,
    });
  });
  const tries = options.tries ?? TRIES;
  for (let attempt = 1; ; attempt++) {
    try {
      await fetchRest(options, part);
      break;
    } catch (cause) {
      if (cause instanceof FaceMirrorError || options.signal?.aborted === true || attempt >= tries)
        throw failed(url, cause, options.signal);
    }
  }
  const { sha256, bytes } = await hashFile(part, options.signal);
  if ((options.bytes !== null && bytes !== options.bytes) || (options.sha256 !== null && sha256 !== options.sha256)) {
    await rm(part, { force: true });
    throw new FaceMirrorError(
      'DOWNLOAD_FAILED',
      `${url} gave another file than was announced (${bytes} bytes, SHA-256 ${sha256}); it was thrown away. Try again.`,
    );
  }
  await rename(part, path);
  return sha256;
}

/** Fetches what the part file lacks. Returns when the server has sent all that it announced. */
async function fetchRest(options: DownloadOptions, part: string): Promise<void> {
  const have = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  if (options.bytes !== null && have === options.bytes) return;
  const start = options.bytes !== null && have > options.bytes ? 0 : have;
  const silence = new SilenceLimit(options.patienceMs ?? PATIENCE_MS, options.signal);
  try {
    const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
    const response = await fetch(options.url, {
      headers: { ...headers, 'accept-encoding': 'identity' },
      signal: silence.signal,
    });
    if (response.status === 416) {
      await rm(part, { force: true });
      throw new Error('the server does not have the rest of the file');
    }
    if (!response.ok || response.body === null) throw new Error(`the server answers ${response.status}`);
    const from = response.status === 206 ? start : 0;
    const length = response.headers.get('content-length');
    const total = options.bytes ?? (length === null ? null : from + Number(length));
    const done = await write(response.body, part, from, { ...options, silence, total });
    if (total !== null && done < total) throw new Error(`the connection ended after ${done} of ${total} bytes`);
  } finally {
    silence.end();
  }
}

interface Writing {
  readonly silence: SilenceLimit;
  readonly total: number | null;
  readonly onProgress?: (done: number, total: number | null) => void;
}

async function write(
  body: ReadableStream<Uint8Array>,
  part: string,
  from: number,
  { silence, total, onProgress }: Writing,
): Promise<number> {
  const file = await open(part, from > 0 ? 'r+' : 'w');
  try {
    let at = from;
    for await (const chunk of body) {
      silence.renew();
      if (at + chunk.length > (total ?? MOST_BYTES)) {
        await file.truncate(0);
        throw new Error('the server sends more than it announced');
      }
      await file.write(chunk, 0, chunk.length, at);
      at += chunk.length;
      onProgress?.(at, total);
    }
    return at;
  } finally {
    await file.close();
  }
}

/** Aborts a request that has been silent for too long, or when the caller wishes. */
class SilenceLimit {
  readonly #controller = new AbortController();
  readonly #patience = new Patience();
  readonly #milliseconds: number;
  readonly #outer: AbortSignal | undefined;
  readonly #stop = (): void => this.#controller.abort(this.#outer?.reason);

  constructor(milliseconds: number, outer: AbortSignal | undefined) {
    this.#milliseconds = milliseconds;
    this.#outer = outer;
    outer?.addEventListener('abort', this.#stop);
    if (outer?.aborted === true) this.#stop();
    this.renew();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  renew(): void {
    this.#patience.begin(this.#milliseconds, () =>
      this.#controller.abort(new Error(`the server sent nothing for ${this.#milliseconds / 1000} s`)),
    );
  }

  end(): void {
    this.#patience.end();
    this.#outer?.removeEventListener('abort', this.#stop);
  }
}

function failed(url: string, cause: unknown, signal: AbortSignal | undefined): FaceMirrorError {
  if (signal?.aborted === true)
    return new FaceMirrorError('CANCELLED', `Fetching ${url} was stopped; the next time goes on from there.`, {
      cause,
    });
  if (cause instanceof FaceMirrorError) return cause;
  return new FaceMirrorError(
    'DOWNLOAD_FAILED',
    `Cannot fetch ${url}: ${reason(cause)}. Try again; what was fetched is kept.`,
    { cause },
  );
}

/** Of a failed fetch, what its cause says. */
function reason(cause: unknown): string {
  return messageOf(cause instanceof Error && cause.message === 'fetch failed' ? (cause.cause ?? cause) : cause);
}
