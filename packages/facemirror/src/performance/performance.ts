import { OnnxLensError, runtimeVersion } from 'onnx-lens';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import type { Suite } from 'facemirror-core/suites/suite.js';
import type { NetworkFindings, RunFacts, UtilizationFacts } from '../results/facts.js';
import type { ProfileSummary } from '../results/summary.js';
import { analyseUtilization, type UtilizationTarget } from './report/utilization.js';
import { networkFindings, type FindingOptions, type OneNetworkFindings } from './network-findings.js';
import { tryNetwork, type TrialResults } from './trials/run-apart.js';
import type { RunRecord } from '../results/record.js';

/** How long a report may try things on each network, and on all of them together. */
const TRIAL_SECONDS = 40;
const ALL_TRIALS_SECONDS = 90;
/** What is worth trying takes longer than that. */
const LEAST_TRIAL_SECONDS = 5;

/** How a suite's networks are looked at. */
export interface InspectionOptions extends Pick<FindingOptions, 'isKept' | 'programVersion' | 'signal'> {
  /** A network's turn has come. */
  readonly onNetwork?: (turn: {
    readonly network: string;
    readonly number: number;
    readonly count: number;
    readonly atMostSeconds: number;
  }) => void;
}

/**
 * Analyses a suite's networks: how they land on Core ML and on the provider in use, what ONNX Runtime warns of when it
 * opens them, and what rewriting, preparing and batching them brings on this machine. Done after the video, in
 * processes of their own: it changes neither its times nor its memory.
 * @throws FaceMirrorError CANCELLED when the signal said so.
 */
export async function inspectNetworks(
  { networks, inference }: Pick<Suite, 'networks' | 'inference'>,
  options: InspectionOptions,
): Promise<NetworkFindings> {
  const startedAt = performance.now();
  const all: { readonly found: OneNetworkFindings; readonly isKept: boolean }[] = [];
  for (const [place, network] of networks.entries()) {
    const left = ALL_TRIALS_SECONDS - (performance.now() - startedAt) / 1000;
    const trialSeconds = Math.max(LEAST_TRIAL_SECONDS, Math.min(TRIAL_SECONDS, left));
    options.onNetwork?.({
      network: network.source.name,
      number: place + 1,
      count: networks.length,
      atMostSeconds: Math.ceil(trialSeconds),
    });
    all.push(await networkFindings(network, { ...options, provider: inference.provider, trialSeconds }));
    if (options.signal?.aborted === true)
      throw new FaceMirrorError(
        'CANCELLED',
        'Stopped while the networks were looked at for the report; of the video nothing was kept.',
      );
  }
  const isCompiled = inference.provider === 'cpu';
  const found = all.map((each) => each.found);
  return {
    onnxRuntime: runtimeVersion(),
    networks: networks.map(({ source, job }) => ({
      name: source.name,
      job,
      isCompiled: isCompiled && source.compiled !== undefined,
    })),
    utilization: found.map(({ utilization }) => utilization),
    placements: found.flatMap(({ placement }) => placement ?? []),
    warnings: found.flatMap(({ warnings }) => warnings),
    trials: found.flatMap(({ trials }) => trials),
    untried: found.flatMap(({ untried }) => untried),
    trialSeconds: TRIAL_SECONDS,
    tookMs: performance.now() - startedAt,
    disturbed: all.flatMap((each, place) => (each.found.isDisturbed ? [networks[place]?.source.name ?? ''] : [])),
    keptFrom: all.flatMap((each) => (each.isKept ? [each.found.foundAt] : [])).toSorted()[0] ?? null,
  };
}

/**
 * What the report is made of: the run's own figures and, where they were asked for, the findings about its networks.
 */
export function runFacts(
  record: RunRecord & { readonly profile: ProfileSummary },
  findings: NetworkFindings | null,
): RunFacts {
  const { profile, suite, machine, output } = record;
  const networks = findings?.networks ?? [];
  const named = (job: string): string[] => networks.filter((network) => network.job === job).map(({ name }) => name);
  const frameBytes = output.width * output.height * 1.5;
  return {
    video: record.input.file,
    programVersion: record.program.version,
    finishedAt: record.finishedAt,
    machine: { ...machine, onnxRuntime: findings?.onnxRuntime ?? record.versions?.onnxRuntime ?? 'not recorded' },
    suite: suite.title,
    provider: suite.provider,
    workers: suite.workers,
    workersReason: suite.workersReason ?? null,
    providerReason: suite.providerReason ?? null,
    providerAsked: suite.providerAsked ?? null,
    isolation: suite.isolation,
    workerMemory: suite.workerMemory ?? null,
    batching: suite.batching ?? {},
    frame: {
      width: output.width,
      height: output.height,
      poolFrames: profile.memory.framePoolFrames ?? Math.floor(profile.memory.framePoolBytes / frameBytes),
    },
    encoder: output.encoder ?? 'none',
    encodedVideos: output.files.filter((name) => name.endsWith('.mp4')).length,
    hasDebugVideo: output.files.some((name) => name.endsWith('_debug.mp4')),
    videosAtOnce: record.videosAtOnce ?? 1,
    profile,
    utilization: findings?.utilization ?? [],
    isUninspected: findings === null,
    warnings: findings?.warnings ?? [],
    trials: findings?.trials ?? [],
    untried: findings?.untried ?? [],
    placements: findings?.placements ?? [],
    tookMs: findings?.tookMs ?? null,
    trialSeconds: findings?.trialSeconds ?? null,
    keptFrom: findings?.keptFrom ?? null,
    disturbed: findings?.disturbed ?? [],
    compiled: networks.flatMap(({ name, isCompiled }) => (isCompiled === true ? [name] : [])),
    jobs: { detection: named('detection'), landmarks: named('landmarks'), actionUnits: named('action units') },
  };
}

/** A model that is no part of the run. */
export interface GivenModel {
  readonly name: string;
  readonly file: string;
}

/**
 * Files by names of their own: that of the file without its ending; where a model of the run or another file has it,
 * with more.
 */
export function nameFiles(files: readonly string[], taken: readonly string[]): GivenModel[] {
  const used = new Set(taken);
  return files.map((file) => {
    const base = file.replace(/^.*[\\/]/, '');
    const stem = base.replace(/\.onnx$/i, '');
    let name = [stem, base].find((each) => !used.has(each));
    for (let number = 2; name === undefined; number++)
      if (!used.has(`${stem} (${number})`)) name = `${stem} (${number})`;
    used.add(name);
    return { name, file };
  });
}

/** How models that are no part of the run land on Core ML, for the report. @throws OnnxLensError, naming the file. */
export function inspectFiles(models: readonly GivenModel[], target: UtilizationTarget): Promise<UtilizationFacts[]> {
  return eachFile(models, (name, model) => analyseUtilization({ name, model, job: '' }, target));
}

/** What rewriting, preparing and batching them brings on this machine. @throws OnnxLensError, naming the file. */
export async function tryFiles(
  models: readonly GivenModel[],
  target: UtilizationTarget,
  seconds: number,
  signal: AbortSignal,
): Promise<TrialResults> {
  const results = await eachFile(models, (name, model) =>
    tryNetwork({ name, model, target, isOfRun: false }, seconds, signal),
  );
  return {
    trials: results.flatMap(({ trials }) => trials),
    untried: results.flatMap(({ untried }) => untried),
    isComplete: results.every(({ isComplete }) => isComplete),
  };
}

async function eachFile<T>(
  models: readonly GivenModel[],
  look: (name: string, file: string) => Promise<T>,
): Promise<T[]> {
  const found: T[] = [];
  for (const { name, file } of models) {
    try {
      found.push(await look(name, file));
    } catch (error) {
      if (error instanceof OnnxLensError && !error.message.includes(file))
        throw new OnnxLensError(error.code, `${file}: ${error.message}`, { cause: error });
      throw error;
    }
  }
  return found;
}
