import { ISOLATIONS, PROVIDER_CHOICES, type ProviderChoice } from 'facemirror-core/inference/options.js';
import type { SuiteName } from 'facemirror-core/suites/suite.js';
import { readJsonFile } from '../files/json-file.js';
import type { RunRecord } from '../results/record.js';
import type { Axes, Combination } from './combination.js';

/** What one run of the pipeline took, in a process of its own. */
export interface RunMeasurement {
  /** Until the networks were open and the video too; not part of the other times. */
  readonly openingMs: number;
  /** From then on until the last file was in its place. */
  readonly wallMs: number;
  /** User and system time of the run's process and its workers' in that time. */
  readonly cpuMs: number;
  /**
   * Of the run's process, and added to it of its workers where they are processes (memory they share counts in each).
   */
  readonly peakRssBytes: number;
  readonly frames: number;
  /**
   * What was really taken, of which `auto` says nothing: frames by network. Absent in old results, as is the provider
   * in some.
   */
  readonly taken?: {
    readonly provider?: string;
    readonly workers: number;
    readonly batch: Readonly<Record<string, number>>;
  };
  /**
   * Part of the machine's processor time that other programs took meanwhile, 0 to 1; null where it cannot be told.
   * Absent in old results.
   */
  readonly othersShare?: number | null;
  /** Of the names and bytes of all tables; lower-case hex. */
  readonly tablesSha256: string;
}

/** The runs of one combination. */
export interface CombinationRuns extends Combination {
  readonly runs: readonly RunMeasurement[];
  /** Of each pair: this combination's time over that of the baseline's run before it. Empty for the baseline. */
  readonly ratios: readonly number[];
}

/** How a bench was asked for. */
export interface BenchSettings extends Axes {
  readonly suite: SuiteName;
  /** Folder of the user's own model files, or null. */
  readonly modelsFolder: string | null;
  /** Null for the demo clip. */
  readonly video: string | null;
  /** Pairs for each combination. */
  readonly repeat: number;
}

/** A bench, as it is saved. */
export interface BenchResult {
  readonly kind: 'Face Mirror bench';
  readonly measuredAt: string;
  readonly versions: { readonly program: string; readonly onnxRuntime: string };
  readonly host: RunRecord['machine'];
  readonly settings: BenchSettings;
  readonly video: { readonly file: string; readonly sha256: string; readonly frames: number };
  /** The baseline first. */
  readonly combinations: readonly CombinationRuns[];
  /** Whether all runs on the same provider wrote the same bytes into their tables. */
  readonly tablesIdentical: boolean;
  /** What the runs had to say, each once. */
  readonly notices: readonly string[];
}

/** As it lies in a file: old ones are of one provider. */
interface StoredBench extends Omit<BenchResult, 'settings' | 'combinations'> {
  readonly settings: Omit<BenchSettings, 'provider'> & {
    readonly provider: ProviderChoice | readonly ProviderChoice[];
  };
  readonly combinations: readonly (Omit<CombinationRuns, 'provider'> & { readonly provider?: ProviderChoice })[];
}

/** A saved bench. @throws FaceMirrorError FILE_UNREADABLE for a file that is none. */
export async function readBench(path: string): Promise<BenchResult> {
  const stored = await readJsonFile(
    path,
    isBench,
    'the result of a bench: give a file that "facemirror bench --out FILE" wrote.',
  );
  const { provider } = stored.settings;
  const providers = typeof provider === 'string' ? [provider] : provider;
  const combinations = stored.combinations.map((each) => ({
    ...each,
    provider: each.provider ?? providers[0] ?? 'auto',
  }));
  return { ...stored, settings: { ...stored.settings, provider: providers }, combinations };
}

function isBench(value: unknown): value is StoredBench {
  if (!isObject(value) || value['kind'] !== 'Face Mirror bench') return false;
  const { host, versions, settings, video, combinations } = value;
  return (
    hasTypes(host, { platform: 'string', cpu: 'string', cores: 'number', node: 'string' }) &&
    hasTypes(versions, { program: 'string', onnxRuntime: 'string' }) &&
    hasTypes(settings, { suite: 'string', repeat: 'number' }) &&
    (['workers', 'batch'] as const).every((axis) => isListOf(settings[axis], isCount)) &&
    isListOf(settings['isolation'], (isolation) => (ISOLATIONS as readonly unknown[]).includes(isolation)) &&
    (isProvider(settings['provider']) || isListOf(settings['provider'], isProvider)) &&
    isCount(settings['repeat']) &&
    hasTypes(video, { file: 'string', sha256: 'string', frames: 'number' }) &&
    Array.isArray(combinations) &&
    combinations.every(isCombination)
  );
}

function isCombination(value: unknown): boolean {
  const figures = {
    openingMs: 'number',
    wallMs: 'number',
    cpuMs: 'number',
    peakRssBytes: 'number',
    frames: 'number',
  } as const;
  return (
    hasTypes(value, { isolation: 'string' }) &&
    (value['provider'] === undefined || isProvider(value['provider'])) &&
    [value['workers'], value['batch']].every(isCount) &&
    Array.isArray(value['runs']) &&
    value['runs'].length > 0 &&
    value['runs'].every(
      (run) =>
        hasTypes(run, figures) &&
        Object.keys(figures).every((key) => Number(run[key]) >= 0) &&
        Number(run['wallMs']) > 0,
    ) &&
    Array.isArray(value['ratios'])
  );
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isItem);
}

function isProvider(value: unknown): boolean {
  return (PROVIDER_CHOICES as readonly unknown[]).includes(value);
}

/** A number to run with, or `auto`. */
function isCount(value: unknown): boolean {
  return value === 'auto' || (Number.isSafeInteger(value) && Number(value) > 0);
}

function hasTypes(
  value: unknown,
  types: Readonly<Record<string, 'string' | 'number'>>,
): value is Record<string, unknown> {
  return isObject(value) && Object.entries(types).every(([key, type]) => typeof value[key] === type);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
