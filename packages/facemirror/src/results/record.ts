import { access, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ExaminationDescription } from 'facemirror-core/examination/description.js';
import { readJsonFile } from '../files/json-file.js';
import type { Isolation } from 'facemirror-core/inference/options.js';
import type { OpenedModel } from 'facemirror-core/suites/suite.js';
import type { BatchingFacts, NetworkFindings, WorkerMemoryFacts } from './facts.js';
import type { ProfileSummary } from './summary.js';
import type { VideoInfo } from '../video/video-info.js';
import { outputName } from 'facemirror-core/results/output-names.js';
import type { MachineFacts } from '../machine/machine-facts.js';
import type { ResultSettings } from 'facemirror-core/settings/settings.js';

/** What `<stem>.json` says about a run. It is written last: where it is, the run is complete. */
export interface RunRecord {
  readonly program: { readonly name: 'Face Mirror'; readonly version: string };
  /** Of what computed the results; absent from records of versions that did not note it. Node's is with the machine. */
  readonly versions?: { readonly onnxRuntime: string; readonly ffmpeg: string };
  readonly finishedAt: string;
  readonly input: {
    readonly file: string;
    readonly bytes: number;
    /** Lower-case hex. */
    readonly sha256: string;
    readonly container: string;
    readonly codec: string;
    readonly pixelFormat: string;
    readonly codedWidth: number;
    readonly codedHeight: number;
    readonly pixelAspect: number;
    readonly orientation: string;
    readonly frameRate: number | null;
    readonly durationSeconds: number | null;
    readonly audio: VideoInfo['audio'];
  };
  readonly settings: ResultSettings;
  readonly machine: MachineFacts;
  readonly suite: {
    readonly name: string;
    readonly title: string;
    readonly models: readonly OpenedModel[];
    /** What the networks really ran on. */
    readonly provider: string;
    /** Why that one, as a sentence; absent where the user chose it. */
    readonly providerReason?: string;
    /** What the user had asked for, where it could not be had; else absent. */
    readonly providerAsked?: string;
    readonly workers: number;
    /** The reason for that number, as a sentence; absent from older records. */
    readonly workersReason?: string;
    readonly isolation: Isolation;
    /**
     * Frames in one run, by network, and what measuring them at the start gave; networks that take one at a time are
     * left out.
     */
    readonly batching?: Readonly<Record<string, BatchingFacts>>;
    readonly workerMemory?: WorkerMemoryFacts;
  };
  /** Size of the outputs' pictures, in pixels. */
  readonly output: {
    readonly width: number;
    readonly height: number;
    /** Null where no video was written. */
    readonly encoder: string | null;
    readonly files: readonly string[];
  };
  readonly frames: {
    readonly read: number;
    readonly withFace: number;
    readonly withoutFace: number;
    readonly quickSearches: number;
    readonly thoroughSearches: number;
  };
  /** How the tables' values came about: models, scales, units. */
  readonly tables: Readonly<Record<string, unknown>>;
  /** Movements, quality and versions of definitions; absent from records of versions that had none. */
  readonly examination?: ExaminationDescription;
  /** When a person last changed movements or the neutral stretch, ISO 8601; the tables were computed again then. */
  readonly editedAt?: string;
  readonly warnings: readonly string[];
  readonly profile: ProfileSummary | null;
  /**
   * The most videos that were under way at once while this one was; their work is part of the process's figures. Absent
   * in old records.
   */
  readonly videosAtOnce?: number;
  /** What `--report` found out about the networks; null where no report was asked for. */
  readonly performance: NetworkFindings | null;
}

/** What an earlier run left under a stem, as far as it matters to a new one. */
export type EarlierRun =
  | { readonly kind: 'none' }
  /** Complete, of the same content with the same settings. */
  | { readonly kind: 'same'; readonly files: readonly string[] }
  /** Of the same content, with other settings or another version, or not complete any more. */
  | { readonly kind: 'outdated' }
  /** Of another content: another patient's, for all that is known. */
  | { readonly kind: 'foreign'; readonly file: string };

/** Looks for the results of an earlier run. */
export async function earlierRun(
  folder: string,
  stem: string,
  sha256: string,
  settings: ResultSettings,
  version: string,
): Promise<EarlierRun> {
  const record = await readRecord(join(folder, outputName(stem, 'record')));
  if (record === null) return { kind: 'none' };
  if (record.input.sha256 !== sha256) return { kind: 'foreign', file: record.input.file };
  const files = record.output.files.map((name) => join(folder, basename(name)));
  const areThere = await Promise.all(
    files.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return isOfSameRun(record, settings, version) && areThere.every(Boolean)
    ? { kind: 'same', files }
    : { kind: 'outdated' };
}

/** Whether a record is of a run with these settings, by this version. */
export function isOfSameRun(
  record: Pick<RunRecord, 'program' | 'settings'>,
  settings: ResultSettings,
  version: string,
): boolean {
  return (
    record.program.version === version &&
    isDeepStrictEqual(record.settings, JSON.parse(JSON.stringify(settings)) as ResultSettings)
  );
}

/**
 * The record of a run.
 * @throws FaceMirrorError FILE_UNREADABLE for a file that is not one.
 */
export function readRunRecord(path: string): Promise<RunRecord> {
  return readJsonFile(
    path,
    isRecord,
    'the record of a run: give the <name>.json that "facemirror run" wrote beside its results.',
  );
}

/** The record at a path; null when there is none, or none of ours. */
async function readRecord(path: string): Promise<KnownRecord | null> {
  try {
    return parseRecord(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

/** What every record has, whatever version wrote it. */
export type KnownRecord = Pick<RunRecord, 'program' | 'input' | 'settings' | 'output'>;

/** The record that a text is; null when it is none of ours. */
export function parseRecord(text: string): KnownRecord | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { program, input, output } = value as { readonly [Key in keyof RunRecord]?: RunRecord[Key] | null };
  return (
    program?.name === 'Face Mirror' &&
    typeof input?.file === 'string' &&
    typeof input.sha256 === 'string' &&
    Array.isArray(output?.files) &&
    output.files.every((file) => typeof file === 'string')
  );
}
