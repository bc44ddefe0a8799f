import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { runTask } from './tasks/task.js';

/** A copy for the browser is hidden beside its video, and goes with it. */
function proxyName(file: string): string {
  return `.${file}.proxy.mp4`;
}

/** Copies under way, by path: two players that ask at once share one. */
const underWay = new Map<string, Promise<null>>();

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
  const making = underWay.get(path) ?? runTask({ kind: 'proxy', source: join(folder, file), path });
  underWay.set(path, making);
  try {
    await making;
    return name;
  } finally {
    underWay.delete(path);
  }
}
