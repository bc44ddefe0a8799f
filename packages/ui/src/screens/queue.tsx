import { useState, type ReactNode } from 'react';
import { isActive, type Job } from '../backend/jobs.js';
import { formatDuration, formatNumber, t } from '../i18n/messages.js';
import { useShell } from '../shell/context.js';
import { Empty, Failure, Progress } from '../shell/parts.js';
import { addressOf } from '../shell/route.js';

/** All jobs with their progress. */
export function QueueScreen(): ReactNode {
  const { jobs } = useShell();
  const [failure, setFailure] = useState<unknown>(null);
  return (
    <section>
      <h1>{t.queue.title}</h1>
      {failure !== null && <Failure error={failure} />}
      {jobs.length === 0 ? (
        <Empty>
          <p>{t.queue.empty}</p>
          <a className="button" href={addressOf('start')}>
            {t.start.title}
          </a>
        </Empty>
      ) : (
        <ul className="jobs">
          {[...jobs]
            .sort((a, b) => b.createdAt.localeCompare(a.createdAt))
            .map((job) => (
              <JobRow key={job.id} job={job} onFailure={setFailure} />
            ))}
        </ul>
      )}
    </section>
  );
}

function JobRow({ job, onFailure }: { readonly job: Job; readonly onFailure: (error: unknown) => void }): ReactNode {
  const { backend } = useShell();
  const act = (action: Promise<void>): void => {
    action.then(() => onFailure(null), onFailure);
  };
  return (
    <li className={`job ${job.state.kind}`} data-job={job.id} data-state={job.state.kind}>
      <div className="job-head">
        <strong>{job.title}</strong>
        <span className="state">{t.queue.states[job.state.kind]}</span>
      </div>
      <JobProgress job={job} />
      {job.notices.length > 0 && (
        <ul className="notices">
          {job.notices.map((notice) => (
            <li key={notice}>{notice}</li>
          ))}
        </ul>
      )}
      <div className="row">
        {job.state.kind === 'done' && (
          <a className="button primary" href={addressOf('review', job.video)}>
            {t.actions.review}
          </a>
        )}
        {isActive(job) ? (
          <button type="button" onClick={() => act(backend.cancelJob(job.id))}>
            {t.actions.cancel}
          </button>
        ) : (
          <>
            {job.state.kind !== 'done' && (
              <button type="button" onClick={() => act(backend.retryJob(job.id))}>
                {t.actions.retry}
              </button>
            )}
            <button type="button" onClick={() => act(backend.removeJob(job.id))}>
              {t.actions.remove}
            </button>
          </>
        )}
      </div>
    </li>
  );
}

function JobProgress({ job }: { readonly job: Job }): ReactNode {
  const { state } = job;
  switch (state.kind) {
    case 'running': {
      const { frames, expectedFrames, framesPerSecond, secondsLeft } = state;
      const parts = [
        expectedFrames === null
          ? `${formatNumber(frames)} ${t.queue.frames}`
          : `${formatNumber(frames)} / ${formatNumber(expectedFrames)} ${t.queue.frames}`,
      ];
      if (framesPerSecond !== null) parts.push(`${formatNumber(framesPerSecond, 1)} ${t.queue.rate}`);
      if (secondsLeft !== null) parts.push(`${formatDuration(secondsLeft)} ${t.queue.left}`);
      return (
        <>
          <Progress value={expectedFrames === null ? null : Math.min(1, frames / expectedFrames)} label={job.title} />
          <p className="help">{parts.join(' · ')}</p>
        </>
      );
    }
    case 'done':
      return (
        <p className="help">
          {formatNumber(state.frames)} {t.queue.frames}
          {state.framesPerSecond !== null && ` · ${formatNumber(state.framesPerSecond, 1)} ${t.queue.rate}`}
        </p>
      );
    case 'failed':
      return <p className="sentence">{state.sentence}</p>;
    case 'queued':
    case 'cancelled':
    case 'interrupted':
      return null;
  }
}
