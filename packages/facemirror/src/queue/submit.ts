import { FaceMirrorError } from 'facemirror-core/errors.js';
import { resultSettings, type RunSettings } from 'facemirror-core/settings/settings.js';
import type { Storage, Target } from '../storage/storage.js';
import { programVersion } from '../version.js';
import type { VideoJob, VideoQueue } from './bullmq.js';
import { jobId, keptSettings, parseJobData, type JobData } from './job-data.js';
import { networksKey } from './suite-check.js';

/** Jobs that are sent to the queue in one message. */
const BULK = 200;

export interface SubmitOptions {
  /** Videos and folders, as the user wrote them. */
  readonly paths: readonly string[];
  /** Folder of the results, as the user wrote it. */
  readonly out: string;
  readonly settings: RunSettings;
  readonly signal: AbortSignal;
  /** Hears before each video is read. */
  readonly onVideo: (path: string, number: number, count: number) => void;
}

/** What became of each video; paths are those below the root. */
export interface Submission {
  readonly queued: readonly string[];
  /** In the queue already, with the same settings. */
  readonly queuedBefore: readonly string[];
  /** Whose results are there. */
  readonly doneBefore: readonly string[];
  readonly refused: readonly { readonly path: string; readonly sentence: string }[];
}

/** A job as the queue knew it before, and where it is. */
interface Known {
  readonly job: VideoJob;
  readonly state: 'waiting' | 'active' | 'over';
  readonly data: JobData;
}

/**
 * Puts videos into the queue. What is there already, or done already, is left alone, so that submitting again fills the
 * gaps; jobs that had failed are tried again.
 * @throws FaceMirrorError USAGE, FILE_UNREADABLE, STORAGE_UNREACHABLE, CANCELLED.
 */
export async function submitVideos(queue: VideoQueue, storage: Storage, options: SubmitOptions): Promise<Submission> {
  const videos = await storage.videos(options.paths);
  const out = await storage.folder(options.out);
  const submitter = new Submitter(queue, storage, options.settings);
  await submitter.begin();
  for (const [index, { path, stem }] of videos.entries()) {
    if (options.signal.aborted)
      throw new FaceMirrorError('CANCELLED', 'Stopped; what was submitted before stays in the queue.');
    options.onVideo(path, index + 1, videos.length);
    await submitter.add({ path, out, stem }, options.signal);
  }
  await submitter.flush();
  return submitter.result;
}

/** Adds videos to a queue, one after the other. */
export class Submitter {
  readonly result = {
    queued: [] as string[],
    queuedBefore: [] as string[],
    doneBefore: [] as string[],
    refused: [] as { readonly path: string; readonly sentence: string }[],
  };
  readonly #queue: VideoQueue;
  readonly #storage: Storage;
  readonly #settings: RunSettings;
  readonly #version = programVersion();
  readonly #known = new Map<string, Known>();
  /** Which video the results of a name will be of, by folder and stem. */
  readonly #names = new Map<string, string>();
  readonly #fresh = new Map<string, JobData>();

  constructor(queue: VideoQueue, storage: Storage, settings: RunSettings) {
    this.#queue = queue;
    this.#storage = storage;
    this.#settings = settings;
  }

  /** Reads what the queue holds. */
  async begin(): Promise<void> {
    const [waiting, active, over] = await Promise.all([
      this.#queue.getJobs(['waiting', 'delayed', 'prioritized']),
      this.#queue.getJobs(['active']),
      this.#queue.getJobs(['completed', 'failed']),
    ]);
    for (const [state, jobs] of [
      ['over', over],
      ['waiting', waiting],
      ['active', active],
    ] as const)
      for (const job of jobs) {
        const data = dataOf(job);
        if (job.id === undefined || data === null) continue;
        this.#known.set(job.id, { job, state, data });
        if (state !== 'over') for (const target of data.targets) this.#names.set(nameOf(target), data.sha256);
      }
    // A new study may have other networks.
    if (waiting.length + active.length === 0)
      await (await this.#queue.getBackend().client).del(networksKey(this.#queue.name));
  }

  /** Adds a video, or notes why not. Returns its job's id; null where it was refused. */
  async add(target: Target, signal?: AbortSignal): Promise<string | null> {
    const { path } = target;
    try {
      const { sha256, bytes } = await this.#storage.hash(path, signal);
      const data: JobData = {
        version: this.#version,
        sha256,
        bytes,
        settings: keptSettings(this.#settings),
        targets: [target],
      };
      const id = jobId(data);
      const other = this.#names.get(nameOf(target));
      if (other !== undefined && other !== sha256)
        throw new FaceMirrorError(
          'USAGE',
          `The results of ${path} would have the names of another video's in the queue: choose another folder for \`out\`.`,
        );
      const wanted = { sha256, version: this.#version, settings: resultSettings(this.#settings) };
      if (!this.#settings.force && (await this.#storage.hasResults(target, wanted))) this.result.doneBefore.push(path);
      else await this.#queueUp(id, data, target);
      this.#names.set(nameOf(target), sha256);
      return id;
    } catch (error) {
      if (!(error instanceof FaceMirrorError) || error.code === 'CANCELLED' || error.code === 'STORAGE_UNREACHABLE')
        throw error;
      this.result.refused.push({ path, sentence: error.message });
      return null;
    }
  }

  async #queueUp(id: string, data: JobData, target: Target): Promise<void> {
    const { path } = target;
    const fresh = this.#fresh.get(id);
    if (fresh !== undefined) {
      // A copy: its results are made by the same job, under their own name.
      this.#fresh.set(id, { ...fresh, targets: [...fresh.targets, target] });
      this.result.queued.push(path);
      return;
    }
    const known = this.#known.get(id);
    const isIn = known?.data.targets.some((each) => isSameTarget(each, target)) === true;
    if (known !== undefined && known.state !== 'over') {
      if (isIn) {
        this.result.queuedBefore.push(path);
        return;
      }
      if (known.state === 'active')
        throw new FaceMirrorError(
          'USAGE',
          `${path} is the same video as ${known.data.targets[0]?.path ?? ''}, which is being processed: submit it again when that is done.`,
        );
    }
    const others = (known?.data.targets ?? []).filter((each) => !isSameTarget(each, target));
    if (known !== undefined) await known.job.remove();
    this.#known.delete(id);
    this.#fresh.set(id, { ...data, targets: [...others, target] });
    this.result.queued.push(path);
    if (this.#fresh.size >= BULK) await this.flush();
  }

  /** Sends what was added. */
  async flush(): Promise<void> {
    const jobs = [...this.#fresh].map(([id, data]) => ({ name: 'video', data, opts: { jobId: id } }));
    if (jobs.length === 0) return;
    const added = await this.#queue.addBulk(jobs);
    for (const job of added)
      if (job.id !== undefined) this.#known.set(job.id, { job, state: 'waiting', data: job.data });
    this.#fresh.clear();
  }
}

/** Equal for names that some file system takes for the same. */
function nameOf({ out, stem }: Target): string {
  return `${out}/${stem}`.normalize('NFC').toLowerCase();
}

function isSameTarget(a: Target, b: Target): boolean {
  return a.path === b.path && a.out === b.out && a.stem === b.stem;
}

function dataOf(job: VideoJob): JobData | null {
  try {
    return parseJobData(job.data);
  } catch {
    return null;
  }
}
