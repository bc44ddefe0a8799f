import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { ProfileSummary } from '../results/summary.js';
import { readRunRecord, type RunRecord } from '../results/record.js';

/**
 * A record whose measurements a report can be made of.
 * @throws FaceMirrorError FILE_UNREADABLE for a file that is no record, USAGE for one without measurements, or with
 *   those of a version that wrote them otherwise.
 */
export async function readMeasuredRecord(path: string): Promise<RunRecord & { readonly profile: ProfileSummary }> {
  const record = await readRunRecord(path);
  const { profile } = record;
  if (profile === null)
    throw new FaceMirrorError(
      'USAGE',
      `${path} holds no measurements, as the video was run with \`profile: false\`: run it again without.`,
    );
  if (!hasMeasurements(record)) {
    throw new FaceMirrorError(
      'USAGE',
      `${path} was written by Face Mirror ${record.program.version}, whose measurements this version cannot read, or is damaged: run the video again with \`force: true\`.`,
    );
  }
  return { ...record, profile };
}

/** Whether all is there that a report shows; records of other versions come with other fields. */
function hasMeasurements({ machine, suite, output, profile, performance }: Partial<RunRecord>): boolean {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  const areNumbers = (value: unknown, keys: readonly string[]): boolean =>
    isObject(value) && keys.every((key) => typeof value[key] === 'number');
  const areDurations = (value: unknown): boolean =>
    areNumbers(value, ['count', 'totalMs', 'meanMs', 'p50Ms', 'p95Ms', 'maxMs']);
  const isListOf = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
    Array.isArray(value) && value.every(isItem);
  const isPoint = (point: unknown): boolean => areNumbers(point, ['at', 'mean', 'max']);
  return (
    isObject(machine) &&
    isObject(suite) &&
    typeof suite.title === 'string' &&
    typeof suite.workers === 'number' &&
    areNumbers(output, ['width', 'height']) &&
    areNumbers(profile, ['wallMs', 'cpuMs', 'cores', 'frames', 'framesPerSecond']) &&
    areNumbers(profile?.memory, ['startRssBytes', 'peakRssBytes', 'endRssBytes', 'framePoolBytes']) &&
    isListOf(profile?.memory.rssOverTime, isPoint) &&
    isListOf(profile?.frameTimeMs, isPoint) &&
    isListOf(profile?.frameIntervalMs ?? [], isPoint) &&
    isListOf(profile?.stages, areDurations) &&
    isListOf(profile?.queues, (queue) => isObject(queue) && areDurations(queue['waits'])) &&
    isListOf(
      profile?.models,
      (model) => isObject(model) && [model['preprocess'], model['inference'], model['postprocess']].every(areDurations),
    ) &&
    isListOf(profile?.timeline, (span) => areNumbers(span, ['frame', 'startMs', 'durationMs'])) &&
    (performance === null ||
      (isObject(performance) &&
        [performance.networks, performance.utilization, performance.warnings, performance.trials].every(Array.isArray)))
  );
}
