import { AV_LOG_QUIET, FFmpegError, Log, getFFmpegInfo } from 'node-av';
import { FaceMirrorError } from 'facemirror-core/errors.js';

// FFmpeg writes to standard error by itself; what a user must know comes as our own errors and warnings.
Log.setLevel(AV_LOG_QUIET);

/** The version of the FFmpeg that is used. */
export function ffmpegVersion(): string {
  return getFFmpegInfo().version;
}

/** FFmpeg's name for a negative return code, such as "No space left on device". */
export function reasonOf(code: number): string {
  return FFmpegError.strerror(code);
}

/** For calls that fail only when memory runs out or our own arguments are wrong. */
export function expectSuccess(code: number, operation: string): void {
  if (code < 0) throw new Error(`FFmpeg's ${operation} failed: ${reasonOf(code)}.`);
}

/** A failed call that was writing to `path`, as the error that a user is to see. */
export function writeError(code: number, path: string): FaceMirrorError {
  const reason = reasonOf(code);
  // -27 EFBIG, -28 ENOSPC; EDQUOT is 122 on Linux and 69 on macOS.
  if (code === -27 || code === -28 || code === -122 || code === -69) {
    return new FaceMirrorError(
      'DISK_FULL',
      `There is no room left to write ${path}: free some space or choose another folder for \`out\`.`,
    );
  }
  return new FaceMirrorError(
    'FILE_UNWRITABLE',
    `${path} cannot be written (${reason}): check the folder and its permissions.`,
  );
}

/**
 * A queue of one: FFmpeg contexts take one call at a time, and must not be freed while a call is under way. After a
 * failure every later call fails with the same error.
 */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#failure !== null) throw this.#failure.error;
      try {
        return await task();
      } catch (error) {
        this.#failure = { error };
        throw error;
      }
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when nothing is under way any more; never rejects. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
