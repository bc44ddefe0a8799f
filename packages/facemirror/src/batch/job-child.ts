/**
 * One job in a process of its own: its memory goes when it ends, and a crash takes nothing with it. Started by
 * local-queue.ts only.
 */
import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';
import { runBatch } from './batch.js';
import type { BatchEvent } from './events.js';
import { serveParent } from '../processes/helper-child.js';
import type { FromJobChild, ToJobChild } from './job-messages.js';
import type { JobEnd, JobSpec } from './job-queue.js';

const controller = new AbortController();

function tell(message: FromJobChild, then: () => void = () => undefined): void {
  process.send?.(message, then);
}

async function run({ path, out, settings, expected, cores }: JobSpec): Promise<JobEnd> {
  let end: JobEnd = { kind: 'cancelled' };
  const onEvent = (event: BatchEvent): void => {
    switch (event.kind) {
      case 'started':
        tell({
          kind: 'progress',
          frames: 0,
          expectedFrames: event.expectedFrames,
          framesPerSecond: null,
          secondsLeft: null,
        });
        break;
      case 'progress': {
        const { frames, expectedFrames, framesPerSecond, secondsLeft } = event;
        tell({ kind: 'progress', frames, expectedFrames, framesPerSecond, secondsLeft });
        break;
      }
      case 'notice':
        tell({ kind: 'notice', sentence: event.sentence });
        break;
      case 'done':
        end = {
          kind: 'done',
          frames: event.record.frames.read,
          framesPerSecond: event.record.profile?.framesPerSecond ?? null,
        };
        break;
      case 'failed':
        end = failureEnd(event.error);
        break;
      case 'analysing':
      case 'skipped':
        break;
    }
  };
  const { skipped } = await runBatch({
    paths: [path],
    out,
    settings,
    ...(expected === undefined ? {} : { expected }),
    ...(cores === undefined ? {} : { cores }),
    signal: controller.signal,
    onEvent,
  });
  // The results were there already: as good as done now.
  if (skipped.length > 0) end = { kind: 'done', frames: 0, framesPerSecond: null };
  return end;
}

function failureEnd(error: unknown): JobEnd {
  if (error instanceof FaceMirrorError && error.code === 'CANCELLED') return { kind: 'cancelled' };
  const code = error instanceof FaceMirrorError ? error.code : 'UNEXPECTED';
  return { kind: 'failed', code, sentence: messageOf(error) };
}

serveParent(() => controller.abort());
process.on('message', (message: ToJobChild) => {
  if (message.kind === 'stop') return controller.abort();
  run(message.job)
    .catch(failureEnd)
    .then((end) => tell({ kind: 'end', end }, () => process.exit()))
    .catch(() => process.exit(1));
});
