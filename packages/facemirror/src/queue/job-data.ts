import { FaceMirrorError } from 'facemirror-core/errors.js';
import {
  parseSettings,
  resultSettings,
  type RunSettings,
  type SettingsInput,
} from 'facemirror-core/settings/settings.js';
import { SETTING_NAMES, SETTINGS, type SettingName } from 'facemirror-core/settings/table.js';
import { isDeepStrictEqual } from 'node:util';
import { sha256 } from '../files/hash.js';
import { checkedRelative } from '../storage/relative-path.js';
import type { Target } from '../storage/storage.js';

/** A job as the queue holds it: one video, by its content, with its result settings. */
export interface JobData {
  /** The program's, whose results are wanted. */
  readonly version: string;
  /** Of the video, lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Those that differ from their defaults. */
  readonly settings: SettingsInput;
  /** Where the video lies, and where its results go; several when copies of it were submitted. */
  readonly targets: readonly Target[];
}

/** Settings that each worker decides, or that name files of one machine. */
export const WORKERS_SETTINGS = ['provider', 'modelsFolder', 'workers', 'isolation', 'batch', 'jobs', 'trace'] as const;
const OF_WORKERS: ReadonlySet<SettingName> = new Set(WORKERS_SETTINGS);

/** Copies of one video in one job. */
const MOST_TARGETS = 1000;

/** What a job's settings are kept as: those that differ from their defaults, without those that are a worker's. */
export function keptSettings(settings: RunSettings): SettingsInput {
  const differing = SETTING_NAMES.filter(
    (name) => !OF_WORKERS.has(name) && !isDeepStrictEqual(settings[name], SETTINGS[name].default),
  );
  return Object.fromEntries(differing.map((name) => [name, settings[name]]));
}

/** What a job is known by: the video's content, the settings that results depend on, and the version that makes them. */
export function jobId({ sha256: video, version, settings }: Pick<JobData, 'sha256' | 'version' | 'settings'>): string {
  const wanted = Object.entries(resultSettings(parseSettings(settings)));
  return `v${sha256(JSON.stringify([video, version, wanted]))}`;
}

/**
 * A job's data as they came from the queue, which anybody may have written to.
 * @throws FaceMirrorError USAGE for what no `submit` has made.
 */
export function parseJobData(value: unknown): JobData {
  if (typeof value !== 'object' || value === null) throw damaged('they are no object');
  const { version, sha256: video, bytes, settings, targets } = value as { readonly [Key in keyof JobData]?: unknown };
  if (typeof version !== 'string' || version.length > 40) throw damaged('they name no version');
  if (typeof video !== 'string' || !/^[0-9a-f]{64}$/.test(video)) throw damaged('they name no video by its hash');
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) throw damaged('they name no size');
  if (!Array.isArray(targets) || targets.length === 0 || targets.length > MOST_TARGETS)
    throw damaged('they name no file');
  // Another version may have other settings: that is told as what it is.
  const given = typeof settings === 'object' && settings !== null ? (settings as SettingsInput) : {};
  for (const name of WORKERS_SETTINGS) if (name in given) throw damaged(`the setting ${name} is each worker's own`);
  return { version, sha256: video, bytes, settings: given, targets: targets.map(parseTarget) };
}

function parseTarget(value: unknown): Target {
  const { path, out, stem } = (value ?? {}) as { readonly [Key in keyof Target]?: unknown };
  if (typeof path !== 'string' || typeof out !== 'string' || typeof stem !== 'string')
    throw damaged('they name no file');
  if (path === '' || stem === '' || stem.includes('/')) throw damaged('they name no file');
  return { path: checkedRelative(path), out: checkedRelative(out), stem: checkedRelative(stem) };
}

function damaged(why: string): FaceMirrorError {
  return new FaceMirrorError('USAGE', `The job's data are not those of a submitted video: ${why}. Submit it again.`);
}
