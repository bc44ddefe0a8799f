import type { ExaminationEdit, ReviewFiles } from './review.js';
import type { Job, JobRequest } from './jobs.js';
import type { Library, VideoPlace } from './library.js';
import type { LensCoverage, LensOptimization } from './lens.js';
import type { SuiteModels } from './models.js';
import type { ResultAccess } from './results.js';

/** What the program can do, and how its settings form looks. Read once, when the page opens. */
export interface About {
  /** Where networks and files are: on this computer's server, or in the browser itself. */
  readonly kind: 'server' | 'browser';
  readonly version: string;
  /** Where results are kept, as a sentence for the user. */
  readonly libraryPlace: string;
  readonly settings: readonly SettingField[];
  /** Whether movements and rest can be changed (`saveExamination`). */
  readonly canEdit: boolean;
  /** Screens that this backend has nothing for are not shown. */
  readonly screens: readonly ScreenName[];
}

export type ScreenName = 'start' | 'queue' | 'review' | 'compare' | 'report' | 'performance' | 'models' | 'lens';

/** One setting of a run, as a form shows it. */
export interface SettingField {
  readonly name: string;
  readonly kind: 'choice' | 'number' | 'switch' | 'text';
  readonly choices: readonly string[];
  readonly defaultValue: string | number | boolean | null;
  readonly unit: string | null;
  readonly least: number | null;
  readonly most: number | null;
  /** One sentence. */
  readonly help: string;
}

/** Part of a transfer that is done, 0 to 1. */
export type OnProgress = (fraction: number) => void;

/** A table of change between visits: what "Compare" shows. */
export interface Comparison {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Sentences on what was compared and how far it can be trusted. */
  readonly notes: readonly string[];
}

/**
 * Everything the page asks of the world. The local app's server is one implementation, the browser edition another.
 * Every promise rejects with a `BackendError` whose message is a sentence for the user.
 */
export interface Backend {
  about(): Promise<About>;

  library(): Promise<Library>;
  /** Stores a video and gives its id. The file is streamed; the signal stops it and leaves nothing behind. */
  addVideo(file: File, place: VideoPlace, onProgress: OnProgress, signal: AbortSignal): Promise<string>;
  /** Makes the demo clip and gives its id. */
  addDemo(): Promise<string>;
  removeVideo(video: string): Promise<void>;

  startJob(request: JobRequest): Promise<Job>;
  cancelJob(job: string): Promise<void>;
  retryJob(job: string): Promise<void>;
  removeJob(job: string): Promise<void>;
  /** Calls back with all jobs, at once and whenever one changes. Returns how to stop. */
  watchJobs(onJobs: (jobs: readonly Job[]) => void): () => void;

  reviewFiles(video: string): Promise<ReviewFiles>;
  /** Saves movements and the neutral stretch, and makes tables and report again. */
  saveExamination(video: string, edit: ExaminationEdit): Promise<ReviewFiles>;
  compare(videos: readonly string[]): Promise<Comparison>;
  /** Address of a page to show in a frame; null if this run has none. */
  reportAddress(video: string, kind: 'examination' | 'performance'): Promise<string | null>;
  /** Address of a zip of the results, which the browser saves: the answer says so itself. */
  zipAddress(video: string): string;
  /** Absent where results lie in a folder of the user's. */
  readonly results?: ResultAccess;

  models(): Promise<readonly SuiteModels[]>;
  pullModels(suite: string, licenceAccepted: boolean, onProgress: OnProgress): Promise<void>;
  importModel(file: File, onProgress: OnProgress): Promise<string>;
  verifyModels(): Promise<readonly string[]>;

  lensCoverage(file: File, target: string): Promise<LensCoverage>;
  lensOptimize(file: File): Promise<LensOptimization>;
}

/** A failed request, with the sentence that the command line would print. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  /** Stable, for programs; the message is for people. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The sentence to show for anything that was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
