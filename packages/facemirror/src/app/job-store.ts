import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { JobEvent, JobQueue, OnJobEvent } from '../batch/job-queue.js';
import { settingsFromForm } from 'facemirror-core/settings/fields.js';
import { NOT_IN_FORM } from './app-settings.js';
import { AppError } from './app-error.js';
import type { JobState, StoredJob } from './job-state.js';
import { idOf, placeOf, type Library, type VideoPlace } from './library.js';

/** A job as the page is told of it. */
export interface Job extends StoredJob {
  readonly video: string;
  readonly title: string;
}

export interface JobStoreOptions {
  readonly library: Library;
  readonly openQueue: (onEvent: OnJobEvent) => JobQueue;
}

const NOTHING_YET = { frames: 0, expectedFrames: null, framesPerSecond: null, secondsLeft: null } as const;

/** The jobs of the library: each video has at most one, kept beside the video. */
export class JobStore {
  readonly #options: JobStoreOptions;
  readonly #queue: JobQueue;
  readonly #jobs = new Map<string, Job>();
  readonly #listeners = new Set<() => void>();
  /** Videos whose results are being changed. */
  readonly #edited = new Set<string>();

  private constructor(options: JobStoreOptions) {
    this.#options = options;
    this.#queue = options.openQueue((event) => void this.#onEvent(event));
  }

  /** Reads the jobs of all videos. Those that waited or ran when the server ended are interrupted. */
  static async open(options: JobStoreOptions): Promise<JobStore> {
    const store = new JobStore(options);
    for (const place of await options.library.places()) {
      const facts = await options.library.facts(place);
      if (facts?.job == null) continue;
      const wasActive = facts.job.state.kind === 'queued' || facts.job.state.kind === 'running';
      const state: JobState = wasActive ? { kind: 'interrupted' } : facts.job.state;
      const job = { ...facts.job, state, video: idOf(place), title: titleOf(place, facts.file) };
      store.#jobs.set(job.id, job);
      if (wasActive) await store.#keep(job);
    }
    return store;
  }

  get all(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** Calls back after every change. Returns how to stop. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Begins a job for a video, in place of an earlier one. @throws AppError 409 while one is under way. */
  async start(video: string, settings: Readonly<Record<string, unknown>>): Promise<Job> {
    const { library } = this.#options;
    const place = placeOf(video);
    const facts = await library.factsThere(place);
    const earlier = this.all.find((job) => job.video === video);
    if ((earlier !== undefined && isActive(earlier)) || this.#edited.has(video))
      throw new AppError(409, 'JOB_ACTIVE', 'This video is being processed already.');
    const folder = await library.folderThere(place);
    const id = randomUUID();
    const spec = { id, path: join(folder, facts.file), out: folder, settings: settingsFromForm(settings, NOT_IN_FORM) };
    if (earlier !== undefined) this.#jobs.delete(earlier.id);
    const job: Job = {
      id,
      video,
      title: titleOf(place, facts.file),
      createdAt: new Date().toISOString(),
      state: { kind: 'queued' },
      notices: [],
    };
    library.keepFacts(place, { ...facts, settings, job: stored(job) });
    this.#jobs.set(id, job);
    this.#queue.submit(spec);
    this.#tell();
    return job;
  }

  async retry(id: string): Promise<Job> {
    const job = this.#known(id);
    const facts = await this.#options.library.factsThere(placeOf(job.video));
    return this.start(job.video, facts.settings);
  }

  cancel(id: string): void {
    this.#known(id);
    this.#queue.cancel(id);
  }

  /** Forgets a job that is over; the video and its results stay. */
  async remove(id: string): Promise<void> {
    const job = this.#known(id);
    if (isActive(job)) throw new AppError(409, 'JOB_ACTIVE', 'Cancel this job before you remove it.');
    this.#jobs.delete(id);
    const place = placeOf(job.video);
    const facts = await this.#options.library.facts(place);
    if (facts !== null) this.#options.library.keepFacts(place, { ...facts, job: null });
    this.#tell();
  }

  /** Changes a video's results while no job does. @throws AppError 409 while one is under way. */
  async whileIdle<T>(video: string, change: () => Promise<T>): Promise<T> {
    if (this.#edited.has(video) || this.all.some((job) => job.video === video && isActive(job)))
      throw new AppError(409, 'JOB_ACTIVE', 'This video is being processed: wait until that is done.');
    this.#edited.add(video);
    try {
      return await change();
    } finally {
      this.#edited.delete(video);
    }
  }

  /** Forgets the job of a video that is deleted. @throws AppError 409 while it is under way. */
  forget(video: string): void {
    const job = this.all.find((each) => each.video === video);
    if (job === undefined) return;
    if (isActive(job)) throw new AppError(409, 'JOB_ACTIVE', 'Cancel the job of this video before you delete it.');
    this.#jobs.delete(job.id);
    this.#tell();
  }

  /** Stops what runs; it will be interrupted, not cancelled, at the next start. */
  async close(): Promise<void> {
    this.#listeners.clear();
    const active = this.all.filter(isActive);
    await this.#queue.close();
    for (const job of active) await this.#keep({ ...job, state: { kind: 'interrupted' } });
  }

  async #onEvent(event: JobEvent): Promise<void> {
    const job = this.#jobs.get(event.id);
    if (job === undefined) return;
    const next = after(job, event);
    this.#jobs.set(job.id, next);
    this.#tell();
    // Progress is not kept: after a crash it would say nothing.
    if (event.kind !== 'progress') await this.#keep(next);
  }

  async #keep(job: Job): Promise<void> {
    const place = placeOf(job.video);
    const facts = await this.#options.library.facts(place);
    if (facts !== null) this.#options.library.keepFacts(place, { ...facts, job: stored(job) });
  }

  #known(id: string): Job {
    const job = this.#jobs.get(id);
    if (job === undefined) throw new AppError(404, 'NO_JOB', 'There is no such job any more.');
    return job;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function after(job: Job, event: JobEvent): Job {
  switch (event.kind) {
    case 'started':
      return { ...job, state: { kind: 'running', ...NOTHING_YET } };
    case 'progress': {
      const { frames, expectedFrames, framesPerSecond, secondsLeft } = event;
      return { ...job, state: { kind: 'running', frames, expectedFrames, framesPerSecond, secondsLeft } };
    }
    case 'notice':
      return { ...job, notices: [...job.notices, event.sentence] };
    case 'ended':
      return { ...job, state: event.end };
  }
}

function isActive({ state }: Job): boolean {
  return state.kind === 'queued' || state.kind === 'running';
}

function stored({ id, createdAt, state, notices }: Job): StoredJob {
  return { id, createdAt, state, notices };
}

function titleOf({ subject, visit }: VideoPlace, file: string): string {
  return `${subject} · ${visit} · ${file}`;
}
