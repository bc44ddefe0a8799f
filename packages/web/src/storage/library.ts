import type {
  Affected,
  Library,
  LibrarySubject,
  LibraryVideo,
  LibraryVisit,
  VideoPlace,
} from 'facemirror-ui/backend/library.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import {
  findFile,
  findFolder,
  makeFolder,
  removeEntry,
  storedName,
  unwritable,
  writeWhole,
  type FolderPath,
} from './folders.js';

const ROOT = 'library';
const FACTS = 'video.json';
const CURRENT = 'current.json';
const ORIGINAL = 'original';
const RUN = /^run-/;

/** Where a video lies: pseudonyms, and the stem that its results are named by. */
export interface StoredPlace {
  readonly subject: string;
  readonly visit: string;
  readonly stem: string;
}

/** What is known of a video. */
export interface VideoFacts {
  readonly file: string;
  readonly affected: Affected;
  readonly addedAt: string;
}

/** Which run's results count. It is written when a run is whole: what another run left is not shown. */
export interface CurrentRun {
  readonly run: string;
  readonly finishedAt: string;
  /** Folder of the files that an edit made anew; null where nothing was edited. They go before the run's own. */
  readonly edit?: string | null;
}

export function idOf({ subject, visit, stem }: StoredPlace): string {
  return `${subject}/${visit}/${stem}`;
}

/** @throws FaceMirrorError FILE_UNREADABLE for an id that is none. */
export function placeOf(id: string): StoredPlace {
  const [subject, visit, stem, ...rest] = id.split('/');
  if (!subject || !visit || !stem || rest.length > 0) throw unknownVideo(id);
  return { subject, visit, stem };
}

export function folderOf({ subject, visit, stem }: StoredPlace): FolderPath {
  return [ROOT, storedName(subject), storedName(visit), storedName(stem)];
}

export function runFolderOf(place: StoredPlace, run: string): FolderPath {
  return [...folderOf(place), run];
}

/** A new run's folder name. */
export function newRun(): string {
  return `run-${crypto.randomUUID()}`;
}

/** All videos by subject and visit. */
export async function readLibrary(): Promise<Library> {
  const root = await findFolder([ROOT]);
  const subjects: LibrarySubject[] = [];
  for (const subject of root === null ? [] : await foldersIn(root)) {
    const visits: LibraryVisit[] = [];
    for (const visit of await foldersIn(subject.folder)) {
      const videos: LibraryVideo[] = [];
      for (const video of await foldersIn(visit.folder)) {
        const place = { subject: subject.name, visit: visit.name, stem: video.name };
        const facts = await factsIn(video.folder);
        if (facts === null) continue;
        const current = await currentIn(video.folder);
        videos.push({
          id: idOf(place),
          name: facts.file,
          affected: facts.affected,
          hasResults: current !== null,
          finishedAt: current?.finishedAt ?? null,
        });
      }
      if (videos.length > 0) visits.push({ name: visit.name, videos });
    }
    if (visits.length > 0) subjects.push({ name: subject.name, visits });
  }
  return { subjects };
}

/**
 * Stores a video. Nothing stays when it fails or is stopped.
 * @throws FaceMirrorError DISK_FULL, FILE_UNWRITABLE, CANCELLED.
 */
export async function addVideo(
  file: File,
  { subject, visit, affected }: VideoPlace,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<StoredPlace> {
  await requireRoom(file.size);
  const place = await freePlace({ subject: plain(subject), visit: plain(visit), stem: plain(stemOf(file.name)) });
  const folder = await makeFolder(folderOf(place));
  try {
    const writable = await (await folder.getFileHandle(ORIGINAL, { create: true })).createWritable();
    let written = 0;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        written += chunk.length;
        onProgress(file.size === 0 ? 1 : written / file.size);
        controller.enqueue(chunk);
      },
    });
    await file.stream().pipeThrough(counted).pipeTo(writable, { signal });
    const facts: VideoFacts = { file: file.name, affected, addedAt: new Date().toISOString() };
    await writeWhole(folder, FACTS, JSON.stringify(facts));
    return place;
  } catch (error) {
    await removeVideo(place);
    if (signal.aborted) throw new FaceMirrorError('CANCELLED', 'The transfer was stopped.');
    throw unwritable(error);
  }
}

/** Removes a video with its results. */
export async function removeVideo(place: StoredPlace): Promise<void> {
  const path = folderOf(place);
  const parent = await findFolder(path.slice(0, -1));
  const name = path.at(-1);
  if (parent !== null && name !== undefined) await removeEntry(parent, name);
}

/** A video's facts and its file. @throws FaceMirrorError FILE_UNREADABLE. */
export async function storedVideo(place: StoredPlace): Promise<{ readonly facts: VideoFacts; readonly file: File }> {
  const folder = await findFolder(folderOf(place));
  const facts = folder === null ? null : await factsIn(folder);
  const file = folder === null ? null : await findFile(folder, ORIGINAL);
  if (facts === null || file === null) throw unknownVideo(idOf(place));
  return { facts, file };
}

/** The results that count: their files by name. Null where there are none. */
export async function currentResults(
  place: StoredPlace,
): Promise<{ readonly current: CurrentRun; readonly files: ReadonlyMap<string, FileSystemFileHandle> } | null> {
  const folder = await findFolder(folderOf(place));
  const current = folder === null ? null : await currentIn(folder);
  if (current === null) return null;
  const files = new Map<string, FileSystemFileHandle>();
  for (const name of foldersOf(current)) {
    const results = await findFolder(runFolderOf(place, name));
    if (results === null) return null;
    for await (const entry of results.values()) if (entry.kind === 'file') files.set(entry.name, entry);
  }
  return { current, files };
}

/** The folders that results lie in, the first to be looked into last. */
export function foldersOf({ run, edit }: CurrentRun): readonly string[] {
  return edit == null ? [run] : [run, edit];
}

/** Makes a whole run's results, or those of an edit of it, the ones that count, and removes what they replace. */
export async function publish(place: StoredPlace, run: string, edit: string | null = null): Promise<void> {
  const folder = await makeFolder(folderOf(place));
  const current: CurrentRun = { run, edit, finishedAt: new Date().toISOString() };
  await writeWhole(folder, CURRENT, JSON.stringify(current));
  await removeOtherRuns(place, foldersOf(current));
}

/** Removes what runs and edits that do not count have left. */
export async function removeUnpublished(place: StoredPlace): Promise<void> {
  const folder = await findFolder(folderOf(place));
  const current = folder === null ? null : await currentIn(folder);
  await removeOtherRuns(place, current === null ? [] : foldersOf(current));
}

/** Removes a video's runs but those. */
async function removeOtherRuns(place: StoredPlace, kept: readonly string[]): Promise<void> {
  const folder = await findFolder(folderOf(place));
  if (folder === null) return;
  const names: string[] = [];
  for await (const name of folder.keys()) if (RUN.test(name) && !kept.includes(name)) names.push(name);
  for (const name of names) await removeEntry(folder, name);
}

/** A file of a video for the page to show or download: one of its results, or the video itself under its own name. */
export async function servedFile(place: StoredPlace, name: string): Promise<File | null> {
  const results = await currentResults(place);
  const result = results?.files.get(name);
  if (result !== undefined) return result.getFile();
  const { facts, file } = await storedVideo(place);
  return facts.file === name ? file : null;
}

/** A file's name without its extension. */
export function stemOf(name: string): string {
  return name.replace(/(?<=.)\.[^.]*$/, '');
}

/** Asks for room before a long copy. @throws FaceMirrorError DISK_FULL. */
async function requireRoom(bytes: number): Promise<void> {
  const { quota, usage } = await navigator.storage.estimate();
  if (quota === undefined || usage === undefined || bytes <= quota - usage) return;
  throw new FaceMirrorError(
    'DISK_FULL',
    `The video has ${megabytes(bytes)} and this browser gives Face Mirror ${megabytes(Math.max(0, quota - usage))} more: save results that you need and remove videos from the library.`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

async function freePlace(place: StoredPlace): Promise<StoredPlace> {
  for (let number = 1; ; number++) {
    const tried = number === 1 ? place : { ...place, stem: `${place.stem}-${number}` };
    const folder = await findFolder(folderOf(tried));
    if (folder === null || (await factsIn(folder)) === null) return tried;
  }
}

/** Slashes part ids. */
function plain(name: string): string {
  return name.replaceAll('/', '-').trim() || 'unnamed';
}

async function foldersIn(
  folder: FileSystemDirectoryHandle,
): Promise<readonly { readonly name: string; readonly folder: FileSystemDirectoryHandle }[]> {
  const found: { name: string; folder: FileSystemDirectoryHandle }[] = [];
  for await (const [name, entry] of folder.entries())
    if (entry.kind === 'directory') found.push({ name: decodeURIComponent(name), folder: entry });
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

async function factsIn(folder: FileSystemDirectoryHandle): Promise<VideoFacts | null> {
  return readJson<VideoFacts>(folder, FACTS);
}

async function currentIn(folder: FileSystemDirectoryHandle): Promise<CurrentRun | null> {
  return readJson<CurrentRun>(folder, CURRENT);
}

async function readJson<T>(folder: FileSystemDirectoryHandle, name: string): Promise<T | null> {
  const file = await findFile(folder, name);
  if (file === null) return null;
  try {
    return JSON.parse(await file.text()) as T;
  } catch {
    return null;
  }
}

function unknownVideo(id: string): FaceMirrorError {
  return new FaceMirrorError('FILE_UNREADABLE', `There is no video "${id}" in this browser's library.`);
}
