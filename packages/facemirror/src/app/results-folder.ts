import { createHash } from 'node:crypto';
import { mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import { hashFile } from '../files/hash.js';
import { readRunRecord, type RunRecord } from '../results/record.js';
import { AppError } from './app-error.js';
import type { ListedVideo, ShownVideo, ShownVideos, VideoList } from './shown-video.js';

/** Folders within folders that are looked into. */
const DEEPEST = 4;

interface Found {
  readonly folder: string;
  readonly stem: string;
  readonly record: RunRecord;
}

/** Results that "facemirror run" left in a folder, to be looked at only. Close it on every path. */
export class ResultsFolder implements ShownVideos {
  readonly folder: string;
  readonly #copies: string;
  /** Originals that were looked for, by id. */
  readonly #originals = new Map<string, Promise<ShownVideo['original']>>();

  private constructor(folder: string, copies: string) {
    this.folder = folder;
    this.#copies = copies;
  }

  /** @throws FaceMirrorError FILE_UNREADABLE for a folder that is not there or holds no results. */
  static async open(path: string): Promise<ResultsFolder> {
    const folder = await realpath(path).catch((cause: unknown) => {
      throw new FaceMirrorError('FILE_UNREADABLE', `There is no folder ${path}.`, { cause });
    });
    if (!(await stat(folder)).isDirectory())
      throw new FaceMirrorError('FILE_UNREADABLE', `${path} is not a folder: give the one that holds the results.`);
    const results = new ResultsFolder(folder, await mkdtemp(join(tmpdir(), 'facemirror-view-')));
    for await (const found of results.#runs()) if (found.stem !== '') return results;
    await results.close();
    throw new FaceMirrorError(
      'FILE_UNREADABLE',
      `There are no results in ${path}: give the folder that "facemirror run" wrote to with --out.`,
    );
  }

  async close(): Promise<void> {
    await rm(this.#copies, { recursive: true, force: true });
  }

  async list(): Promise<VideoList> {
    const visits = new Map<string, ListedVideo[]>();
    for await (const { folder, stem, record } of this.#runs()) {
      const visit = relative(this.folder, folder).replaceAll(sep, '/');
      const videos = visits.get(visit) ?? [];
      const affected = record.settings.affected === 'auto' ? 'unknown' : record.settings.affected;
      const { finishedAt } = record;
      videos.push({ id: this.#idOf(folder, stem), name: record.input.file, affected, hasResults: true, finishedAt });
      visits.set(visit, videos);
    }
    const name = this.folder.split(sep).at(-1) ?? this.folder;
    return { subjects: [{ name, visits: [...visits].map(([visit, videos]) => ({ name: visit, videos })) }] };
  }

  async shown(id: string): Promise<ShownVideo> {
    for await (const found of this.#runs()) {
      const { folder, stem, record } = found;
      if (this.#idOf(folder, stem) !== id) continue;
      const original = this.#originals.get(id) ?? originalOf(found);
      this.#originals.set(id, original);
      return {
        id,
        title: id === stem ? record.input.file : `${relative(this.folder, folder)} · ${record.input.file}`,
        folder,
        stem,
        original: await original,
        copy: { folder: this.#copies, name: `${createHash('sha256').update(id).digest('hex')}.mp4` },
        makeReport: () => Promise.resolve(false),
        files: async () => new Set((await readdir(folder)).filter((name) => isOf(record, stem, name))),
      };
    }
    throw new AppError(404, 'NO_VIDEO', 'These results are not in the folder any more.');
  }

  #idOf(folder: string, stem: string): string {
    return [...relative(this.folder, folder).split(sep), stem].filter((part) => part !== '').join('/');
  }

  async *#runs(folder = this.folder, depth = 0): AsyncGenerator<Found> {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))) {
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < DEEPEST) yield* this.#runs(path, depth + 1);
      if (!entry.isFile() || !entry.name.endsWith('.json')) continue;
      const record = await readRunRecord(path).catch(() => null);
      if (record !== null) yield { folder, stem: entry.name.slice(0, -'.json'.length), record };
    }
  }
}

/** Whether a file belongs to a run: what its record names, the record, and reports that were made of it later. */
function isOf({ output }: RunRecord, stem: string, name: string): boolean {
  return (
    output.files.includes(name) || name === outputName(stem, 'record') || REPORTS.some((end) => name === stem + end)
  );
}

const REPORTS = ['_report.html', '_performance.html'];

/** The video of a run beside its results or one folder above, by its name and its content. */
async function originalOf({ folder, record: { input } }: Found): Promise<ShownVideo['original']> {
  for (const place of [folder, dirname(folder)]) {
    const path = join(place, input.file);
    const found = await stat(path).catch(() => null);
    if (found === null || !found.isFile() || found.size !== input.bytes) continue;
    const { sha256 } = await hashFile(path).catch(() => ({ sha256: null }));
    if (sha256 === input.sha256) return { folder: place, name: input.file };
  }
  return null;
}
