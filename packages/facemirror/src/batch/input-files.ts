import { access, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { sha256 } from '../files/hash.js';
import { unreadable } from '../files/unreadable.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import { stemOf, stemOfOutput, type InputFile } from '../results/outputs.js';

/** File names that a folder's videos have; a file that is named by itself may have any. */
const VIDEO_EXTENSIONS = new Set(
  '.mp4 .m4v .mov .qt .avi .mkv .webm .mts .m2ts .ts .mpg .mpeg .mpe .vob .wmv .asf .flv .3gp .3g2 .ogv .mxf .dv .gif .mjpeg .h264 .h265 .hevc'.split(
    ' ',
  ),
);

/** Longest stem in bytes: the longest name made of it still is one on every file system (255 bytes). */
const LONGEST_STEM_BYTES = 200;

/**
 * The videos that were asked for: files as they are, folders as the videos right inside them, by name. Results of
 * earlier runs are no videos to process. Files that would give outputs of the same name have their extension in it, and
 * if that is not enough the name of their folder.
 *
 * @throws FaceMirrorError FILE_UNREADABLE for a folder that cannot be read, USAGE when there is no video at all, or
 *   when two would still give outputs of the same name.
 */
export async function inputFiles(paths: readonly string[]): Promise<readonly InputFile[]> {
  const files = new Map<string, string>();
  for (const path of paths)
    for (const file of (await isFolder(path)) ? await videosOf(path) : [path]) files.set(resolve(file), file);
  if (files.size === 0)
    throw new FaceMirrorError(
      'USAGE',
      `There is no video in ${paths.join(', ')}: give a video file, or a folder that holds some.`,
    );
  return withStems([...files.values()]);
}

/** Whether a folder's file of that name is taken for a video. */
export function hasVideoName(name: string): boolean {
  return !name.startsWith('.') && VIDEO_EXTENSIONS.has(extname(name).toLowerCase());
}

/**
 * Files with what their outputs are named by.
 * @throws FaceMirrorError USAGE when two would give outputs of the same name.
 */
export function withStems(paths: readonly string[]): InputFile[] {
  const candidates = paths.map((path) => {
    const stem = stemOf(path);
    const withExtension = `${stem}_${extname(path).slice(1)}`;
    return [
      stem,
      withExtension,
      `${basename(dirname(resolve(path)))}_${stem}`,
      `${basename(dirname(resolve(path)))}_${withExtension}`,
    ].map(shortened);
  });
  const chosen = candidates.map((names) => names[0] ?? '');
  // From the shortest name on, as long as another file has the same.
  for (let length = 1; length < 4; length++) {
    const taken = countedNames(chosen);
    chosen.forEach((stem, index) => {
      if ((taken.get(sameName(stem)) ?? 0) > 1) chosen[index] = candidates[index]?.[length] ?? stem;
    });
  }
  const taken = countedNames(chosen);
  return paths.map((path, index) => {
    const stem = chosen[index] ?? '';
    if ((taken.get(sameName(stem)) ?? 0) > 1)
      throw new FaceMirrorError(
        'USAGE',
        `The results of ${path} would have the names of another video's: process them one after the other, into different folders.`,
      );
    return { path, stem };
  });
}

function countedNames(stems: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const stem of stems) counts.set(sameName(stem), (counts.get(sameName(stem)) ?? 0) + 1);
  return counts;
}

/** Equal for names that some file system takes for the same: of different case, or spelt with combining accents. */
function sameName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** A stem that outputs can be named by: one that is too long ends with a piece of its hash instead. */
function shortened(stem: string): string {
  if (Buffer.byteLength(stem) <= LONGEST_STEM_BYTES) return stem;
  const mark = `~${sha256(stem).slice(0, 8)}`;
  let kept = '';
  for (const character of stem) {
    if (Buffer.byteLength(kept + character + mark) > LONGEST_STEM_BYTES) break;
    kept += character;
  }
  return kept + mark;
}

async function isFolder(path: string): Promise<boolean> {
  // A file that is not there is told when its turn comes, so that it does not stop the others.
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function videosOf(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw unreadable(folder, error);
  }
  const videos = names.filter(hasVideoName).sort();
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
  return access(join(folder, outputName(stem, 'record'))).then(
    () => true,
    () => false,
  );
}
