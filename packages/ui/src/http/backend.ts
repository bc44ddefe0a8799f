import type { About, Backend, Comparison, OnProgress } from '../backend/backend.js';
import type { Job, JobRequest } from '../backend/jobs.js';
import type { LensCoverage, LensOptimization } from '../backend/lens.js';
import type { Library, VideoPlace } from '../backend/library.js';
import type { SuiteModels } from '../backend/models.js';
import type { ExaminationEdit, ReviewFiles } from '../backend/review.js';
import { requestJson, sendFile, sendJson } from './request.js';

/** The local app's server. Addresses are relative, so that the page works under any path. */
export class HttpBackend implements Backend {
  about(): Promise<About> {
    return requestJson('/api/about');
  }

  library(): Promise<Library> {
    return requestJson('/api/library');
  }

  async addVideo(file: File, place: VideoPlace, onProgress: OnProgress, signal: AbortSignal): Promise<string> {
    const query = new URLSearchParams({ name: file.name, ...place });
    const { video } = await sendFile<{ readonly video: string }>(
      `/api/videos?${query.toString()}`,
      file,
      onProgress,
      signal,
    );
    return video;
  }

  async addDemo(): Promise<string> {
    return (await sendJson<{ readonly video: string }>('POST', '/api/demo', {})).video;
  }

  removeVideo(video: string): Promise<void> {
    return requestJson(videoPath(video), { method: 'DELETE' });
  }

  startJob(request: JobRequest): Promise<Job> {
    return sendJson('POST', '/api/jobs', request);
  }

  cancelJob(job: string): Promise<void> {
    return sendJson('POST', `${jobPath(job)}/cancel`, {});
  }

  retryJob(job: string): Promise<void> {
    return sendJson('POST', `${jobPath(job)}/retry`, {});
  }

  removeJob(job: string): Promise<void> {
    return requestJson(jobPath(job), { method: 'DELETE' });
  }

  watchJobs(onJobs: (jobs: readonly Job[]) => void): () => void {
    // The browser connects again by itself when the server comes back.
    const events = new EventSource('/api/events');
    events.onmessage = ({ data }: MessageEvent<string>) => onJobs(JSON.parse(data) as readonly Job[]);
    return () => events.close();
  }

  reviewFiles(video: string): Promise<ReviewFiles> {
    return requestJson(`${videoPath(video)}/review`);
  }

  saveExamination(video: string, edit: ExaminationEdit): Promise<ReviewFiles> {
    return sendJson('PUT', `${videoPath(video)}/examination`, edit);
  }

  compare(videos: readonly string[]): Promise<Comparison> {
    return sendJson('POST', '/api/compare', { videos });
  }

  async reportAddress(video: string, kind: 'examination' | 'performance'): Promise<string | null> {
    return (await requestJson<{ readonly address: string | null }>(`${videoPath(video)}/report/${kind}`)).address;
  }

  zipAddress(video: string): string {
    return `${videoPath(video)}/zip`;
  }

  models(): Promise<readonly SuiteModels[]> {
    return requestJson('/api/models');
  }

  async pullModels(suite: string, licenceAccepted: boolean, onProgress: OnProgress): Promise<void> {
    onProgress(0);
    await sendJson('POST', '/api/models/pull', { suite, licenceAccepted });
    onProgress(1);
  }

  async importModel(file: File, onProgress: OnProgress): Promise<string> {
    const query = new URLSearchParams({ name: file.name });
    const path = `/api/models/import?${query.toString()}`;
    return (await sendFile<{ readonly sentence: string }>(path, file, onProgress)).sentence;
  }

  async verifyModels(): Promise<readonly string[]> {
    return (await sendJson<{ readonly damaged: readonly string[] }>('POST', '/api/models/verify', {})).damaged;
  }

  lensCoverage(file: File, target: string): Promise<LensCoverage> {
    const query = new URLSearchParams({ name: file.name, target });
    return sendFile(`/api/lens/coverage?${query.toString()}`, file, ignoreProgress);
  }

  lensOptimize(file: File): Promise<LensOptimization> {
    const query = new URLSearchParams({ name: file.name });
    return sendFile(`/api/lens/optimize?${query.toString()}`, file, ignoreProgress);
  }
}

/** Models are small against the work that follows. */
function ignoreProgress(): void {
  return undefined;
}

function videoPath(video: string): string {
  return `/api/videos/${encodeURIComponent(video)}`;
}

function jobPath(job: string): string {
  return `/api/jobs/${encodeURIComponent(job)}`;
}
