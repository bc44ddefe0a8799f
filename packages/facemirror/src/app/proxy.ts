import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShownVideo } from './shown-video.js';
import { runTask } from './tasks/task.js';

/** Copies under way, by path: two players that ask at once share one. */
const underWay = new Map<string, Promise<null>>();

/**
 * Makes the H.264 copy of a video that the browser cannot decode, with the same frames at the same times, when it is
 * first asked for.
 */
export async function makeCopy(original: NonNullable<ShownVideo['original']>, copy: ShownVideo['copy']): Promise<void> {
  const path = join(copy.folder, copy.name);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const making = underWay.get(path) ?? runTask({ kind: 'proxy', source: join(original.folder, original.name), path });
  underWay.set(path, making);
  try {
    await making;
  } finally {
    underWay.delete(path);
  }
}
