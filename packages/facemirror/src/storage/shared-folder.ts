import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { inputFiles } from '../batch/input-files.js';
import { hashFile, type FileHash } from '../files/hash.js';
import { unreadable } from '../files/unreadable.js';
import { removeHalfMade } from '../results/outputs.js';
import { earlierRun } from '../results/record.js';
import { checkedRelative } from './relative-path.js';
import type { Storage, Target, WantedResults, Workplace } from './storage.js';

/** A folder that every machine sees, each under a path of its own. */
export class SharedFolder implements Storage {
  /** With all links followed. */
  readonly #root: string;
  readonly shown: string;

  private constructor(root: string, shown: string) {
    this.#root = root;
    this.shown = shown;
  }

  /** @throws FaceMirrorError USAGE when there is no such folder. */
  static async open(root: string): Promise<SharedFolder> {
    const found = await realpath(root).catch(() => null);
    if (found === null || !(await stat(found)).isDirectory())
      throw new FaceMirrorError(
        'USAGE',
        `There is no folder ${root}: --root takes the folder that all machines share, under the path that this machine knows it by.`,
      );
    return new SharedFolder(found, root);
  }

  async videos(paths: readonly string[]): Promise<readonly { readonly path: string; readonly stem: string }[]> {
    const files = await inputFiles(paths);
    return Promise.all(files.map(async ({ path, stem }) => ({ path: await this.#below(path), stem })));
  }

  folder(path: string): Promise<string> {
    return this.#below(path);
  }

  async hash(path: string, signal?: AbortSignal): Promise<FileHash> {
    return hashFile(await this.#inside(path), signal);
  }

  async hasResults({ out, stem }: Target, { sha256, settings, version }: WantedResults): Promise<boolean> {
    const earlier = await earlierRun(await this.#inside(out), stem, sha256, settings, version);
    return earlier.kind === 'same';
  }

  async removeHalfMade({ out, stem }: Target): Promise<void> {
    await removeHalfMade(await this.#inside(out), stem);
  }

  async begin({ path, out }: Target): Promise<Workplace> {
    return {
      video: await this.#inside(path),
      out: await this.#inside(out),
      // The run itself puts them there whole.
      publish: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  close(): void {
    // Nothing is open.
  }

  /** The path below the root of one that the user wrote, whose folder may be known under several names. */
  async #below(path: string): Promise<string> {
    const absolute = resolve(path);
    const real =
      absolute === dirname(absolute) ? absolute : join(await existing(dirname(absolute)), basename(absolute));
    const inside = real.startsWith(this.#root + sep) || real === this.#root ? real : await existing(absolute);
    const found = relative(this.#root, inside);
    if (found.startsWith('..') || found === resolve(found))
      throw new FaceMirrorError(
        'USAGE',
        `${path} lies outside the root ${this.shown}: other machines would not see it.`,
      );
    return checkedRelative(found.split(sep).join('/'));
  }

  /**
   * The local path of one below the root.
   * @throws FaceMirrorError USAGE where it, or a link on the way, leads out of the root.
   */
  async #inside(path: string): Promise<string> {
    const local = join(this.#root, ...checkedRelative(path).split('/'));
    const real = await existing(local);
    if (real !== this.#root && !real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep))
      throw new FaceMirrorError('USAGE', `${path} leads out of the root ${this.shown} by a link: it is not opened.`);
    return local;
  }
}

/** A path with the links of those of its folders followed that are there. */
async function existing(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || dirname(path) === path) throw unreadable(path, error);
    return join(await existing(dirname(path)), basename(path));
  }
}
