import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { startHelper } from '../processes/helper-process.js';
import { AppError } from './app-error.js';

/** A copy for the browser is hidden beside its video, and goes with it. */
function proxyName(file: string): string {
  return `.${file}.proxy.mp4`;
}

/** What the process that makes the copy says. */
export type FromProxyChild = { readonly kind: 'made' } | { readonly kind: 'failed'; readonly sentence: string };

/** Copies under way, by path: two players that ask at once share one. */
const underWay = new Map<string, Promise<void>>();

/**
 * An H.264 copy of a video that the browser cannot decode, with the same frames at the same times; made when it is
 * first asked for. Returns its name in the folder.
 */
export async function proxyOf(folder: string, file: string): Promise<string> {
  const name = proxyName(file);
  const path = join(folder, name);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return name;
  const making = underWay.get(path) ?? make(join(folder, file), path);
  underWay.set(path, making);
  try {
    await making;
    return name;
  } finally {
    underWay.delete(path);
  }
}

async function make(source: string, path: string): Promise<void> {
  let said: FromProxyChild | null = null;
  const { ended } = startHelper<FromProxyChild>(
    new URL('../../dist/app/proxy-child.js', import.meta.url),
    { source, path },
    { stderr: 'ignore', onMessage: (message) => (said = message) },
  );
  const { why } = await ended;
  // TypeScript does not see the assignment in the listener.
  const answer = said as FromProxyChild | null;
  if (answer?.kind === 'made') return;
  const sentence = answer === null ? `The copy for this browser could not be made: ${why}.` : answer.sentence;
  throw new AppError(500, 'NO_PROXY', sentence);
}
