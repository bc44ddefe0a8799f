import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { OUTPUT_KINDS, outputName, outputSuffix, type OutputKind } from 'facemirror-core/results/output-names.js';
import { sha256 } from '../files/hash.js';
import { makeFolder } from '../files/make-folder.js';
import { isRunning } from '../processes/is-running.js';

/** A video to process, and what its outputs are named by. */
export interface InputFile {
  readonly path: string;
  readonly stem: string;
}

/**
 * Folders that unfinished files are written in are named `.facemirror-<machine>-<process>-<stem>`: machines that share a
 * folder do not know each other's processes.
 */
const WORK_FOLDER = /^\.facemirror-([0-9a-f]{8})-(\d+)-(.*)$/;

/** This machine, or container, in the name of a folder. */
const MACHINE = sha256(hostname()).slice(0, 8);

/** Name of the folder in which a process of this machine writes the unfinished files of a stem. */
export function workFolderName(stem: string, pid: number = process.pid): string {
  return `.facemirror-${MACHINE}-${pid}-${stem}`;
}

/** The stem that a video's outputs are named by: its file name without the extension. */
export function stemOf(path: string): string {
  return basename(path, extname(path));
}

/** The stem of the run that a file of this name would be an output of, or null. */
export function stemOfOutput(name: string): string | null {
  const suffix = OUTPUT_KINDS.map((kind) => outputSuffix(kind)).find(
    (each) => each.endsWith('.mp4') && name.endsWith(each),
  );
  return suffix === undefined ? null : name.slice(0, -suffix.length);
}

/**
 * The files of one run while they are made: written in a hidden folder inside the results' folder, put in their places
 * when all are complete. A run that was killed leaves that folder behind; the next run on that machine with the same
 * results' folder removes it.
 */
export class OutputSet {
  readonly #folder: string;
  readonly #stem: string;
  readonly #workFolder: string;
  readonly #kinds = new Set<OutputKind>();

  private constructor(folder: string, stem: string) {
    this.#folder = folder;
    this.#stem = stem;
    this.#workFolder = join(folder, workFolderName(stem));
  }

  /** @throws FaceMirrorError FILE_UNWRITABLE, DISK_FULL. */
  static async open(folder: string, stem: string): Promise<OutputSet> {
    const set = new OutputSet(folder, stem);
    try {
      await makeFolder(set.#workFolder);
    } catch (error) {
      throw unwritable(folder, error);
    }
    return set;
  }

  /** Where to write an output until `publish`. */
  pathFor(kind: OutputKind): string {
    this.#kinds.add(kind);
    return join(this.#workFolder, outputName(this.#stem, kind));
  }

  /** Where an output will be, for telling the user. */
  placeOf(kind: OutputKind): string {
    return join(this.#folder, outputName(this.#stem, kind));
  }

  /** Names of the outputs so far, in the order of OutputKind. */
  names(): string[] {
    return OUTPUT_KINDS.filter((kind) => this.#kinds.has(kind)).map((kind) => outputName(this.#stem, kind));
  }

  /**
   * Puts all outputs in their places. The record is the sign that the set is whole: an old one goes first, the new one
   * comes last. Outputs of an earlier run that this one did not make are removed.
   * @returns their paths.
   */
  async publish(): Promise<string[]> {
    try {
      const synced = await Promise.allSettled([...this.#kinds].map((kind) => sync(this.pathFor(kind))));
      // Only now: a file that is still open cannot be removed everywhere.
      for (const outcome of synced) if (outcome.status === 'rejected') throw outcome.reason;
      await rm(this.placeOf('record'), { force: true });
      for (const kind of OUTPUT_KINDS) {
        const place = this.placeOf(kind);
        if (!this.#kinds.has(kind)) {
          await rm(place, { force: true });
          continue;
        }
        await rename(this.pathFor(kind), place);
      }
      await this.discard();
      return this.names().map((name) => join(this.#folder, name));
    } catch (error) {
      throw unwritable(this.#folder, error);
    }
  }

  /**
   * Puts these outputs in the places of an earlier run's, whose other outputs stay. All or none: where one cannot be put in
   * its place (it is open in a spreadsheet), those before it are put back.
   */
  async replace(): Promise<void> {
    const kinds = OUTPUT_KINDS.filter((kind) => this.#kinds.has(kind));
    const before = (kind: OutputKind): string => join(this.#workFolder, `before-${kind}`);
    const moved: OutputKind[] = [];
    try {
      for (const kind of kinds) await sync(this.pathFor(kind));
      // The record is the last of all kinds: it goes first and comes last.
      for (const kind of [...kinds].reverse()) {
        if (!(await moveIfThere(this.placeOf(kind), before(kind)))) continue;
        moved.push(kind);
      }
      for (const kind of kinds) await rename(this.pathFor(kind), this.placeOf(kind));
    } catch (error) {
      for (const kind of moved.reverse()) await rename(before(kind), this.placeOf(kind));
      throw unwritable(this.#folder, error);
    }
    await this.discard();
  }

  /** Removes what was written. Safe to call after `publish` or `replace`. */
  async discard(): Promise<void> {
    await rm(this.#workFolder, { recursive: true, force: true });
  }
}

/**
 * Makes the folder of the results, sees that it can be written, and removes what killed runs left in it.
 * @throws FaceMirrorError FILE_UNWRITABLE, DISK_FULL.
 */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    const probe = join(folder, workFolderName(''));
    await makeFolder(probe);
    await rm(probe, { recursive: true });
  } catch (error) {
    throw unwritable(folder, error);
  }
  for (const name of await readdir(folder)) {
    const [, machine, pid] = WORK_FOLDER.exec(name) ?? [];
    const owner = Number(pid ?? NaN);
    if (machine === MACHINE && owner !== process.pid && !isRunning(owner))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * Removes what a lost process, on this machine or another one, left of a stem: its unfinished files, and outputs without
 * a record. For a caller that alone works on the stem: a process that still writes these files fails.
 * @throws FaceMirrorError FILE_UNWRITABLE.
 */
export async function removeHalfMade(folder: string, stem: string): Promise<void> {
  try {
    const names = new Set(await readdir(folder).catch(() => []));
    for (const name of names)
      if (WORK_FOLDER.exec(name)?.[3] === stem) await rm(join(folder, name), { recursive: true, force: true });
    if (names.has(outputName(stem, 'record'))) return;
    for (const kind of OUTPUT_KINDS)
      if (names.has(outputName(stem, kind))) await rm(join(folder, outputName(stem, kind)), { force: true });
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/**
 * A failed file operation in the results' folder, or in the hidden one inside it, as the error that a user is to see.
 */
export function unwritable(folder: string, error: unknown): FaceMirrorError {
  if (error instanceof FaceMirrorError) return error;
  const shown = WORK_FOLDER.test(basename(folder)) ? dirname(folder) : folder;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new FaceMirrorError(
      'DISK_FULL',
      `There is no room left in ${shown}: free some space or choose another folder for \`out\`.`,
      { cause: error },
    );
  }
  const reasons: Readonly<Record<string, string>> = {
    EBUSY: 'a file in it is in use by another program',
    EACCES: 'it may not be written to',
    EPERM: 'it may not be written to',
    ENOENT: 'no folder can be made there',
    EROFS: 'it is on a disk that can only be read',
    ENOTDIR: 'it is not a folder',
    EEXIST: 'it is not a folder',
  };
  const reason = reasons[code ?? ''] ?? messageOf(error);
  return new FaceMirrorError(
    'FILE_UNWRITABLE',
    `The results cannot be written to ${shown}: ${reason}. Choose another folder for \`out\`.`,
    { cause: error },
  );
}

/** Whether there was a file to move. */
async function moveIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Waits until a file is on the disk, so that a power cut cannot leave a published file without its content. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
