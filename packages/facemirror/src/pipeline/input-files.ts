import { access, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { FaceMirrorError } from '../errors.js';
import { outputName, stemOf, stemOfOutput } from './outputs.js';

/** File names that a folder's videos have; a file that is named by itself may have any. */
const VIDEO_EXTENSIONS = new Set(
  '.mp4 .m4v .mov .qt .avi .mkv .webm .mts .m2ts .ts .mpg .mpeg .mpe .vob .wmv .asf .flv .3gp .3g2 .ogv .mxf .dv .gif .mjpeg .h264 .h265 .hevc'.split(' '),
);

/** A video to process, and what its outputs are named by. */
export interface InputFile {
  readonly path: string;
  readonly stem: string;
}

/**
 * The videos that were asked for: files as they are, folders as the videos right inside them, by name. Results of earlier
 * runs are no videos to process. Two files that would give outputs of the same name have their extension in it.
 *
 * @throws FaceMirrorError FILE_UNREADABLE for a folder that cannot be read, USAGE when there is no video at all.
 */
export async function inputFiles(paths: readonly string[]): Promise<readonly InputFile[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...((await isFolder(path)) ? await videosOf(path) : [path]));
  if (files.length === 0) throw new FaceMirrorError('USAGE', `There is no video in ${paths.join(', ')}: give a video file, or a folder that holds some.`);
  const unique = [...new Set(files)];
  const stems = unique.map(stemOf);
  return unique.map((path, index) => {
    const stem = stems[index] ?? '';
    const isShared = stems.filter((each) => each === stem).length > 1;
    return { path, stem: isShared ? `${stem}_${extname(path).slice(1)}` : stem };
  });
}

async function isFolder(path: string): Promise<boolean> {
  // A file that is not there is told when its turn comes, so that it does not stop the others.
  return stat(path).then((stats) => stats.isDirectory(), () => false);
}

async function videosOf(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'EACCES' ? 'it may not be read' : (error as Error).message;
    throw new FaceMirrorError('FILE_UNREADABLE', `The folder ${folder} cannot be opened: ${reason}.`, { cause: error });
  }
  const videos = names.filter((name) => !name.startsWith('.') && VIDEO_EXTENSIONS.has(extname(name).toLowerCase())).sort();
  const kept: string[] = [];
  for (const name of videos) {
    const path = join(folder, name);
    if (!(await isResult(folder, name)) && !(await isFolder(path))) kept.push(path);
  }
  return kept;
}

async function isResult(folder: string, name: string): Promise<boolean> {
  const stem = stemOfOutput(name);
  if (stem === null) return false;
  return access(join(folder, outputName(stem, 'record'))).then(() => true, () => false);
}
