import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ZipFile } from 'yazl';
import { FACTS_FILE } from './library.js';

/** A zip of a video's folder: video, results and record. Streamed; pictures and video are stored as they are. */
export async function zipOf(folder: string, name: string): Promise<NodeJS.ReadableStream> {
  const zip = new ZipFile();
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries)
    if (entry.isFile() && !entry.name.startsWith('.') && entry.name !== FACTS_FILE)
      zip.addFile(join(folder, entry.name), `${name}/${entry.name}`, {
        compress: /\.(csv|json|html|md)$/.test(entry.name),
      });
  zip.end();
  return zip.outputStream;
}
