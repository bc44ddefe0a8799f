import { isActive, type Job, type JobRequest, type JobState } from 'facemirror-ui/backend/jobs.js';
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { settingsFromForm } from 'facemirror-core/settings/fields.js';
import type { RunSettings } from 'facemirror-core/settings/settings.js';
import type { FromRunWorker, ToRunWorker } from '../run/messages.js';
import { findFile, makeFolder, writeWhole } from '../storage/folders.js';
import { newRun, placeOf, publish, removeUnpublished, runFolderOf, storedVideo } from '../storage/library.js';
import { NOT_IN_FORM } from './form.js';

interface Entry {
  job: Job;
  readonly settings: JobRequest['settings'];
}

const FOLDER = ['jobs'] as const;
const FILE = 'jobs.json';
/** Networks stay open so long for the next video, in ms; then their memory is given back. */
const IDLE_MS = 60_000;
/** Held by the tab that works on a job; the browser frees it when the tab goes, however it goes. */
const lockOf = (job: string): string => `facemirror-job-${job}`;

/** The jobs of this browser, worked off one after another by the tab that began them. */
export class JobQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(jobs: readonly Job[]) => void>();
  readonly #site: string;
  #worker: Worker | null = null;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #running: { readonly id: string; readonly stop: AbortController } | null = null;
  #saving: Promise<void> = Promise.resolve();

  private constructor(site: string) {
    this.#site = site;
  }

  /** Reads the jobs of earlier visits; those whose tab is gone count as interrupted. */
  static async open(site: string): Promise<JobQueue> {
    const queue = new JobQueue(site);
    const folder = await makeFolder(FOLDER);
    const file = await findFile(folder, FILE);
    const { held = [] } = await navigator.locks.query();
    const alive = new Set(held.map(({ name }) => name));
    for (const entry of file === null ? [] : entriesFrom(await file.text())) {
      const isLost = isActive(entry.job) && !alive.has(lockOf(entry.job.id));
      if (isLost) await removeUnpublished(placeOf(entry.job.video));
      const job: Job = isLost ? { ...entry.job, state: { kind: 'interrupted' } } : entry.job;
      queue.#entries.set(job.id, { job, settings: entry.settings });
    }
    return queue;
  }

  watch(listener: (jobs: readonly Job[]) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#all());
    return () => void this.#listeners.delete(listener);
  }

  /** @throws FaceMirrorError USAGE for wrong settings, or where the video is being processed already. */
  async start({ video, settings }: JobRequest): Promise<Job> {
    const place = placeOf(video);
    const { facts } = await storedVideo(place);
    runSettings(settings, facts.affected);
    for (const [id, { job }] of this.#entries) {
      if (job.video !== video) continue;
      if (isActive(job)) throw new FaceMirrorError('USAGE', 'This video is being processed already.');
      this.#entries.delete(id);
    }
    const job: Job = {
      id: crypto.randomUUID(),
      video,
      title: `${place.subject} · ${place.visit} · ${facts.file}`,
      state: { kind: 'queued' },
      notices: [],
      createdAt: new Date().toISOString(),
    };
    this.#entries.set(job.id, { job, settings });
    this.#changed(true);
    void this.#workOff();
    return job;
  }

  cancel(id: string): void {
    const { job } = this.#known(id);
    if (job.state.kind === 'queued') this.#set(id, { kind: 'cancelled' });
    else if (this.#running?.id === id) this.#running.stop.abort();
    else if (job.state.kind === 'running')
      throw new FaceMirrorError('USAGE', 'Another tab works on this job: cancel it there.');
  }

  async retry(id: string): Promise<void> {
    const { job, settings } = this.#known(id);
    await this.start({ video: job.video, settings });
  }

  remove(id: string): void {
    const { job } = this.#known(id);
    if (isActive(job)) throw new FaceMirrorError('USAGE', 'Cancel this job before you remove it.');
    this.#entries.delete(id);
    this.#changed(true);
  }

  /** Forgets the job of a video that goes. @throws FaceMirrorError USAGE while it is under way. */
  forget(video: string): void {
    for (const { job } of this.#all().map(({ id }) => this.#known(id))) if (job.video === video) this.remove(job.id);
  }

  async #workOff(): Promise<void> {
    if (this.#running !== null) return;
    const next = [...this.#entries.values()].find(({ job }) => job.state.kind === 'queued');
    if (next === undefined) {
      this.#idle = setTimeout(() => this.#endWorker(), IDLE_MS);
      return;
    }
    clearTimeout(this.#idle);
    const { id } = next.job;
    const stop = new AbortController();
    this.#running = { id, stop };
    try {
      await navigator.locks.request(lockOf(id), () => this.#run(next, stop.signal));
    } finally {
      this.#running = null;
      void this.#workOff();
    }
  }

  async #run({ job, settings }: Entry, signal: AbortSignal): Promise<void> {
    const place = placeOf(job.video);
    const run = newRun();
    try {
      const { facts, file } = await storedVideo(place);
      this.#set(job.id, { kind: 'running', frames: 0, expectedFrames: null, framesPerSecond: null, secondsLeft: null });
      const done = await this.#process(job.id, signal, {
        kind: 'start',
        order: {
          video: file,
          name: facts.file,
          stem: place.stem,
          settings: runSettings(settings, facts.affected),
          folder: runFolderOf(place, run),
          site: this.#site,
        },
      });
      await publish(place, run);
      this.#set(job.id, { kind: 'done', frames: done.frames, framesPerSecond: done.framesPerSecond }, done.warnings);
    } catch (error) {
      await removeUnpublished(place).catch(() => undefined);
      const code = error instanceof RunFailure || error instanceof FaceMirrorError ? error.code : 'UNEXPECTED';
      this.#set(
        job.id,
        code === 'CANCELLED' ? { kind: 'cancelled' } : { kind: 'failed', code, sentence: messageOf(error) },
      );
    }
  }

  #process(id: string, signal: AbortSignal, start: ToRunWorker): Promise<Extract<FromRunWorker, { kind: 'done' }>> {
    this.#worker ??= new Worker(new URL('../run/run-worker.ts', import.meta.url), { type: 'module' });
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const progress = new Progress();
      worker.onmessage = ({ data }: MessageEvent<FromRunWorker>) => {
        switch (data.kind) {
          case 'opened':
            progress.opened(data.expectedFrames);
            return;
          case 'progress':
            this.#set(id, progress.at(data.frames));
            return;
          case 'done':
            resolve(data);
            return;
          case 'failed':
            reject(new RunFailure(data.code, data.sentence));
        }
      };
      worker.onerror = (event) => {
        event.preventDefault();
        this.#endWorker();
        reject(
          new RunFailure(
            'WORKER_LOST',
            `The work stopped (${event.message || 'its thread was lost'}): reload the page and run it again, with fewer tabs open if memory is short.`,
          ),
        );
      };
      const cancel: ToRunWorker = { kind: 'cancel' };
      signal.addEventListener('abort', () => worker.postMessage(cancel), { once: true });
      worker.postMessage(start);
    });
  }

  #endWorker(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #known(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new FaceMirrorError('USAGE', 'There is no such job any more.');
    return entry;
  }

  #all(): readonly Job[] {
    return [...this.#entries.values()].map(({ job }) => job);
  }

  #set(id: string, state: JobState, notices?: readonly string[]): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const isStep = entry.job.state.kind === 'running' && state.kind === 'running';
    entry.job = { ...entry.job, state, notices: notices ?? entry.job.notices };
    this.#changed(!isStep);
  }

  #changed(isLasting: boolean): void {
    for (const listener of this.#listeners) listener(this.#all());
    if (!isLasting) return;
    const text = JSON.stringify([...this.#entries.values()]);
    this.#saving = this.#saving
      .then(async () => writeWhole(await makeFolder(FOLDER), FILE, text))
      // The list of jobs is a convenience: results do not depend on it.
      .catch(() => undefined);
  }
}

/** How fast a run goes and how long it will take. */
class Progress {
  #expected: number | null = null;
  #startedAt = performance.now();

  opened(expectedFrames: number | null): void {
    this.#expected = expectedFrames;
    this.#startedAt = performance.now();
  }

  at(frames: number): JobState {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const framesPerSecond = seconds > 0.5 ? frames / seconds : null;
    const secondsLeft =
      framesPerSecond === null || framesPerSecond === 0 || this.#expected === null
        ? null
        : Math.max(0, this.#expected - frames) / framesPerSecond;
    return { kind: 'running', frames, expectedFrames: this.#expected, framesPerSecond, secondsLeft };
  }
}

/** A failure that the worker has told. */
class RunFailure extends Error {
  override readonly name = 'RunFailure';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The form's settings; who the clinician calls affected goes before what the form says. */
function runSettings(settings: JobRequest['settings'], affected: string): RunSettings {
  const given = settingsFromForm(settings, NOT_IN_FORM);
  return affected === 'unknown' || given.affected !== 'auto'
    ? given
    : { ...given, affected: affected as RunSettings['affected'] };
}

function entriesFrom(text: string): readonly Entry[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as Entry[]).filter((entry) => typeof entry.job?.id === 'string') : [];
  } catch {
    return [];
  }
}
