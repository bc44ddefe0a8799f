import {
  BackendError,
  type About,
  type Backend,
  type Comparison,
  type OnProgress,
} from 'facemirror-ui/backend/backend.js';
import type { Job, JobRequest } from 'facemirror-ui/backend/jobs.js';
import type { LensCoverage, LensOptimization } from 'facemirror-ui/backend/lens.js';
import type { Library, VideoPlace } from 'facemirror-ui/backend/library.js';
import type { SuiteModels } from 'facemirror-ui/backend/models.js';
import type { ResultAccess } from 'facemirror-ui/backend/results.js';
import type { ExaminationEdit, ReviewFiles } from 'facemirror-ui/backend/review.js';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { settingFields } from 'facemirror-core/settings/fields.js';
import { addVideo, idOf, placeOf, readLibrary, removeVideo } from '../storage/library.js';
import { readNetworkList } from '../suite/mediapipe.js';
import { zipAddress } from './addresses.js';
import { NOT_IN_FORM } from './form.js';
import { JobQueue } from './job-queue.js';
import { saveEdit } from './edited-results.js';
import { reviewOf } from './review-files.js';
import { listResults, saveToFolder } from './saved-results.js';

/** The clip that the site ships. */
const DEMO = 'demo/demo.mp4';

/** Everything in this browser: videos and results in its own storage, work in its workers. */
export class BrowserBackend implements Backend {
  readonly results: ResultAccess;
  readonly #site: string;
  readonly #jobs: Promise<JobQueue>;

  /** @param site address of the folder that the site lies in, with a slash at its end. */
  constructor(site: string) {
    this.#site = site;
    this.#jobs = JobQueue.open(site);
    this.results = {
      files: (video) => shown(() => listResults(placeOf(video), site)),
      saveToFolder:
        window.showDirectoryPicker === undefined
          ? null
          : (video, onProgress) => shown(() => saveToFolder(placeOf(video), onProgress)),
    };
  }

  about(): Promise<About> {
    return Promise.resolve({
      kind: 'browser',
      version: FACEMIRROR_VERSION,
      libraryPlace:
        'Videos and results stay in this browser, on this computer; nothing is sent anywhere. Save what you need to a folder: the browser may clear its storage.',
      settings: settingFields(NOT_IN_FORM),
      canEdit: true,
      screens: ['start', 'queue', 'review', 'models'],
    });
  }

  library(): Promise<Library> {
    return shown(readLibrary);
  }

  addVideo(file: File, place: VideoPlace, onProgress: OnProgress, signal: AbortSignal): Promise<string> {
    return shown(async () => {
      // Asked for once there is something to keep; browsers that say no may clear it when the disk is full.
      await navigator.storage.persist?.();
      return idOf(await addVideo(file, place, onProgress, signal));
    });
  }

  addDemo(): Promise<string> {
    return shown(async () => {
      const response = await fetch(new URL(DEMO, this.#site));
      if (!response.ok)
        throw new FaceMirrorError('FILE_UNREADABLE', `The demo clip is missing on this site (${DEMO}).`);
      const file = new File([await response.blob()], 'demo.mp4', { type: 'video/mp4' });
      const place: VideoPlace = { subject: 'Demo', visit: 'demo', affected: 'unknown' };
      const known = (await readLibrary()).subjects
        .find(({ name }) => name === place.subject)
        ?.visits.find(({ name }) => name === place.visit)
        ?.videos.find(({ name }) => name === file.name);
      return known?.id ?? idOf(await addVideo(file, place, () => undefined, new AbortController().signal));
    });
  }

  removeVideo(video: string): Promise<void> {
    return shown(async () => {
      (await this.#jobs).forget(video);
      await removeVideo(placeOf(video));
    });
  }

  startJob(request: JobRequest): Promise<Job> {
    return shown(async () => (await this.#jobs).start(request));
  }

  cancelJob(job: string): Promise<void> {
    return shown(async () => (await this.#jobs).cancel(job));
  }

  retryJob(job: string): Promise<void> {
    return shown(async () => (await this.#jobs).retry(job));
  }

  removeJob(job: string): Promise<void> {
    return shown(async () => (await this.#jobs).remove(job));
  }

  watchJobs(onJobs: (jobs: readonly Job[]) => void): () => void {
    let stop: (() => void) | null = null;
    let isStopped = false;
    void this.#jobs.then((jobs) => {
      if (!isStopped) stop = jobs.watch(onJobs);
    });
    return () => {
      isStopped = true;
      stop?.();
    };
  }

  reviewFiles(video: string): Promise<ReviewFiles> {
    return shown(() => reviewOf(placeOf(video), this.#site));
  }

  saveExamination(video: string, edit: ExaminationEdit): Promise<ReviewFiles> {
    return shown(async () => {
      const place = placeOf(video);
      await saveEdit(place, edit);
      return reviewOf(place, this.#site);
    });
  }

  compare(): Promise<Comparison> {
    return Promise.reject(notHere('Comparing visits'));
  }

  reportAddress(): Promise<string | null> {
    return Promise.resolve(null);
  }

  zipAddress(video: string): string {
    return zipAddress(this.#site, video);
  }

  models(): Promise<readonly SuiteModels[]> {
    return shown(async () => {
      const { title, networks } = await readNetworkList(this.#site);
      return [
        {
          suite: 'mediapipe',
          title,
          licenceToAccept: null,
          files: networks.map(({ source, purpose, licence, licenceUrl, bytes }) => ({
            name: source,
            purpose,
            licence,
            licenceUrl,
            optional: false,
            state: 'present' as const,
            bytes,
          })),
        },
      ];
    });
  }

  pullModels(): Promise<void> {
    return Promise.reject(notHere('Fetching networks'));
  }

  importModel(): Promise<string> {
    return Promise.reject(notHere('Importing networks'));
  }

  verifyModels(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  lensCoverage(): Promise<LensCoverage> {
    return Promise.reject(notHere('Analysing networks'));
  }

  lensOptimize(): Promise<LensOptimization> {
    return Promise.reject(notHere('Rewriting networks'));
  }
}

/** Errors as the page knows them. */
async function shown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FaceMirrorError) throw new BackendError(error.code, error.message, { cause: error });
    throw error;
  }
}

function notHere(what: string): BackendError {
  return new BackendError('NOT_HERE', `${what} is not possible in the browser edition: use the installed program.`);
}
