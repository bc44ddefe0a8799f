import { mkdir, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { writeFileWhole } from 'onnx-lens/files';
import { outputName } from 'facemirror-core/results/output-names.js';
import { stemOf } from '../results/outputs.js';
import { AppError } from './app-error.js';
import { runTask } from './tasks/task.js';
import type { StoredJob } from './job-state.js';
import type { ListedVideo, ShownVideo, ShownVideos, VideoList } from './shown-video.js';

export const AFFECTED = ['unknown', 'left', 'right', 'none'] as const;
export type Affected = (typeof AFFECTED)[number];

/** Where a video lies in the library: three folder names. */
export interface VideoPlace {
  readonly subject: string;
  readonly visit: string;
  /** Name of the video's own folder. */
  readonly folder: string;
}

/** What the library's own file beside a video says. */
export interface VideoFacts {
  /** Name of the video file in the folder. */
  readonly file: string;
  readonly affected: Affected;
  /** Settings of its last job. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Its last job; null if it never had one. */
  readonly job: StoredJob | null;
}

/** Name of the library's own file in a video's folder. */
export const FACTS_FILE = 'facemirror-video.json';

const LONGEST_NAME = 80;

/**
 * The folder that holds everything: `subject/visit/video/`, with the video, its results and one small file of our own.
 * Plain files only: deleting a folder deletes its data.
 */
export class Library implements ShownVideos {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Opens a library, making its folder if there is none. */
  static async open(folder: string): Promise<Library> {
    await mkdir(folder, { recursive: true });
    return new Library(await realpath(folder));
  }

  /** The places of all videos, by name. */
  async places(): Promise<readonly VideoPlace[]> {
    const places: VideoPlace[] = [];
    for (const subject of await foldersIn(this.folder))
      for (const visit of await foldersIn(join(this.folder, subject)))
        for (const folder of await foldersIn(join(this.folder, subject, visit))) {
          const place = { subject, visit, folder };
          if ((await this.facts(place)) !== null) places.push(place);
        }
    return places;
  }

  async list(): Promise<VideoList> {
    const subjects = new Map<string, Map<string, ListedVideo[]>>();
    for (const place of await this.places()) {
      const { file, affected } = await this.factsThere(place);
      const finishedAt = await this.finishedAt(place, { file });
      const visits = subjects.get(place.subject) ?? new Map<string, ListedVideo[]>();
      const videos = visits.get(place.visit) ?? [];
      videos.push({ id: idOf(place), name: file, affected, hasResults: finishedAt !== null, finishedAt });
      subjects.set(place.subject, visits.set(place.visit, videos));
    }
    return {
      subjects: [...subjects].map(([name, visits]) => ({
        name,
        visits: [...visits].map(([visit, videos]) => ({ name: visit, videos })),
      })),
    };
  }

  async shown(id: string): Promise<ShownVideo> {
    const place = placeOf(id);
    const folder = await this.folderThere(place);
    const { file } = await this.factsThere(place);
    return {
      id: idOf(place),
      title: `${place.subject} · ${place.visit} · ${file}`,
      folder,
      stem: stemOf(file),
      original: { folder, name: file },
      // Hidden beside its video: it goes with it.
      copy: { folder, name: `.${file}.proxy.mp4` },
      makeReport: async () => {
        const { subject, visit } = place;
        await runTask({ kind: 'report', folder, stem: stemOf(file), subject, visit });
        return true;
      },
      files: async () =>
        new Set((await readdir(folder)).filter((name) => name !== FACTS_FILE && !name.startsWith('.'))),
    };
  }

  folderOf({ subject, visit, folder }: VideoPlace): string {
    return join(this.folder, subject, visit, folder);
  }

  /**
   * The folder of a video that is there, with all links followed.
   * @throws AppError 404 if there is none, or if it lies outside the library.
   */
  async folderThere(place: VideoPlace): Promise<string> {
    const folder = await realpath(this.folderOf(place)).catch(() => null);
    if (folder === null || !folder.startsWith(this.folder + sep)) throw noVideo();
    return folder;
  }

  /** What is known of a video; null if there is none at that place. */
  async facts(place: VideoPlace): Promise<VideoFacts | null> {
    try {
      const value: unknown = JSON.parse(await readFile(join(this.folderOf(place), FACTS_FILE), 'utf8'));
      return isFacts(value) ? value : null;
    } catch {
      return null;
    }
  }

  async factsThere(place: VideoPlace): Promise<VideoFacts> {
    const facts = await this.facts(place);
    if (facts === null) throw noVideo();
    return facts;
  }

  keepFacts(place: VideoPlace, facts: VideoFacts): void {
    writeFileWhole(join(this.folderOf(place), FACTS_FILE), Buffer.from(`${JSON.stringify(facts, null, 2)}\n`));
  }

  /** When the results were completed, ISO 8601; null if there are none. */
  async finishedAt(place: VideoPlace, { file }: Pick<VideoFacts, 'file'>): Promise<string | null> {
    const record = join(this.folderOf(place), outputName(stemOf(file), 'record'));
    return stat(record).then(
      ({ mtime }) => mtime.toISOString(),
      () => null,
    );
  }

  async remove(place: VideoPlace): Promise<void> {
    await rm(await this.folderThere(place), { recursive: true, force: true });
  }
}

/** A video's id: its three names, parted by slashes. */
export function idOf({ subject, visit, folder }: VideoPlace): string {
  return `${subject}/${visit}/${folder}`;
}

/**
 * The place that an id names.
 * @throws AppError 400 for names that are no folder names, such as `..`.
 */
export function placeOf(id: string): VideoPlace {
  const [subject = '', visit = '', folder = '', ...rest] = id.split('/');
  if (rest.length > 0) throw badName(id);
  return { subject: folderName(subject), visit: folderName(visit), folder: folderName(folder) };
}

/** Names that Windows keeps for devices. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"/\\|?*]/g;

/**
 * A name that is a folder's on every system, as it is.
 * @throws AppError 400 for any other.
 */
export function folderName(name: string): string {
  const isGood =
    name !== '' &&
    name.length <= LONGEST_NAME &&
    name.search(FORBIDDEN) === -1 &&
    !DEVICES.test(name) &&
    !/^[.\s]|[.\s]$/.test(name);
  if (!isGood) throw badName(name);
  return name;
}

/** A file's name as a folder's and a file's name on every system: what is not allowed becomes `-`. */
export function safeName(name: string): string {
  const base = basename(name.replaceAll('\\', '/'));
  const safe = base.replace(FORBIDDEN, '-');
  const trimmed = safe.replace(/^[.\s]+|[.\s]+$/g, '');
  const kept = trimmed.length <= LONGEST_NAME ? trimmed : trimmed.slice(trimmed.length - LONGEST_NAME);
  return kept === '' || DEVICES.test(kept) ? `video-${kept || '1'}` : kept;
}

function badName(name: string): AppError {
  const shown = name.slice(0, 40).replace(FORBIDDEN, '?');
  return new AppError(
    400,
    'BAD_NAME',
    `"${shown}" cannot be a folder's name: use at most ${LONGEST_NAME} letters, digits, spaces, dots, dashes or underscores.`,
  );
}

function noVideo(): AppError {
  return new AppError(404, 'NO_VIDEO', 'This video is not in the library any more.');
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch {
    return [];
  }
}

function isFacts(value: unknown): value is VideoFacts {
  if (typeof value !== 'object' || value === null) return false;
  const { file, affected, settings } = value as { readonly [Key in keyof VideoFacts]?: unknown };
  return (
    typeof file === 'string' &&
    basename(file) === file &&
    AFFECTED.some((each) => each === affected) &&
    typeof settings === 'object' &&
    settings !== null
  );
}
