import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { ZipFile } from 'yazl';
import type { ShownVideo } from './shown-video.js';

/** A zip of a video's results, and of the video where it lies with them. Streamed; pictures and video are stored as they are. */
export async function zipOf({ folder, files }: ShownVideo, name: string): Promise<NodeJS.ReadableStream> {
  const zip = new ZipFile();
  for (const file of await files())
    if ((await lstat(join(folder, file))).isFile())
      zip.addFile(join(folder, file), `${name}/${file}`, { compress: /\.(csv|json|html|md)$/.test(file) });
  zip.end();
  return zip.outputStream;
}
